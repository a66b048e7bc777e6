from django.urls import path

from compliance.records.views import InteractionsView, SubjectsView

urlpatterns = [
    path("interactions", InteractionsView.as_view(), name="interactions"),
    path("subjects", SubjectsView.as_view(), name="subjects"),
]
