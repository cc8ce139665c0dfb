"""A folder of UAProf documents by their addresses, and the fetching of a document."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from transcode.counted import counted
from transcode.errors import OutputError, ProfileError, address_without_password, without_password
from transcode.jobs.files import Outputs
from transcode.profile.uaprof import MAX_DOCUMENT_BYTES

if TYPE_CHECKING:
    import os

    from transcode.net import Exchange

__all__ = ["FolderStore", "fetch"]

#: The HTTP statuses of redirects, and the largest number that is followed.
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5

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
    from http.client import HTTPException

    from transcode.net import NO_TIMEOUT, Exchange, NotPublic, is_address, is_timeout

    if not isinstance(url, str):
        raise ProfileError(f"<{type(url).__name__}>", "is no http or https address")
    shown = address_without_password(url)
    if not is_timeout(timeout):
        raise ProfileError(shown, f"can't be fetched: {NO_TIMEOUT}, not {timeout!r}")
    exchange = Exchange(timeout, _MOST_OCTETS)
    at = url
    for _ in range(_MOST_REDIRECTS + 1):
        if not is_address(at):
            raise ProfileError(shown, f"{'is' if at == url else 'leads to what is'} no http or https address")
        try:
            found = _get(at, exchange, only_public=not allow_private)
        except NotPublic as error:
            raise ProfileError(shown, f"is not fetched: {error}") from error
        except (OSError, ValueError, HTTPException) as error:
            late = f"no whole answer within {counted(timeout, 'second')}"
            reason = late if exchange.is_over else str(error) or type(error).__name__
            raise ProfileError(shown, f"can't be fetched: {without_password(reason)}") from error
        if isinstance(found, bytes):
            return found
        try:
            at = urljoin(at, found)
        except ValueError as error:
            lead = address_without_password(found)
            raise ProfileError(shown, f"can't be fetched: leads to {lead!r}, which is no address") from error
    raise ProfileError(shown, f"can't be fetched: more than {_MOST_REDIRECTS} redirects")


def _get(url: str, exchange: Exchange, *, only_public: bool) -> bytes | str:
    """The document at an address, or the address that a redirect leads to."""
    import ssl
    from http.client import HTTPConnection, HTTPException, HTTPSConnection

    from transcode.net import connect

    parts = urlsplit(url)
    secure = parts.scheme.lower() == "https"
    host = parts.hostname or ""
    kind = HTTPSConnection if secure else HTTPConnection
    session = kind(host, parts.port)
    bounded = connect(host, session.port, exchange, only_public=only_public)
    try:
        if secure:
            bounded.raw.settimeout(exchange.left())
            bounded.raw = ssl.create_default_context().wrap_socket(bounded.raw, server_hostname=host)
        session.sock = bounded
        target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        session.request("GET", target, headers={"Connection": "close"})
        with session.getresponse() as answer:
            while 100 < answer.status < 200:
                # The answer itself is yet to come (RFC 9110, 15.2); without headers it is read from here on.
                vars(answer).update(headers=None, msg=None)
                answer.begin()
            if answer.status in _REDIRECTS and (location := answer.getheader("Location")):
                return location
            if answer.status != 200:
                raise HTTPException(f"HTTP status {answer.status} {answer.reason}")
            document = answer.read(MAX_DOCUMENT_BYTES + 1)
            if answer.length and len(document) <= MAX_DOCUMENT_BYTES:
                raise HTTPException(f"the document ends {answer.length:,} octets early")
            return document
    finally:
        bounded.close()
