"""Collects the oddities of octets that were read."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Odd", "Oddities"]

#: A function that takes the description of an oddity.
Odd = Callable[[str], None]

#: Oddities of a message that are kept at most, and characters of each.
_MOST_ODDITIES = 100
_LONGEST_ODDITY = 200


class Oddities:
    """Keeps descriptions of oddities, in limited number and length.

    Attributes:
        oddities: one sentence an oddity.
    """

    def __init__(self) -> None:
        self.oddities: list[str] = []

    def __call__(self, what: str) -> None:
        if len(self.oddities) < _MOST_ODDITIES:
            self.oddities.append(what[:_LONGEST_ODDITY])
        elif len(self.oddities) == _MOST_ODDITIES:
            self.oddities.append("there are further oddities, which are not listed")
