"""Finds the files of a batch: media, and not what stands beside them or what another batch has made."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from transcode.batch.far import listed
from transcode.batch.manifest import NAME as MANIFEST
from transcode.batch.manifest import written_into
from transcode.batch.plan import ENDINGS
from transcode.errors import SourceError
from transcode.jobs.files import reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from transcode.batch.globs import Wanted

__all__ = ["Found", "Skipped", "find", "find_objects"]

#: Endings of files that cameras and programs write beside media: edits, thumbnails and previews of them.
_SIDECARS = (".xmp", ".aae", ".lrv", ".thm")
#: Files that systems write into folders.
_OF_SYSTEMS = frozenset(("thumbs.db", "desktop.ini", ".ds_store"))
#: The endings of messages, which in the target of a batch are no sources.
_MESSAGES = tuple(f".{ending}" for ending in ENDINGS.values())


#: Why a file is no source: in words, as they are told.
_SIDECAR, _OF_SYSTEM, _MADE = "a sidecar", "a file of a system", "made by a batch"
_FOLDER, _HIDDEN, _LINK, _EXCLUDED = "a folder", "hidden", "a link to a folder", "excluded"


class Skipped(NamedTuple):
    """A file that is no source, or a folder that is not looked into, and why."""

    path: Path
    why: str


class Found(NamedTuple):
    """What is below a directory.

    Attributes:
        files: the media, in order.
        closed: an error for each directory that can't be read.
        skipped: what else is there.
    """

    files: list[Path]
    closed: list[SourceError]
    skipped: list[Skipped]

    @property
    def passed_over(self) -> int:
        """The number of sidecars, files of systems, and outputs of other batches."""
        return sum(one.why in (_SIDECAR, _OF_SYSTEM, _MADE, _FOLDER) for one in self.skipped)

    @property
    def excluded(self) -> int:
        """The number of other files that are not wanted."""
        return sum(one.why == _EXCLUDED for one in self.skipped)


def find_objects(root: Path, target: Path, wanted: Wanted) -> Found:
    """Find the objects below an address, as find() finds files.

    Raises:
        SourceError: the bucket can't be read.
    """
    files: list[Path] = []
    skipped: list[Skipped] = []
    for path, size in listed(root):
        name = path.relative_to(root)
        if path.is_relative_to(target):
            continue
        if any(part.startswith(".") for part in name.parts):
            why: str | None = _HIDDEN
        elif not size and not path.suffix:
            # Consoles make empty objects for folders.
            why = _FOLDER
        else:
            why = _beside_media(path.name, is_target=False)
        if why is None and not wanted.has(name):
            why = _EXCLUDED
        if why is None:
            files.append(path)
        else:
            skipped.append(Skipped(path, why))
    return Found(files, [], skipped)


def find(root: Path, target: Path, wanted: Wanted, is_cancelled: Callable[[], bool]) -> Found:
    """Find the files below a directory.

    Args:
        root: the directory.
        target: where this batch writes; nothing in it is a source.
        wanted: the files that are wanted.
        is_cancelled: asked in each folder; True ends the search.

    Raises:
        SourceError: the directory can't be read.
    """
    own = target.resolve()
    closed: list[OSError] = []
    files: list[Path] = []
    skipped: list[Skipped] = []
    # Folders in targets of other batches: media of the user that are in them, too, are sources as any.
    targets: set[Path] = set()
    made: set[Path] = set()
    for folder, folders, names in os.walk(root, onerror=closed.append):
        if is_cancelled():
            break
        folders[:] = _entered(Path(folder), folders, own, skipped)
        manifests = [name for name in names if name.startswith(MANIFEST) and name.endswith(".sqlite3")]
        for name in manifests:
            made.update(written_into(Path(folder), Path(folder, name)))
        is_target = Path(folder) in targets or bool(manifests)
        if is_target:
            targets.update(Path(folder, name) for name in folders)
        for name in sorted(names):
            path = Path(folder, name)
            why = _MADE if path in made else _beside_media(name, is_target=is_target)
            if why is None and name.startswith("."):
                why = _HIDDEN
            if why is None and not wanted.has(path.relative_to(root)):
                why = _EXCLUDED
            if why is None:
                files.append(path)
            else:
                skipped.append(Skipped(path, why))
    if closed and Path(closed[0].filename) == root:
        raise SourceError(str(root), reason(closed[0]))
    errors = [
        SourceError(str(error.filename), reason(error))
        for error in closed
        if not wanted.excludes(Path(error.filename, "any").relative_to(root))
    ]
    return Found(files, errors, skipped)


def _entered(folder: Path, names: list[str], own: Path, skipped: list[Skipped]) -> list[str]:
    """The folders in a folder that are looked into, in order: links to folders are not."""
    entered = []
    for name in sorted(names):
        path = folder / name
        if name.startswith("."):
            skipped.append(Skipped(path, _HIDDEN))
        elif path.is_symlink():
            skipped.append(Skipped(path, _LINK))
        elif path.resolve() != own:
            entered.append(name)
    return entered


def _beside_media(name: str, *, is_target: bool) -> str | None:
    """Why a name is that of no medium: a sidecar, a file of a system, or a message in a target."""
    small = name.casefold()
    if small in _OF_SYSTEMS:
        return _OF_SYSTEM
    if small.endswith(_SIDECARS):
        return _SIDECAR
    return _MADE if is_target and small.endswith(_MESSAGES) else None
