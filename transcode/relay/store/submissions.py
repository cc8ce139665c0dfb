"""What messages of the API have beside others: their account, their Idempotency-Key, what became of media."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from transcode.relay.retention import IDEMPOTENT

if TYPE_CHECKING:
    from transcode.relay.store.connection import Connection
    from transcode.relay.store.sqlite import SqlStore

__all__ = [
    "Claim",
    "Reused",
    "Submitted",
    "claimed",
    "earlier",
    "page",
    "submitted",
    "unnamed",
    "write",
]


class Reused(Exception):
    """An Idempotency-Key came with another request than before."""


class Claim(NamedTuple):
    """What an account asks for with a message.

    Attributes:
        account: whose message it is.
        name: the Idempotency-Key, or ``""``.
        fingerprint: what is equal in the same request again.
        reference: the account's own word for the message, or ``""``.
        media: what became of each medium, in JSON.
    """

    account: str
    name: str
    fingerprint: str
    reference: str
    media: str


class Submitted(NamedTuple):
    """What is kept of such a message.

    Attributes:
        message: the Message-ID.
        account, reference, media: as in Claim.
        made_at: when it was accepted, in seconds since 1970.
    """

    message: str
    account: str
    reference: str
    media: str
    made_at: float


def claimed(connection: Connection, claim: Claim | None, now: float) -> tuple[str, list[str]] | None:
    """Return the message that an Idempotency-Key stands for, or None.

    Nobody else takes the same key before the transaction ends.

    Returns:
        As mails.known_submission does.

    Raises:
        Reused: it stands for another request.
    """
    if claim is None or not claim.name:
        return None
    connection.lock(f"submission {claim.account} {claim.name}")
    row = connection.execute(
        "SELECT message, fingerprint, made_at FROM submission WHERE account=? AND name=? AND name<>''",
        (claim.account, claim.name),
    ).fetchone()
    if row is None:
        return None
    message, fingerprint, made_at = row
    if made_at <= now - IDEMPOTENT:
        connection.execute("UPDATE submission SET name='' WHERE message=?", (message,))
        return None
    if fingerprint != claim.fingerprint:
        raise Reused(f"the Idempotency-Key stands for message {message}, whose request was another one")
    return message, []


def write(
    connection: Connection, message: str, claim: Claim | None, now: float, *, is_campaign: bool = False
) -> None:
    """Write what a message has beside others.

    Args:
        connection: the database, in a transaction.
        message: the Message-ID.
        claim: what the account asks for; None: it is no message of the API.
        now: the time.
        is_campaign: whether it is the message of a campaign, which no list of messages has.
    """
    if claim is not None:
        connection.execute(
            "INSERT INTO submission"
            " (message, account, name, fingerprint, reference, media, made_at, campaign)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (message, *claim, now, is_campaign),
        )


def unnamed(connection: Connection, message: str) -> None:
    """Forget what may name people, when the numbers of a message become words."""
    connection.execute("UPDATE submission SET name='', reference='', media='[]' WHERE message=?", (message,))


def earlier(store: SqlStore, claim: Claim, now: float) -> str:
    """Return the message that an Idempotency-Key stands for, or ``""``, before work on the request begins.

    Raises:
        Reused: it stands for another request.
    """
    if not claim.name:
        return ""
    found = store.select(
        "SELECT message, fingerprint FROM submission WHERE account=? AND name=? AND name<>'' AND made_at>?",
        (claim.account, claim.name, now - IDEMPOTENT),
    )
    if not found:
        return ""
    message, fingerprint = found[0]
    if fingerprint != claim.fingerprint:
        raise Reused(f"the Idempotency-Key stands for message {message}, whose request was another one")
    return str(message)


def submitted(store: SqlStore, account: str, message: str) -> Submitted | None:
    """Return a message of an account; None: there is none, or it is another account's."""
    found = store.select(
        "SELECT message, account, reference, media, made_at FROM submission WHERE message=? AND account=?"
        " AND campaign=0",
        (message, account),
    )
    return Submitted(*found[0]) if found else None


def page(
    store: SqlStore, account: str, *, before: tuple[float, str] | None, reference: str, most: int
) -> list[Submitted]:
    """Return messages of an account, the newest first.

    Args:
        store: the store.
        account: the account.
        before: time and id of the message after which the page begins; None: it is the first page.
        reference: the account's own word; ``""``: any.
        most: the most messages.
    """
    where, values = "account=? AND campaign=0", [account]
    if before is not None:
        where += " AND (made_at, message)<(?, ?)"
        values += before  # type: ignore[arg-type]  # a time among texts
    if reference:
        where += " AND reference=?"
        values.append(reference)
    found = store.select(
        f"SELECT message, account, reference, media, made_at FROM submission WHERE {where}"
        " ORDER BY made_at DESC, message DESC LIMIT ?",
        (*values, most),
    )
    return [Submitted(*row) for row in found]
