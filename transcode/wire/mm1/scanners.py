"""The table of headers in the form that kernels.fields scans.

For a header whose value follows the standard, the scanner returns the same value as the reader of the header,
in a tenth of the time. It reports no oddity and raises no error: where it stops, the reader continues. It
stops at each header above 0xBF: the scanner marks in 64 bits which headers it has seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.kernels.fields import FIRST, NUMBERS, UNKNOWN, Scanner
from transcode.wire.mm1.headers import BY_NAME, BY_NUMBER, by_number
from transcode.wire.mm1.pdu_types import PDU_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from transcode.wire.mm1.headers import Header

__all__ = ["COUNTED", "SCANNED", "USUAL"]

#: The bits (Header.bit) of the headers that a scanner may see.
SCANNED = (1 << NUMBERS) - 1

#: Headers that a message has once: the reader leaves a second one out and reports it.
_ONCE = ("X-Mms-Message-Type", "X-Mms-Transaction-Id", "X-Mms-MMS-Version", "From", "Subject")
_MESSAGE_TYPE = "X-Mms-Message-Type"


def _scanner(headers: Mapping[int, Header]) -> Scanner:
    kinds = bytearray((UNKNOWN,)) * NUMBERS
    names = [""] * NUMBERS
    words: list[dict[int, Any]] = [{} for _ in range(NUMBERS)]
    for number, header in headers.items():
        if number >= FIRST + NUMBERS:
            continue
        kinds[number - FIRST] = header.value.kind
        names[number - FIRST] = header.name
        words[number - FIRST] = dict(header.value.words)
    # An answer to deletions needs other readers for the headers behind its type, so the scanner stops there.
    types = words[BY_NAME[_MESSAGE_TYPE.lower()].number - FIRST]
    for octet in [octet for octet, word in types.items() if PDU_TYPES[word].counted]:
        del types[octet]
    once = sum(BY_NAME[name.lower()].bit for name in _ONCE)
    return Scanner(bytes(kinds), tuple(names), tuple(words), once)


#: The scanner of PDUs without counts in front of values, and of PDUs up to their type; and that of PDUs with
#: counts (PduType.counted).
USUAL = _scanner(BY_NUMBER)
COUNTED = _scanner(by_number("m-delete-conf"))
