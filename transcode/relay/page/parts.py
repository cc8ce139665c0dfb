"""The parts of a message as browsers get them: by what their octets are, whatever their sender calls them.

Whatever decodes a medium runs in a process that can be killed; the functions that it calls take the octets of
the message, or their path.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import transcode
from transcode.door import Door
from transcode.errors import BudgetError, MessageError, TranscodeError
from transcode.media.source import probe
from transcode.message.protection import locks
from transcode.model import Limits
from transcode.preview.playable import SHOWN, is_played

if TYPE_CHECKING:
    from pathlib import Path

    from transcode.model import MessageFields, Part

__all__ = ["Found", "best", "found", "is_small", "small", "survey", "text_type"]

#: A picture with at most this many octets is shown as it is: a slow network has it in some seconds.
_SMALL = 100_000
#: The picture that is there first. Fitting ends below the limit; the headers of HTTP come on top.
_FIRST = Limits(_SMALL - 5_000, max_width=1280, max_height=1280, formats=("image/jpeg", "image/png"))
#: What takes the place of a medium that browsers do not show.
_PICTURE = Limits(4_000_000, max_width=4096, max_height=4096, formats=("image/jpeg", "image/png"))
_CLIP = Limits(4_000_000, max_width=1920, max_height=1920, formats=("video/mp4",), codecs=("h264", "aac"))
_SOUND = Limits(4_000_000, formats=("audio/mpeg",), codecs=("mp3",))

_CARDS = {"text/x-vcard": "text/vcard", "text/vcard": "text/vcard", "text/directory": "text/vcard"}


class Found(NamedTuple):
    """What a part is.

    Attributes:
        kind: ``"image"``, ``"video"``, ``"audio"``, ``"text"``, ``"contact"`` or ``"file"``; ``"slides"`` is
            the presentation, and ``"locked"`` what is protected against copies.
        type: its content type for a browser.
        plays: whether browsers show or play it as it is.
    """

    kind: str
    type: str
    plays: bool = False


def text_type(part: Part) -> str:
    """Return the content type of a part that is no medium.

    What a browser would run, as HTML and SVG, is text, and what nobody knows are octets.
    """
    kind = part.content_type
    if kind in _CARDS:
        return "text/vcard; charset=utf-8"
    if kind.startswith("text/") or kind.endswith(("xml", "json", "javascript", "html")):
        return "text/plain; charset=utf-8"
    return "application/octet-stream"


def survey(source: Path | bytes) -> bytes:
    """Find out what each part of a message is; return it for ``found``."""
    message = transcode.read(source if isinstance(source, bytes) else source.read_bytes())
    locked = locks(message)
    parts = [
        Found("locked", "application/octet-stream") if id(part) in locked else _found(part, message)
        for part in message.parts
    ]
    return json.dumps(parts).encode()


def found(octets: bytes) -> list[Found]:
    """Return what survey found, for each part in order."""
    return [Found._make(one) for one in json.loads(octets)]


def is_small(part: Part, found: Found) -> bool:
    """Return whether a picture is shown as it is, without a small one before it."""
    return found.plays and len(part.data) <= _SMALL


def _found(part: Part, message: MessageFields) -> Found:
    if part is message.smil:
        return Found("slides", "text/plain; charset=utf-8")
    data = bytes(part.data)
    kind = probe.content_type(data) or ""
    if kind.startswith("image/"):
        return Found("image", kind, kind in SHOWN)
    if probe.is_stream(kind):
        return _stream(kind, data)
    inline = text_type(part)
    if inline.startswith("text/vcard"):
        return Found("contact", inline)
    is_text = part.content_type == "text/plain"
    return Found("text" if is_text else "file", inline, is_text)


def _stream(kind: str, data: bytes) -> Found:
    """Return what a clip or a recording is; one without pictures is a recording, whatever its container."""
    from transcode.media.sound import audio
    from transcode.media.source.container import streams_of
    from transcode.media.source.inputs import Input

    content = Input("part", data)
    try:
        with Door("source", content.name):
            streams = streams_of(content)
            if streams.video:
                shown = SHOWN.get("video/webm" if kind == "video/x-matroska" else kind)
                return Found("video", shown or kind, shown is not None and is_played(data))
            codec = audio.probe(content).codec
    except (TranscodeError, BudgetError):
        return Found("file", "application/octet-stream")
    same = {"video/mp4": "audio/mp4", "video/3gpp": "audio/mp4", "video/quicktime": "audio/mp4"}.get(
        kind, kind
    )
    shown = SHOWN.get(same)
    return Found("audio", shown or "application/octet-stream", shown is not None and _is_heard(codec, same))


def _is_heard(codec: str, kind: str) -> bool:
    """Return whether browsers know the codec of a recording in a container that they know."""
    return codec in {"audio/mp4": ("aac",), "audio/wav": ("pcm_s16le", "pcm_u8")}.get(kind, (codec,))


def small(source: Path | bytes, number: int) -> bytes:
    """Make the picture that is there first.

    Args:
        source: the message.
        number: the part, from 1.

    Raises:
        TranscodeError: it is no picture that can be decoded.
    """
    return _fitted(source, number, _FIRST)


def best(source: Path | bytes, number: int, kind: str) -> bytes:
    """Make what browsers show or play of a part, as large as is of use.

    Args:
        source: the message.
        number: the part, from 1.
        kind: that of ``Found``.

    Raises:
        TranscodeError: it can't be decoded.
    """
    return _fitted(source, number, {"image": _PICTURE, "video": _CLIP}.get(kind, _SOUND))


def _fitted(source: Path | bytes, number: int, limits: Limits) -> bytes:
    message = transcode.read(source if isinstance(source, bytes) else source.read_bytes())
    if not 1 <= number <= len(message.parts):
        raise MessageError(f"there is no part {number}")
    return bytes(transcode.fit(bytes(message.parts[number - 1].data), limits).data)
