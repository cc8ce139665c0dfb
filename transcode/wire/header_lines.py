"""Blocks of headers as peers write them, made what a reader of mail takes (RFC 5322, 2.2).

Such a reader stops at the first line that is no header, and everything behind it is lost: the type of the
body, and with it all parts. So lines that are none are mended here, or taken out, and told.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["mended"]

_NAME = rb"[!#-9;<>-~]+"
#: A line that begins neither with a name and a colon nor with a blank; or a carriage return within a line.
_STRAY = re.compile(rb"(?:\A|\n)(?!" + _NAME + rb":|[ \t]|\r?\n|\r?\Z)|\r(?!\n|\Z)")
_FIELD = re.compile(_NAME + rb":")
_FIELD_LINE = re.compile(rb"^" + _NAME + rb":", re.MULTILINE)
_CARRIAGE_RETURN = re.compile(rb"(?<!\r)\r++(?![\r\n]|\Z)")
_LINE = re.compile(rb"[^\n]*\n|[^\n]+\Z")
#: What a mailbox file has in front of a mail; readers that store mails quote it.
_ENVELOPE = re.compile(rb">*From (?![ \t]*:)")
_PARAMETER = re.compile(rb"[A-Za-z0-9*-]{1,40}[ \t]*=")
_NAMED = re.compile(rb"([^:]{1,200}):(.*)", re.DOTALL)
_BLANKS = (b" ", b"\t")

#: Dashes that word processors make of hyphens; 0x96 and 0x97 are those of windows-1252.
_DASHES = re.compile("[\x96\x97\u2010-\u2015\u2212]")
#: Characters that nobody sees: controls, soft hyphens, no-break spaces, zero widths, byte order marks.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\xa0\xad\u200b-\u200f\u2028-\u202f\u2060\ufeff]")
_SHOWN = 150


def mended(
    block: bytes, odd: Callable[[str], None], *, loose: bool = False, part: bool = False
) -> tuple[bytes, int]:
    """A block of headers in which each line is one or continues one, and how many octets of it are headers.

    Args:
        block: the octets, with the blank line behind them.
        odd: told what was odd.
        loose: no blank line is behind them, so that a line without a colon begins the body.
        part: they are those of a part, so that such a line does unless headers are behind it. A part
            without any header begins with its body.
    """
    if part and _is_body(block):
        odd("neither headers nor a blank line are in front of a part's body")
        return b"", 0
    if _STRAY.search(block) is None:
        return block, len(block)
    if _CARRIAGE_RETURN.search(block):
        odd("a carriage return within a header, taken for a blank")
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
    """The lines of a block as they are taken, one by one.

    Attributes:
        kept: those that are headers.
        loose: whether a line without a colon begins the body.
    """

    def __init__(self, odd: Callable[[str], None], *, loose: bool) -> None:
        self.kept: list[bytes] = []
        self._odd = odd
        self.loose = loose
        self._dropped = False

    def take(self, line: bytes) -> bool:
        """Keep a line, mend it or leave it out; False where the body begins with it."""
        bare = line.rstrip(b"\r\n")
        if not bare or bare.startswith(_BLANKS):
            # What goes on behind a line that was left out is no more a header than that.
            if not self._dropped:
                self.kept.append(bare + b"\r\n")
        elif self._goes_on(bare):
            self._odd(f"a header goes on without a blank: {_shown(bare)}")
            self.kept.append(b" " + bare + b"\r\n")
        elif _FIELD.match(bare):
            self._keep(bare)
        elif self._ends(bare):
            self._odd("no blank line is behind the headers")
            return False
        else:
            self._mend(bare)
        return True

    def _keep(self, bare: bytes) -> None:
        self.kept.append(bare + b"\r\n")
        self._dropped = False

    def _goes_on(self, bare: bytes) -> bool:
        """Whether a line is the rest of the one before, folded without a blank."""
        last = self.kept[-1].rstrip() if self.kept and not self._dropped else b""
        return (last.endswith(b";") and _PARAMETER.match(bare) is not None) or (
            last.endswith(b",") and b":" not in bare
        )

    def _ends(self, bare: bytes) -> bool:
        """Whether the body begins here: with a boundary that a header names, or a line like none."""
        boundary = bare[2:].strip() if bare.startswith(b"--") else b""
        if boundary and any(boundary in line for line in self.kept):
            return True
        return self.loose and bool(self.kept) and b":" not in bare

    def _mend(self, bare: bytes) -> None:
        found = _NAMED.fullmatch(bare)
        self._dropped = True
        if _ENVELOPE.match(bare):
            self._odd(f"the line of a mailbox file stood among the headers: {_shown(bare)}")
        elif found is None:
            self._odd(f"among the headers stands what is none, left out: {_shown(bare)}")
        elif (name := _cleaned(found[1])) and _FIELD.fullmatch(name + b":"):
            self._odd(f"the name {_shown(found[1])} is read as {name.decode('ascii')}")
            self._keep(name + b":" + found[2])
        else:
            self._odd(f"a header whose name is none, left out: {_shown(bare)}")


def _is_body(block: bytes) -> bool:
    """Whether the first line is no header, and no other line is one."""
    if _FIELD.match(block) or not block.partition(b"\n")[0].strip() or _FIELD_LINE.search(block):
        return False
    named = (_NAMED.fullmatch(line.rstrip(b"\r\n")) for line in _LINE.findall(block))
    return not any(found and _FIELD.fullmatch(_cleaned(found[1]) + b":") for found in named)


def _cleaned(name: bytes) -> bytes:
    """The name without blanks around it and without what nobody sees, dashes as hyphens."""
    text = _UNSEEN.sub("", _DASHES.sub("-", _text(name))).strip()
    return text.encode("ascii", "ignore") if text.isascii() else b""


def _text(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("iso-8859-1")


def _shown(octets: bytes) -> str:
    return repr(_text(octets[:_SHOWN]))
