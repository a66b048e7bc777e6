"""`manage.py up`: starts what belongs together, keeps it running, leaves nothing behind."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from workers.supervisor import Program, Supervisor, SupervisorError, marked

BASE_DIR = Path(__file__).resolve().parent.parent.parent


def until(true, seconds=60):
    deadline = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)
    return value


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def sleeper(name):
    return Program(name, ("sh", "-c", "echo here; exec sleep 600"))


def start_up(var, *arguments, **options):
    """Start `manage.py up` as a user would."""
    servers = {"DATABASE_URL", "DATABASE_OWNER_URL", "CELERY_BROKER_URL"}
    environment = {name: value for name, value in os.environ.items() if name not in servers}
    return subprocess.Popen(
        [sys.executable, "manage.py", "up", *arguments],
        cwd=BASE_DIR,
        env=environment | {"LETHE_VAR": str(var)},
        stderr=subprocess.STDOUT,
        start_new_session=True,
        **options,
    )


def refusal(var, *arguments):
    """Return what `manage.py up` prints when it must not start."""
    process = start_up(var, *arguments, stdout=subprocess.PIPE, text=True)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "Traceback" not in output
    return output


@contextlib.contextmanager
def up(var, *arguments):
    """Run `manage.py up`, with its output in a file beside `var`; at the end all must be gone."""
    with var.with_name("up.txt").open("w") as output:
        process = start_up(var, *arguments, stdout=output)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)
        until(lambda: not left(var))


def printed(var):
    return var.with_name("up.txt").read_text()


def left(var):
    """Return the processes of this folder: those marked by the supervisor, and Postgres."""
    found = list(marked(var / "run"))
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if str(var / "postgres") in process.cmdline():
                found.append(process)
    return found


def child(var, name):
    for process in marked(var / "run"):
        with contextlib.suppress(psutil.Error):
            if process.environ().get("SUPERVISOR_PROCESS_NAME") == name:
                return process
    return None


def test_up_runs_restarts_a_killed_worker_and_leaves_nothing_after_ctrl_c(tmp_path):
    var, port = tmp_path / "var", free_port()
    with up(var, "--port", str(port)) as process:
        until(lambda: "Ready: " in printed(var) or process.poll() is not None)
        assert process.poll() is None, printed(var)
        names = {each.environ().get("SUPERVISOR_PROCESS_NAME") for each in marked(var / "run")}
        workers = {"worker-train", "worker-replay", "worker-notify"}
        assert names >= {"web", *workers, "scheduler", "guard"}
        assert (var / "keys" / "link.key").exists()

        assert f"process {process.pid}" in refusal(var, "--port", str(free_port()))

        killed = child(var, "worker-train").pid
        os.kill(killed, signal.SIGKILL)
        until(lambda: (now := child(var, "worker-train")) and now.pid != killed)

        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert left(var) == []


def test_a_killed_up_takes_everything_with_it(tmp_path):
    var = tmp_path / "var"
    with up(var, "--no-web") as process:
        until(lambda: "Workers and scheduler run" in printed(var) or process.poll() is not None)
        process.kill()
        until(lambda: not left(var))


def test_a_taken_port_ends_it_before_anything_starts(tmp_path):
    var = tmp_path / "var"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        output = refusal(var, "--port", str(taken.getsockname()[1]))
    assert "is not free" in output
    assert not (var / "postgres").exists()


def test_a_program_is_kept_running_and_followed(tmp_path):
    with Supervisor(tmp_path, [sleeper("one"), sleeper("two")]) as supervisor:
        output = supervisor.output()
        supervisor.start()
        supervisor.wait_until_ready(seconds=20)
        before = supervisor.pids()
        assert set(before) == {"one", "two"}
        assert dict(until(lambda: list(output.lines())))["one"] == "here"
        os.kill(before["one"], signal.SIGKILL)
        after = until(lambda: len(now := supervisor.pids()) == 2 and now != before and now)
        assert after["two"] == before["two"]
    assert list(marked(tmp_path / "run")) == []


def test_a_program_that_cannot_run_is_reported(tmp_path):
    with Supervisor(tmp_path, [Program("bad", ("false",))]) as supervisor:
        supervisor.start()
        with pytest.raises(SupervisorError, match="bad ends again and again"):
            supervisor.wait_until_ready(seconds=40)


def test_what_a_killed_supervisor_left_is_ended_by_the_next(tmp_path):
    first = Supervisor(tmp_path, [sleeper("one")])
    with first:
        first.start()
        first.wait_until_ready(seconds=20)
        for process in marked(tmp_path / "run"):
            if process.environ().get("SUPERVISOR_PROCESS_NAME") != "one":
                process.kill()  # supervisord and the guard
        first._process.wait()
        first._process = None
    with Supervisor(tmp_path, []) as second:
        assert [each.split(" ")[0] for each in second.left_over] == ["one"]
        assert list(marked(tmp_path / "run")) == []


def test_only_one_supervisor_runs_in_a_folder(tmp_path):
    with (
        Supervisor(tmp_path, []),
        pytest.raises(SupervisorError, match=f"process {os.getpid()}"),
        Supervisor(tmp_path, []),
    ):
        pass


def test_up_makes_no_key_that_an_older_installation_lacks(tmp_path):
    var = tmp_path / "var"
    (var / "keys").mkdir(parents=True)
    (var / "keys" / "identity.key").write_text("ab" * 32)
    with up(var, "--no-web") as process:
        until(lambda: "Workers and scheduler run" in printed(var) or process.poll() is not None)
        assert process.poll() is None, printed(var)
        assert "Keys are missing: blind-index.key" in printed(var)
        assert not (var / "keys" / "link.key").exists()
