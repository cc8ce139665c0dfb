"""Who may send what, and how much. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from typing import TYPE_CHECKING

from transcode.relay.refusals import Reason, Refusal
from transcode.wire.values import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transcode.messages.message import Message

__all__ = ["Terms", "judged", "judged_content", "judged_names", "matches"]

#: The most octets of an address (RFC 5321, 4.5.3.1.3), and of an id, for which no standard has a bound. An
#: index of PostgreSQL takes 2,704 octets in all.
_LONGEST_ADDRESS, _LONGEST_ID = 256, 1000


@dataclass(frozen=True, slots=True)
class Terms:
    """What a door takes from somebody.

    Attributes:
        max_bytes: the largest message.
        max_recipients: the most recipients of one message.
        max_forwards: how often a message may have been sent on between centres.
        blocked_senders: addresses that may not send; ``*`` stands for any characters.
        refused_types: media types that are not taken; ``*`` stands for any characters.
    """

    max_bytes: int
    max_recipients: int
    max_forwards: int = 10
    blocked_senders: tuple[str, ...] = ()
    refused_types: tuple[str, ...] = ()


def judged(
    message: Message, size: int, sender: str, recipients: Sequence[str], forwards: int, terms: Terms
) -> Refusal | None:
    """Return why a message is not taken, or None.

    Args:
        message: what was read.
        size: its octets.
        sender: the address of the sender, as the door knows it; ``""`` is nobody.
        recipients: addresses as ``Numbers.normal`` returns them, each once.
        forwards: the forward counter.
        terms: what the door takes.
    """
    if not sender:
        return Refusal(Reason.DENIED, "nobody names the sender")
    if matches(sender, terms.blocked_senders):
        return Refusal(Reason.DENIED, "the sender is blocked")
    if not recipients or not all(recipients):
        return Refusal(Reason.CORRUPT, "a recipient is missing")
    if len(recipients) > terms.max_recipients:
        return Refusal(
            Reason.DENIED, f"{len(recipients)} recipients; at most {terms.max_recipients} are allowed"
        )
    if forwards > terms.max_forwards:
        return Refusal(
            Reason.DENIED, f"the message was sent on {forwards} times; {terms.max_forwards} are allowed"
        )
    if _pays_replies(message):
        return Refusal(Reason.REPLY_CHARGING, "this centre has no reply charging")
    return judged_content(message, size, terms)


def judged_names(addresses: Iterable[str], ids: Iterable[str]) -> Refusal | None:
    """Return why a message can't be kept by its names, or None.

    Args:
        addresses: the addresses of sender and recipients.
        ids: those that the sender's side gave to the message.
    """
    for kind, names, most in (("address", addresses, _LONGEST_ADDRESS), ("id", ids, _LONGEST_ID)):
        if any(len(name.encode("utf-8", "replace")) > most for name in names):
            return Refusal(Reason.CORRUPT, f"an {kind} has more than {most} octets")
    return None


def _pays_replies(message: Message) -> bool:
    """Return whether a sender asks to pay for the answers: phones would say that they are free."""
    headers = folded(message.headers)
    return "replycharging" in headers or str(headers.get("x-mms-reply-charging", "")).startswith("Requested")


def judged_content(message: Message, size: int, terms: Terms) -> Refusal | None:
    """Return why the content of a message is not taken, or None.

    Args:
        message: what was read.
        size: its octets.
        terms: what the door takes.
    """
    if not message.parts:
        return Refusal(Reason.CORRUPT, "the message has no content")
    if size > terms.max_bytes:
        return Refusal(Reason.CONTENT, f"{size} octets; at most {terms.max_bytes} are taken")
    types = (part.content_type.partition(";")[0].strip() for part in message.parts)
    refused = next((one for one in types if matches(one, terms.refused_types)), None)
    if refused is not None:
        return Refusal(Reason.CONTENT, f"{refused} is not taken")
    return None


def matches(text: str, patterns: Iterable[str]) -> bool:
    """Return whether an address or a type is one of the patterns; large and small letters are equal.

    Args:
        text: the address or the type.
        patterns: whole values; ``*`` stands for any characters.
    """
    return any(_pattern(one).fullmatch(text) for one in patterns)


@lru_cache(1024)
def _pattern(pattern: str) -> re.Pattern[str]:
    # fnmatch has signs beside the star; in brackets they stand for themselves.
    return re.compile(translate(re.sub(r"[?[]", r"[\g<0>]", pattern)), re.IGNORECASE)
