"""How the outputs of a batch are called: no two alike on any file system, and none outside the target."""

from __future__ import annotations

import itertools
import os
import re
import string
import unicodedata
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from transcode.errors import LimitsError
from transcode.model.suffixes import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["FIELDS", "Name", "Named", "distinct", "labels"]

#: What a name may be made of, in the order in which help and errors list it.
FIELDS = ("folder", "name", "stem", "suffix", "ext", "carrier", "number")

#: The most octets of a name. File systems take 255: what is left is for ``-jpg``, ``.to-12`` or ``.webp``.
_LONGEST = 240
#: The most octets of a letter in UTF-8, and of a source's ending that tells outputs apart.
_MOST_OF_A_LETTER, _MOST_OF_A_MARK = 4, 8

_UNSAFE = re.compile(r"[^\w.+-]+")
_WIDTH = re.compile(r"0?[1-9]")
_EXT = ".{ext}"

#: Endings of sources that become pictures, or no pictures. Others, such as animations, may become either.
_STILL = frozenset((*SUFFIXES["image/jpeg"], ".heic", ".heif", ".bmp", ".tif", ".tiff", ".dng"))
_TIMED = frozenset(
    (
        ".3gp",
        ".3gpp",
        ".avi",
        ".flv",
        ".m4v",
        ".mkv",
        ".mov",
        ".mp4",
        ".mpeg",
        ".mpg",
        ".mts",
        ".webm",
        ".wmv",
    )
)


class Named(NamedTuple):
    """A source, and what its outputs are called after.

    Attributes:
        path: of the source below the directory that is read.
        number: of the source, from 1.
        carrier: the receiver.
    """

    path: PurePosixPath
    number: int
    carrier: str


class Name:
    """A name with fields, such as ``{folder}/{stem}.{ext}``.

    Raises:
        LimitsError: a field is unknown, or the name leaves the target or names nothing.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._parts = list(self._read())
        if text.startswith("/"):
            raise LimitsError(f"the name {text!r} leaves the target: it begins with a slash")
        if ".." in re.split(r"[/\\]", text):
            raise LimitsError(f"the name {text!r} leaves the target: it has the part ..")
        if not any(field not in ("", "ext", "folder", "carrier") for _, field, _ in self._parts):
            raise LimitsError(f"the name {text!r} is the same for all files: it has no stem, name or number")
        #: Whether the ending of what is made stands at the end.
        self.ends_in_ext = text.endswith(_EXT)
        #: Whether the name tells receivers apart.
        self.has_carrier = any(field == "carrier" for _, field, _ in self._parts)

    def _read(self) -> Iterator[tuple[str, str, str]]:
        """The literal texts, and the fields with their widths, in order."""
        listed = ", ".join(FIELDS)
        if not isinstance(self._text, str) or "\0" in self._text:
            raise LimitsError(f"the name must be text with fields ({listed}), not {self._text!r}")
        try:
            for literal, field, width, conversion in string.Formatter().parse(self._text):
                yield literal, "", ""
                if field is None:
                    continue
                if field not in FIELDS or conversion:
                    raise LimitsError(
                        f"the name {self._text!r} has the field {field!r}, which is none of {listed}"
                    )
                if width and (field != "number" or _WIDTH.fullmatch(width) is None):
                    raise LimitsError(
                        f"the name {self._text!r} has :{width} in a field; a number may have :04 or such"
                    )
                yield "", field, width or ""
        except ValueError as error:
            raise LimitsError(f"the name {self._text!r} can't be read: {error}") from None

    def path(self, named: Named, ending: str | None) -> PurePosixPath:
        """The path of an output below the target.

        Args:
            named: the source.
            ending: of the output; None: the path ends before the dot of it.

        Raises:
            LimitsError: the path names no file in the target.
        """
        folder, own = named.path.parent, named.path
        values = {
            "folder": "" if folder == PurePosixPath() else str(folder),
            "name": own.name,
            "stem": own.stem,
            "suffix": own.suffix.removeprefix("."),
            "ext": ending or "",
            "carrier": named.carrier,
        }
        made = "".join(
            literal or (f"{named.number:{width}}" if field == "number" else values.get(field, ""))
            for literal, field, width in self._parts
        )
        if ending is None:
            made = made.removesuffix(".")
        parts = [part for part in made.split("/") if part not in ("", ".")]
        if not parts or made.endswith("/") or any(part.startswith(".") for part in parts):
            raise LimitsError(
                f"the name {self._text!r} makes {made!r} of {own}, which is no file in the target, or hidden"
            )
        *folders, name = parts
        return PurePosixPath(*(_shortened(one) for one in folders), _shortened(name, ending))


def _shortened(name: str, ending: str | None = None) -> str:
    """A name that every file system takes, with its ending, and with room for what tells it from others."""
    octets = os.fsencode(name)
    if len(octets) <= _LONGEST:
        return name
    behind = os.fsencode(f".{ending}") if ending and name.endswith(f".{ending}") else b""
    # A letter of several octets goes as a whole; octets that are no letters stay as they are.
    cut = octets.removesuffix(behind)[: _LONGEST - len(behind)]
    for _ in range(_MOST_OF_A_LETTER - 1):
        if octets[len(cut)] & 0xC0 == 0x80:
            cut = cut[:-1]
    return os.fsdecode(cut + behind)


def distinct(
    wanted: Sequence[tuple[PurePosixPath, str, str | None]],
    earlier: Mapping[int, PurePosixPath] | None = None,
) -> list[PurePosixPath]:
    """The paths of outputs, all different: without regard to case, and to how accents are written.

    The first of several has the path that it wants. The others have the ending of their source, or else a
    number, behind their names.

    Args:
        wanted: for each output the path that it wants, the ending of its source, and its own ending; None:
            that is not known yet, and not in the path.
        earlier: the paths that some outputs had before, by their numbers: they keep them, unless they want to
            be called something else now.
    """
    files: set[tuple[str, str]] = set()
    folders = {_key(parent) for path, _, _ in wanted for parent in path.parents}
    # A file without its ending must not become the name of a folder.
    begun = {folder.rpartition(".")[0] for folder in folders}
    given: dict[int, PurePosixPath] = {}

    def take(index: int, path: PurePosixPath) -> bool:
        _, suffix, ending = wanted[index]
        keys = {(_key(path), kind) for kind in _kinds(suffix, ending)}
        if keys & files or _key(path) in (begun if ending is None else folders):
            return False
        files.update(keys)
        given[index] = path
        return True

    for index, path in (earlier or {}).items():
        if _is_from(path, wanted[index][0], wanted[index][2]):
            take(index, path)
    open_ones = [index for index in range(len(wanted)) if index not in given]
    late = [index for index in open_ones if not take(index, wanted[index][0])]
    for index in late:
        path, suffix, ending = wanted[index]
        for mark in _marks("" if suffix and suffix in path.name else suffix):
            if take(index, _marked(path, mark, ending)):
                break
    return [given[index] for index in range(len(wanted))]


def _marks(suffix: str) -> Iterator[str]:
    if 0 < len(os.fsencode(suffix.removeprefix("."))) <= _MOST_OF_A_MARK:
        yield suffix.removeprefix(".").lower()
    yield from map(str, itertools.count(2))


def _marked(path: PurePosixPath, mark: str, ending: str | None) -> PurePosixPath:
    """A path with a mark in front of its ending, if it has that."""
    behind = f".{ending}" if ending and path.name.endswith(f".{ending}") else ""
    return path.with_name(f"{path.name.removesuffix(behind)}-{mark}{behind}")


def _is_from(path: PurePosixPath, wanted: PurePosixPath, ending: str | None) -> bool:
    """Whether a path is the one that is wanted, with a mark or without."""
    if path == wanted:
        return True
    behind = f".{ending}" if ending and wanted.name.endswith(f".{ending}") else ""
    begin = f"{wanted.name.removesuffix(behind)}-"
    is_alike = path.name.startswith(begin) and path.name.endswith(behind)
    return path.parent == wanted.parent and is_alike


def _kinds(suffix: str, ending: str | None) -> tuple[str, ...]:
    """What an output may be, of kinds whose endings differ."""
    if ending is None and suffix.lower() in _STILL:
        return ("still",)
    if ending is None and suffix.lower() in _TIMED:
        return ("timed",)
    return ("still", "timed")


def _key(path: PurePosixPath) -> str:
    """What two paths have in common that some file system takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", str(path)).casefold())


def labels(ids: Iterable[str]) -> list[str]:
    """Names of folders for receivers, all different, by the ids of their profiles."""
    wanted = []
    for one in ids:
        name = _UNSAFE.sub("-", one).strip(".-") or "receiver"
        wanted.append((PurePosixPath(name[:100]), "", ""))
    return [str(path) for path in distinct(wanted)]
