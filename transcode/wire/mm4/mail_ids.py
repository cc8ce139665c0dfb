"""Message-IDs of mails (RFC 5322, 3.6.4), which mail servers and filters on the way ask for.

X-Mms-Message-ID is the name of a message; this is that of a mail. A message may go out in several mails.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.wire.mm4.domains import LONGEST_DOMAIN
from transcode.wire.values import folded

if TYPE_CHECKING:
    from transcode.model import MessageFields, SomeMessage

__all__ = ["MAIL_ID_ROOM", "has_mail_id", "with_mail_id"]

_NAME = "Message-ID"
_DIGEST_OCTETS = 16
#: The octets that a limit on mails reserves for the header.
MAIL_ID_ROOM = len(b"Message-ID: <@>\r\n") + 2 * _DIGEST_OCTETS + LONGEST_DOMAIN


def has_mail_id(message: MessageFields) -> bool:
    """Whether the mail has a Message-ID."""
    return _NAME.lower() in folded(message.headers)


def with_mail_id(message: SomeMessage, domain: str) -> SomeMessage:
    """Return the mail with a Message-ID; one that it has stays.

    It follows from everything else in the mail: the same mail again has the same one.

    Args:
        message: an MM4 message, otherwise as it is sent.
        domain: the domain of who sends it.
    """
    if has_mail_id(message):
        return message
    said = (
        message.message_type,
        message.transaction_id,
        message.version,
        message.sender,
        message.to,
        message.cc,
        message.subject,
        message.headers,
        message.content_type,
        message.parameters,
    )
    digest = hashlib.blake2b(repr(said).encode("utf-8", "replace"), digest_size=_DIGEST_OCTETS)
    for part in message.parts:
        # Its octets are no part of what is shown of it.
        digest.update(repr((part, len(part.data))).encode("utf-8", "replace"))
        digest.update(part.data)
    return replace(message, headers=(*message.headers, (_NAME, f"<{digest.hexdigest()}@{domain}>")))
