"""Webhooks of accounts, and the changes of status that they are to be told of.

A notice is written with the change of state that it tells of, and its row goes when the webhook took it. A
webhook that fails is left alone for some time and then tried by one request: it holds no line of others.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, NamedTuple

from transcode.relay import statuses
from transcode.relay.store import bulk

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from concurrent.futures import Future

    from transcode.relay.model import Changed
    from transcode.relay.store.connection import Connection
    from transcode.relay.store.sqlite import SqlStore

__all__ = [
    "KEPT",
    "Notice",
    "Webhook",
    "drop_webhook",
    "failed",
    "make_webhook",
    "take",
    "taken",
    "webhooks",
    "write",
    "write_end",
]

#: Seconds for which a notice is tried.
KEPT = 86_400.0
_COLUMNS = "id, account, url, statuses, secret, made_at, failures"


class Webhook(NamedTuple):
    """Where an account is told of its messages.

    Attributes:
        id: 32 hexadecimal digits.
        account: whose messages it is told of.
        url: where notices are posted to.
        statuses: the statuses that it is told of; none: all.
        secret: 24 octets in base64, by which notices are signed.
        made_at: when it was made, in seconds since 1970.
        failures: requests in a row that failed; those that were made at once are one.
    """

    id: str
    account: str
    url: str
    statuses: tuple[str, ...]
    secret: str
    made_at: float
    failures: int


class Notice(NamedTuple):
    """A change of status that a webhook is to be told of.

    Attributes:
        id: what each repetition has too: 32 hexadecimal digits.
        webhook: where to.
        message, recipient, reference: the message, and the account's own word for it. The end of a campaign
            has no recipient.
        status, state: what the recipient's became, or the campaign's.
        made_at: when, in seconds since 1970.
        attempts: failed requests before.
        due: the end of the lease of who sends it.
    """

    id: str
    webhook: Webhook
    message: str
    recipient: str
    reference: str
    status: str
    state: str
    made_at: float
    attempts: int
    due: float


def make_webhook(
    store: SqlStore, account: str, url: str, told: Collection[str], secret: str, now: float, *, most: int
) -> Webhook | None:
    """Make a webhook, or return None where its account has the most; arguments are those of Webhook."""
    webhook = Webhook(secrets.token_hex(16), account, url, tuple(told), secret, now, 0)
    values = (webhook.id, account, url, " ".join(told), secret, now)

    def write(connection: Connection) -> Webhook | None:
        # Two requests at once would both find room for one.
        connection.lock(f"webhooks {account}")
        (count,) = connection.execute("SELECT count(*) FROM webhook WHERE account=?", (account,)).fetchone()
        if count >= most:
            return None
        connection.execute(
            "INSERT INTO webhook (id, account, url, statuses, secret, made_at) VALUES (?, ?, ?, ?, ?, ?)",
            values,
        )
        return webhook

    return store.write(write).result()


def webhooks(store: SqlStore, account: str) -> list[Webhook]:
    """Return the webhooks of an account, the oldest first."""
    found = store.select(f"SELECT {_COLUMNS} FROM webhook WHERE account=? ORDER BY made_at, id", (account,))
    return [_webhook(row) for row in found]


def drop_webhook(store: SqlStore, account: str, number: str) -> bool:
    """Delete a webhook of an account with what it was to be told; False where there is none."""
    dropped = store.write(
        lambda connection: connection.execute(
            "DELETE FROM webhook WHERE id=? AND account=? RETURNING id", (number, account)
        ).fetchone()
    ).result()
    return dropped is not None


def write(connection: Connection, changes: Sequence[Changed], at: float) -> None:
    """Write what webhooks are to be told of changes, in their transaction."""
    telling = []
    for before, after, _, _ in changes:
        (was, _), (status, state) = statuses.shown(before), statuses.shown(after)
        if status is not was:
            telling.append((after, status, state))
    if not telling:
        return
    names = list({after.message for after, _, _ in telling})
    found = connection.execute(
        "SELECT submission.message, webhook.id, webhook.statuses FROM submission"
        " JOIN webhook ON webhook.account=submission.account"
        f" WHERE submission.message IN ({bulk.marks(names)})",
        names,
    ).fetchall()
    bulk.insert(
        connection,
        "notice",
        ("id", "webhook", "delivery", "status", "state", "made_at", "due"),
        [
            (secrets.token_hex(16), webhook, after.id, status, state, at, at)
            for message, webhook, told in found
            for after, status, state in telling
            if after.message == message and (not told or status in told.split())
        ],
    )


def write_end(connection: Connection, campaign: str, status: str, at: float) -> None:
    """Write that webhooks are to be told of a campaign's end, in its transaction."""
    found = connection.execute(
        "SELECT webhook.id FROM submission JOIN webhook ON webhook.account=submission.account"
        " WHERE submission.message=?",
        (campaign,),
    ).fetchall()
    bulk.insert(
        connection,
        "notice",
        ("id", "webhook", "campaign", "status", "state", "made_at", "due"),
        [(secrets.token_hex(16), webhook, campaign, status, "", at, at) for (webhook,) in found],
    )


def take(store: SqlStore, *, now: float, lease: float) -> Future[Notice | None]:
    """Lease the notice that is due first, of the webhook that was served longest ago; None: nothing is due.

    Args:
        store: the store.
        now: the time.
        lease: the seconds after which another worker may take it.
    """

    def leased(connection: Connection) -> Notice | None:
        row = connection.execute(
            f"SELECT {_COLUMNS} FROM webhook WHERE probe_at<=?"
            " AND EXISTS (SELECT 1 FROM notice WHERE notice.webhook=webhook.id AND due<=?)"
            f" ORDER BY taken_at LIMIT 1{connection.skip_locked}",
            (now, now),
        ).fetchone()
        if row is None:
            return None
        webhook = _webhook(row)
        found = connection.execute(
            "UPDATE notice SET due=? WHERE id=(SELECT id FROM notice WHERE webhook=? AND due<=?"
            f" ORDER BY due LIMIT 1{connection.skip_locked})"
            " RETURNING id, delivery, campaign, status, state, made_at, attempts, due",
            (now + lease, webhook.id, now),
        ).fetchone()
        if found is None:
            return None
        connection.execute(
            "UPDATE webhook SET taken_at=?, probe_at=? WHERE id=?",
            (now, now + lease if webhook.failures else 0.0, webhook.id),
        )
        number, delivery, campaign, *told = found
        if campaign is not None:
            (reference,) = connection.execute(
                "SELECT reference FROM submission WHERE message=?", (campaign,)
            ).fetchone()
            return Notice(number, webhook, campaign, "", reference, *told)
        message, recipient, reference = connection.execute(
            "SELECT delivery.message, recipient, reference FROM delivery"
            " JOIN submission ON submission.message=delivery.message WHERE delivery.id=?",
            (delivery,),
        ).fetchone()
        return Notice(number, webhook, message, recipient, reference, *told)

    return store.write(leased)


def taken(store: SqlStore, notice: Notice) -> Future[None]:
    """Note that a webhook took a notice: it has others of the account at once."""

    def ended(connection: Connection) -> None:
        # The webhook may be gone meanwhile, and the notice with it.
        connection.execute("UPDATE webhook SET failures=0, probe_at=0 WHERE id=?", (notice.webhook.id,))
        connection.execute("DELETE FROM notice WHERE id=?", (notice.id,))

    return store.write(ended)


def failed(store: SqlStore, notice: Notice, *, at: float, wait: float, pause: float) -> Future[bool]:
    """Note that a webhook did not take a notice; False: the notice is too old to be tried again.

    Args:
        store: the store.
        notice: what was taken.
        at: the time.
        wait: the seconds until the notice is tried again; the last try is not before the end of its time.
        pause: the seconds until the webhook gets any notice. They are of the webhook's failures in a row:
            one notice that it never takes does not hold up the others.
    """
    end, failures = notice.made_at + KEPT, notice.webhook.failures + 1

    def ended(connection: Connection) -> bool:
        connection.execute(
            # Requests that were made at once count as one.
            "UPDATE webhook SET failures=CASE WHEN failures<? THEN ? ELSE failures END, probe_at=?"
            " WHERE id=?",
            (failures, failures, at + pause, notice.webhook.id),
        )
        if at >= end:
            connection.execute("DELETE FROM notice WHERE id=?", (notice.id,))
        else:
            connection.execute(
                # Where its lease was over, somebody else says when.
                "UPDATE notice SET due=?, attempts=attempts+1 WHERE id=? AND due=?",
                (min(at + wait, end), notice.id, notice.due),
            )
        return at < end

    return store.write(ended)


def _webhook(row: Sequence[object]) -> Webhook:
    webhook = Webhook(*row)  # type: ignore[arg-type]  # as the columns are
    return webhook._replace(statuses=tuple(str(row[3]).split()))
