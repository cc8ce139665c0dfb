"""Texts and subjects with fields, such as ``Hello {name}``: each recipient of a campaign has its own.

Media are adapted once for all. For that the message has a stand-in with as many characters and octets as the
longest own text, and each recipient's text takes its place in what was adapted. So no own text can make a
message larger than it was when it was fitted. Subjects likewise.

Forms of mail write some signs with more octets than others, so there a text may need more room than the
stand-in left. The message is then made anew with that room.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from transcode.errors import BudgetError
from transcode.message.slideshow import readable, text_part
from transcode.model.template import MissingField, field_names, filled, has_fields
from transcode.relay.model import SAME

if TYPE_CHECKING:
    from collections.abc import Callable

    from transcode.messages.message import Message
    from transcode.model import Part
    from transcode.relay.model import Own
    from transcode.relay.store.campaigns import Campaign

__all__ = [
    "LARGEST_SUBJECT",
    "MissingField",
    "field_names",
    "filled",
    "has_fields",
    "room",
    "stand_in",
    "with_own",
    "with_stand_in",
    "with_stand_ins",
    "within",
]

_Written = TypeVar("_Written")

#: What a stand-in mostly has: a sign in ASCII, so that where its octets are cut, they are cut early.
_SIGN = "~"
#: The shortest stand-in: no text of people begins so.
_SHORTEST = 12
#: What it begins and ends with: a sign with four octets in UTF-8. With it, also where a stand-in is cut, the
#: part has a charset for any text, if the receiver reads one.
_WIDE = "\N{SQUARED OK}"
_BEGIN = _WIDE + _SIGN * (_SHORTEST - 1)
#: The same where it was cut; with a question mark where the receiver's charset has no such sign.
_CUT = re.compile(rf"[{_WIDE}?](?:{_SIGN}|\Z)")
#: The most octets of an own subject in UTF-8, and the least by which a message is made smaller for own texts.
LARGEST_SUBJECT, _LEAST_MORE = 250, 512
#: By so many octets a stand-in, with the words of its length, may exceed the longest text.
_SPARE = 16


def stand_in(chars: int, octets: int) -> str:
    """Return a text that has no fewer characters, and no fewer octets in UTF-8, and is nobody's."""
    chars = max(chars, _SHORTEST)
    wide = max(1, -(-(octets - chars) // 3))
    return _BEGIN + _SIGN * (chars - wide - len(_BEGIN) + 1) + _WIDE * (wide - 1)


def with_stand_in(message: Message, template: str, text: str) -> Message:
    """Return a message with a stand-in in the place of its text, or of another stand-in.

    Args:
        message: the message.
        template: the text that it was composed with.
        text: what stand_in returned.

    Raises:
        ValueError: it has no such text.
    """
    # As a part has it: some signs at the beginning are none of the text.
    plain = text_part(1, template).text
    for place, part in enumerate(message.parts):
        is_text = part.content_type == "text/plain"
        if is_text and (part.text == plain or part.text.startswith(_BEGIN)):
            made = text_part(1, text)
            return _with_part(message, place, replace(part, data=made.data, charset=made.charset))
    raise ValueError("the message has no such text")


def with_stand_ins(message: Message, campaign: Campaign) -> Message:
    """Return the message of a campaign with stand-ins in the place of its text and subject with fields.

    Raises:
        ValueError: it has no such text.
    """
    if has_fields(campaign.subject):
        made = stand_in(campaign.subject_chars, campaign.subject_octets)
        message = replace(message, subject=made)
    if campaign.template is None or not has_fields(campaign.template):
        return message
    text = stand_in(campaign.text_chars, campaign.text_octets)
    return with_stand_in(message, campaign.template, text)


def room(message: Message, template: str, most: int) -> int:
    """Return how many octets an own text may have in UTF-8, so that the message is not too large.

    Args:
        message: the message, with its text or a stand-in, and the longest subject that it may have.
        template: the text that it was composed with.
        most: the most octets of the message as an M-Send.req.

    Returns:
        The octets; 0 or less: no text has room.

    Raises:
        ValueError: the message has no such text.
    """
    shortest = stand_in(0, 0)
    octets = with_stand_in(message, template, shortest).to_mm1(strict=False)
    return most - len(octets) + len(shortest.encode()) - _SPARE


def with_own(message: Message, own: Own) -> Message:
    """Return a message with a recipient's own text and subject in the places of stand-ins.

    Where adaptation cut a stand-in, the text is cut as well.

    Args:
        message: the message, adapted or not.
        own: both; what is None, the message has for all.
    """
    if own.subject is not None and message.subject:
        message = replace(message, subject=_subject(message.subject, own.subject))
    text = own.text
    if text is None:
        return message
    for place, part in enumerate(message.parts):
        if part.content_type == "text/plain" and _CUT.match(part.text):
            return _with_part(message, place, _own(part, text))
    return message


def within(
    message: Message,
    own: Own,
    most: int,
    *,
    write: Callable[[Message], _Written],
    size: Callable[[_Written], int],
    smaller: Callable[[int], Message],
) -> _Written:
    """Return a message with a recipient's own text and subject, as it leaves, that is not too large.

    Args:
        message: the message, made to fit with its stand-ins.
        own: text and subject.
        most: the most octets; 0: any number.
        write: returns a message as it leaves.
        size: returns the octets of one.
        smaller: makes the message anew, with a stand-in too, and with so many octets left free.

    Raises:
        BudgetError: it is too large all the same, or its text would be cut; with its octets.
        Exception: what smaller raises.
    """
    made = with_own(message, own)
    written = write(made)
    octets = size(written) if most and own != SAME else 0
    if octets <= most:
        return written
    # A few sizes, so that most recipients share what is made anew for them.
    more = _LEAST_MORE
    while more < octets - most:
        more *= 2
    none = BudgetError("message", most, smallest=octets, hint="its own text leaves no room for the rest")
    try:
        again = with_own(smaller(more), own)
    except BudgetError as error:
        raise none from error
    written = write(again)
    if size(written) > most or _texts(again) != _texts(made):
        raise none
    return written


def _texts(message: Message) -> list[str]:
    return [part.text for part in message.parts if part.content_type == "text/plain"]


def _subject(before: str, subject: str) -> str:
    """Return a subject, cut to the characters and octets of the stand-in."""
    octets = subject[: len(before)].encode()[: len(before.encode())]
    return octets.decode("utf-8", "ignore")


def _own(part: Part, text: str) -> Part:
    charsets = (part.charset or "us-ascii",)
    kept = text[: len(part.text)]
    while True:
        made = text_part(1, readable(kept, charsets), charsets)
        over = len(made.data) - len(part.data)
        if over <= 0:
            return replace(part, data=made.data, charset=made.charset)
        # A character has four octets at most.
        kept = kept[: -max(1, over // 4)]


def _with_part(message: Message, place: int, part: Part) -> Message:
    return replace(message, parts=(*message.parts[:place], part, *message.parts[place + 1 :]))
