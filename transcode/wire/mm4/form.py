"""MM4 as a row of the registry of forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.wire.convert import DOMAIN_ROOM, as_mail, without_domain
from transcode.wire.form import WireForm
from transcode.wire.mm4 import mm4

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.model import MessageFields

__all__ = ["MM4"]


def _length(message: MessageFields, sizes: Sequence[int]) -> int:
    """How long the mail is, with room for the domains that numbers get when it is sent."""
    mail = as_mail(message)
    return mm4.length(mail, sizes) + without_domain(mail) * DOMAIN_ROOM


MM4 = WireForm(
    "mm4",
    read=mm4.from_bytes,
    converted=as_mail,
    write=lambda message, strict: mm4.to_bytes(as_mail(message), strict=strict),
    length=_length,
)
