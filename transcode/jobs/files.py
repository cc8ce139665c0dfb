"""The one place that writes files: whole or not at all, and never over what they were made from.

A file is written without a name where the system can (``O_TMPFILE``), synced, and then linked to its
name: whoever is killed meanwhile leaves nothing. Where it can't, and for the moment in which an older
file is replaced, it has a hidden name that ends in ``.part``. An older file has such a name besides its own
until all of its set is there, and is put back where that fails. Its folder is synced last, so that a power
cut takes neither.

Whoever has such names in a folder holds a lock on it (flock), which the system lets go when he dies: the next
who writes there removes what nobody holds.
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
from typing import TYPE_CHECKING

from transcode.errors import OutputError, OverwriteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

__all__ = ["Outputs", "reason", "require_empty"]

#: A process' own open files; a link to one of these gives a name to what has none.
_OPEN = "/proc/self/fd"

#: Files without a name that are open at once: far below the 1,024 that a process may have.
_MOST_OPEN = 64

_NUMBERS = itertools.count()

#: How often it is looked whether a folder is free, and after how many seconds again.
_LOOKS, _LOOK = 20, 0.01

#: The hidden names that are ours.
_HIDDEN = re.compile(r"\.[0-9a-f]{16}\.[0-9]+-[0-9]+-[0-9]+\.part")


class Outputs:
    """The files that one command or one call writes.

    It refuses to replace what the command reads, through links too, and what it has written itself:
    names that differ in case alone are one file on some systems.

    Args:
        inputs: the files that are read. They are looked at when the first file is to be replaced;
            those that are not there are passed over.
    """

    def __init__(self, inputs: Iterable[str | os.PathLike[str]] = ()) -> None:
        self._inputs = tuple(inputs)
        self._read: set[tuple[int, int]] | None = None
        self._written: set[tuple[int, int]] = set()
        self._seen: set[Path] = set()

    def refuse(self, *paths: Path) -> None:
        """Say before the work that one of these would not be written.

        Raises:
            OverwriteError: one is a file that is read, or two of them are one.
        """
        for path in paths:
            self._guard(path)
        if len({os.path.realpath(path) for path in paths}) < len(paths):
            raise OverwriteError(str(paths[-1]), "two outputs would be one file")

    def write(self, files: Mapping[Path, bytes]) -> None:
        """Write all of these files or none. Folders that are missing are made.

        Raises:
            OverwriteError: one of them is read, or was written before.
            OutputError: one can't be written.
        """
        (error,) = self.write_sets([files])
        if error is not None:
            raise error

    def write_sets(self, sets: Sequence[Mapping[Path, bytes]]) -> list[OutputError | None]:
        """Write several sets of files, each whole or not at all, and wait for the disk once.

        Returns:
            For each set why it is not there, or None.
        """
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
        """Hold the lock on a folder while there are hidden names of ours; remove those of the dead before."""
        descriptor = None
        # What is wrong with it, writing says. One may be written into and not read.
        with contextlib.suppress(OSError, ValueError):
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        if descriptor is None:
            yield
            return
        try:
            if folder not in self._seen and _lock(descriptor, fcntl.LOCK_EX):
                _remove_strays(folder)
            # Who looks for strays does so for a moment; another program may hold the folder for ever.
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
            # Looked at once more: it may be the file before this one by another name.
            self._guard(file.path)
            file.place()
            self._written.add(file.identity)

    def _guard(self, path: Path) -> None:
        try:
            found = path.stat()
        except (OSError, ValueError):
            # Nothing is there that could be lost. What else is wrong, writing says.
            return
        if not stat.S_ISREG(found.st_mode):
            return
        identity = (found.st_dev, found.st_ino)
        if identity in self._written:
            raise OverwriteError(str(path), "was written just now; two outputs would be one file")
        if self._read is None:
            self._read = {one for one in map(_identity, self._inputs) if one is not None}
        if identity in self._read:
            raise OverwriteError(str(path), "the output is what is read; it is not written over")


class _Set:
    """Files that are there all or none.

    Attributes:
        staged: those that are written, and not yet where they belong.
        at: the path that is worked on, for errors.
        error: why they are not there.
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
        """Take a step, unless one before it failed."""
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
            _sync_folder(folder)

    def close(self, *, keep: bool) -> None:
        for file in self.staged:
            file.close(keep=keep)


class _Staged:
    """A file that is being written.

    Attributes:
        path: where it belongs.
        is_stream: whether that is a pipe or a terminal, which takes octets and is not replaced.
        identity: what the system calls it: device and number.
    """

    def __init__(self, path: Path, *, may_open: bool) -> None:
        self.path = path
        self.is_stream = _is_stream(path)
        self.identity = (0, 0)
        self._file: int | None = None
        #: The name that it has so far; None while it has none.
        self._name: Path | None = None
        #: A second name of the file that it replaced.
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
            # Some file systems know no files without names.
            with contextlib.suppress(OSError, AttributeError):
                self._file = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o666)
        if self._file is None:
            name = _hidden(path)
            self._file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            self._name = name

    def fill(self, octets: bytes) -> None:
        """Write it, and set out to bring it to the disk without waiting for it."""
        file = self._file
        if file is None:
            raise ValueError("it was written before")
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
        """Wait until it is on the disk."""
        if self._file is None or self.is_stream:
            return
        os.fsync(self._file)
        if self._name is not None:
            self._close()

    def place(self) -> None:
        """Give it the name that it is to have."""
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
            # Asked rather than noted: an interrupt may come between the two.
            if not os.path.lexists(hidden):
                self._name = self.path

    def _keep_older(self) -> None:
        """Have the file that is to be replaced under a second name."""
        older = _hidden(self.path)
        try:
            os.link(self.path, older, follow_symlinks=False)
        except FileNotFoundError:
            return
        except OSError:
            # Some file systems know no second names, and some let one's own files alone have one.
            if self.path.is_dir() and not self.path.is_symlink():
                return
            # Loaded here: few file systems are such.
            from shutil import copy2

            self._older = older
            copy2(self.path, older, follow_symlinks=False)
        self._older = older

    def _link(self, name: Path) -> Path:
        # A descriptor beside an absolute path changes nothing, but makes Python follow the link.
        os.link(f"{_OPEN}/{self._file}", name, src_dir_fd=self._file)
        self._name = name
        return name

    def close(self, *, keep: bool) -> None:
        """Be done with it; what is not kept is removed, and what it replaced is put back."""
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
    """The sets in their order, in groups of no more files than may be open."""
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


def _sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where that can be asked for."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        # One may write into it, and not read it.
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems sync files alone.
        if error.errno not in (errno.EBADF, errno.EINVAL):
            raise
    finally:
        os.close(descriptor)


def _hidden(path: Path) -> Path:
    """A name of its own beside a path: short, as that of the path may be as long as names can be."""
    stem = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]
    return path.parent / f".{stem}.{os.getpid()}-{threading.get_ident()}-{next(_NUMBERS)}.part"


def _lock(descriptor: int, kind: int) -> bool:
    """Take a lock of this kind, in the place of one that is held, if that can be had at once."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _remove_strays(folder: Path) -> None:
    """Remove what is left of those that were killed."""
    with contextlib.suppress(OSError), os.scandir(folder) as found:
        for entry in found:
            if _HIDDEN.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                Path(entry.path).unlink(missing_ok=True)


def require_empty(folder: Path) -> None:
    """Refuse a folder that holds something, hidden or not. One that is not there is empty.

    Raises:
        OverwriteError: it is not empty.
        OutputError: it is no folder, or can't be looked into.
    """
    try:
        with os.scandir(folder) as found:
            is_empty = next(found, None) is None
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise OutputError(str(folder), reason(error)) from error
    if not is_empty:
        raise OverwriteError(str(folder), "the directory is not empty; --force writes into it all the same")


def _is_stream(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)


def _identity(path: str | os.PathLike[str]) -> tuple[int, int] | None:
    """What the system calls a file: device and number; None where there is none."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def reason(error: Exception) -> str:
    """What the system says of a file, in lower case and without its path."""
    if isinstance(error, ValueError) and "embedded null" in str(error):
        # Python's words depend on its version and on the call.
        return "its name has a null byte"
    return (getattr(error, "strerror", None) or str(error)).lower()
