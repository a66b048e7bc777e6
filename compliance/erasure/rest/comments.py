"""What reviewers tell one another."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.accounts.api import client_of, validated
from compliance.accounts.openapi import ALWAYS, WITH_BODY, problems
from compliance.accounts.scopes import Scope
from compliance.erasure.models import Comment
from compliance.erasure.rest.base import ReviewView, request_get
from compliance.erasure.rest.step_bodies import CommentBodySerializer
from compliance.erasure.services import comment_add
from compliance.sealing import unseal


class CommentSerializer(serializers.Serializer[Any]):
    """A note to colleagues."""

    id = serializers.UUIDField(source="number")
    at = serializers.DateTimeField()
    actor = serializers.CharField(help_text="Kind and number, such as `user:3`.")
    text = serializers.SerializerMethodField(help_text="Null once its time to be kept is over.")

    def get_text(self, comment: Comment) -> str | None:
        return unseal(comment.text).decode() if comment.text else None


class CommentsView(ReviewView):
    scopes = {"GET": Scope.ERASURE_DECIDE, "POST": Scope.ERASURE_DECIDE}
    http_method_names = ["get", "post"]

    @extend_schema(
        operation_id="erasure_request_comments",
        summary="Read the comments",
        description="The oldest first. They are internal.\n\nNeeds the scope `erasure:decide`.",
        responses={200: CommentSerializer(many=True), **problems(404, *ALWAYS)},
    )
    def get(self, request: Request, request_id: uuid.UUID) -> Response:
        comments = request_get(request_id).comments.all()
        return Response(CommentSerializer(comments, many=True).data)

    @extend_schema(
        operation_id="erasure_request_comment",
        summary="Add a comment",
        description="Also to an answered request. The person may ask for it: Art. 15. With an `id` "
        "of your own the call can be repeated: the same words answer 200 with the comment that is "
        "there, other words answer 409.\n\n"
        "Needs the scope `erasure:decide`.",
        request=CommentBodySerializer,
        responses={
            201: CommentSerializer,
            200: CommentSerializer,
            **problems(404, 409, *WITH_BODY, s409="The id belongs to a comment of other words."),
        },
    )
    def post(self, request: Request, request_id: uuid.UUID) -> Response:
        values = validated(CommentBodySerializer(data=request.data))
        actor = f"client:{client_of(request).pk}"
        comment, is_new = comment_add(
            request_id=request_id, actor=actor, text=values["text"], number=values.get("id")
        )
        return Response(CommentSerializer(comment).data, status=201 if is_new else 200)
