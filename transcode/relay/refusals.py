"""Why a centre does not take a message. Each door says it in the words of its own standard."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

__all__ = ["Reason", "Refusal"]


class Reason(Enum):
    """The kinds of reasons."""

    #: The sender may not send, or not so.
    DENIED = auto()
    #: The message, or a value in it, is none.
    CORRUPT = auto()
    #: The message is too large, or has content that is not taken.
    CONTENT = auto()
    #: No route serves any recipient.
    UNRESOLVED = auto()
    #: The sender would pay for the answers, and the centre can't see to that.
    REPLY_CHARGING = auto()
    #: The centre can't take it now, and may later.
    NOT_NOW = auto()


class Refusal(NamedTuple):
    """Why a submission is not taken.

    Attributes:
        reason: the kind.
        text: the reason, for people.
        wait: the seconds after which it may be taken, where they are known.
    """

    reason: Reason
    text: str
    wait: float = 0.0
