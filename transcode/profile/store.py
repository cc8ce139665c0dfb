"""A folder of UAProf documents by their addresses, and the fetching of a document."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from transcode.errors import OutputError, ProfileError, address_without_password
from transcode.jobs.files import Outputs
from transcode.profile.uaprof import MAX_DOCUMENT_BYTES

if TYPE_CHECKING:
    import os

__all__ = ["FolderStore", "fetch"]

#: Octets that a server may send up to the end of the document, redirects and headers included.
_MOST_OCTETS = 2 * MAX_DOCUMENT_BYTES

#: A longer file name is refused by most file systems.
_MAX_NAME = 255


class FolderStore(MutableMapping[str, bytes]):
    """Documents as files in a folder, which is made when the first document is written.

    Args:
        folder: the folder's path.

    Raises:
        ProfileError: at writing: the address is too long for a file name, or the folder
            can't be written.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder)
        self._looked_through: set[Path] = set()

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
            raise ProfileError(address_without_password(url), "is too long an address to keep")
        try:
            Outputs(looked_through=self._looked_through).write({path: document})
        except OutputError as error:
            shown = address_without_password(url)
            raise ProfileError(shown, f"can't be kept in {self._folder}: {error.reason}") from error

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


def fetch(url: str, *, timeout: float = 10.0, allow_private: bool = False) -> bytes:
    """The document at an http or https address.

    Five redirects are followed at most, to http and https only. Proxies of the environment are
    not used, as a proxy would choose the address.

    Args:
        url: the address.
        timeout: seconds for the whole document, the look-up of its host and redirects
            included.
        allow_private: whether a host may have an address of this machine, of a private network,
            of the link and the like. The address comes from a stranger's phone: by default
            only public addresses are asked, whatever a name or a redirect leads to.

    Raises:
        ProfileError: no whole answer in time, an error, an address that is not public, or more
            octets than a document may have.
    """
    # Imported here: few callers fetch a document.
    from transcode.net import NO_TIMEOUT, Exchange, is_timeout
    from transcode.web import NotFetched
    from transcode.web import fetch as fetched

    if not isinstance(url, str):
        raise ProfileError(f"<{type(url).__name__}>", "is no http or https address")
    shown = address_without_password(url)
    if not is_timeout(timeout):
        raise ProfileError(shown, f"can't be fetched: {NO_TIMEOUT}, not {timeout!r}")
    exchange = Exchange(timeout, _MOST_OCTETS)
    try:
        return fetched(url, exchange, most=MAX_DOCUMENT_BYTES + 1, only_public=not allow_private)
    except NotFetched as error:
        raise ProfileError(shown, str(error)) from error
