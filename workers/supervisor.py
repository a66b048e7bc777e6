"""Run the system's processes under one supervisord, and leave nothing behind.

    with Supervisor(var, programs(...)) as supervisor:  # nobody else runs here; leftovers are gone
        supervisor.start()
        supervisor.wait_until_ready(url)

Every process carries LETHE_RUN in its environment, so what a `kill -9` orphaned can be found. A
guard (`workers.guard`) ends everything when the process that started it is gone.
"""

import contextlib
import fcntl
import os
import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

import psutil

from workers.logs import Follower

BASE_DIR = Path(__file__).resolve().parent.parent
STOP_SECONDS = 8  # a worker in the middle of a run is killed then: its job's lease brings it back
MARK = "LETHE_RUN"
MOST_ENDS, ENDS_SECONDS = 5, 20  # five ends, each within 20 s of its start: it will not work


class SupervisorError(RuntimeError):
    """The processes could not be started or kept running; the message says why."""


@dataclass(frozen=True)
class Program:
    """A process to keep running: its name in logs and its command."""

    name: str
    command: tuple[str, ...]


def programs(run: Path, *, host: str = "127.0.0.1", port: int | None = 8000) -> list[Program]:
    """Return web (unless `port` is None), the three workers and the scheduler."""
    celery = ("celery", "--quiet", "-A", "workers.app")
    worker = (*celery, "worker", "--pool", "solo", "--loglevel", "info")
    # Threads: a receiver that takes its time holds up no other.
    notify = (*celery, "worker", "--pool", "threads", "--concurrency", "4", "--loglevel", "info")
    schedule = str(run / "beat-schedule")
    web = (
        "gunicorn",
        "compliance.wsgi",
        "--bind",
        f"{host}:{port}",
        "--threads",
        "8",
        "--graceful-timeout",
        "5",
    )
    return [
        *([Program("web", _python(*web, "--no-control-socket"))] if port else []),
        Program("worker-train", _python(*worker, "-Q", "train,default", "-n", "train@%h")),
        Program("worker-replay", _python(*worker, "-Q", "replay", "-n", "replay@%h")),
        Program("worker-notify", _python(*notify, "-Q", "notify", "-n", "notify@%h")),
        Program("scheduler", _python(*celery, "beat", "-s", schedule)),
    ]


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    # Celery warns root at length, in every worker. Its messages are JSON: nothing is unpickled.
    quiet = ("-W", "ignore:You're running the worker") if os.geteuid() == 0 else ()
    return (sys.executable, *quiet, "-m", module, *arguments)


class Supervisor:
    """Keeps `programs` running in `var`; `embedded` says that the Postgres there is to go too.

    One at a time may be entered in one `var`: the second raises SupervisorError.
    """

    def __init__(self, var: Path, programs: Iterable[Program], *, embedded: bool = False) -> None:
        self.var, self.run, self.log = var, var / "run", var / "log"
        self.programs = list(programs)
        guard = _python("workers.guard", str(self.run), *([str(var)] if embedded else []))
        self._guard = Program("guard", guard)
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._events = Follower({"supervisord": self.log / "supervisord.log"})
        self._states: dict[str, str] = {}
        self._ends: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=MOST_ENDS))

    def __enter__(self) -> "Supervisor":
        self.run.mkdir(parents=True, exist_ok=True)
        self.log.mkdir(exist_ok=True)
        self._lock = claim(self.run / "up.lock")
        self.left_over = end_marked(self.run)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.stop()
        finally:
            if self._lock is not None:
                self._lock.close()
                self._lock = None

    def start(self) -> None:
        """Start supervisord, which starts the programs. Its environment is this process's own."""
        configuration = self.run / "supervisord.conf"
        configuration.write_text(self._configuration(), encoding="utf-8")
        self._events.skip_to_end()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(configuration)],
            cwd=BASE_DIR,
            env=os.environ | {MARK: str(self.run), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self.log / "supervisord.log").open("ab"),
            start_new_session=True,  # Ctrl-C in the terminal is ours to handle
        )

    def stop(self) -> None:
        """Stop all programs and wait until they are gone; kill what does not go."""
        if self._process is None:
            return
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2 * STOP_SECONDS)
        end_marked(self.run, patience=1)
        self._process.wait()
        self._process = None

    def wait_until_ready(
        self,
        url: str | None = None,
        seconds: float = 60,
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        """Wait until every program runs and `url` answers; raise SupervisorError if not.

        `tick` is called meanwhile: to show output, for instance.
        """
        deadline = time.monotonic() + seconds
        while not self._ready(url):
            tick()
            if time.monotonic() > deadline:
                raise SupervisorError(f"Not everything ran within {seconds:.0f} s: {self._logs()}")
            time.sleep(0.1)

    def check(self) -> None:
        """Raise SupervisorError if supervisord is gone or has given a program up."""
        for _, line in self._events.lines():
            if found := re.search(r": (\S+) entered (\w+) state", line):
                self._states[found[1]] = found[2]
            if found := re.search(r" exited: (\S+) ", line):
                self._states[found[1]] = "EXITED"
                self._ends[found[1]].append(time.monotonic())
        for name, state in self._states.items():
            if state == "FATAL" or self._ends_often(name):
                raise SupervisorError(f"{name} ends again and again. Its log: {self._logs(name)}")
        if self._process is None or self._process.poll() is not None:
            raise SupervisorError(f"supervisord has ended. Its log: {self._logs('supervisord')}")

    def pids(self) -> dict[str, int]:
        """Return the process number of every running program."""
        names = {program.name for program in self.programs}
        found = {}
        for process in marked(self.run):
            with contextlib.suppress(psutil.Error):
                name = process.environ().get("SUPERVISOR_PROCESS_NAME", "")
                if name in names and self._process and process.ppid() == self._process.pid:
                    found[name] = process.pid
        return found

    def output(self) -> Follower:
        """Return a follower of what the programs print from now on."""
        names = [program.name for program in self.programs]
        follower = Follower({name: self.log / f"{name}.log" for name in names})
        follower.skip_to_end()
        return follower

    def _ends_often(self, name: str) -> bool:
        ends = self._ends[name]
        return len(ends) == MOST_ENDS and ends[-1] - ends[0] < MOST_ENDS * ENDS_SECONDS

    def _ready(self, url: str | None) -> bool:
        self.check()
        running = all(self._states.get(each.name) == "RUNNING" for each in self.programs)
        return running and (url is None or _answers(url))

    def _logs(self, name: str | None = None) -> str:
        return str(self.log / f"{name}.log" if name else self.log)

    def _configuration(self) -> str:
        user = "user=root\n" if os.geteuid() == 0 else ""
        head = (
            f"[supervisord]\n{user}nodaemon=true\nsilent=true\nminfds=256\nminprocs=16\n"
            f"logfile={_escaped(self.log / 'supervisord.log')}\nlogfile_maxbytes=2MB\n"
            f"logfile_backups=1\npidfile={_escaped(self.run / 'supervisord.pid')}\n"
        )
        # The guard starts first and is stopped last; the others are stopped together.
        names = ",".join(program.name for program in self.programs)
        sections = [f"[group:lethe]\nprograms={names}\npriority=10\n"]
        sections += [self._section(self._guard, priority=1, patience=60)]
        sections += [self._section(each, priority=10) for each in self.programs]
        return "\n".join([head, *sections])

    def _section(self, program: Program, *, priority: int, patience: int = STOP_SECONDS) -> str:
        return (
            f"[program:{program.name}]\npriority={priority}\n"
            f"command={_escaped(shlex.join(program.command))}\ndirectory={_escaped(BASE_DIR)}\n"
            f"autorestart=true\nstartsecs=1\nstartretries=3\n"
            f"stopwaitsecs={patience}\nkillasgroup=true\nredirect_stderr=true\n"
            f"stdout_logfile={_escaped(self.log / f'{program.name}.log')}\n"
            f"stdout_logfile_maxbytes=5MB\nstdout_logfile_backups=2\n"
        )


def _escaped(value: object) -> str:
    return str(value).replace("%", "%%")


def claim(path: Path) -> IO[str]:
    """Lock `path` and write our process number into it; raise SupervisorError if it is taken."""
    lock = path.open("a+", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise SupervisorError(
            f"It runs already: process {holder} keeps the processes of {path.parent.parent} "
            "running. Stop it with Ctrl-C there, or set LETHE_VAR to another folder."
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def marked(run: Path) -> Iterator[psutil.Process]:
    """Yield the processes that a supervisor of this folder started, other than this one."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(MARK) == str(run):
                yield process


def end_marked(run: Path, patience: float = STOP_SECONDS) -> list[str]:
    """End what an earlier supervisor of this folder left; return what that was, in words."""
    processes = list(marked(run))
    # supervisord first: it would start the others again.
    processes.sort(key=lambda process: "supervisor.supervisord" not in _command(process))
    described = [f"{_name(process)} (process {process.pid})" for process in processes]
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    psutil.wait_procs(processes, timeout=patience if processes else 0)
    for process in marked(run):
        with contextlib.suppress(psutil.Error):
            process.kill()
            process.wait(5)
    return described


def _name(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error, OSError):
        return str(process.environ().get("SUPERVISOR_PROCESS_NAME", "supervisord"))
    return "a process"


def _command(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline()[1:])
    return ""


def require_free_port(host: str, port: int) -> None:
    """Raise SupervisorError if the port cannot be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except (OSError, OverflowError) as error:
            raise SupervisorError(
                f"Port {port} on {host} is not free ({error}). Choose another with --port."
            ) from None


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10):  # noqa: S310 - our own address
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def keep(supervisor: Supervisor, tick: Callable[[], None], every: float = 0.3) -> None:
    """Call `tick` and check the programs, until an exception ends it."""
    while True:
        tick()
        supervisor.check()
        time.sleep(every)
