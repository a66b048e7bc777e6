"""How often somebody may do something: one counter in Postgres for all processes.

A counter knows neither whom it counts nor where from: its key is a keyed digest.
"""

from math import ceil

from django.db import connection
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac

from compliance.accounts.models import Throttle
from compliance.keyring import parts_hmac

# The clock of the database, which all processes share, and not that of the transaction's start.
# Beyond the limit nothing is counted: a counter cannot overflow, and waiting always ends.
HIT = """
    INSERT INTO accounts_throttle AS one (key, ends_at, count)
    VALUES (%(key)s, clock_timestamp() + make_interval(secs => %(seconds)s), 1)
    ON CONFLICT (key) DO UPDATE SET
        ends_at = CASE WHEN one.ends_at <= clock_timestamp() THEN excluded.ends_at
                       ELSE one.ends_at END,
        count = CASE WHEN one.ends_at <= clock_timestamp() THEN 1
                     ELSE LEAST(one.count, %(limit)s) + 1 END
    RETURNING count, extract(epoch FROM ends_at - clock_timestamp())
"""


def throttle_hit(what: str, who: str, *, limit: int, seconds: int) -> int | None:
    """Count one more `what` by `who`; None if it is allowed, or the seconds to wait.

    `limit` are allowed in a window of `seconds`, which begins with the first. A caller in a
    transaction that is rolled back counts nothing, and a long one makes others wait.
    """
    with connection.cursor() as cursor:
        cursor.execute(HIT, {"key": throttle_key(what, who), "seconds": seconds, "limit": limit})
        count, left = cursor.fetchone()
    return max(1, ceil(left)) if count > limit else None


def throttle_clear(what: str, who: str) -> None:
    """Begin anew, as after a log-in that succeeded."""
    Throttle.objects.filter(key=throttle_key(what, who)).delete()


def throttle_purge() -> int:
    """Remove the counters whose window has ended; return how many."""
    return Throttle.objects.filter(ends_at__lte=Now()).delete()[0]


def throttle_key(what: str, who: str) -> bytes:
    """Return the counter's name. Its key is Django's: counters may start anew when that changes."""
    key = salted_hmac("compliance.accounts.throttling", "", algorithm="sha256").digest()
    return parts_hmac(key, what, who)
