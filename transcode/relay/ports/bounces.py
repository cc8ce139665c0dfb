"""Bounces: what a mail server on the way says of a mail that it could not hand on (RFC 3464)."""

from __future__ import annotations

from email import policy
from email.parser import BytesParser
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message as Mail

__all__ = ["Bounce", "bounce"]

#: The octets of a mail that are looked at. A bounce that returns the whole message has its reasons in front.
_MOST = 262_144
#: The octets in which the headers of a bounce are looked for.
_HEAD = 65_536


class Bounce(NamedTuple):
    """What did not arrive.

    Attributes:
        message_type: the X-Mms-Message-Type of the mail that came back.
        message_id: its X-Mms-Message-ID.
        failed: each recipient who did not get it, and why.
    """

    message_type: str
    message_id: str
    failed: tuple[tuple[str, str], ...]


def bounce(octets: bytes) -> Bounce | None:
    """Return what a bounce says; None: the mail is none, or does not say which mail came back."""
    # Nearly all mails are messages, and need no parser of mails.
    if b"multipart/report" not in octets[:_HEAD].lower():
        return None
    try:
        mail = BytesParser(policy=policy.compat32).parsebytes(octets[:_MOST])
        if mail.get_content_type() != "multipart/report":
            return None
        parts = list(mail.walk())
    except (RecursionError, ValueError):
        return None
    headers = [_headers(part) for part in parts if part.get_content_type() == "text/rfc822-headers"]
    named = [one for one in (*parts, *headers) if one.get("X-Mms-Message-ID")]
    if not named:
        return None
    return Bounce(
        str(named[0].get("X-Mms-Message-Type", "")),
        str(named[0]["X-Mms-Message-ID"]).strip(' "'),
        tuple(_failed(parts)),
    )


def _headers(part: Mail) -> Mail:
    """Return the headers of a mail that came back without its body."""
    payload = part.get_payload(decode=True)
    return BytesParser(policy=policy.compat32).parsebytes(payload if isinstance(payload, bytes) else b"")


def _failed(parts: list[Mail]) -> Iterator[tuple[str, str]]:
    """Yield recipient and reason of each failure; a delay is none."""
    for part in parts:
        if (
            part.get_content_type() == "text/plain"
            and str(part.get("Action", "")).strip().lower() == "failed"
        ):
            recipient = str(part.get("Original-Recipient") or part.get("Final-Recipient") or "")
            reason = str(part.get("Diagnostic-Code") or part.get("Status") or "")
            yield recipient.partition(";")[2].strip(), " ".join(reason.split())
