"""What knows the network of a number: the interface, and a file of prefixes."""

from __future__ import annotations

import csv
import logging
import threading
from typing import TYPE_CHECKING, Protocol

from transcode.errors import ConfigError
from transcode.relay.hops import is_network_code

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Resolver", "ResolverFile"]

_LOG = logging.getLogger(__name__)


class Resolver(Protocol):
    """What the centre needs of a resolver. Methods are called by several threads at once, and block.

    Attributes:
        longest: the most seconds that an answer takes.
    """

    longest: float

    def resolve(self, number: str) -> str:
        """Return where a number is.

        Args:
            number: with ``+`` and the country code.

        Returns:
            The MCC-MNC of its network, such as ``"310260"``; or the domain of a message centre; or ``""``,
            if the resolver knows nothing of it.

        Raises:
            TransportError: there is no answer now; it is not temporary where the resolver refuses one for
                this number.
        """

    def close(self) -> None:
        """Close connections."""


class ResolverFile:
    """A file with a line for each prefix: ``+1555,310260``; whole numbers are the longest prefixes.

    A file that changed is read again before the next answer. If it is wrong then, the old one stays.

    Args:
        path: the file.

    Raises:
        ConfigError: it can't be read, or a line is wrong.
    """

    longest = 0.0

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._found: dict[str, str] = {}
        self._lengths: list[int] = []
        self._seen: tuple[int, int] | None = None
        self._read()

    def resolve(self, number: str) -> str:
        """Return the code of the longest prefix."""
        with self._lock:
            try:
                self._read()
            except ConfigError:
                _LOG.exception("the numbers of before stay")
            found, lengths = self._found, self._lengths
        return next((found[number[:length]] for length in lengths if number[:length] in found), "")

    def close(self) -> None:
        """Do nothing."""

    def _read(self) -> None:
        try:
            state = self._path.stat()
            seen = (state.st_mtime_ns, state.st_size)
            if seen == self._seen:
                return
            # Also of a wrong file: it is read, and complained of, once.
            self._seen = seen
            text = self._path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(str(self._path), str(error), key="resolver.file") from error
        found: dict[str, str] = {}
        for place, row in enumerate(csv.reader(text.splitlines()), 1):
            if not row or row[0].startswith("#"):
                continue
            prefix, code = (row[0].strip(), row[1].strip()) if len(row) == 2 else ("", "")
            if not prefix.removeprefix("+").isdecimal() or not is_network_code(code):
                raise ConfigError(
                    str(self._path),
                    f"line {place}: must be a prefix and an MCC-MNC, such as +1555,310260",
                    key="resolver.file",
                )
            found[prefix if prefix.startswith("+") else f"+{prefix}"] = code
        self._found, self._lengths = found, sorted(set(map(len, found)), reverse=True)
