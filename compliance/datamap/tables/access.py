"""Accounts of staff, clients of the API, and Django's own tables."""

from compliance.datamap.columns import Column, Erased, Fate, Table, Whose, keyed, none, personal
from compliance.datamap.fates import FOR_THE_LOG, WHILE_EMPLOYED, WHILE_USED

SESSION = Fate(Erased.RETENTION, "8 hours after the log-in, or until the log-out")
COUNTER = Fate(Erased.RETENTION, "until the window ends, a day at most")


def _staff(holds: str) -> Column:
    return personal(holds, WHILE_EMPLOYED, Whose.STAFF)


ACCESS = [
    Table(
        "auth_user",
        "Accounts of staff.",
        {
            "id": _staff("row number"),
            "password": _staff("salted slow hash"),
            "last_login": _staff("when"),
            "is_superuser": _staff("rights"),
            "username": _staff("name to log in with"),
            "first_name": _staff("first name"),
            "last_name": _staff("last name"),
            "email": _staff("mail address"),
            "is_staff": _staff("rights"),
            "is_active": _staff("rights"),
            "date_joined": _staff("when"),
        },
    ),
    Table(
        "auth_user_groups",
        "Roles of staff.",
        {
            "id": none("row number"),
            "user_id": _staff("the account"),
            "group_id": _staff("the role"),
        },
    ),
    Table(
        "auth_user_user_permissions",
        "Single rights of staff.",
        {
            "id": none("row number"),
            "user_id": _staff("the account"),
            "permission_id": _staff("the right"),
        },
    ),
    Table("auth_group", "Roles.", {"id": none("row number"), "name": none("name of the role")}),
    Table(
        "auth_group_permissions",
        "Rights of roles.",
        {
            "id": none("row number"),
            "group_id": none("the role"),
            "permission_id": none("the right"),
        },
    ),
    Table(
        "auth_permission",
        "Rights.",
        {
            "id": none("row number"),
            "name": none("in words"),
            "content_type_id": none("the kind of row"),
            "codename": none("name of the right"),
        },
    ),
    Table(
        "django_admin_log",
        "What staff changed or looked at in the admin.",
        {
            "id": none("row number"),
            "action_time": personal("when", FOR_THE_LOG, Whose.STAFF),
            "user_id": personal("the account", FOR_THE_LOG, Whose.STAFF),
            "content_type_id": none("the kind of row"),
            "object_id": personal("number of the row", FOR_THE_LOG),
            "object_repr": personal("the row's short name: a number, for people", FOR_THE_LOG),
            "action_flag": none("what was done"),
            "change_message": personal("which fields, or a search's result", FOR_THE_LOG),
        },
    ),
    Table(
        "django_session",
        "Log-ins of staff.",
        {
            "session_key": personal("number of the session", SESSION, Whose.STAFF),
            "session_data": personal("the account, and words for its next page", SESSION),
            "expire_date": none("when it ends"),
        },
    ),
    Table(
        "django_content_type",
        "Kinds of rows.",
        {
            "id": none("row number"),
            "app_label": none("name"),
            "model": none("name"),
        },
    ),
    Table(
        "django_migrations",
        "Changes made to the tables.",
        {
            "id": none("row number"),
            "app": none("name"),
            "name": none("name"),
            "applied": none("when"),
        },
    ),
    Table(
        "accounts_apiclient",
        "Other systems that call the API.",
        {
            "id": none("row number"),
            "name": personal("name of the system", WHILE_USED, Whose.PARTNER),
            "key_id": none("public part of the key"),
            "secret_digest": none("SHA-256 of 256 random bits"),
            "scopes": none("what it may do"),
            "created_at": none("when"),
            "former_digest": none("SHA-256 of 256 random bits"),
            "former_ends_at": none("when"),
            "former_used_at": none("when"),
            "rotations": none("a number"),
            "calls_per_minute": none("a number"),
            "expires_at": none("when"),
            "revoked_at": none("when"),
            "last_used_at": none("when"),
        },
    ),
    Table(
        "accounts_throttle",
        "How often something was tried.",
        {
            "key": keyed("an account, an address or an identifier", COUNTER),
            "ends_at": none("when the window ends"),
            "count": none("a number"),
        },
    ),
]
