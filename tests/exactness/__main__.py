"""Draw many stories: `LETHE_EXAMPLES=300 python -m tests.exactness`. The last line counts them."""

import sys
import time
from pathlib import Path

import pytest


class Count:
    """How many stories were told, and how many tests failed."""

    examples = failures = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failures += report.failed

    def pytest_sessionfinish(self) -> None:
        from tests.exactness import test_as_if_never

        self.examples = test_as_if_never.ran


def main() -> int:
    """Run the property and return pytest's exit code."""
    count, began = Count(), time.monotonic()
    test = Path(__file__).with_name("test_as_if_never.py")
    code = pytest.main([str(test), "-q", "--hypothesis-show-statistics"], plugins=[count])
    seconds = time.monotonic() - began
    print(f"examples={count.examples} failures={count.failures} seconds={seconds:.0f}")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
