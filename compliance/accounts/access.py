"""Who may call what, found out from the web addresses themselves.

The API's views name a scope for each method. The admin's views decide by code, so each is asked
once as each role, with arguments that belong to nothing: it refuses, or looks for a row in vain.
All of it happens in a transaction that is rolled back.
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any, TypeVar

from django.contrib.admindocs.views import simplify_regex
from django.contrib.auth.models import AnonymousUser, Group, User
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.http.response import HttpResponseBase
from django.test import RequestFactory
from django.urls import URLResolver, get_resolver, reverse
from django.urls.resolvers import RoutePattern
from django.views.generic import RedirectView

from compliance.accounts.permissions import HasScope, accepted_scopes
from compliance.accounts.roles import ROLES

NOBODY, NO_ROLE, SUPERUSER = "not logged in", "no role", "superuser"
CALLERS = (NOBODY, NO_ROLE, *ROLES, SUPERUSER)
NO_ROW = {"uuid": uuid.UUID(int=0), "int": 0}
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Endpoint:
    """A web address. `arguments` are those that are still open, with the kind of each."""

    name: str
    path: str
    view: Callable[..., Any] = field(compare=False)
    arguments: dict[str, str] = field(compare=False)
    fixed: dict[str, str] = field(compare=False, default_factory=dict)

    @property
    def is_admin(self) -> bool:
        return self.name.startswith("admin:")

    @property
    def scopes(self) -> dict[str, tuple[str, ...]] | None:
        """Return the scopes of which one is enough, by method; None where no key is asked for."""
        view: Any = getattr(self.view, "cls", None)
        if view is None or HasScope not in view.permission_classes:
            return None
        methods = [name.upper() for name in view.http_method_names if hasattr(view, name)]
        return {
            name: accepted_scopes(name, view) for name in methods if name not in {"HEAD", "OPTIONS"}
        }


def rows_for(**values: tuple[str, ...]) -> Callable[[View], View]:
    """Give the table one row for each value of an argument by which a view decides differently."""

    def mark(view: View) -> View:
        view.access_rows = values  # type: ignore[attr-defined]
        return view

    return mark


def endpoints() -> list[Endpoint]:
    """Return all web addresses but those that only lead to others, in the order of look-up."""
    return list(_walk(get_resolver().url_patterns, "", "", {}))


def admin_table() -> dict[tuple[Endpoint, str], dict[str, bool]]:
    """Return for each page of the admin and method which of `CALLERS` get beyond the gate."""
    pages = [one for one in endpoints() if one.is_admin]
    with transaction.atomic():
        callers = _callers()
        cells = {
            (page, method): {name: _passes(page, method, user) for name, user in callers.items()}
            for page, method in product(pages, ("GET", "POST"))
        }
        transaction.set_rollback(True)
    return {
        row: {name: bool(passes) for name, passes in of_row.items()}
        for row, of_row in cells.items()
        if None not in of_row.values()  # there is no such method
    }


def _walk(
    patterns: list[Any], path: str, space: str, arguments: dict[str, str]
) -> Iterator[Endpoint]:
    for one in patterns:
        here = path + _text(one.pattern)
        known = arguments | _arguments(one.pattern)
        if isinstance(one, URLResolver):
            inner = f"{space}{one.namespace}:" if one.namespace else space
            yield from _walk(one.url_patterns, here, inner, known)
        elif getattr(one.callback, "view_class", None) is not RedirectView:
            yield from _rows(Endpoint(f"{space}{one.name or here}", here, one.callback, known))


def _rows(endpoint: Endpoint) -> Iterator[Endpoint]:
    """Yield one endpoint, or one for each value that its view names."""
    rows: dict[str, tuple[str, ...]] = getattr(endpoint.view, "access_rows", {})
    for values in product(*rows.values()):
        fixed = dict(zip(rows, values, strict=True))
        path = endpoint.path
        for name, value in fixed.items():
            path = path.replace(f"<{endpoint.arguments[name]}:{name}>", value)
        left = {name: kind for name, kind in endpoint.arguments.items() if name not in fixed}
        yield Endpoint(endpoint.name, path, endpoint.view, left, fixed)


def _text(pattern: Any) -> str:
    if isinstance(pattern, RoutePattern):
        return str(pattern)
    return simplify_regex(str(pattern)).lstrip("/")


def _arguments(pattern: Any) -> dict[str, str]:
    """Return the names of a pattern's arguments, and of what kind each is."""
    if isinstance(pattern, RoutePattern):
        kinds = {name: type(one).__name__ for name, one in pattern.converters.items()}
        return {name: kind.removesuffix("Converter").lower() for name, kind in kinds.items()}
    return dict.fromkeys(pattern.regex.groupindex, "text")


def _callers() -> dict[str, Any]:
    """Make somebody for each column; the transaction takes them away again."""

    def user(name: str, **values: Any) -> User:
        return User.objects.create(username=f"{uuid.uuid4()}", is_staff=True, **values)

    people: dict[str, Any] = {NOBODY: AnonymousUser(), NO_ROLE: user(NO_ROLE)}
    for role in ROLES:
        people[role] = user(role)
        people[role].groups.add(Group.objects.get(name=role))
    return people | {SUPERUSER: user(SUPERUSER, is_superuser=True)}


def _passes(page: Endpoint, method: str, user: Any) -> bool | None:
    """Whether a view lets `user` in; None if it has no such method.

    A view has to ask before it looks for a row: it tells nobody else which rows there are.
    """
    arguments = {name: NO_ROW.get(kind, "0") for name, kind in page.arguments.items()}
    path = f"/{page.path}" if arguments or page.fixed else reverse(page.name)
    request = _request(method, path, user)
    if page.name.endswith("_history"):  # Django's looks for the row before it asks
        of_model: Any = page.view.model_admin  # type: ignore[attr-defined]
        return user.is_staff and of_model.has_view_or_change_permission(request)
    try:
        with transaction.atomic():
            response = page.view(request, **arguments | page.fixed)
            transaction.set_rollback(True)
    except PermissionDenied:
        return False
    except Http404:
        return True
    return None if response.status_code == 405 else not is_refusal(response)


def is_refusal(response: HttpResponseBase) -> bool:
    """Whether a page says no, or first wants to know who asks."""
    to_log_in = response.headers.get("Location", "").startswith(f"{reverse('admin:login')}?")
    return response.status_code in {401, 403} or to_log_in


def _request(method: str, path: str, user: Any) -> Any:
    request: Any = RequestFactory(SERVER_NAME="localhost").generic(method, path)
    request._dont_enforce_csrf_checks = True
    request.user, request.session = user, SessionStore()
    request._messages = FallbackStorage(request)
    return request
