"""`manage.py up`: web, workers and scheduler, kept running until Ctrl-C."""

import os
import signal
from argparse import ArgumentParser
from contextlib import ExitStack
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from compliance import embedded, keyring
from compliance.postgres import PostgresError
from workers.supervisor import Supervisor, SupervisorError, keep, programs, require_free_port

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Command(BaseCommand):
    help = "Run web, workers and scheduler until Ctrl-C; a process that ends is started again."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--no-web", action="store_true", help="workers and scheduler only")

    def handle(self, *, port: int, host: str, no_web: bool, **_: Any) -> None:
        for number in STOP_SIGNALS:
            signal.signal(number, _interrupt)
        try:
            self._run(host, None if no_web else port)
        except (SupervisorError, PostgresError) as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            self.stdout.write("Stopped; nothing is left running.")

    def _run(self, host: str, port: int | None) -> None:
        var = settings.VAR_DIR
        ours = os.environ.get("DATABASE_URL") == embedded.environment(var)["DATABASE_URL"]
        processes = programs(var / "run", host=host, port=port)
        with ExitStack() as stack:
            supervisor = stack.enter_context(Supervisor(var, processes, embedded=ours))
            for process in supervisor.left_over:
                self.stdout.write(f"Ended what an earlier run left: {process}")
            if port is not None:
                require_free_port(host, port)
            server = stack.enter_context(embedded.start(var)) if ours else None
            self._migrate()
            self._keys(new=ours)
            stack.callback(supervisor.stop)  # before the server stops
            self._keep(supervisor, server, _url(host, port))

    def _migrate(self) -> None:
        call_command("migrate", database="owner", verbosity=0)
        connections.close_all()
        self.stdout.write("The database is up to date.")

    def _keys(self, *, new: bool) -> None:
        """Make the keys of a `new` installation; never one that an older one has lost."""
        missing = [key for key in keyring.Key if not keyring.key_path(key).exists()]
        if new and len(missing) == len(keyring.Key):
            call_command("create_keys", stdout=self.stdout)
        elif missing:
            names = ", ".join(f"{key}.key" for key in missing)
            self.stdout.write(
                self.style.WARNING(
                    f"Keys are missing: {names}. Restore them from your key back-up or, if they "
                    "never were, run `manage.py create_keys`. Until then some pages fail."
                )
            )

    def _keep(
        self, supervisor: Supervisor, server: embedded.Embedded | None, url: str | None
    ) -> None:
        output = supervisor.output()
        supervisor.start()

        def tick() -> None:
            for name, line in output.lines():
                self.stdout.write(f"{name:<13} | {line}")
            self.stdout.flush()
            if server is not None:
                server.ensure()

        supervisor.wait_until_ready(url, tick=tick)
        self.stdout.write(self.style.SUCCESS(_welcome(url)))
        keep(supervisor, tick)


def _url(host: str, port: int | None) -> str | None:
    if port is None:
        return None
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{name}:{port}/"


def _welcome(url: str | None) -> str:
    if url is None:
        return "Workers and scheduler run. Ctrl-C stops them."
    pages = f"{url}requests/ (portal), {url}admin/ (review), {url}api/schema/ (API)"
    return f"Ready: {pages}. Ctrl-C stops everything."


def _interrupt(*_: object) -> None:
    for number in STOP_SIGNALS:  # a second Ctrl-C must not cut the stopping short
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
