"""List the pictures and clips of a folder in the order of a slideshow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from natsort import natsort_keygen, ns

from transcode.errors import SourceError
from transcode.media.pictures.capture import capture_time
from transcode.media.source import inputs, probe

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["Album", "read_album"]

#: Number of octets from which the content type of a file is determined.
_HEAD = 64


@dataclass(frozen=True, slots=True)
class Album:
    """The files of a folder.

    Attributes:
        pictures: pictures and clips, in the order of the slideshow.
        others: all other files, sorted by name.
    """

    pictures: tuple[Path, ...]
    others: tuple[Path, ...]


def read_album(folder: str | PathLike[str]) -> Album:
    """Find the pictures and clips of a folder; subfolders are not searched.

    Pictures with a capture time in EXIF come first, sorted by it. All other pictures and clips follow,
    sorted by name. Pictures with equal times are sorted by name too. Numbers in names are sorted by value:
    ``2.jpg`` before ``10.jpg``. The first bytes of a file determine its content type. Files whose names
    begin with a dot are ignored.

    Raises:
        SourceError: the folder, or a file in it, can't be read.
    """
    try:
        files = [path for path in Path(folder).iterdir() if path.is_file() and not path.name.startswith(".")]
    except OSError as error:
        raise SourceError(str(folder), (error.strerror or str(error)).lower()) from error
    by_name = natsort_keygen(key=lambda path: path.name, alg=ns.IGNORECASE)
    # Names that differ only in case are sorted by code point, so the order is deterministic.
    files.sort(key=lambda path: (by_name(path), path.name))
    pictures = [path for path in files if _is_shown(path)]
    times = {path: _taken(path) for path in pictures}
    pictures.sort(key=lambda path: times[path] or datetime.max)
    return Album(tuple(pictures), tuple(path for path in files if path not in times))


def _is_shown(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            kind = probe.content_type(file.read(_HEAD)) or ""
    except OSError as error:
        raise SourceError(str(path), (error.strerror or str(error)).lower()) from error
    return kind.startswith(("image/", "video/"))


def _taken(path: Path) -> datetime | None:
    return capture_time(inputs.read(path))
