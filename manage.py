#!/usr/bin/env python
"""Django's command line. Without DATABASE_URL it starts, or joins, the embedded Postgres."""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

# These need no database, or start it themselves.
WITHOUT_SERVER = {
    *("help", "-h", "--help", "version", "--version", "check", "spectacular"),
    *("verify_certificate", "up", "demo"),
}


def main() -> None:
    """Run the command that the arguments name."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "compliance.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit(
            "Django is not installed for this Python. Run make install, then .venv/bin/python."
        )
    with ExitStack() as stack:
        if not os.environ.get("DATABASE_URL"):
            os.environ.pop("DATABASE_URL", None)
            use_embedded(stack, start="".join(sys.argv[1:2]) not in WITHOUT_SERVER | {""})
        run(execute_from_command_line)


def run(command_line: Callable[[list[str]], None]) -> None:
    """Run the command; what an operator can mend ends in one line, not in a traceback."""
    from django.core.exceptions import ImproperlyConfigured
    from django.db import OperationalError

    try:
        command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Wrong configuration: {error}")
    except OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        sys.exit(
            f"The database does not do its part: {reason}\nStart the server that DATABASE_URL "
            "names, or unset DATABASE_URL for the embedded one."
        )


def use_embedded(stack: ExitStack, *, start: bool) -> None:
    """Point the environment to the embedded server; start it, and stop it after the command."""
    from compliance import embedded
    from compliance.environment import env_path
    from compliance.postgres import PostgresError

    folder = env_path("LETHE_VAR", Path(__file__).resolve().parent / "var")
    if start:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        try:
            stack.enter_context(embedded.start(folder))
        except PostgresError as error:
            sys.exit(str(error))
    for name, value in embedded.environment(folder).items():
        os.environ.setdefault(name, value)


if __name__ == "__main__":
    main()
