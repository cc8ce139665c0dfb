"""A folder of UAProf documents by their addresses, and the way to get one."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from urllib.parse import quote, unquote

from transcode.errors import ProfileError
from transcode.profile.uaprof import MAX_DOCUMENT_BYTES

__all__ = ["FolderStore", "fetch"]

#: Seconds without a whole answer after which a document is given up.
_TIMEOUT = 10.0

#: Octets that are taken at once.
_PIECE = 65_536

#: A longer file name is refused by most file systems.
_MAX_NAME = 255


class FolderStore(MutableMapping[str, bytes]):
    """Documents as files in a folder, which is made when the first is written.

    Args:
        folder: its path.

    Raises:
        ProfileError: from writing: the address is too long for a file's name, or the folder
            can't be written.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder)

    def _path(self, url: str) -> Path:
        return self._folder / quote(url, safe="")

    def __getitem__(self, url: str) -> bytes:
        try:
            return self._path(url).read_bytes()
        except OSError:
            raise KeyError(url) from None

    def __setitem__(self, url: str, document: bytes) -> None:
        path = self._path(url)
        if len(path.name) > _MAX_NAME:
            raise ProfileError(url, "is too long an address to keep")
        try:
            self._write(path, document)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise ProfileError(url, f"can't be kept in {self._folder}: {reason}") from error

    def _write(self, path: Path, document: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        # Written under another name first: who reads meanwhile finds a whole document or none.
        handle, part = tempfile.mkstemp(dir=self._folder, prefix=".")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(document)
            Path(part).replace(path)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise

    def __delitem__(self, url: str) -> None:
        try:
            self._path(url).unlink()
        except FileNotFoundError:
            raise KeyError(url) from None

    def __iter__(self) -> Iterator[str]:
        if self._folder.is_dir():
            yield from sorted(unquote(path.name) for path in self._folder.iterdir() if path.name[0] != ".")

    def __len__(self) -> int:
        return sum(1 for _ in self)


def fetch(url: str) -> bytes:
    """The document at an http or https address.

    It goes to whatever host the address names. For addresses that strangers send, check
    the host first, or give transcode.profile.device a fetch of your own.

    Raises:
        ProfileError: no answer within ten seconds, an error, or more than a document has.
    """
    # Loaded here: few fetch anything.
    from http.client import HTTPException
    from urllib.request import Request, urlopen

    if not url.lower().startswith(("http://", "https://")):
        raise ProfileError(url, "is no http or https address")
    deadline = time.monotonic() + _TIMEOUT
    try:
        with urlopen(Request(url), timeout=_TIMEOUT) as answer:  # noqa: S310  (the scheme was looked at)
            # A server that says something now and then would never run into the timeout.
            data = bytearray()
            while len(data) <= MAX_DOCUMENT_BYTES and (piece := answer.read1(_PIECE)):
                data += piece
                if time.monotonic() > deadline:
                    raise TimeoutError(f"no whole answer within {_TIMEOUT:g} seconds")
    except (OSError, ValueError, HTTPException) as error:
        raise ProfileError(url, f"can't be fetched: {error}") from error
    return bytes(data)
