"""Header fields of the Wireless Session Protocol (WAP-230-WSP, 8.4), scanned.

A scan takes fields whose values keep to the standard, as nearly all do, and ends in front of the first
other field. The caller reads odd, wrong and rare fields.
"""

from typing import Any, Final

#: The lowest octet that stands for a field, and the number of fields.
FIRST: Final[int]
NUMBERS: Final[int]

#: Kinds of values. Of those with words, the words are the scanner's, by their octets::
#:
#:     UNKNOWN   not scanned
#:     WORD      an octet from 0x80 up; what it stands for
#:     NUMBER    a short integer, or a long one of at most 8 octets; int
#:     TEXT      octets of US-ASCII up to a zero; str
#:     ENCODED   likewise, without encoded words; or a length, the charset UTF-8 or US-ASCII and UTF-8; str
#:     PAIR      a length, a word and a number; what the word stands for, and int
#:     SENDER    a length, and 0x80 with an encoded text, or 0x81 alone; str or None
UNKNOWN: Final[int]
WORD: Final[int]
NUMBER: Final[int]
TEXT: Final[int]
ENCODED: Final[int]
PAIR: Final[int]
SENDER: Final[int]

class Scanner:
    """Scans fields by one table, and keeps nothing of a scan.

    Args:
        kinds: NUMBERS octets, the kind of each field's value.
        names: NUMBERS names, that of each field.
        words: NUMBERS dicts of words by their octets; empty for kinds that have none.
        once: bits of the fields that are scanned once only, bit 0 that of the field FIRST.

    Raises:
        TypeError: a table of words is no dict.
        ValueError: a table has another length than NUMBERS.
    """

    def __init__(
        self,
        kinds: bytes,
        names: tuple[str, ...],
        words: tuple[dict[int, Any], ...],
        once: int,
    ) -> None: ...
    def scan(
        self, octets: bytes | bytearray | memoryview, at: int, end: int, seen: int
    ) -> tuple[int, int, int, list[tuple[str, Any]]]:
        """The fields from a place on, each whole within the end.

        Args:
            octets: in one piece.
            at, end: where the first field begins, and the first octet out of reach.
            seen: bits of the fields that were read before.

        Returns:
            The place where the scan ended; ``seen`` with the bits of the scanned fields; the bits of
            repeated fields; and names and values in their order.

        Raises:
            ValueError: the places are no span of the octets.
        """
