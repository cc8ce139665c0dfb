"""What the header of a file tells of what becomes of it. Nothing is decoded, and no codec is loaded.

Only octets are read, in pure Python: this runs in the driver's process, which no file may hurt.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from transcode.batch.far import is_far, shown, stamp_of
from transcode.batch.loads import Load, load_of
from transcode.errors import SourceError
from transcode.media.source import probe, unread
from transcode.media.source.extent import Extent, extent_of
from transcode.media.source.still_extent import pixels_of

if TYPE_CHECKING:
    import os

    from transcode.batch.loads import Kind

__all__ = ["Header", "header_of"]

#: Octets at the beginning of a file by which its format is known.
_HEAD = 1 << 16
#: The kinds of pictures that take a time of their own.
_PICTURES: dict[str, Kind] = {"image/jpeg": "photo", "image/heic": "tiles", "image/avif": "tiles"}
#: The beginnings of business cards and calendar entries, which are sent as they are.
_CARDS = (b"BEGIN:VCARD", b"BEGIN:VCALENDAR")
_NAMES: dict[Kind, str] = {
    "photo": "picture",
    "tiles": "picture",
    "picture": "picture",
    "clip": "clip",
    "recording": "recording",
    "other": "other",
}


class Header(NamedTuple):
    """What is known of a file without decoding it.

    Attributes:
        kind: ``"picture"``, ``"clip"``, ``"recording"``, ``"card"`` or ``"other"``.
        load: what its time is estimated from.
        content_type: None: it is not known.
        pixels: of a picture; 0: not known.
        seconds: of a recording; 0: not known.
        error: why nothing can be made of it, in one line that names it; None: something may be.
    """

    kind: str
    load: Load
    content_type: str | None = None
    pixels: int = 0
    seconds: float = 0.0
    error: str | None = None


def header_of(path: str | os.PathLike[str]) -> Header:
    """What is known of a file; of an object far away, by its name and size alone."""
    if is_far(path):
        size, _, _ = stamp_of(path).partition(" ")
        load = load_of(path)._replace(size=int(size or 0))
        return Header(_NAMES[load.kind], load)
    try:
        return _read(Path(path))
    except SourceError as error:
        return Header("other", load_of(path), error=str(error))
    except OSError as error:
        said = str(SourceError(str(path), (error.strerror or str(error)).lower()))
    except ValueError as error:
        said = str(SourceError(str(path), str(error)))
    return Header("other", load_of(path), error=shown(said))


def _read(path: Path) -> Header:
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise SourceError(str(path), "a directory, not a file")
    # To open a pipe would wait for its writer.
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(str(path), "not a regular file")
    with path.open("rb") as file:
        head = file.read(_HEAD)
        if not head:
            raise SourceError(str(path), "empty: 0 bytes")
        found = probe.content_type(head)
        if found is None and head.lstrip()[:15].startswith(_CARDS):
            return Header("card", Load("other", status.st_size))
        if found is None or not (found.startswith("image/") or probe.is_stream(found)):
            words = unread.described(head) or f"{probe.describe(found)}, not a picture"
            raise SourceError(str(path), words)
        if found is not None and found.startswith("image/"):
            load = Load(_PICTURES.get(found, "picture"), status.st_size)
            return Header("picture", load, found, pixels_of(file, found))
        kind = load_of(path).kind
        if found is not None and found.startswith("audio/"):
            kind = "recording"
        elif found is not None and found.startswith("video/"):
            kind = "clip"
        extent = Extent()
        if kind == "clip":
            file.seek(0)
            extent = extent_of(file)
            # A clip without a picture is a recording.
            kind = "recording" if extent.seconds and not extent.pixels else kind
        seconds = _seconds(head, found, status.st_size)
        return Header(_NAMES[kind], Load(kind, status.st_size, extent), found, seconds=seconds)


def _seconds(head: bytes, content_type: str | None, size: int) -> float:
    """The duration of a recording without compression, or of FLAC, where the samples are counted."""
    if content_type == "audio/wav" and head[12:16] == b"fmt ":
        return size / max(int.from_bytes(head[28:32], "little"), 1)
    if content_type == "audio/flac":
        # STREAMINFO: 20 bits of the rate, 8 of channels and depth, 36 of the samples.
        bits = int.from_bytes(head[18:26])
        return float((bits & ((1 << 36) - 1)) / max(bits >> 44, 1))
    return 0.0
