"""Why no recommendation can be given at the moment."""


class ServingError(Exception):
    """Base of the reasons; `wait` is when to try again, in seconds, if waiting will help."""

    wait: int | None = None


class NoReleaseError(ServingError):
    """Nothing has been trained yet."""

    def __init__(self) -> None:
        super().__init__("There is no release yet. Run `manage.py train`.")


class IncompleteReleaseError(ServingError):
    """Something that the live release is made of is not to be had."""


class SwitchingError(ServingError):
    """The live release was switched during every attempt to answer."""

    wait = 1

    def __init__(self) -> None:
        super().__init__("The release is being switched. Try again.")
