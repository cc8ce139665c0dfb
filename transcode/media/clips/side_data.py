"""Reads the side data of decoded frames by FFmpeg's type numbers.

Newer releases of FFmpeg have side data types that PyAV's list does not have. PyAV 18 then refuses all side
data of the frame (``ValueError: 29 is not a valid Type``). An unknown type must not make a clip fail, so this
is the only module that reads side data.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any

from av.sidedata import sidedata

if TYPE_CHECKING:
    from collections.abc import Iterator
    from enum import Enum

__all__ = ["DISPLAY_MATRIX", "DOLBY_VISION", "octets"]

#: Numbers in FFmpeg's ``enum AVFrameSideDataType`` (libavutil/frame.h), which never change.
DISPLAY_MATRIX = 6
DOLBY_VISION = 24


def octets(frame: Any, number: int) -> bytes | None:
    """Return the side data of one type.

    Args:
        frame: a decoded video or audio frame.
        number: the type: a constant of this module.

    Returns:
        The bytes of FFmpeg's structure; None if the frame has none, or PyAV can't read it.
    """
    try:
        every = frame.side_data
    except ValueError:
        _accept_unknown()
        try:
            every = frame.side_data
        except ValueError:
            return None
    return next((bytes(data) for data in _entries(every) if _number(data) == number), None)


def _entries(every: Any) -> Iterator[Any]:
    # By index: iteration gives the entries in PyAV 18, and their types in PyAV 19.
    with suppress(IndexError):
        for place in count():
            yield every[place]


def _number(data: Any) -> int:
    # Motion vectors are a sequence, which has a type too.
    return int(data.type.value)


def _accept_unknown() -> None:
    """Make PyAV accept unknown side data types, by the same hook that PyAV 19 has."""
    sidedata.Type._missing_ = classmethod(_unknown)  # type: ignore[assignment, method-assign]


def _unknown(cls: type[Enum], value: object) -> Enum | None:
    if not isinstance(value, int):
        return None
    member = object.__new__(cls)
    member._name_ = f"UNKNOWN_{value}"
    member._value_ = value
    known: dict[object, Enum] = cls._value2member_map_
    return known.setdefault(value, member)
