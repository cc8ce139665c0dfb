"""The one place that writes files: whole or not at all, and never over their own sources.

A file is written without a name where the system knows such files (``O_TMPFILE``), synced, and then linked to
its name: a process that is killed meanwhile leaves nothing. Where the system knows none, and while an older
file is replaced, the new file has a hidden name that ends in ``.part``. The older file keeps a second, hidden
name until all files of its set are in place, and is put back where one fails. The folder is synced last, so
that a power cut loses neither file.

A process with hidden names in a folder holds a lock on the folder (flock), which the system releases when the
process dies. The next process that writes there removes the hidden names that no lock protects.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import itertools
import os
import re
import stat
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from transcode.errors import OutputError, OverwriteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

__all__ = ["Outputs", "reason", "require_empty", "streamed", "sync_folder"]

#: The folder of a process's own open files; a link to an entry gives a name to a file without one.
_OPEN = "/proc/self/fd"

#: Files without a name that are open at once: far below the usual limit of 1,024 open files a process.
_MOST_OPEN = 64

_NUMBERS = itertools.count()

#: How many times a folder's lock is tried, and the seconds between two tries.
_LOOKS, _LOOK = 20, 0.01

#: The form of the hidden names.
_HIDDEN = re.compile(r"\.[0-9a-f]{16}\.[0-9]+-[0-9]+-[0-9]+\.part")


class Outputs:
    """The output files of one command or one call.

    Input files of the command are never replaced, through links either, nor are outputs written earlier:
    on some systems two names that differ in case alone are one file.

    Args:
        inputs: the files that the command reads. They are identified when the first file is to be
            replaced; missing ones are passed over.
        looked_through: folders from which the hidden files of dead processes were removed already. Folders
            are added as files are written into them: calls that share the set look through each folder once.
        has_streams: whether a path may be a pipe or a device, which takes octets. It waits for its reader.
    """

    def __init__(
        self,
        inputs: Iterable[str | os.PathLike[str]] = (),
        *,
        looked_through: set[Path] | None = None,
        has_streams: bool = True,
    ) -> None:
        self._inputs, self._has_streams = tuple(inputs), has_streams
        self._read: set[tuple[int, int]] | None = None
        self._written: set[tuple[int, int]] = set()
        #: The files of the last call.
        self._placed: dict[Path, tuple[int, int]] = {}
        self._seen: set[Path] = set() if looked_through is None else looked_through

    def refuse(self, *paths: Path) -> None:
        """Refuse, before the work is done, outputs that could not be written.

        Raises:
            OverwriteError: an output is an input, or two outputs are one file.
            OutputError: an output is a pipe or a device, and may be none.
        """
        for path in paths:
            self._guard(path)
        if len({os.path.realpath(path) for path in paths}) < len(paths):
            raise OverwriteError(str(paths[-1]), "two outputs would be one file")

    def has_written(self, path: Path) -> bool:
        """Whether the file at a path is the one of the last call, and not one of another process."""
        # By path: systems give the number of a file that is gone to the next one.
        return path in self._placed and _identity(path) == self._placed[path]

    def write(self, files: Mapping[Path, bytes]) -> None:
        """Write all files or none. Missing folders are made.

        Raises:
            OverwriteError: a file is an input, or was written before.
            OutputError: a file can't be written.
        """
        (error,) = self.write_sets([files])
        if error is not None:
            raise error

    def write_sets(self, sets: Sequence[Mapping[Path, bytes]]) -> list[OutputError | None]:
        """Write several sets of files, each whole or not at all, and wait for the disk once.

        Returns:
            For each set the error that kept it from being written, or None.
        """
        self._placed = {}
        errors: list[OutputError | None] = []
        for group in _groups(sets):
            errors += self._write_group(group)
        return errors

    def _write_group(self, sets: Sequence[Mapping[Path, bytes]]) -> list[OutputError | None]:
        made = [_Set(files) for files in sets]
        with contextlib.ExitStack() as locks:
            paths = (path for files in sets for path in files if not _is_stream(path))
            for folder in dict.fromkeys(path.parent for path in paths):
                locks.enter_context(self._in_use(folder))
            try:
                for step in (self._stage, _Set.sync, self._place, _Set.sync_folders):
                    for one in made:
                        one.attempt(step)
            except BaseException:
                for one in made:
                    one.close(keep=False)
                raise
            for one in made:
                one.close(keep=one.error is None)
        return [one.error for one in made]

    @contextlib.contextmanager
    def _in_use(self, folder: Path) -> Iterator[None]:
        """Lock a folder while it holds hidden names; remove those of dead processes first."""
        descriptor = None
        # The write that follows reports faults of the folder. A folder may be writable and not readable.
        with contextlib.suppress(OSError, ValueError):
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        if descriptor is None:
            yield
            return
        try:
            if folder not in self._seen and _lock(descriptor, fcntl.LOCK_EX):
                _remove_strays(folder)
            # A process that removes strays holds the lock briefly; another program may hold it for ever.
            for _ in range(1 if folder in self._seen else _LOOKS):
                if _lock(descriptor, fcntl.LOCK_SH):
                    break
                time.sleep(_LOOK)
            self._seen.add(folder)
            yield
        finally:
            os.close(descriptor)

    def _stage(self, one: _Set) -> None:
        for path in one.each():
            self._guard(path)
        one.stage()

    def _place(self, one: _Set) -> None:
        for file in one.staged:
            one.at = file.path
            # Checked a second time: the path may be the file placed before, by another name.
            self._guard(file.path)
            file.place()
            self._written.add(file.identity)
            self._placed[file.path] = file.identity

    def _guard(self, path: Path) -> None:
        try:
            found = path.stat()
        except (OSError, ValueError):
            # No file could be lost. Other faults are reported by the write that follows.
            return
        if not stat.S_ISREG(found.st_mode):
            if not self._has_streams and not stat.S_ISDIR(found.st_mode):
                raise OutputError(str(path), "not a regular file")
            return
        identity = (found.st_dev, found.st_ino)
        if identity in self._written:
            raise OverwriteError(str(path), "was written just now; two outputs would be one file")
        if self._read is None:
            self._read = {one for one in map(_identity, self._inputs) if one is not None}
        if identity in self._read:
            raise OverwriteError(str(path), "the output is what is read; it is not written over")


@contextlib.contextmanager
def streamed(path: Path) -> Iterator[BinaryIO]:
    """Write a file in pieces for the time of a ``with`` block, whole or not at all; an older one is replaced.

    Raises:
        OutputError: the file can't be written.
    """
    try:
        if _is_stream(path):
            with path.open("wb") as file:
                yield file
            return
        with Outputs()._in_use(path.parent):
            hidden = _hidden(path)
            try:
                with hidden.open("xb") as file:
                    yield file
                    file.flush()
                    os.fsync(file.fileno())
                hidden.replace(path)
            finally:
                hidden.unlink(missing_ok=True)
            sync_folder(path.parent)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(str(path), reason(error)) from error


class _Set:
    """Files that are written all or none.

    Attributes:
        staged: the files with their octets, not yet under their names.
        at: the path in work, for errors.
        error: why the set is not written.
    """

    def __init__(self, files: Mapping[Path, bytes]) -> None:
        self._files = files
        self.staged: list[_Staged] = []
        self.at = Path()
        self.error: OutputError | None = None

    def each(self) -> Iterator[Path]:
        for path in self._files:
            self.at = path
            yield path

    def attempt(self, step: Callable[[_Set], None]) -> None:
        """Take a step, unless an earlier step failed."""
        if self.error is not None:
            return
        try:
            step(self)
        except OutputError as error:
            self.error = error
        except (OSError, ValueError) as error:
            self.error = OutputError(str(self.at), reason(error))

    def stage(self) -> None:
        may_open = len(self._files) <= _MOST_OPEN
        for path in self.each():
            self.staged.append(_Staged(path, may_open=may_open))
            self.staged[-1].fill(self._files[path])

    def sync(self) -> None:
        for file in self.staged:
            self.at = file.path
            file.sync()

    def sync_folders(self) -> None:
        for folder in dict.fromkeys(file.path.parent for file in self.staged if not file.is_stream):
            self.at = folder
            sync_folder(folder)

    def close(self, *, keep: bool) -> None:
        for file in self.staged:
            file.close(keep=keep)


class _Staged:
    """An output file before it has its name.

    Attributes:
        path: the name that the file will get.
        is_stream: whether the path is a pipe or a terminal, which takes octets and is not replaced.
        identity: the file's device and inode number.
    """

    def __init__(self, path: Path, *, may_open: bool) -> None:
        self.path = path
        self.is_stream = _is_stream(path)
        self.identity = (0, 0)
        self._file: int | None = None
        #: The file's hidden name; None while the file has no name.
        self._name: Path | None = None
        #: The hidden name of the file that was replaced.
        self._older: Path | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            raise OutputError(str(path), f"{path.parent} is not a directory") from error
        if self.is_stream:
            self._file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
            return
        self._stays_open = may_open and Path(_OPEN).is_dir()
        if self._stays_open:
            # Some file systems know no files without a name.
            with contextlib.suppress(OSError, AttributeError):
                self._file = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o666)
        if self._file is None:
            name = _hidden(path)
            self._file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            self._name = name

    def fill(self, octets: bytes) -> None:
        """Write the octets, and start their way to the disk without waiting."""
        file = self._file
        if file is None:
            raise ValueError("the file was written before")
        rest = memoryview(octets)
        while rest:
            rest = rest[os.write(file, rest) :]
        status = os.fstat(file)
        self.identity = (status.st_dev, status.st_ino)
        if self.is_stream or self._name is not None:
            self.sync()
            return
        with contextlib.suppress(OSError, AttributeError):
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)

    def sync(self) -> None:
        """Wait until the octets are on the disk."""
        if self._file is None or self.is_stream:
            return
        os.fsync(self._file)
        if self._name is not None:
            self._close()

    def place(self) -> None:
        """Give the file its name."""
        if self.is_stream:
            return
        if self._name is None:
            with contextlib.suppress(FileExistsError):
                self._link(self.path)
                return
        hidden = self._name or self._link(_hidden(self.path))
        self._keep_older()
        try:
            hidden.replace(self.path)
        finally:
            # Asked of the system, not noted: an interrupt may come between replacing and noting.
            if not os.path.lexists(hidden):
                self._name = self.path

    def _keep_older(self) -> None:
        """Give the file that will be replaced a second, hidden name."""
        older = _hidden(self.path)
        try:
            os.link(self.path, older, follow_symlinks=False)
        except FileNotFoundError:
            return
        except OSError:
            # Some file systems know no second names, and some allow them for the owner's files alone.
            if self.path.is_dir() and not self.path.is_symlink():
                return
            # Imported here: few file systems need a copy.
            from shutil import copy2

            self._older = older
            copy2(self.path, older, follow_symlinks=False)
        self._older = older

    def _link(self, name: Path) -> Path:
        # A descriptor beside an absolute path has no effect but that Python follows the link.
        os.link(f"{_OPEN}/{self._file}", name, src_dir_fd=self._file)
        self._name = name
        return name

    def close(self, *, keep: bool) -> None:
        """Close the file. One that is not kept is removed, and the file that it replaced is put back."""
        self._close()
        name, older = self._name, self._older
        with contextlib.suppress(OSError):
            if older is not None:
                if not keep and name == self.path:
                    older.replace(self.path)
                older.unlink(missing_ok=True)
        if not keep and name is not None and (older is None or name != self.path):
            with contextlib.suppress(OSError):
                name.unlink()

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _groups(sets: Sequence[Mapping[Path, bytes]]) -> Iterator[list[Mapping[Path, bytes]]]:
    """The sets in order, in groups that have at most the number of files that may be open."""
    group: list[Mapping[Path, bytes]] = []
    count = 0
    for files in sets:
        if group and count + len(files) > _MOST_OPEN:
            yield group
            group, count = [], 0
        group.append(files)
        count += len(files)
    if group:
        yield group


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can be asked to."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        # The folder may be writable and not readable.
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems sync files and no folders.
        if error.errno not in (errno.EBADF, errno.EINVAL):
            raise
    finally:
        os.close(descriptor)


def _hidden(path: Path) -> Path:
    """An unused hidden name in the path's folder; short, as the path's own name may have full length."""
    stem = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]
    return path.parent / f".{stem}.{os.getpid()}-{threading.get_ident()}-{next(_NUMBERS)}.part"


def _lock(descriptor: int, kind: int) -> bool:
    """Take a lock of this kind, or change the one held to it; False where another process prevents it."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _remove_strays(folder: Path) -> None:
    """Remove the hidden files that killed processes left."""
    with contextlib.suppress(OSError), os.scandir(folder) as found:
        for entry in found:
            if _HIDDEN.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                Path(entry.path).unlink(missing_ok=True)


def require_empty(folder: Path) -> None:
    """Refuse a folder that has entries, hidden ones included. A missing folder is empty.

    Raises:
        OverwriteError: the folder is not empty.
        OutputError: the path is no folder, or the folder can't be listed.
    """
    try:
        with os.scandir(folder) as found:
            is_empty = next(found, None) is None
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise OutputError(str(folder), reason(error)) from error
    if not is_empty:
        raise OverwriteError(str(folder), "the directory is not empty; --force writes into it nevertheless")


def _is_stream(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)


def _identity(path: str | os.PathLike[str]) -> tuple[int, int] | None:
    """Device and inode number of a file; None for a missing file."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def reason(error: Exception) -> str:
    """The system's reason of a failure, in lower case and without the path."""
    if isinstance(error, ValueError) and "embedded null" in str(error):
        # Python's own text depends on its version and on the call.
        return "its name has a null byte"
    return (getattr(error, "strerror", None) or str(error)).lower()
