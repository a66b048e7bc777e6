"""The catalogue."""

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from compliance.accounts.admin_base import ReadOnlyAdmin, pretty_json
from compliance.records.models import Item


@admin.register(Item)
class ItemAdmin(ReadOnlyAdmin):
    """Things that can be recommended. They come from the importers and the API."""

    list_display = ["title", "external_id", "created_at"]
    search_fields = ["title"]
    empty_text = gettext_lazy(
        "The catalogue is empty. Fill it with one of the import commands or by the API."
    )
    search_help_text = gettext_lazy("Part of a title")
    fields = ["external_id", "title", "shown_attributes", "created_at"]
    readonly_fields = ["shown_attributes"]

    @display(description=gettext_lazy("Attributes"))
    def shown_attributes(self, item: Item) -> SafeString:
        return pretty_json(item.attributes)
