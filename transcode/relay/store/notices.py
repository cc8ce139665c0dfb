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
    "end",
    "make_webhook",
    "take",
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
        failures: requests in a row that failed.
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

    def taken(connection: Connection) -> Notice | None:
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

    return store.write(taken)


def end(store: SqlStore, notice: Notice, *, at: float, wait: float | None) -> Future[bool]:
    """Note the outcome of a request.

    Args:
        store: the store.
        notice: what was taken.
        at: the time.
        wait: the seconds to the next request; None: it was taken.

    Returns:
        False: it was not taken, and is too old to be tried again.
    """
    is_over = wait is None or at + wait > notice.made_at + KEPT

    def ended(connection: Connection) -> bool:
        # The webhook may be gone meanwhile, and the notice with it.
        connection.execute(
            "UPDATE webhook SET failures=CASE WHEN ?=1 THEN 0 ELSE failures+1 END, probe_at=? WHERE id=?",
            (wait is None, 0.0 if wait is None else at + wait, notice.webhook.id),
        )
        if is_over:
            connection.execute("DELETE FROM notice WHERE id=?", (notice.id,))
        else:
            connection.execute(
                # Where its lease was over, somebody else says when.
                "UPDATE notice SET due=?, attempts=attempts+1 WHERE id=? AND due=?",
                (at + (wait or 0.0), notice.id, notice.due),
            )
        return wait is None or not is_over

    return store.write(ended)


def _webhook(row: Sequence[object]) -> Webhook:
    webhook = Webhook(*row)  # type: ignore[arg-type]  # as the columns are
    return webhook._replace(statuses=tuple(str(row[3]).split()))
