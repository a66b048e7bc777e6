"""The recommendation API."""

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.accounts.api import ApiView, validated
from compliance.accounts.api_errors import Unavailable
from compliance.accounts.openapi import WITH_BODY, problems
from compliance.accounts.scopes import Scope
from compliance.recommendations.errors import ServingError
from compliance.recommendations.serializers import QuestionSerializer, RecommendationsSerializer
from compliance.recommendations.services import recommend

QUESTION = OpenApiExample(
    "Question", value={"subject": "customer-4711", "limit": 2}, request_only=True
)
ANSWER = OpenApiExample(
    "Answer",
    value={
        "items": [
            {"item": "m-17", "title": "The Long Winter (1994)", "probability": 0.81},
            {"item": "m-203", "title": "Harbour Lights (2003)", "probability": 0.79},
        ],
        "release": f"sha256:{'3f' * 32}",
        "epoch": 7,
        "shards": [0, 1, 3],
        "mixture": "attention",
    },
    response_only=True,
    status_codes=["200"],
)


class RecommendationsView(ApiView):
    scopes = {"POST": Scope.RECOMMENDATIONS_READ}

    @extend_schema(
        operation_id="recommend",
        summary="Recommend items to a subject",
        description=(
            "Items that the subject has not met, the most probable first, from the live release. "
            "A subject that is unknown or has no history gets what is liked in general: the two "
            "are answered alike. The subject stands in the body, so that no address holds "
            "personal data.\n\nNeeds the scope `recommendations:read`."
        ),
        request=QuestionSerializer,
        responses={
            200: RecommendationsSerializer,
            **problems(*WITH_BODY, s503="There is no release, or not all of it is to be had."),
        },
        examples=[QUESTION, ANSWER],
    )
    def post(self, request: Request) -> Response:
        question = validated(QuestionSerializer(data=request.data))
        try:
            answer = recommend(subject=question["subject"], limit=question["limit"])
        except ServingError as error:
            raise Unavailable(str(error), wait=error.wait) from error
        return Response(RecommendationsSerializer(answer).data)
