"""What was odd in octets that were read."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Odd", "Oddities"]

#: Is told what is odd.
Odd = Callable[[str], None]

_MOST_ODDITIES = 100
_LONGEST_ODDITY = 200


class Oddities:
    """Keeps what was odd, within bounds.

    Attributes:
        oddities: one sentence each.
    """

    def __init__(self) -> None:
        self.oddities: list[str] = []

    def __call__(self, what: str) -> None:
        if len(self.oddities) < _MOST_ODDITIES:
            self.oddities.append(what[:_LONGEST_ODDITY])
        elif len(self.oddities) == _MOST_ODDITIES:
            self.oddities.append("more was odd than is told here")
