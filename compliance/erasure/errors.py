"""Why a step is refused although the state of the request would allow it."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from compliance.erasure.states import IllegalTransitionError


class StepError(Exception):
    """A step is refused. The message says why and what to do, and quotes nothing personal."""


class ImpactChangedError(StepError):
    """The impact is not the one that was previewed: what has changed is named."""

    def __init__(self, changed: list[str]) -> None:
        self.changed = changed
        what = ", ".join(changed) or _("the preview, which is of another request")
        super().__init__(
            _(
                "What an approval would do has changed since the preview: %(what)s. Nothing was "
                "erased. Look at the impact again and approve that."
            )
            % {"what": what}
        )


class SecondPersonError(StepError):
    """Two persons must approve, and this is the same one again."""

    def __init__(self) -> None:
        super().__init__(_("Two persons must approve, and you were the first. Ask somebody else."))


class NoPersonError(StepError):
    """Two persons must approve, and this is a system."""

    def __init__(self) -> None:
        super().__init__(_("Two persons must approve, and an API client is none. Use the admin."))


class PausedError(StepError):
    """The clock stands while something is unclear: decide once it runs again."""

    def __init__(self) -> None:
        super().__init__(
            _("The clock is paused because something is unclear. Let it run again, then decide.")
        )


class ClockError(StepError):
    """The legal clock does not allow it."""


class PartError(StepError):
    """The part that shall be approved is none."""


class TooManyCodesError(StepError):
    """No more codes are sent for now."""

    def __init__(self, minutes: int) -> None:
        super().__init__(
            ngettext(
                "A code has just been sent. Another can be sent in %(minutes)d minute.",
                "A code has just been sent. Another can be sent in %(minutes)d minutes.",
                minutes,
            )
            % {"minutes": minutes}
        )


def refusal_code(error: Exception) -> str:
    """Return the word for the kind of refusal."""
    if isinstance(error, IllegalTransitionError):
        return "illegal_transition"
    return "impact_changed" if isinstance(error, ImpactChangedError) else "conflict"
