"""Race often: `LETHE_RACES=1000 python -m tests.races`. The last line counts them."""

import sys
import time
from pathlib import Path

import pytest


class Count:
    """How many races were run, and how many tests failed."""

    races = failures = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failures += report.failed

    def pytest_sessionfinish(self) -> None:
        from tests.races import test_races

        self.races = test_races.ran


def main() -> int:
    """Run the races and return pytest's exit code."""
    count, began = Count(), time.monotonic()
    code = pytest.main([str(Path(__file__).with_name("test_races.py")), "-q"], plugins=[count])
    seconds = time.monotonic() - began
    print(f"races={count.races} failures={count.failures} seconds={seconds:.0f}")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
