"""`manage.py export_adapter FOLDER`: write what is served as a PEFT checkpoint."""

from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.provenance.exports import ExportError
from compliance.recommendations.errors import ServingError


class Command(BaseCommand):
    help = (
        "Write one adapter of the live release, or a mixture of all at fixed weights, as a PEFT "
        "checkpoint for other servers. The copy is recorded: no quarantine reaches it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER", help="is made; must not exist")
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--shard", type=int, help="the adapter of this shard")
        what.add_argument(
            "--omega",
            type=_weights,
            metavar="W,W,…",
            help="the mixture at these weights, one for each shard in service, adding up to 1",
        )
        what.add_argument("--average", action="store_true", help="the mixture of all alike")
        what.add_argument(
            "--subject", metavar="ID", help="the mixture at the weights that this subject gets"
        )

    def handle(self, *, folder: Path, **options: Any) -> None:
        # Imported here: PyTorch takes seconds.
        from recmodel.export import OmegaError
        from workers.exporting import Exported, export_for_subject, export_mixture, export_shard

        try:
            done: Exported
            if options["shard"] is not None:
                done = export_shard(folder, options["shard"])
            elif options["subject"] is not None:
                done = export_for_subject(folder, options["subject"])
            else:
                done = export_mixture(folder, options["omega"])
        except FileExistsError as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"{folder} cannot be written: {error.strerror or error}") from None
        except (ExportError, OmegaError, ServingError) as error:
            raise CommandError(str(error)) from None
        self._tell(done, folder)

    def _tell(self, done: Any, folder: Path) -> None:
        shards = ", ".join(map(str, done.shards))
        self.stdout.write(
            f"Export {done.export.pk}: {folder}, rank {done.rank}, of shard {shards}.\n"
            f"{done.export.digest}\n"
            f"A server needs a maximal LoRA rank of at least {done.rank}."
        )
        if done.export.release.plan.config["training"]["scope"] == "suffix":
            self.stdout.write(
                "These adapters were trained to act on the question alone. A server that applies "
                "them to every token gives other answers (docs/model.md)."
            )
        self.stdout.write(
            "No quarantine reaches this copy: manage.py doctor tells when it has to be destroyed."
        )


def _weights(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not numbers with commas between them") from None
