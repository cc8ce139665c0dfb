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

__all__ = ["Found", "find", "find_objects"]

#: Endings of files that cameras and programs write beside media: edits, thumbnails and previews of them.
_SIDECARS = (".xmp", ".aae", ".lrv", ".thm")
#: Files that systems write into folders.
_OF_SYSTEMS = frozenset(("thumbs.db", "desktop.ini", ".ds_store"))
#: The endings of messages, which in the target of a batch are no sources.
_MESSAGES = tuple(f".{ending}" for ending in ENDINGS.values())


class Found(NamedTuple):
    """What is below a directory.

    Attributes:
        files: the media, in order.
        closed: an error for each directory that can't be read.
        passed_over: number of sidecars, files of systems, and outputs of other batches.
        excluded: number of other files that are not wanted.
    """

    files: list[Path]
    closed: list[SourceError]
    passed_over: int
    excluded: int


def find_objects(root: Path, target: Path, wanted: Wanted) -> Found:
    """Find the objects below an address, as find() finds files.

    Raises:
        SourceError: the bucket can't be read.
    """
    files: list[Path] = []
    passed_over = excluded = 0
    for path, size in listed(root):
        name = path.relative_to(root)
        # Consoles make empty objects for folders.
        is_folder = not size and not path.suffix
        if path.is_relative_to(target) or any(part.startswith(".") for part in name.parts):
            continue
        if is_folder or _is_beside_media(path.name, is_target=False):
            passed_over += 1
        elif wanted.has(name):
            files.append(path)
        else:
            excluded += 1
    return Found(files, [], passed_over, excluded)


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
    passed_over = excluded = 0
    # Folders in targets of other batches: media of the user that are in them, too, are sources as any.
    targets: set[Path] = set()
    made: set[Path] = set()
    for folder, folders, names in os.walk(root, onerror=closed.append):
        if is_cancelled():
            break
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and Path(folder, name).resolve() != own
        )
        manifests = [name for name in names if name.startswith(MANIFEST) and name.endswith(".sqlite3")]
        for name in manifests:
            made.update(written_into(Path(folder), Path(folder, name)))
        is_target = Path(folder) in targets or bool(manifests)
        if is_target:
            targets.update(Path(folder, name) for name in folders)
        for name in sorted(names):
            if _is_beside_media(name, is_target=is_target) or Path(folder, name) in made:
                passed_over += 1
            elif name.startswith("."):
                continue
            elif wanted.has(Path(folder, name).relative_to(root)):
                files.append(Path(folder, name))
            else:
                excluded += 1
    if closed and Path(closed[0].filename) == root:
        raise SourceError(str(root), reason(closed[0]))
    errors = [
        SourceError(str(error.filename), reason(error))
        for error in closed
        if not wanted.excludes(Path(error.filename, "any").relative_to(root))
    ]
    return Found(files, errors, passed_over, excluded)


def _is_beside_media(name: str, *, is_target: bool) -> bool:
    """Whether a name is that of a sidecar, of a file of a system, or of a message in a target."""
    small = name.casefold()
    return small in _OF_SYSTEMS or small.endswith(_SIDECARS) or (is_target and small.endswith(_MESSAGES))
