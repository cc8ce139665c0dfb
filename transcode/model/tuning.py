"""Numbers that were found by measuring, and the tools that find them again.

A file whose numbers were found so has a frozen dataclass of them, ``Tuning``, and the values in use,
``TUNING``. Functions take them as an argument, so that a tool measures others by ``dataclasses.replace``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar

__all__ = ["Tool", "tuned"]

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Tool:
    """What finds numbers.

    Attributes:
        file: the program, such as ``"bench/tune_jpeg.py"``.
        corpus: the media that it measures: a set of bench/corpus.toml.
    """

    file: str
    corpus: str


def tuned(value: Value, what: str, *, unit: str, by: Tool) -> Value:
    """A field of a frozen dataclass; its metadata has ``what``, ``unit``, ``tool`` and ``corpus``.

    Args:
        value: in use. Arrays must not be changed.
        what: it is, and on what evidence.
        unit: of the value: of each of its numbers, where it has several.
        by: what finds it again.
    """
    about: dict[str, Any] = {"what": what, "unit": unit, "tool": by.file, "corpus": by.corpus}
    # A dataclass takes no array as a default.
    return field(default_factory=lambda: value, metadata=about)
