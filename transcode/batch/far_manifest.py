"""The manifest of a target: beside the outputs, or fetched from a bucket and written back."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from transcode.batch.far import is_far, read, shown, write
from transcode.batch.manifest import Manifest, database
from transcode.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transcode.batch.manifest import Row

__all__ = ["FarManifest", "manifest_of"]

#: Rows after which the manifest is written back meanwhile.
_ROWS = 1000


def manifest_of(root: Path, target: Path, shard: tuple[int, int] | None) -> Manifest:
    """Open the manifest of a target, or of a part of its files.

    Raises:
        OutputError: it can't be used.
    """
    path = database(target, shard)
    return FarManifest(root, target, path) if is_far(target) else Manifest(root, target, path)


class FarManifest(Manifest):
    """A manifest in a bucket. It is written back if nobody else has written it meanwhile.

    Args:
        root, target: as for Manifest.
        place: the path of the object.

    Raises:
        OutputError: it can't be read, or is none of this version.
    """

    def __init__(self, root: Path, target: Path, place: Path) -> None:
        self._place, self._unsaved, self._is_changed = place, 0, False
        with contextlib.ExitStack() as unless:
            folder = unless.enter_context(tempfile.TemporaryDirectory(prefix="transcode-"))
            self._file = Path(folder, "manifest.sqlite3")
            try:
                found = read(place)
            except OSError as error:
                raise OutputError(shown(str(place)), f"the manifest can't be read: {error}") from error
            self._version = "" if found is None else found[1]
            if found is not None:
                self._file.write_bytes(found[0])
            super().__init__(root, target, self._file)
            self._ending = unless.pop_all()

    def write(self, rows: Iterable[Row]) -> None:
        """Write rows; from time to time the manifest is written back."""
        several = list(rows)
        super().write(several)
        self._is_changed = self._is_changed or bool(several)
        self._unsaved += len(several)
        if self._unsaved >= _ROWS:
            self._unsaved = 0
            self.checkpoint()
            self._write_back()

    def close(self) -> None:
        """Close the database and write it back.

        Raises:
            OutputError: somebody else has written it meanwhile, or it can't be written.
        """
        with self._ending:
            super().close()
            if self._is_changed:
                self._write_back()

    def _write_back(self) -> None:
        place, octets = shown(str(self._place)), self._file.read_bytes()
        try:
            self._version = write(self._place, octets, self._version)
        except FileExistsError as error:
            # A request whose answer was lost may have written it.
            with contextlib.suppress(OSError):
                found = read(self._place)
                if found is not None and found[0] == octets:
                    self._version = found[1]
                    return
            said = (
                "another batch has written the manifest meanwhile; the next run finds what this one has made"
            )
            raise OutputError(place, said) from error
        except OSError as error:
            raise OutputError(place, f"the manifest can't be written: {error}") from error
