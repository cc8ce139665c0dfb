"""What MM4 needs of the store: ids of mails that may come again, and answers that other centres are owed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.relay.model import Envelope
    from transcode.relay.store.connection import Connection

__all__ = [
    "Answer",
    "end_answer",
    "known_submission",
    "note_again",
    "put_answer",
    "take_answer",
    "write_transaction",
]


class Answer(NamedTuple):
    """An MM4_forward.RES, or the answer to a report, that is due.

    Attributes:
        id: the number of the row.
        recipient: the mailbox.
        mail: the mail.
        made_at: when the request came.
        attempts: failed attempts before.
        lease_until: when the lease of who sends it ends.
    """

    id: int
    recipient: str
    mail: str
    made_at: float
    attempts: int
    lease_until: float


def known_submission(
    connection: Connection, envelope: Envelope, to: Sequence[str], since: float
) -> tuple[str, list[str]] | None:
    """Return the message that is the same submission again, and the recipients that are not among its own.

    A mail that comes again has other octets: each server on its way adds a line. Its Message-ID is the other
    centre's, and names one message, which may come in several mails, each for some of the recipients.

    Returns:
        The id and the recipients; None: there is no such message, or its octets are kept no longer and there
        are such recipients.
    """
    is_mail = envelope.form == "mm4" and envelope.peer_message_id
    if is_mail:
        where, own = "peer_message_id<>'' AND ", ["peer_message_id"]
    else:
        where, own = "", ["transaction_id", "fingerprint"]
    names = ["peer", "form", "sender", *own]
    values = [getattr(envelope, name) for name in names]
    # The same submission at the same moment elsewhere.
    connection.lock("\0".join(values))
    row = connection.execute(
        f"SELECT id, kept FROM message WHERE {where}{' AND '.join(f'{name}=?' for name in names)}"
        " AND received_at>? ORDER BY received_at DESC LIMIT 1",
        (*values, since),
    ).fetchone()
    if row is None or not is_mail:
        return row and (row[0], [])
    found = connection.execute("SELECT recipient FROM delivery WHERE message=?", (row[0],)).fetchall()
    known = {recipient for (recipient,) in found}
    others = [recipient for recipient in to if recipient not in known]
    return None if others and not row[1] else (row[0], others)


def note_again(connection: Connection, blob: str, first: str, others: int) -> None:
    """Note a submission whose octets no row will have, but where they are those of the first one.

    Args:
        connection: the writer's.
        blob: the octets.
        first: the id of the message that it is again; ``""``: none, it is not taken.
        others: how many recipients it adds to that message.
    """
    if others:
        connection.execute("UPDATE message SET open=open+?, ended_at=NULL WHERE id=?", (others, first))
    connection.execute("INSERT INTO garbage VALUES (?) ON CONFLICT DO NOTHING", (blob,))


def write_transaction(connection: Connection, deliveries: Sequence[int], transaction_id: str) -> None:
    """Give deliveries the transaction id of their mail; ``""``: the mail was not taken for them."""
    connection.executemany(
        "UPDATE delivery SET transaction_id=? WHERE id=?",
        [(transaction_id, one) for one in sorted(deliveries)],
    )


def put_answer(connection: Connection, *, peer: str, name: str, recipient: str, mail: str, at: float) -> None:
    """Add an answer, or have one sent once more.

    Args:
        connection: the writer's.
        peer: the name of the other centre.
        name: what tells answers of one centre apart.
        recipient, mail: as in Answer.
        at: the time.
    """
    connection.execute(
        "INSERT INTO answer (peer, name, recipient, mail, made_at, due) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (peer, name) DO UPDATE SET made_at=excluded.made_at, due=excluded.due, attempts=0",
        (peer, name, recipient, mail, at, at),
    )


def take_answer(connection: Connection, peer: str, now: float, lease: float) -> Answer | None:
    """Lease the answer to a centre that is due first."""
    row = connection.execute(
        "UPDATE answer SET lease_until=? WHERE id=(SELECT id FROM answer WHERE peer=? AND due<=?"
        f" AND (lease_until IS NULL OR lease_until<=?) ORDER BY due LIMIT 1{connection.skip_locked})"
        " RETURNING id, recipient, mail, made_at, attempts, lease_until",
        (now + lease, peer, now, now),
    ).fetchone()
    return None if row is None else Answer(*row)


def end_answer(connection: Connection, answer: Answer, again_at: float | None) -> None:
    """Note that an answer was sent or given up, or when it is tried again.

    Where its lease was over, somebody else says when.
    """
    lease = (answer.id, answer.lease_until)
    if again_at is None:
        # A request that came again meanwhile is owed the answer again.
        connection.execute("DELETE FROM answer WHERE id=? AND made_at=?", (answer.id, answer.made_at))
        connection.execute("UPDATE answer SET lease_until=NULL WHERE id=? AND lease_until=?", lease)
    else:
        connection.execute(
            "UPDATE answer SET due=?, attempts=attempts+1, lease_until=NULL WHERE id=? AND lease_until=?",
            (again_at, *lease),
        )
