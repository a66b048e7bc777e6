"""Reports to take along: written piece by piece, and noted with who took them."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone

from compliance.erasure.models import ErasureRequest, Refusal
from compliance.evidence.models import Report, ReportExport
from compliance.evidence.reports.casefile import case_file_take
from compliance.evidence.reports.formats import (
    MEDIA_TYPES,
    Format,
    Row,
    csv_pieces,
    json_pieces,
    json_text,
    leaves,
)
from compliance.evidence.reports.monthly import Figures
from compliance.evidence.reports.periods import Period
from compliance.evidence.reports.requests import COLUMNS, monthly_figures, request_rows

ARTICLES = {f"denied_{article}": article for article in Refusal.values}


@dataclass(frozen=True)
class Wish:
    """Which report somebody wants, and how. `bom` marks CSV as UTF-8 for Excel."""

    report: Report
    period: Period
    format: Format
    bom: bool = False


def report_export(wish: Wish, *, actor: str) -> StreamingHttpResponse:
    """Note who takes the report along, and answer with it."""
    ReportExport.objects.create(
        report=wish.report,
        format=wish.format,
        first=str(wish.period.first),
        last=str(wish.period.last),
        actor=actor,
    )
    name = f"{wish.report}-{wish.period.first}-{wish.period.last}.{wish.format}"
    return StreamingHttpResponse(
        report_pieces(wish),
        content_type=MEDIA_TYPES[wish.format],
        headers=_headers(name),
    )


def report_pieces(wish: Wish) -> Iterator[str]:
    """Yield the report. A list's rows come from the database while they are written."""
    monthly = wish.report == Report.MONTHLY
    if wish.format is Format.CSV:
        columns = monthly_columns() if monthly else COLUMNS
        rows = map(_flat, monthly_figures(wish.period)) if monthly else request_rows(wish.period)
        return csv_pieces(columns, rows, bom=wish.bom)
    head = {
        "first": str(wish.period.first),
        "last": str(wish.period.last),
        "time_zone": settings.TIME_ZONE,
        "made_at": timezone.now(),
    }
    if monthly:
        return json_pieces(head, "months", map(figures_row, monthly_figures(wish.period)))
    return json_pieces(head, "requests", request_rows(wish.period))


def case_file_export(
    request: ErasureRequest, format_: Format, *, actor: str, with_comments: bool, bom: bool = False
) -> HttpResponse:
    """Note who takes the request's file along, and answer with it.

    As CSV it is one row for each thing that is said: where it stands, and what it is.
    """
    file = case_file_take(request_id=request.pk, actor=actor, with_comments=with_comments)
    if format_ is Format.CSV:
        rows = ({"field": path, "value": value} for path, value in leaves(file))
        text = "".join(csv_pieces(("field", "value"), rows, bom=bom))
    else:
        text = json_text(file)
    name = f"request-{request.pk}.{format_}"
    return HttpResponse(text, content_type=MEDIA_TYPES[format_], headers=_headers(name))


def figures_row(figures: Figures) -> dict[str, Any]:
    """Return a month's figures under their names."""
    return asdict(figures) | {"month": str(figures.month)}


def monthly_columns() -> list[str]:
    """Return the columns of the monthly figures; each article of a refusal has its own."""
    columns = [field.name for field in fields(Figures)]
    place = columns.index("denied_by_article")
    return [*columns[:place], *ARTICLES, *columns[place + 1 :]]


def _flat(figures: Figures) -> Row:
    articles = figures.denied_by_article
    return figures_row(figures) | {name: articles.get(a, 0) for name, a in ARTICLES.items()}


def _headers(name: str) -> dict[str, str]:
    return {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-store",
    }
