"""The short message with a link to a page: in the receiver's language, and in one segment where it can be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transcode.errors import BudgetError
from transcode.relay.languages.texts import language, of_number
from transcode.wire.sms_text import text_segments

if TYPE_CHECKING:
    from transcode.relay.model import Envelope, Subscriber

__all__ = ["link_text", "spoken"]

#: The texts, the better first; the later one has less beside the link.
_TEXTS = (
    "{sender} sent you a message. See it until {day}: {url} No more links: answer STOP",
    "{sender}: {url} until {day}",
)
#: The longest sender that is named. Addresses of mail may be longer, and texts of a stranger are no part of
#: a short message of this centre's.
_LONGEST = 30
_PLAIN = re.compile(r"[+A-Za-z0-9@._-]+")


def spoken(number: str, subscriber: Subscriber | None, usual: str) -> str:
    """Return the name of the language of a phone.

    Args:
        number: its number.
        subscriber: what is known of it, or None.
        usual: the language of whom nothing is known.
    """
    return (subscriber and subscriber.language) or of_number(number, usual)


def link_text(envelope: Envelope, url: str, *, ends_at: float, name: str) -> str:
    """Return the text.

    Args:
        envelope: the message; a sender who hides is not named.
        url: the address of the page.
        ends_at: until when it is there, in seconds since 1970.
        name: the language.
    """
    words = language(name)
    sender = envelope.sender
    if envelope.hidden or len(sender) > _LONGEST or not _PLAIN.fullmatch(sender):
        sender = words.say("Somebody")
    made = [words.say(text, sender=sender, day=words.short_day(ends_at), url=url) for text in _TEXTS]
    for text in made:
        try:
            text_segments(text, reference=0, most=1)
        except BudgetError:
            continue
        return text
    return made[0]
