"""The table of who may call what, as a page of the documentation."""

from collections.abc import Iterable, Iterator

from compliance.accounts.access import CALLERS, SUPERUSER, Endpoint, admin_table, endpoints

Table = dict[tuple[Endpoint, str], dict[str, bool]]

HEAD = """\
# Who may call what

Made by `manage.py access_table` from the web addresses; a test makes each call of it.

A page that is open to a role may still show fewer buttons and refuse a step that does not fit.

"""
API = """\
## The API

Without a key the answer is 401, with a key that lacks the scope 403.

"""
ADMIN = """\
## The admin

GET shows a page, POST does what its form says. Who has not logged in is sent to the log-in.

"""
CLOSED = """\
### Open to nobody, superusers included

What services write is not added, edited or deleted by hand.

"""
OPEN = """\
## Without log-in and key

"""


def access_page() -> str:
    """Return the whole page, in Markdown."""
    table = admin_table()
    parts = [HEAD, API, _table(["", "address", "scope"], _api_rows()), ADMIN]
    parts += [_table(["", "page", *CALLERS], _admin_rows(table)), CLOSED, _list(_closed(table))]
    parts += [OPEN, _list(_path(one) for one in endpoints() if is_open(one))]
    return "\n".join(part.strip("\n") + "\n" for part in parts)


def is_open(endpoint: Endpoint) -> bool:
    """Whether an address is for everybody."""
    return not endpoint.is_admin and endpoint.scopes is None


def _api_rows() -> Iterator[list[str]]:
    for endpoint in endpoints():
        for method, accepted in (endpoint.scopes or {}).items():
            words = " or ".join(f"`{scope}`" for scope in accepted)
            yield [method, _path(endpoint), words or "open to nobody"]


def _admin_rows(table: Table) -> Iterator[list[str]]:
    """Yield a row for each page, or one for each method where they differ."""
    for page, methods in _by_page(table).items():
        cells = {method: _marks(table[page, method]) for method in methods}
        open_ = [method for method in methods if table[page, method][SUPERUSER]]
        if len(open_) == 2 and cells["GET"] == cells["POST"]:
            yield ["GET, POST", _path(page), *cells["GET"]]
        else:
            yield from ([method, _path(page), *cells[method]] for method in open_)


def _closed(table: Table) -> Iterator[str]:
    for page, methods in _by_page(table).items():
        closed = [method for method in methods if not table[page, method][SUPERUSER]]
        if closed:
            yield f"{', '.join(closed)} {_path(page)}"


def _by_page(table: Table) -> dict[Endpoint, list[str]]:
    pages: dict[Endpoint, list[str]] = {}
    for page, method in table:
        pages.setdefault(page, []).append(method)
    return pages


def _marks(cells: dict[str, bool]) -> list[str]:
    return ["yes" if cells[name] else "" for name in CALLERS]


def _path(endpoint: Endpoint) -> str:
    return f"`/{endpoint.path}`"


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _list(lines: Iterable[str]) -> str:
    return "".join(f"- {line}\n" for line in lines)
