"""The table of headers as kernels.fields scans it.

Of a header whose value stands in a PDU as the standard has it, the scanner gives what its row's reader would
give, in a tenth of the time. It notes nothing odd and raises nothing: where it stops, the reader goes on.
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

__all__ = ["COUNTED", "USUAL"]

#: Headers that a message has once: a second one is left out, and told.
_ONCE = ("X-Mms-Message-Type", "X-Mms-Transaction-Id", "X-Mms-MMS-Version", "From", "Subject")
_MESSAGE_TYPE = "X-Mms-Message-Type"


def _scanner(headers: Mapping[int, Header]) -> Scanner:
    kinds = bytearray((UNKNOWN,)) * NUMBERS
    names = [""] * NUMBERS
    words: list[dict[int, Any]] = [{} for _ in range(NUMBERS)]
    for number, header in headers.items():
        kinds[number - FIRST] = header.value.kind
        names[number - FIRST] = header.name
        words[number - FIRST] = dict(header.value.words)
    # Behind the type of an answer to deletions other readers are due.
    types = words[BY_NAME[_MESSAGE_TYPE.lower()].number - FIRST]
    for octet in [octet for octet, word in types.items() if PDU_TYPES[word].counted]:
        del types[octet]
    once = sum(BY_NAME[name.lower()].bit for name in _ONCE)
    return Scanner(bytes(kinds), tuple(names), tuple(words), once)


#: For PDUs in which no header has a count in front, or whose type is still to come; and for the others.
USUAL = _scanner(BY_NUMBER)
COUNTED = _scanner(by_number("m-delete-conf"))
