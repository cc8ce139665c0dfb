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
#: The least status code of a refusal: 1xxx is success.
_REFUSED = 2000
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
    headers = {spelled(name): value for name, value in message.headers}
    names = headers.keys() | {name for name, value in fields.items() if value}
    code = headers.get("StatusCode")
    if message.message_type == "mm7-submit-rsp" and isinstance(code, int) and code >= _REFUSED:
        # Only a message that was accepted has an id.
        names = names | {"MessageID"}
    yield from (f"{name} is missing" for name in schema.required if name not in names)
    if message.version.startswith("5."):
        for name in headers:
            if name in ELEMENTS and ELEMENTS[name].release > 5:
                yield f"{name} needs release {ELEMENTS[name].release}, but MM7Version is {message.version}"
