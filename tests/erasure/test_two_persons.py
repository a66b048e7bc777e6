"""Where two persons approve, the second approves the same: scope, impact, article and words."""

from dataclasses import replace

import pytest

from compliance.erasure.endorsing import answer_digest, endorsement_gap, part_to_confirm
from compliance.erasure.errors import SecondPersonError
from compliance.erasure.impact import impact_of
from compliance.erasure.models import Answer, Endorsement, ErasureRequest, Refusal, Step
from compliance.erasure.parts import Part
from compliance.erasure.services import request_cancel, request_deny
from compliance.erasure.states import State
from compliance.provenance.models import Plan
from compliance.records.models import Interaction
from compliance.records.scope import Scope
from compliance.sealing import unseal
from tests.admin.conftest import make_trained_plan
from tests.approving import approve
from tests.erasure.conftest import ALICE, OTTO, RITA, ask

pytestmark = pytest.mark.django_db
WORDS = "The rest is needed in court."
PART = Part(Scope(items=frozenset({"i-1"})), Refusal.LEGAL_CLAIMS, WORDS)
OTHER_WORDS = replace(PART, text="We keep what we like.")
OTHER_ARTICLE = replace(PART, article=Refusal.ARCHIVING)
OTHER_SCOPE = replace(PART, scope=Scope(items=frozenset({"i-2"})))


@pytest.fixture(autouse=True)
def plan(db: None, settings) -> Plan:
    settings.FOUR_EYES = True
    return make_trained_plan()


def left() -> int:
    return Interaction.objects.filter(subject__external_id=ALICE).count()


def gap(request: ErasureRequest, actor: str, part: Part | None) -> bool | None:
    """What a next approval differs in: True the impact, False the answer, None nothing."""
    digest = impact_of(request, part.scope if part else None).digest
    answer = answer_digest(request, digest, part)
    found = endorsement_gap(request, actor=actor, digest=digest, answer=answer)
    return found.is_impact if found else None


def test_two_who_approve_the_same_part_with_the_same_words_erase_it():
    request = ask()
    assert approve(request, actor=RITA, part=PART).status is State.IN_REVIEW
    assert approve(request, actor=OTTO, part=PART).status is not State.IN_REVIEW
    assert left() == 3
    assert unseal(Answer.objects.get(request=request).text).decode() == WORDS


@pytest.mark.parametrize(
    ("second", "is_impact"),
    [(OTHER_WORDS, False), (OTHER_ARTICLE, False), (OTHER_SCOPE, True)],
)
def test_a_second_one_with_another_answer_or_part_is_a_first_of_its_own(second, is_impact):
    request = ask()
    approve(request, actor=RITA, part=PART)
    assert gap(request, OTTO, second) is is_impact
    assert approve(request, actor=OTTO, part=second).status is State.IN_REVIEW
    assert left() == 4
    assert Endorsement.objects.filter(request=request).count() == 2
    assert gap(request, RITA, second) is None
    assert approve(request, actor=RITA, part=second).status is not State.IN_REVIEW
    assert unseal(Answer.objects.get(request=request).text).decode() == second.text


def test_all_of_a_request_is_not_a_part_of_it():
    request = ask()
    approve(request, actor=RITA, part=PART)
    assert gap(request, OTTO, None) is True
    assert approve(request, actor=OTTO).status is State.IN_REVIEW
    assert left() == 4


def test_the_same_person_does_not_become_the_second_by_other_words():
    request = ask()
    approve(request, actor=RITA, part=PART)
    approve(request, actor=RITA, part=OTHER_WORDS)
    with pytest.raises(SecondPersonError):
        approve(request, actor=RITA, part=PART)
    assert left() == 4


def test_line_ends_and_blanks_as_a_form_sends_them_are_no_other_words():
    request = ask()
    approve(request, actor=RITA, part=replace(PART, text="One.\r\nTwo."))
    assert gap(request, OTTO, replace(PART, text="One.\nTwo.")) is None
    assert gap(request, OTTO, replace(PART, text=" One.\nTwo.\n")) is None
    assert gap(request, OTTO, replace(PART, text="One. Two.")) is False


def test_what_is_to_be_confirmed_is_what_another_person_approved_last():
    request = ask()
    assert part_to_confirm(request, actor=OTTO) is None
    approve(request, actor=RITA, part=OTHER_WORDS)
    approve(request, actor=RITA, part=PART)
    assert part_to_confirm(request, actor=OTTO) == PART
    assert part_to_confirm(request, actor=RITA) is None


def test_a_part_whose_impact_has_changed_cannot_be_confirmed():
    request = ask()
    approve(request, actor=RITA, part=PART)
    Interaction.objects.filter(subject__external_id=ALICE, item__external_id="i-1").update(rating=1)
    assert part_to_confirm(request, actor=OTTO) is None


def test_an_endorsement_is_sealed_until_the_decision_and_then_only_a_digest():
    request = ask()
    approve(request, actor=RITA, part=PART)
    row = Endorsement.objects.get()
    assert b"court" not in bytes(row.part)
    assert "court" not in row.answer
    request_cancel(request_id=request.pk, actor=RITA)
    row.refresh_from_db()
    assert (row.part, len(row.answer)) == (None, 64)


def test_an_approval_leaves_no_words_with_the_endorsement():
    request = ask()
    approve(request, actor=RITA, part=PART)
    approve(request, actor=OTTO, part=PART)
    assert Endorsement.objects.get().part is None
    steps = request.events.filter(step=Step.ENDORSED).values_list("actor", flat=True)
    assert list(steps) == [RITA]


def test_a_refusal_of_all_takes_one_person():
    request = ask()
    denied = request_deny(
        request_id=request.pk, actor=RITA, article=Refusal.LEGAL_CLAIMS, text=WORDS
    )
    assert denied.status is State.DENIED
