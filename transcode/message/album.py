"""A folder of pictures in the order in which they are to be shown."""

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

#: Octets that tell what a file is.
_HEAD = 64


@dataclass(frozen=True, slots=True)
class Album:
    """What a folder holds.

    Attributes:
        pictures: pictures and clips, in the order in which they are to be shown.
        others: the other files, by name.
    """

    pictures: tuple[Path, ...]
    others: tuple[Path, ...]


def read_album(folder: str | PathLike[str]) -> Album:
    """Find the pictures and clips of a folder, without what is in folders below it.

    Those whose EXIF says when they were taken come first, in that order; then the others. Equals,
    and those others, stand by name, with numbers in names by their value: ``2.jpg`` before
    ``10.jpg``. What a file is, its first bytes say. Names that begin with a dot are passed over.

    Raises:
        SourceError: the folder, or a picture in it, can't be read.
    """
    try:
        files = [path for path in Path(folder).iterdir() if path.is_file() and not path.name.startswith(".")]
    except OSError as error:
        raise SourceError(str(folder), (error.strerror or str(error)).lower()) from error
    by_name = natsort_keygen(key=lambda path: path.name, alg=ns.IGNORECASE)
    # Names that differ in case alone would else stand as the system lists them.
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
