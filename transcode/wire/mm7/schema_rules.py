"""The rules of the MM7 schema that a message must keep."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transcode.wire.mm7.headers import spelled
from transcode.wire.mm7.schema import ELEMENTS, SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transcode.model import MessageFields

__all__ = ["DEFAULT_VERSION", "VERSION", "violations"]

#: The MM7Version of converted messages.
DEFAULT_VERSION = "6.8.0"
#: The format of an MM7Version.
VERSION = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){1,2}")


def violations(message: MessageFields) -> Iterator[str]:
    """Yield one sentence for each rule of the schema that a message breaks."""
    schema = SCHEMAS[message.message_type]
    fields = {
        "TransactionID": message.transaction_id,
        "MM7Version": message.version,
        "Recipients": message.to or message.cc or message.bcc,
        "Recipient": message.to,
        "Sender": message.sender,
    }
    headers = dict.fromkeys(spelled(name) for name, _ in message.headers)
    names = headers.keys() | {name for name, value in fields.items() if value}
    yield from (f"{name} is missing" for name in schema.required if name not in names)
    if message.version.startswith("5."):
        for name in headers:
            if name in ELEMENTS and ELEMENTS[name].release > 5:
                yield f"{name} needs release {ELEMENTS[name].release}, but MM7Version is {message.version}"
