"""What slows senders and attempts down, in rows: buckets, next hops that fail, blocked senders, quotas.

Functions that take a connection are part of a transaction of the store; the others are calls of their own.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from transcode.relay import breaker
from transcode.relay.buckets import spent
from transcode.relay.model import RESOLVER, Route, State
from transcode.relay.store.bulk import marks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from transcode.relay.buckets import Charge
    from transcode.relay.model import Delivery
    from transcode.relay.store.connection import Connection
    from transcode.relay.store.sqlite import SqlStore

__all__ = [
    "Failing",
    "answer",
    "answers",
    "block",
    "blocked",
    "blocked_by",
    "charge",
    "failing",
    "forget",
    "hand_over",
    "is_open",
    "keep_answer",
    "may_try",
    "note",
    "probe",
    "stored_before",
    "unasked",
    "unblock",
    "wait",
]

#: Failures in a row after which a next hop is only probed, and the seconds between two probes.
_FAILURES, _PAUSE = 5, 60.0


class Failing(NamedTuple):
    """A next hop whose last attempts failed.

    Attributes:
        route: its kind; None: the resolver.
        peer: its name.
        failures: attempts in a row that failed.
        probe_at: when it is probed next; 0.0: it is tried as usual.
    """

    route: Route | None
    peer: str
    failures: int
    probe_at: float


def charge(connection: Connection, charges: Sequence[Charge], now: float) -> tuple[str, float] | None:
    """Take tokens out of buckets: all of them or none.

    Returns:
        None: they were taken; or the first bucket that has none, and the seconds until it has.
    """
    filled: list[tuple[str, float]] = []
    # In one order, so that two transactions do not wait for each other.
    for bucket, rate, cost in sorted(charges):
        connection.lock(f"bucket {bucket}")
        row = connection.execute("SELECT full_at FROM bucket WHERE name=?", (bucket,)).fetchone()
        full_at, wait = spent(row[0] if row else 0.0, rate, cost, now)
        if wait > 0:
            return bucket, wait
        filled.append((bucket, full_at))
    for one in filled:
        connection.execute(
            "INSERT INTO bucket VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET full_at=excluded.full_at", one
        )
    return None


def wait(store: SqlStore, charge: Charge, now: float) -> float:
    """Return the seconds until a bucket has a token; 0.0: it has one. Nothing is taken."""
    found = store.select("SELECT full_at FROM bucket WHERE name=?", (charge.bucket,))
    return spent(found[0][0] if found else 0.0, charge.rate, charge.cost, now)[1]


def may_try(connection: Connection, route: str, peer: str, now: float) -> breaker.Health | None:
    """Return how a next hop did that may be tried now; None: it is left alone.

    The phones of this centre, and the search for a route, are always tried: what fails there may be one
    number.
    """
    health = _health(connection, route, peer) if peer else breaker.HEALTHY
    return health if breaker.granted(health, now, _PAUSE) is not None else None


def probe(connection: Connection, route: str, peer: str, health: breaker.Health, now: float) -> bool:
    """Return whether an attempt may be made; of a hop that is only probed, by one who asks.

    Asked by who has something to send. A probe that nobody makes would keep reports waiting for its end.
    """
    after = breaker.granted(health, now, _PAUSE)
    if after is None or after == health:
        return after is not None
    row = connection.execute(
        "UPDATE hop SET probe_at=? WHERE route=? AND peer=? AND probe_at=? RETURNING peer",
        (after.probe_at, route, peer, health.probe_at),
    ).fetchone()
    # Another worker may have asked at the same moment; or the hop answered, and is tried as usual.
    return row is not None or not breaker.is_open(_health(connection, route, peer))


def unasked(store: SqlStore, route: Route | None, peer: str, *, at: float) -> Future[None]:
    """Let the next one probe a hop: who was to do so ended in this centre, and did not ask it.

    Else messages that can't be sent anywhere would keep a hop of others from being probed.

    Args:
        store: the store.
        route: its kind; None: the resolver.
        peer: its name.
        at: the time.
    """

    def write(connection: Connection) -> None:
        connection.execute(
            "UPDATE hop SET probe_at=? WHERE route=? AND peer=? AND probe_at>?", (at, route or "", peer, at)
        )

    return store.write(write)


def is_open(connection: Connection, peer: str, now: float) -> bool:
    """Return whether reports to a centre or a provider have to wait for a probe that succeeds."""
    if not peer:
        return False
    found = connection.execute(
        "SELECT max(probe_at) FROM hop WHERE route IN (?, ?) AND peer=?", (Route.PEER, Route.VASP, peer)
    ).fetchone()
    return found[0] is not None and found[0] > now


def note(store: SqlStore, route: Route | None, peer: str, *, failed: bool, at: float) -> Future[None]:
    """Note how a next hop did in one attempt, whatever the number of its recipients.

    Args:
        store: the store.
        route: its kind; None: the resolver.
        peer: its name; ``""``: nothing is noted. What fails there may be one number.
        failed: whether it gave no answer, or none that says anything of the message.
        at: the time.
    """
    hop = (route or "", peer)

    def write(connection: Connection) -> None:
        if not peer:
            return
        if failed:
            connection.lock(f"hop {' '.join(hop)}")
        health = _health(connection, *hop)
        after = breaker.after(health, at, failed=failed, most=_FAILURES, pause=_PAUSE)
        if after == health:
            return
        if after == breaker.HEALTHY:
            connection.execute("DELETE FROM hop WHERE route=? AND peer=?", hop)
            return
        connection.execute(
            "INSERT INTO hop VALUES (?, ?, ?, ?) ON CONFLICT (route, peer)"
            " DO UPDATE SET failures=excluded.failures, probe_at=excluded.probe_at",
            (*hop, *after),
        )

    return store.write(write)


def _health(connection: Connection, route: str, peer: str) -> breaker.Health:
    row = connection.execute(
        "SELECT failures, probe_at FROM hop WHERE route=? AND peer=?", (route, peer)
    ).fetchone()
    return breaker.Health(*row) if row else breaker.HEALTHY


def failing(store: SqlStore) -> list[Failing]:
    """Return the next hops whose last attempts failed."""
    found = store.select("SELECT route, peer, failures, probe_at FROM hop ORDER BY route, peer")
    return [Failing(Route(route) if route else None, *rest) for route, *rest in found]


def block(store: SqlStore, recipient: str, sender: str) -> Future[None]:
    """Keep the messages of a sender from a recipient.

    Args:
        store: the store.
        recipient: the number.
        sender: an address; ``*`` in it stands for any characters.
    """

    def write(connection: Connection) -> None:
        connection.execute("INSERT INTO block VALUES (?, ?) ON CONFLICT DO NOTHING", (recipient, sender))

    return store.write(write)


def unblock(store: SqlStore, recipient: str, sender: str) -> Future[bool]:
    """Undo block; the result is whether the sender was blocked."""

    def write(connection: Connection) -> bool:
        found = connection.execute(
            "DELETE FROM block WHERE recipient=? AND sender=? RETURNING sender", (recipient, sender)
        )
        return found.fetchone() is not None

    return store.write(write)


def blocked(store: SqlStore, recipient: str) -> list[str]:
    """Return whom a recipient blocks."""
    return blocked_by(store, [recipient]).get(recipient, [])


def blocked_by(store: SqlStore, recipients: Sequence[str]) -> dict[str, list[str]]:
    """Return whom each of several recipients blocks; who blocks nobody is missing."""
    found: dict[str, list[str]] = {}
    for recipient, sender in store.select(
        f"SELECT recipient, sender FROM block WHERE recipient IN ({marks(recipients)})"
        " ORDER BY recipient, sender",
        recipients,
    ):
        found.setdefault(recipient, []).append(sender)
    return found


def stored_before(store: SqlStore, deliveries: Sequence[Delivery]) -> dict[int, int]:
    """Return the octets of earlier messages that did not end for the recipients of deliveries, by delivery.

    A delivery whose recipient has none is missing.
    """
    # Whoever asks counts those before him alone, so of two that fill the quota together the first one fits.
    lists = ", ".join(["(?, ?)"] * (len(deliveries) - 1))
    found = store.select(
        "WITH asked (id, recipient) AS (VALUES (CAST(? AS BIGINT), CAST(? AS TEXT))"
        f"{', ' * bool(lists)}{lists})"
        " SELECT asked.id, sum(size) FROM asked JOIN delivery ON delivery.recipient=asked.recipient"
        " AND due IS NOT NULL AND delivery.id<asked.id JOIN message ON message.id=delivery.message"
        " GROUP BY asked.id",
        [value for one in deliveries for value in (one.id, one.recipient)],
    )
    return {number: int(size) for number, size in found}


def hand_over(store: SqlStore, deliveries: Sequence[Delivery]) -> Future[None]:
    """Leave the search for routes to the resolver's workers; what somebody else has meanwhile stays his.

    Args:
        store: the store.
        deliveries: as they were taken.
    """
    leases = [(one.id, one.lease_until) for one in sorted(deliveries, key=attrgetter("id"))]

    def write(connection: Connection) -> None:
        connection.executemany(
            "UPDATE delivery SET peer=?, lease_until=NULL WHERE id=? AND lease_until=? AND state=?",
            [(RESOLVER, *lease, State.ACCEPTED) for lease in leases],
        )

    return store.write(write)


def answer(store: SqlStore, number: str, *, now: float) -> str | None:
    """Return what the resolver said of a number; None: it was not asked, or long ago."""
    return answers(store, [number], now=now).get(number)


def answers(store: SqlStore, numbers: Sequence[str], *, now: float) -> dict[str, str]:
    """Return what the resolver said of numbers; one that it was not asked for, or long ago, is missing."""
    return dict(
        store.select(
            f"SELECT number, answer FROM resolved WHERE number IN ({marks(numbers)}) AND until>?",
            (*numbers, now),
        )
    )


def keep_answer(store: SqlStore, number: str, said: str, *, until: float) -> Future[None]:
    """Remember what the resolver said of a number, until a time."""

    def write(connection: Connection) -> None:
        connection.execute(
            "INSERT INTO resolved VALUES (?, ?, ?) ON CONFLICT (number)"
            " DO UPDATE SET answer=excluded.answer, until=excluded.until",
            (number, said, until),
        )

    return store.write(write)


def forget(store: SqlStore, *, now: float, most: int = 1000) -> Future[int]:
    """Delete rows that say nothing any more, and return how many: full buckets and old answers."""

    def write(connection: Connection) -> int:
        deleted = 0
        for table, key, until in (("bucket", "name", "full_at"), ("resolved", "number", "until")):
            deleted += len(
                connection.execute(
                    f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {until}<=?"
                    f" LIMIT ?{connection.skip_locked}) RETURNING {key}",
                    (now, most),
                ).fetchall()
            )
        return deleted

    return store.write(write)
