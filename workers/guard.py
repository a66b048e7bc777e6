"""End everything when the process that started it is gone, `kill -9` included.

    python -m workers.guard RUN [VAR]

That process holds a lock on RUN/up.lock for as long as it lives. Runs under supervisord, as the
program that is stopped last; with VAR it then stops the embedded Postgres there if it is unused.
"""

import fcntl
import os
import signal
import sys
from pathlib import Path

from workers.supervisor import end_marked


def main(run: Path, var: Path | None) -> None:
    """Wait for the lock; then end supervisord's programs, and the server."""
    supervisord = os.getppid()
    with (run / "up.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        if os.getppid() == supervisord:
            os.kill(supervisord, signal.SIGTERM)
            signal.sigwait({signal.SIGTERM})  # it stops this program last
        else:
            end_marked(run)
        if var is not None:
            from compliance.embedded import stop_if_unused

            stop_if_unused(var)


if __name__ == "__main__":
    folders = [Path(argument) for argument in sys.argv[1:]]
    main(folders[0], folders[1] if len(folders) > 1 else None)
