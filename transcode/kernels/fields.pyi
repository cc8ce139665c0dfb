"""Header fields of the Wireless Session Protocol (WAP-230-WSP, 8.4), scanned.

A scan takes the fields whose values stand there as the standard has them, which nearly all do, and ends in
front of the first other one: what is odd, wrong or rare is the caller's to read.
"""

from typing import Any, Final

#: The first of the octets that stand for a field, and how many there are.
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
    """Scans fields by one table. It keeps nothing of what it scanned.

    Args:
        kinds: NUMBERS octets, the kind of each field's value.
        names: NUMBERS names, that of each field.
        words: NUMBERS dicts of words by their octets; empty for kinds that have none.
        once: bits of the fields that are scanned once only, bit 0 that of the field FIRST.

    Raises:
        TypeError: a table of words is no dict.
        ValueError: there are more or fewer of them than NUMBERS.
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
            Where the scan ended; ``seen`` with the bits of these fields; the bits of those that were there
            before; and names and values in their order.

        Raises:
            ValueError: the places are no span of the octets.
        """
