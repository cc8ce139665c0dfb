"""Measured constants, and the tools that measure them again.

A module with measured constants has a frozen dataclass of them, ``Tuning``, and an instance with the values
in use, ``TUNING``. Functions take the instance as an argument, so that a tool can try other values with
``dataclasses.replace``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar

__all__ = ["Tool"]

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that measures constants.

    Attributes:
        file: the program's path, such as ``"bench/tune_jpeg.py"``.
        corpus: the media that the program measures: the name of a set in bench/corpus.toml.
    """

    file: str
    corpus: str

    def tuned(self, value: Value, what: str, *, unit: str) -> Value:
        """Return a field of a frozen dataclass; its metadata has ``what``, ``unit``, ``tool`` and ``corpus``.

        Args:
            value: the value in use. An array must not be modified.
            what: what the constant means, and the evidence for its value.
            unit: the unit of the value, or of each of its numbers.
        """
        about: dict[str, Any] = {"what": what, "unit": unit, "tool": self.file, "corpus": self.corpus}
        # A dataclass rejects an array as a default.
        return field(default_factory=lambda: value, metadata=about)
