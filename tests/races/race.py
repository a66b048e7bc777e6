"""Two things at once, each with a connection of its own, let go at the same moment."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Barrier, Event, Thread
from time import sleep
from typing import Any

from django.db import connection, transaction


@dataclass
class Runner:
    """One side of a race: what it did, or the error that it met."""

    do: Callable[[], Any]
    result: Any = None
    error: Exception | None = None

    @property
    def won(self) -> bool:
        return self.error is None


def race(*actions: Callable[[], Any]) -> list[Runner]:
    """Run `actions` at once; return what became of each."""
    runners = [Runner(action) for action in actions]
    start = Barrier(len(runners))
    threads = [Thread(target=_run, args=(runner, start)) for runner in runners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "the two wait for each other"
    return runners


def _run(runner: Runner, start: Barrier) -> None:
    try:
        connection.ensure_connection()
        start.wait(30)
        runner.result = runner.do()
    except Exception as error:
        runner.error = error
    finally:
        connection.close()


def held(action: Callable[[], Any], begun: Event) -> Callable[[], None]:
    """Return what does `action` and takes its time to commit it."""

    def work() -> None:
        with transaction.atomic():
            action()
            begun.set()
            sleep(0.5)

    return work


def after(begun: Event, action: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: begun.wait(30) and action()
