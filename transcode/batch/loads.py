"""What can be told of a file without decoding it: its kind, its size, and of a clip how much it shows.

Only names and headers are read, in pure Python: this runs in the driver's process, which no file may hurt.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from transcode.batch.far import is_far, size_of
from transcode.media.source.extent import Extent, extent_of

if TYPE_CHECKING:
    import os

__all__ = ["KINDS", "Kind", "Load", "load_of"]

#: Kinds of files, each with a time of its own for a byte.
Kind = Literal["photo", "tiles", "picture", "clip", "recording", "other"]
KINDS: tuple[Kind, ...] = ("photo", "tiles", "picture", "clip", "recording", "other")

_ENDINGS: dict[Kind, str] = {
    "photo": "jpg jpeg jpe jfif",
    "tiles": "heic heif hif avif",
    "picture": "png gif webp tif tiff bmp apng",
    "clip": "mp4 m4v mov 3gp 3g2 webm mkv avi mpg mpeg ts m2ts mts ogv wmv flv",
    "recording": "mp3 m4a aac amr awb wav flac ogg oga opus aif aiff qcp wma",
}
_KIND_OF: dict[str, Kind] = {f".{one}": kind for kind, names in _ENDINGS.items() for one in names.split()}


class Load(NamedTuple):
    """What the time of a file is estimated from.

    Attributes:
        kind: by the ending of the name.
        size: in bytes.
        extent: of a clip, as far as its header tells.
    """

    kind: Kind
    size: int
    extent: Extent = Extent()


def load_of(path: str | os.PathLike[str]) -> Load:
    """What is known of a file, or of an object in a bucket; one that can't be read has no bytes."""
    path = Path(path)
    kind = _KIND_OF.get(path.suffix.lower(), "other")
    if is_far(path):
        return Load(kind, size_of(path))
    try:
        status = path.stat()
        # To open a pipe would wait for its writer.
        if kind != "clip" or not stat.S_ISREG(status.st_mode):
            return Load(kind, status.st_size)
        with path.open("rb") as file:
            return Load(kind, status.st_size, extent_of(file))
    except (OSError, ValueError):
        return Load(kind, 0)
