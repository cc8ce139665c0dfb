"""Objects far away as sources and targets of a batch: buckets of S3, of Google, and of what speaks like them.

Within a batch an object has a path, ``s3:/bucket/in/a.jpg``, so that names are made as those of files are. A
worker fetches what it reads into a folder of its own; this process alone writes, each object by one request,
which makes it whole or not at all.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transcode.errors import (
    JobError,
    MissingPackage,
    OutputError,
    OverwriteError,
    SourceError,
    TranscodeError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

__all__ = [
    "FarOutputs",
    "convert_near",
    "fetch",
    "is_far",
    "listed",
    "near",
    "read",
    "remove",
    "shown",
    "size_of",
    "stamp_of",
    "write",
]

_SCHEMES = ("s3", "gs")
_FAR = re.compile(rf"({'|'.join(_SCHEMES)}):/")
#: An address within a text.
_SHOWN = re.compile(rf"\b({'|'.join(_SCHEMES)}):/(?!/)")

#: The longest request, and how often one is repeated that a server is too busy for.
_TIMEOUT, _RETRIES = timedelta(minutes=10), 8
#: Seconds before a request is made again whose connection broke.
_AGAIN = (0.2, 1.0, 3.0)
#: The largest object that is fetched, in bytes, and those that are asked for at once.
MOST_BYTES, _PIECE = 4 * 1024**3, 8 * 1024 * 1024
#: Objects that are written at once.
_AT_ONCE = 8


def is_far(path: str | os.PathLike[str]) -> bool:
    """Whether a path is that of an object or of a bucket."""
    return _FAR.match(os.fspath(path)) is not None


def shown(text: str) -> str:
    """A text with the addresses of objects as people know them."""
    return _SHOWN.sub(r"\1://", text)


@dataclass(eq=False)
class _Bucket:
    """A bucket, and what it is known to have.

    Attributes:
        objects: the store of obstore.
        known: stamps of objects by their keys, from lists and from what was written.
    """

    objects: Any
    known: dict[str, str] = field(default_factory=dict)


@cache
def _bucket(scheme: str, name: str) -> _Bucket:
    """A bucket.

    Raises:
        MissingPackage: obstore is not installed.
        ValueError: there is no such name.
    """
    try:
        from transcode.buckets import opened
    except ImportError as error:
        raise MissingPackage("obstore", "a bucket", extra="remote") from error
    return _Bucket(opened(f"{scheme}://{name}", timeout=_TIMEOUT, retries=_RETRIES))


def _divided(path: str | os.PathLike[str]) -> tuple[_Bucket, str]:
    """The bucket and the key of a path.

    Raises:
        SourceError: the address names no bucket.
    """
    scheme, name, *parts = Path(path).parts
    try:
        return _bucket(scheme.removesuffix(":"), name), "/".join(parts)
    except ValueError as error:
        raise SourceError(shown(str(path)), f"no bucket: {error}") from error


def _stamp(size: int, tag: str | None) -> str:
    """The stamp of an object: a tag is that of its octets, so its time does not matter."""
    return f"{size} 0 0 {(tag or '').strip(chr(34))}"


def stamp_of(path: str | os.PathLike[str]) -> str:
    """The stamp of an object. Empty: there is none, as far as is known from lists."""
    bucket, key = _divided(path)
    return bucket.known.get(key, "")


def size_of(path: str | os.PathLike[str]) -> int:
    """The size of an object in bytes; 0: there is none, as far as is known from lists."""
    return int((stamp_of(path) or "0").split()[0])


def listed(root: Path) -> list[tuple[Path, int]]:
    """The objects below a path with their sizes in bytes, in order of their paths.

    Raises:
        SourceError: the bucket can't be read.
    """
    bucket, prefix = _divided(root)
    found = []
    try:
        from transcode.buckets import faults

        with faults():
            for objects in bucket.objects.list(prefix or None):
                for one in objects:
                    bucket.known[one["path"]] = _stamp(one["size"], one["e_tag"])
                    path = root / one["path"][len(prefix) :].lstrip("/")
                    found.append((path, one["size"]))
    except (OSError, ValueError) as error:
        raise SourceError(shown(str(root)), f"the objects can't be listed: {error}") from error
    return sorted(found)


def read(path: str | os.PathLike[str]) -> tuple[bytes, str] | None:
    """The octets of an object and the tag of its version; None: there is none.

    Raises:
        OSError: it can't be read.
    """
    from transcode.buckets import faults

    bucket, key = _divided(path)
    try:
        with faults():
            answer = bucket.objects.get(key)
            return bytes(answer.bytes()), answer.meta["e_tag"] or ""
    except FileNotFoundError:
        return None


def fetch(path: str | os.PathLike[str], to: Path, *, most: int = MOST_BYTES) -> None:
    """Write an object into a file, in pieces.

    Raises:
        SourceError: there is no such object, or it has more than ``most`` bytes.
        JobError: it can't be fetched now.
        OSError: the file can't be written.
    """
    from transcode.buckets import BaseError, why

    bucket, key = _divided(path)
    name = shown(str(path))
    failed: Exception | None = None
    for pause in (0.0, *_AGAIN):
        time.sleep(pause)
        try:
            answer = bucket.objects.get(key)
            size = answer.meta["size"]
            if size > most:
                raise SourceError(name, f"{size:,} bytes; at most {most:,} are fetched")
            with to.open("wb") as file:
                for piece in answer.stream(min_chunk_size=_PIECE):
                    file.write(piece)
            if to.stat().st_size == size:
                return
            failed = OSError(f"{to.stat().st_size:,} of {size:,} bytes came")
        except SourceError:
            raise
        except FileNotFoundError as error:
            raise SourceError(name, "no such object") from error
        except ValueError as error:
            raise SourceError(name, f"no name of an object: {error}") from error
        except BaseError as error:
            failed = error
    raise JobError(name, f"it can't be fetched: {why(failed) if failed else ''}") from failed


@contextlib.contextmanager
def near(paths: Sequence[str]) -> Iterator[dict[str, str]]:
    """Have objects as files for the time of a ``with`` block; gives the path of each. Files stay as they are.

    Raises:
        SourceError, JobError: as fetch.
    """
    with tempfile.TemporaryDirectory(prefix="transcode-") as folder:
        found = {}
        for number, path in enumerate(paths):
            if not is_far(path):
                found[path] = path
                continue
            # The name stays: parts of messages are called by it.
            own = Path(folder, str(number))
            own.mkdir()
            local = own / Path(path).name
            try:
                fetch(path, local)
            except OSError as error:
                raise SourceError(shown(path), f"no file can be made of it: {error.strerror}") from error
            found[path] = str(local)
        yield found


def write(path: str | os.PathLike[str], octets: bytes, version: str | None) -> str:
    """Write an object by one request, and return the tag of its version.

    Args:
        path: of the object.
        octets: its octets.
        version: the tag of the version that is replaced; ``""``: there must be none. None: any.

    Raises:
        FileExistsError: there is another version.
        OSError: it can't be written.
    """
    from transcode.buckets import BaseError, why

    bucket, key = _divided(path)
    mode: Any = "overwrite" if version is None else {"e_tag": version} if version else "create"
    failed: Exception | None = None
    for pause in (0.0, *_AGAIN):
        time.sleep(pause)
        try:
            tag = bucket.objects.put(key, octets, mode=mode, use_multipart=False)["e_tag"] or ""
        except (_already(), _stale()) as error:
            raise FileExistsError(why(error)) from error
        except ValueError as error:
            raise OSError(f"no name of an object: {error}") from error
        except (BaseError, OSError) as error:
            failed = error
        else:
            bucket.known[key] = _stamp(len(octets), tag)
            return str(tag)
    raise OSError(why(failed) if failed else "") from failed


def remove(path: str | os.PathLike[str]) -> None:
    """Remove an object.

    Raises:
        OSError: it can't be removed.
    """
    from transcode.buckets import faults

    bucket, key = _divided(path)
    with faults():
        bucket.objects.delete(key)
    bucket.known.pop(key, None)


def _already() -> type[Exception]:
    from obstore.exceptions import AlreadyExistsError

    return AlreadyExistsError


def _stale() -> type[Exception]:
    from obstore.exceptions import PreconditionError

    return PreconditionError


class FarOutputs:
    """The objects that one batch writes.

    Args:
        ours: paths of objects that the manifest says it has written: they may be replaced. Another one that
            is there stays; one with the same octets counts as written, as a run that was killed leaves it.
    """

    def __init__(self, ours: Collection[str]) -> None:
        self._ours = frozenset(ours)

    def has_written(self, path: Path) -> bool:  # noqa: ARG002  (as of files)
        """Whether an object is the one that was written: its stamp is the tag of what was."""
        return True

    def write_sets(self, sets: Sequence[Mapping[Path, bytes]]) -> list[OutputError | None]:
        """Write several sets of objects, each whole or not at all; gives for each the error, or None."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(self._set, sets))

    def _set(self, files: Mapping[Path, bytes]) -> OutputError | None:
        made: list[Path] = []
        for path, octets in files.items():
            try:
                if self._put(path, octets):
                    made.append(path)
            except TranscodeError as error:
                for one in made:
                    bucket, key = _divided(one)
                    with contextlib.suppress(Exception):
                        bucket.objects.delete(key)
                    bucket.known.pop(key, None)
                return error if isinstance(error, OutputError) else OutputError(shown(str(path)), str(error))
        return None

    def _put(self, path: Path, octets: bytes) -> bool:
        """Write an object; gives whether it is a new one."""
        is_ours = str(path) in self._ours
        try:
            write(path, octets, None if is_ours else "")
        except FileExistsError:
            if not self._is_there(path, octets):
                raise OverwriteError(
                    shown(str(path)),
                    "another object is there, which no manifest knows; it is not written over",
                ) from None
            return False
        except OSError as error:
            raise OutputError(shown(str(path)), str(error)) from error
        return not is_ours

    def _is_there(self, path: Path, octets: bytes) -> bool:
        try:
            found = read(path)
        except OSError as error:
            raise OutputError(shown(str(path)), str(error)) from error
        if found is None or found[0] != octets:
            return False
        bucket, key = _divided(path)
        bucket.known[key] = _stamp(len(octets), found[1])
        return True


def convert_near(job: Any, *, threads: int, convert: Callable[..., Any]) -> Any:
    """Convert a job whose sources may be objects; its results name them as the job does."""
    with near(job.reads) as found:
        local = replace(
            job,
            source=found.get(job.source, job.source),
            media=job.media and tuple(found[one] for one in job.media),
        )
        made = convert(local, threads=threads)

    def named(text: str | None) -> str | None:
        for path, file in found.items():
            text = text and text.replace(file, shown(path))
        return text

    outputs = tuple(
        replace(one, result=replace(one.result, source=job.source, error=named(one.result.error)))
        for one in made.outputs
    )
    return replace(made, outputs=outputs)
