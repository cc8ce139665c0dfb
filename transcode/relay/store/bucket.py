"""Octets in a bucket of S3 or of what speaks like it, named by their SHA-256."""

from __future__ import annotations

import contextlib
import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

from transcode.buckets import BaseError, faults, opened, why
from transcode.errors import OutputError
from transcode.relay.store.blobs import OWNER, checked, is_name

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Bucket"]

#: The longest request, and how often one is repeated; a phone waits meanwhile.
_TIMEOUT = timedelta(seconds=20)
_RETRIES = 2


class Bucket:
    """A bucket of octets. What ``put`` returned is durable; the same octets are kept once.

    Args:
        url: the bucket and the beginning of names in it, such as ``s3://bucket/relay``. Keys, region and
            endpoint stand in the environment, as the AWS tools have them.

    Raises:
        ValueError: the address names no bucket.
    """

    def __init__(self, url: str) -> None:
        self._url = self.place = url
        self._objects = opened(url, timeout=_TIMEOUT, retries=_RETRIES)

    def put(self, data: bytes | memoryview) -> str:
        """Keep octets and return their name, when the bucket has them.

        Raises:
            OutputError: the bucket can't be written.
        """
        octets = bytes(data)
        name = hashlib.sha256(octets).hexdigest()
        try:
            # Written again, and not looked for: between the look and the row somebody may delete them.
            self._objects.put(checked(name), octets)
        except (BaseError, OSError) as error:
            raise OutputError(self._url, why(error)) from error
        return name

    def put_again(self, name: str, data: bytes) -> None:
        """Keep octets that put has named, if they were deleted before a row named them.

        Raises:
            OutputError: the bucket can't be written.
        """
        # Now that a row names them, nobody deletes them.
        if not self.exists(name):
            self.put(data)

    def get(self, name: str) -> bytes:
        """Return the octets.

        Raises:
            FileNotFoundError: there are none of this name.
            OSError: the bucket can't be read.
        """
        with faults():
            return bytes(self._objects.get(checked(name)).bytes())

    def exists(self, name: str) -> bool:
        """Return whether there are octets of a name.

        Raises:
            OSError: the bucket can't be read.
        """
        try:
            with faults():
                self._objects.head(checked(name))
        except FileNotFoundError:
            return False
        return True

    def source(self, name: str) -> bytes:
        """Return what a child process is given: the octets.

        Raises:
            FileNotFoundError: there are none of this name.
            OSError: the bucket can't be read.
        """
        return self.get(name)

    def old(self, shelf: int, until: float) -> list[str]:
        """Return names of octets that nobody put since a time.

        Raises:
            OSError: the names can't be read: that is a right of its own.
        """
        found: list[str] = []
        first, behind = f"{shelf:02x}", f"{shelf + 1:02x}" if shelf < 255 else "g"
        with faults():
            for objects in self._objects.list(offset=first):
                for one in objects:
                    if one["path"] >= behind:
                        return found
                    if is_name(one["path"]) and one["last_modified"].timestamp() < until:
                        found.append(one["path"])
        return found

    def has_any(self) -> bool:
        """Return whether there are any octets; False also where nobody may ask for their names."""
        with contextlib.suppress(OSError), faults():
            return any(is_name(one["path"]) for objects in self._objects.list() for one in objects)
        return False

    def read_owner(self) -> str:
        """Return what write_owner wrote last, or ``""``.

        Raises:
            OSError: the bucket can't be read.
        """
        try:
            with faults():
                return bytes(self._objects.get(OWNER).bytes()).decode("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def write_owner(self, text: str) -> None:
        """Write whose the octets are beside them.

        Raises:
            OutputError: the bucket can't be written.
        """
        try:
            self._objects.put(OWNER, text.encode())
        except (BaseError, OSError) as error:
            raise OutputError(self._url, why(error)) from error

    @contextlib.contextmanager
    def deleting(self) -> Iterator[bool]:
        """Yield that octets may be deleted: nobody holds them."""
        yield True

    def delete(self, name: str) -> None:
        """Remove the octets, if they are there.

        Raises:
            OSError: the bucket can't be written.
        """
        with contextlib.suppress(FileNotFoundError), faults():
            self._objects.delete(checked(name))
