"""What an operator can mend ends in one line and a non-zero exit, never in a traceback."""

import os
import subprocess
import sys

import pytest

from tests.environment import ROOT


@pytest.mark.parametrize(
    ("command", "variables", "message"),
    [
        ("train", {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/no"}, "does not do its part"),
        ("train", {"DATABASE_URL": "garbage"}, "DATABASE_URL is no address of a Postgres"),
        ("train", {"LETHE_TIME_ZONE": "Mars/X"}, "LETHE_TIME_ZONE is 'Mars/X'"),
        ("train", {"LETHE_JOB_LEASE_SECONDS": "x"}, "LETHE_JOB_LEASE_SECONDS is 'x'"),
        ("demo", {"DATABASE_URL": "postgresql://127.0.0.1:1/no"}, "unset DATABASE_URL"),
    ],
)
def test_it_ends_in_one_line(command: str, variables: dict[str, str], message: str):
    done = subprocess.run(
        [sys.executable, "manage.py", command],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert message in done.stderr
    assert "Traceback" not in done.stderr
