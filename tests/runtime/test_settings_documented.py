"""Whoever operates Lethe finds each of its variables in the docs."""

import re
from pathlib import Path

from django.conf import settings

BASE = Path(settings.BASE_DIR)
READ = re.compile(r"env_\w+\(\s*\"(\w+)\"")
PAGES = ("operate.md", "portal.md")


def test_each_variable_that_the_settings_read_stands_in_the_docs() -> None:
    read = READ.findall((BASE / "compliance" / "settings.py").read_text())
    told = "".join((BASE / "docs" / page).read_text() for page in PAGES)
    assert "LETHE_TIME_ZONE" in read
    assert [name for name in read if f"`{name}`" not in told] == []
