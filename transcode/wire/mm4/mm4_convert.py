"""Conversions between MM4 mails and Submission, the neutral form of all conversions."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.wire.addresses import with_addresses, with_type
from transcode.wire.carried import as_in_mail, cleaned
from transcode.wire.mm1.headers import BY_NAME as BY_NAME_IN_MM1
from transcode.wire.mm4 import mm4
from transcode.wire.rules import is_multipart
from transcode.wire.submission import MULTIPART, WAP_MULTIPART, LeftOut, NeutralHeader, Submission
from transcode.wire.values import fits, folded

if TYPE_CHECKING:
    from transcode.model import HeaderValue, MessageType, SomeMessage

__all__ = ["from_submission", "to_submission"]

_BY_MM1 = {header.mm1.lower(): header for header in mm4.HEADERS if header.mm1 is not None}
#: The names of headers that mean nothing to servers of mails.
_OWN = re.compile(r"x-(?!mms-)", re.IGNORECASE)
_SENT_BY = "X-Mms-Previously-Sent-By"


def to_submission(message: SomeMessage) -> Submission[SomeMessage]:
    """Convert a mail to a submission; addresses lose the domains of MMSCs."""
    told: list[str] = []
    message = cleaned(message, told.append)
    kind = message.content_type
    if kind is not None and is_multipart(kind):
        kind = WAP_MULTIPART + kind.rpartition("/")[2].rpartition(".")[2]
    neutral = replace(
        with_addresses(message, with_type),
        content_type=kind,
        oddities=(*message.oddities, *told),
    )
    return Submission(neutral, tuple(_neutral(*header) for header in message.headers), "mm4")


def _neutral(given: str, value: HeaderValue) -> NeutralHeader:
    row = mm4.BY_NAME.get(given.lower())
    name = None if row is None else row.mm1
    if (
        name == _SENT_BY
        and isinstance(value, tuple)
        and fits(BY_NAME_IN_MM1[name.lower()].value.write, value)
    ):
        value = (value[0], with_type(str(value[1])))
    return NeutralHeader(name, given, value)


def from_submission(submission: Submission[SomeMessage], message_type: MessageType) -> SomeMessage:
    """Convert a submission to a mail between MMSCs.

    A message without X-Mms-Message-ID gets its transaction id as X-Mms-Message-ID; the id in a report is that
    of the message on which it reports. Headers that neither MM4
    nor MM1 defines, such as a sender's own headers, are kept unchanged. A sender's own headers whose names
    mean something in mails are left out: a phone could name other recipients, or another sender.
    """
    kept: list[tuple[str, HeaderValue]] = []
    told: list[str] = []
    message = as_in_mail(submission.message, told.append)
    left = LeftOut("MM4", told.append, shows_values=submission.shows_values)
    for name, given, value in submission.headers:
        row = None if name is None else _BY_MM1.get(name.lower())
        if row is None and name is not None and name.lower() not in BY_NAME_IN_MM1:
            if submission.form == "mm4" or _OWN.match(name):
                kept.append((given, value))
            else:
                left.add(given, value)
        elif row is None or (row.words and value not in row.words):
            left.add(given, value)
        elif fits(row.write, value):
            kept.append((row.name, value))
        elif isinstance(value, tuple) and value[0] == "relative":
            kept.append((row.name, (value[0], mm4.LONGEST_SPAN)))
            told.append(f"{given} is shortened to {mm4.LONGEST_SPAN:,} seconds: {value!r}")
        else:
            left.add(given, value)
    left.tell()
    is_message = message_type == "mm4-forward-req"
    if is_message and "x-mms-message-id" not in folded(kept) and message.transaction_id is not None:
        kept.append(("X-Mms-Message-ID", message.transaction_id))
    kind = message.content_type
    if kind is not None and kind.lower().startswith(WAP_MULTIPART):
        kind = MULTIPART + kind[len(WAP_MULTIPART) :].lower()
    return replace(
        message,
        message_type=message_type,
        version=mm4.VERSION,
        headers=tuple(kept),
        content_type=kind,
        oddities=(*message.oddities, *told),
    )
