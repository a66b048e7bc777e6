from django.urls import path

from compliance.recommendations.views import RecommendationsView

urlpatterns = [path("recommendations", RecommendationsView.as_view(), name="recommendations")]
