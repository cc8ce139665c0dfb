"""A message as files and a manifest, for providers' APIs that fetch media by URL.

Such APIs take the media's addresses, the text and the recipients as plain values:
Twilio calls them MediaUrl, Body, To and From, Bandwidth media, text, to and from,
Telnyx media_urls, text, subject, to and from. They compose the presentation
themselves, so SMIL is left out.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from transcode.message.address import plain
from transcode.message.part_names import EXTENSIONS
from transcode.message.smil import CONTENT_TYPE as SMIL

if TYPE_CHECKING:
    from transcode.model import MessageFields, Part

__all__ = ["MAX_NAME", "MediaFile", "MediaMessage", "media_message"]

#: The longest file name, in characters: some handsets show, or store, no more.
MAX_NAME = 20

_EXTENSIONS = {
    **EXTENSIONS,
    "image/bmp": "bmp",
    "image/vnd.wap.wbmp": "wbmp",
    "text/x-vcard": "vcf",
    "text/vcard": "vcf",
    "text/x-vcalendar": "vcs",
    "text/calendar": "ics",
    "text/html": "html",
}
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_EXTENSION = re.compile(r"[A-Za-z0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class MediaFile:
    """One medium to be put where the provider can fetch it.

    Attributes:
        filename: at most MAX_NAME characters of ASCII letters, digits, ``-``, ``_`` and one
            dot; no two of a message are the same, whatever their case.
        content_type: that the server must announce.
        data: the octets.
    """

    filename: str
    content_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class MediaMessage:
    """What a provider's API needs of a message.

    Attributes:
        sender: a number or mailbox, without ``/TYPE=``; None: the account's own.
        to, cc, bcc: the recipients, likewise.
        subject: the subject, or None.
        body: the texts, a line each.
        files: the media in the order that they are shown in.
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
        """The same as plain data: from, to, cc, bcc, subject, body, and of each file its
        filename, content_type, bytes and sha256.
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
        """The manifest as a JSON object in ASCII, ended by a line feed."""
        return json.dumps(self.manifest, indent=2) + "\n"


def media_message(message: MessageFields) -> MediaMessage:
    """A message's media as files, and its texts as one."""
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
    """A short, safe name that is not taken yet, and takes it."""
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
