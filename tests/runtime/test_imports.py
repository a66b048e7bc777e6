"""What settings and addresses name can be imported by whoever asks first.

Which part of Django asks first for it changes from one start to the next: system checks run in the
order of a set. A circle of imports that only some orders survive would stop some starts.
"""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings

from compliance import urls
from tests.environment import ROOT

CHILD = """
import sys, django
from django.utils.module_loading import import_string
django.setup()
import_string(sys.argv[1])
"""


def strings(value: Any) -> Iterator[str]:
    """Yield the strings inside a setting."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from strings(part)


def named() -> list[str]:
    """Return what is named by its dotted path, the names of apps left out."""
    values = [getattr(settings, name) for name in dir(settings) if name != "INSTALLED_APPS"]
    values += [urls.handler400, urls.handler404, urls.handler500]
    found = {path for path in strings(values) if path.startswith("compliance.")}
    # The last path of a module stands for all of it: each is a start of its own, which takes time.
    modules = {path.rpartition(".")[0]: path for path in sorted(found - {settings.ROOT_URLCONF})}
    return sorted(modules.values())


def test_handlers_and_classes_are_among_them() -> None:
    modules = {path.rpartition(".")[0] for path in named()}
    handler = settings.REST_FRAMEWORK["EXCEPTION_HANDLER"]
    throttle = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_CLASSES"][0]
    for path in settings.CSRF_FAILURE_VIEW, urls.handler500, handler, throttle:
        assert path.rpartition(".")[0] in modules


@pytest.mark.parametrize("path", named())
def test_it_is_imported_first(path: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, path], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
