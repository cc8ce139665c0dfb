"""What a message depends on besides its source, as one hash."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING

from transcode._version import __version__
from transcode.batch.far import is_far, read
from transcode.jobs.job_limits import JobLimits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transcode.batch.plan import BatchPlan
    from transcode.model import MessageWords
    from transcode.profile import Profile

__all__ = ["hash_of", "hash_of_all", "plan_hash"]

_PIECE = 1 << 20


def plan_hash(profile: Profile, words: MessageWords, plan: BatchPlan) -> str:
    """The hash of a profile, of all arguments and of the engine's version, in hexadecimal digits.

    It is the same in each process. A picture for recordings counts by its octets. How outputs are called does
    not count, nor which files are read, the date of mails and what a file may take.
    """
    octets: object = words["as_clip"]
    if isinstance(octets, str | os.PathLike):
        try:
            octets = hash_of(octets)
        except (OSError, ValueError):
            octets = "unreadable"
    shape = replace(plan, name=None, include=(), exclude=(), date=None, limits=JobLimits())
    digest = hashlib.sha256()
    for word in _words((__version__, profile, {**words, "as_clip": octets}, shape)):
        digest.update(len(word).to_bytes(8) + word)
    return digest.hexdigest()


def hash_of(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file, in hexadecimal digits.

    Raises:
        OSError: the file can't be read, or is no regular one: a pipe or a device may have no end.
    """
    digest = hashlib.sha256()
    if is_far(path):
        found = read(path)
        if found is None:
            raise FileNotFoundError(path)
        return hashlib.sha256(found[0]).hexdigest()
    # To open a pipe would wait for its writer.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def hash_of_all(paths: Sequence[str]) -> str:
    """The SHA-256 of a file; of several files, or of none, that of their hashes in order.

    Raises:
        OSError: a file can't be read.
    """
    if len(paths) == 1:
        return hash_of(paths[0])
    return hashlib.sha256("".join(map(hash_of, paths)).encode()).hexdigest()


def _words(value: object) -> Iterator[bytes]:
    """A value as words: its kind first, then its parts. Sets have no order, so they are sorted."""
    yield type(value).__name__.encode()
    if is_dataclass(value):
        for one in fields(value):
            yield one.name.encode()
            yield from _words(getattr(value, one.name))
    elif isinstance(value, Mapping):
        for key in sorted(value, key=repr):
            yield from _words(key)
            yield from _words(value[key])
    elif isinstance(value, frozenset | set):
        for one in sorted(value, key=repr):
            yield from _words(one)
    elif isinstance(value, bytes | bytearray | memoryview):
        yield bytes(value)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        yield str(len(value)).encode()
        for one in value:
            yield from _words(one)
    else:
        yield repr(value).encode()
