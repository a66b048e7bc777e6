from django.urls import path

from compliance.jobs.views import DeliveriesView, ResendView

urlpatterns = [
    path("deliveries", DeliveriesView.as_view(), name="deliveries"),
    path("deliveries/<uuid:message_id>/resend", ResendView.as_view(), name="delivery-resend"),
]
