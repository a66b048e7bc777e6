"""What the recommendation API takes and gives."""

from rest_framework import serializers

from compliance.accounts.fields import StrictIntegerField, StrictSerializer, SubjectField

LIMIT, LIMIT_MAX = 10, 100


class QuestionSerializer(StrictSerializer):
    """For whom, and how many."""

    subject = SubjectField()
    limit = StrictIntegerField(min_value=1, max_value=LIMIT_MAX, default=LIMIT)


class RecommendedSerializer(serializers.Serializer[object]):
    item = serializers.CharField(help_text="External id of the item.")
    title = serializers.CharField()
    probability = serializers.FloatField(help_text="That the subject likes the item.")


class RecommendationsSerializer(serializers.Serializer[object]):
    """Items, the most probable first."""

    items = RecommendedSerializer(many=True)
    release = serializers.CharField(help_text="Content digest of the release that answered.")
    epoch = serializers.IntegerField(help_text="Changes with every switch of the release.")
    shards = serializers.ListField(
        child=serializers.IntegerField(),
        help_text="Whose adapters took part; none means that the frozen base answered alone.",
    )
    mixture = serializers.CharField(help_text="How the adapters were weighed.")
