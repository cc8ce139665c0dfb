"""What a decoder says of a frame besides its samples, asked for by FFmpeg's numbers.

Newer releases of FFmpeg bring kinds of side data that PyAV's list does not have. PyAV 18 then gives none of a
frame's at all (``ValueError: 29 is not a valid Type``). A kind that nobody asks for must not cost a clip, so
this is the only place that reads them.
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
    """The side data of one kind.

    Args:
        frame: a decoded frame, of pictures or sound.
        number: the kind: a constant of this module.

    Returns:
        FFmpeg's structure as it stands in memory; None where the frame has none, or where it can't be read.
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
    # By place: the container's own iteration gives entries in PyAV 18, and their types in 19.
    with suppress(IndexError):
        for place in count():
            yield every[place]


def _number(data: Any) -> int:
    # Motion vectors and the like are sequences that have their type, too.
    return int(data.type.value)


def _accept_unknown() -> None:
    """Let PyAV's list of types hold what it does not know, by the hook that PyAV 19 has itself."""
    sidedata.Type._missing_ = classmethod(_unknown)  # type: ignore[assignment, method-assign]


def _unknown(cls: type[Enum], value: object) -> Enum | None:
    if not isinstance(value, int):
        return None
    member = object.__new__(cls)
    member._name_ = f"UNKNOWN_{value}"
    member._value_ = value
    known: dict[object, Enum] = cls._value2member_map_
    return known.setdefault(value, member)
