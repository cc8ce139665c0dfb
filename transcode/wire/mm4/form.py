"""The registry entry of the wire form MM4."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.wire.form import WireForm
from transcode.wire.mm4 import mm4, mm4_convert
from transcode.wire.mm4.domains import DOMAIN_ROOM, without_domain
from transcode.wire.mm4.mail_ids import MAIL_ID_ROOM, has_mail_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.model import MessageFields

__all__ = ["MM4"]


def _length(message: MessageFields, sizes: Sequence[int]) -> int:
    """Return the length of the mail in octets, with what sending adds: domains and a Message-ID."""
    added = without_domain(message) * DOMAIN_ROOM + (0 if has_mail_id(message) else MAIL_ID_ROOM)
    return mm4.length(message, sizes) + added


MM4 = WireForm(
    "mm4",
    message_types=tuple(mm4.MAIL_TYPES),
    conversion=mm4_convert,
    read=lambda data, _: mm4.from_bytes(data),
    write=lambda message, strict: mm4.to_bytes(message, strict=strict),
    length=_length,
    submitted="mm4-forward-req",
    received="mm4-forward-req",
    delivery_report="mm4-delivery-report-req",
    read_report="mm4-read-reply-report-req",
    carries=("m-send-req", "m-retrieve-conf", "m-read-rec-ind"),
)
