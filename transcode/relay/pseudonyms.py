"""Words in the place of numbers: the same number gives the same word, and nobody reads the number from it.

The words are keyed hashes. Who has the key finds the number of a word by trying all; without it nobody does.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import secrets
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from transcode.errors import ConfigError
from transcode.jobs.files import sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["WORD", "Pseudonyms"]

#: The form of a word: 80 bits. No address looks like it.
WORD = re.compile(r"#[a-z2-7]{16}")
#: The name of the key in the folder of a store.
_FILE = "numbers.key"
_KEY = 32
#: Words that are kept for a moment.
_MOST_KEPT = 4096
#: What texts of errors and programs have of numbers, of addresses of mail, and of what opens a message.
_NUMBER = re.compile(r"(?:(?<![\w+])\+|%2[Bb])[0-9]{5,15}(?!\w)|(?<![\w.:+-])[0-9]{7,15}(?![\w.:-])")
_MAIL = re.compile(r"[^\s<>@\"']+@[^\s<>@\"',;]+")
#: What each of them has.
_ANYTHING = re.compile(r"[0-9@]|/[mp]/")
_TOKEN = re.compile(r"(/[mp]/)[A-Za-z0-9_-]{16,}")


class Pseudonyms:
    """Makes words of numbers.

    Args:
        key: 32 octets.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        # A delivery has several lines in a log, one soon after the other.
        self._made = lru_cache(_MOST_KEPT)(self._make)

    @classmethod
    def common(cls, folder: Path, shared: Callable[[bytes], bytes]) -> Pseudonyms:
        """Return those of machines that share a store.

        Args:
            folder: the folder of this machine. A key there becomes that of all where there is none yet.
            shared: takes a key for all, and returns the one that all have.

        Raises:
            ConfigError: the file of the key holds none.
            OSError: it can't be read.
        """
        path = folder / _FILE
        return cls(shared(_read(path) if path.exists() else secrets.token_bytes(_KEY)))

    @classmethod
    def of(cls, folder: Path) -> Pseudonyms:
        """Return those of a store; its key is drawn where there is none.

        Raises:
            ConfigError: the file of the key holds none.
            OSError: it can't be read or written.
        """
        path = folder / _FILE
        if not path.exists():
            _draw(path)
        return cls(_read(path))

    def word(self, address: str) -> str:
        """Return the word of an address; ``""`` is nobody, and a word is its own."""
        if not address or WORD.fullmatch(address):
            return address
        return self._made(address)

    def _make(self, address: str) -> str:
        digest = hashlib.blake2b(address.encode("utf-8", "surrogatepass"), key=self._key, digest_size=10)
        return f"#{base64.b32encode(digest.digest()).decode().lower()}"

    def scrubbed(self, text: str) -> str:
        """Return a text with words in the place of the numbers and addresses in it, and without tokens."""
        if not _ANYTHING.search(text):
            return text
        text = _TOKEN.sub(r"\1...", text)
        for pattern in (_MAIL, _NUMBER):
            text = pattern.sub(
                lambda found: self.word(found[0].replace("%2B", "+").replace("%2b", "+")), text
            )
        return text


def _read(path: Path) -> bytes:
    key = path.read_bytes()
    if len(key) != _KEY:
        raise ConfigError(str(path), f"is no key of {_KEY} octets")
    return key


def _draw(path: Path) -> None:
    """Make a key, unless another process does so first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, part = tempfile.mkstemp(prefix=f".{_FILE}.", dir=path.parent)
    try:
        os.write(descriptor, secrets.token_bytes(_KEY))
        os.fsync(descriptor)
        with contextlib.suppress(FileExistsError):
            os.link(part, path)
        sync_folder(path.parent)
    finally:
        os.close(descriptor)
        Path(part).unlink()
