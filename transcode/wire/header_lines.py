"""Repairs blocks of mail headers that break RFC 5322, 2.2.

A mail parser stops at the first line that is not a header. All later headers would be lost, and with the
Content-Type all parts. So each such line is repaired or removed here, and reported.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["mended"]

_NAME = rb"[!#-9;<>-~]+"
#: The beginning of a line that is neither a header nor folded; or a carriage return within a line.
_STRAY = re.compile(rb"(?:\A|\n)(?!" + _NAME + rb":|[ \t]|\r?\n|\r?\Z)|\r(?!\n|\Z)")
_FIELD = re.compile(_NAME + rb":")
_FIELD_LINE = re.compile(rb"^" + _NAME + rb":", re.MULTILINE)
_CARRIAGE_RETURN = re.compile(rb"(?<!\r)\r++(?![\r\n]|\Z)")
_LINE = re.compile(rb"[^\n]*\n|[^\n]+\Z")
#: The separator line of a mailbox file, which some programs quote with ``>``.
_ENVELOPE = re.compile(rb">*From (?![ \t]*:)")
_PARAMETER = re.compile(rb"[A-Za-z0-9*-]{1,40}[ \t]*=")
_NAMED = re.compile(rb"([^:]{1,200}):(.*)", re.DOTALL)
_BLANKS = (b" ", b"\t")

#: Dashes that word processors put in place of hyphens; 0x96 and 0x97 are dashes of windows-1252.
_DASHES = re.compile("[\x96\x97\u2010-\u2015\u2212]")
#: Invisible characters: controls, soft hyphens, no-break spaces, zero-width characters, byte order marks.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\xa0\xad\u200b-\u200f\u2028-\u202f\u2060\ufeff]")
#: Octets of a line that an oddity quotes at most.
_SHOWN = 150


def mended(
    block: bytes, odd: Callable[[str], None], *, loose: bool = False, part: bool = False
) -> tuple[bytes, int]:
    """Return a block in which each line begins or continues a header, and the size of the headers in octets.

    Args:
        block: the octets of the headers and of the blank line behind them.
        odd: called with each oddity.
        loose: whether the blank line is missing. Then a line without a colon begins the body.
        part: whether the headers are those of a part. Then a line without a colon begins the body if no
            header follows it, and a block without any header is the beginning of the body.
    """
    if part and _is_body(block):
        odd("a part's body has neither headers nor a blank line in front of it")
        return b"", 0
    if _STRAY.search(block) is None:
        return block, len(block)
    if _CARRIAGE_RETURN.search(block):
        odd("a carriage return within a header is replaced by a blank")
        block = _CARRIAGE_RETURN.sub(lambda found: b" " * len(found[0]), block)
    lines = _Lines(odd, loose=loose)
    last = max((found.start() for found in _FIELD_LINE.finditer(block)), default=-1)
    at = 0
    for line in _LINE.findall(block):
        if part and not loose and last < at + len(line):
            lines.loose = True
        if not lines.take(line):
            break
        at += len(line)
    return b"".join(lines.kept), at


class _Lines:
    """Collects the header lines of a block, line by line.

    Attributes:
        kept: the lines that are headers.
        loose: whether a line without a colon begins the body.
    """

    def __init__(self, odd: Callable[[str], None], *, loose: bool) -> None:
        self.kept: list[bytes] = []
        self._odd = odd
        self.loose = loose
        self._dropped = False

    def take(self, line: bytes) -> bool:
        """Keep, repair or drop a line. Return False where the body begins with the line."""
        bare = line.rstrip(b"\r\n")
        if not bare or bare.startswith(_BLANKS):
            # The continuation of a dropped line is dropped too.
            if not self._dropped:
                self.kept.append(bare + b"\r\n")
        elif self._goes_on(bare):
            self._odd(f"a folded header continues without a blank: {_shown(bare)}")
            self.kept.append(b" " + bare + b"\r\n")
        elif _FIELD.match(bare):
            self._keep(bare)
        elif self._ends(bare):
            self._odd("the blank line behind the headers is missing")
            return False
        else:
            self._mend(bare)
        return True

    def _keep(self, bare: bytes) -> None:
        self.kept.append(bare + b"\r\n")
        self._dropped = False

    def _goes_on(self, bare: bytes) -> bool:
        """Whether a line continues the line before it, folded without a blank."""
        last = self.kept[-1].rstrip() if self.kept and not self._dropped else b""
        return (last.endswith(b";") and _PARAMETER.match(bare) is not None) or (
            last.endswith(b",") and b":" not in bare
        )

    def _ends(self, bare: bytes) -> bool:
        """Whether the body begins with a line: a boundary that a header names, or a line without a colon."""
        boundary = bare[2:].strip() if bare.startswith(b"--") else b""
        if boundary and any(boundary in line for line in self.kept):
            return True
        return self.loose and bool(self.kept) and b":" not in bare

    def _mend(self, bare: bytes) -> None:
        found = _NAMED.fullmatch(bare)
        self._dropped = True
        if _ENVELOPE.match(bare):
            self._odd(f"the separator line of a mailbox file among the headers is left out: {_shown(bare)}")
        elif found is None:
            self._odd(f"a line among the headers is not a header, left out: {_shown(bare)}")
        elif (name := _cleaned(found[1])) and _FIELD.fullmatch(name + b":"):
            self._odd(f"the name {_shown(found[1])} is read as {name.decode('ascii')}")
            self._keep(name + b":" + found[2])
        else:
            self._odd(f"a header has an invalid name, left out: {_shown(bare)}")


def _is_body(block: bytes) -> bool:
    """Whether no line of a block is a header, and the first line is not blank."""
    if _FIELD.match(block) or not block.partition(b"\n")[0].strip() or _FIELD_LINE.search(block):
        return False
    named = (_NAMED.fullmatch(line.rstrip(b"\r\n")) for line in _LINE.findall(block))
    return not any(found and _FIELD.fullmatch(_cleaned(found[1]) + b":") for found in named)


def _cleaned(name: bytes) -> bytes:
    """Return the name without surrounding blanks and invisible characters, and with hyphens for dashes."""
    text = _UNSEEN.sub("", _DASHES.sub("-", _text(name))).strip()
    return text.encode("ascii", "ignore") if text.isascii() else b""


def _text(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("iso-8859-1")


def _shown(octets: bytes) -> str:
    return repr(_text(octets[:_SHOWN]))
