"""Media files and a manifest of a message, for provider APIs that fetch media by URL.

These APIs take media URLs, text and recipients as plain values. Twilio names them MediaUrl, Body, To and
From; Bandwidth: media, text, to and from; Telnyx: media_urls, text, subject, to and from. The providers
compose the presentation, so the files do not include SMIL.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from transcode.message.address import plain
from transcode.message.part_names import CARD_EXTENSIONS, EXTENSIONS
from transcode.message.smil import CONTENT_TYPE as SMIL

if TYPE_CHECKING:
    from transcode.model import MessageFields, Part

__all__ = ["MAX_NAME", "MediaFile", "MediaMessage", "media_message"]

#: The longest file name, in characters. Some handsets neither show nor store longer names.
MAX_NAME = 20

_EXTENSIONS = {
    **EXTENSIONS,
    **CARD_EXTENSIONS,
    "image/bmp": "bmp",
    "image/vnd.wap.wbmp": "wbmp",
    "text/html": "html",
}
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_EXTENSION = re.compile(r"[A-Za-z0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class MediaFile:
    """One media file to publish where the provider can fetch it.

    Attributes:
        filename: at most MAX_NAME characters: ASCII letters, digits, ``-``, ``_`` and one dot. All file names
            of a message differ, also without regard to case.
        content_type: the Content-Type that the web server must send.
        data: the octets.
    """

    filename: str
    content_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class MediaMessage:
    """The values of a message that a provider's API takes.

    Attributes:
        sender: a number or mailbox, without ``/TYPE=``; None: the account's own number.
        to, cc, bcc: the recipients, numbers or mailboxes without ``/TYPE=``.
        subject: the subject, or None.
        body: the texts of the message, separated by line feeds.
        files: the media files, in the order of the message's parts.
    """

    sender: str | None
    to: tuple[str, ...]
    cc: tuple[str, ...]
    bcc: tuple[str, ...]
    subject: str | None
    body: str
    files: tuple[MediaFile, ...]

    @property
    def manifest(self) -> dict[str, object]:
        """The values as plain data: from, to, cc, bcc, subject, body and media.

        Each entry of media has filename, content_type, bytes (the size) and sha256.
        """
        return {
            "from": self.sender,
            "to": list(self.to),
            "cc": list(self.cc),
            "bcc": list(self.bcc),
            "subject": self.subject,
            "body": self.body,
            "media": [
                {
                    "filename": file.filename,
                    "content_type": file.content_type,
                    "bytes": len(file.data),
                    "sha256": hashlib.sha256(file.data).hexdigest(),
                }
                for file in self.files
            ],
        }

    def to_json(self) -> str:
        """Return the manifest as a JSON object in ASCII with a line feed at the end."""
        return json.dumps(self.manifest, indent=2) + "\n"


def media_message(message: MessageFields) -> MediaMessage:
    """Return the media of a message as files, and its texts joined."""
    texts = [part for part in message.parts if part.content_type == "text/plain"]
    others = [part for part in message.parts if not part.content_type.startswith(("text/plain", SMIL))]
    taken: set[str] = set()
    return MediaMessage(
        sender=None if message.sender is None else plain(message.sender),
        to=tuple(map(plain, message.to)),
        cc=tuple(map(plain, message.cc)),
        bcc=tuple(map(plain, message.bcc)),
        subject=message.subject,
        body="\n".join(part.text for part in texts),
        files=tuple(
            MediaFile(_filename(part, number, taken), part.content_type, bytes(part.data))
            for number, part in enumerate(others, 1)
        ),
    )


def _filename(part: Part, number: int, taken: set[str]) -> str:
    """Return a file name that is not in taken, in lower case, and add it to taken."""
    given = part.name or part.filename or unquote(part.content_location or "") or part.content_id or ""
    stem, dot, ending = re.split(r"[/\\]", given)[-1].rpartition(".")
    if not dot:
        stem, ending = ending, ""
    extension = _EXTENSIONS.get(part.content_type) or (ending if _EXTENSION.fullmatch(ending) else "bin")
    stem = _UNSAFE.sub("_", stem).strip("_") or f"media{number}"
    attempt, mark = 1, ""
    while True:
        name = f"{stem[: MAX_NAME - len(extension) - len(mark) - 1]}{mark}.{extension}"
        if name.lower() not in taken:
            taken.add(name.lower())
            return name
        attempt += 1
        mark = f"-{attempt}"
