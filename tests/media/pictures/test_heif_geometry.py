"""Crop, turn and mirror of HEIF pictures, in the order of their properties."""

from __future__ import annotations

import itertools
import struct
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from transcode.media.pictures.boxes import HeifBox, Item
from transcode.media.pictures.heif_geometry import geometry
from transcode.media.samples.planes import upright

if TYPE_CHECKING:
    from transcode.media.pictures.heif_items import Coded

#: Name and content of a property.
Property = tuple[bytes, bytes]

#: Quarter turns to the left (23008-12, 6.5.10); top for bottom, and left for right (6.5.12).
TURNS: tuple[Property, ...] = tuple((b"irot", bytes([turns])) for turns in range(4))
MIRRORS: tuple[Property, ...] = ((b"imir", b"\0"), (b"imir", b"\1"))


def clap(width: int, height: int, across: tuple[int, int], down: tuple[int, int]) -> Property:
    """A clean aperture (14496-12, 12.1.4): size, and distance of its centre from the picture's."""
    return b"clap", struct.pack(">IIIIiIiI", width, 1, height, 1, *across, *down)


def shown(stored: NDArray[np.int_], properties: tuple[Property, ...]) -> NDArray[np.int_]:
    """What a reader shows that does one property after the other."""
    for kind, content in properties:
        if kind == b"irot":
            stored = np.rot90(stored, content[0])
        elif kind == b"imir":
            stored = stored[:, ::-1] if content[0] else stored[::-1]
        else:
            width, _, height, _, *offsets = struct.unpack(">IIIIiIiI", content)
            high, wide = stored.shape
            left = round((wide - width) / 2 + offsets[0] / offsets[1])
            top = round((high - height) / 2 + offsets[2] / offsets[3])
            stored = stored[top : top + height, left : left + width]
    return stored


def found(stored: NDArray[np.int_], properties: tuple[Property, ...]) -> NDArray[np.int_]:
    """What the part and the orientation that are read give."""
    boxes = tuple(HeifBox(kind, memoryview(content), 0) for kind, content in properties)
    height, width = stored.shape
    coded = cast("Coded", SimpleNamespace(width=width, height=height))
    left, top, right, bottom, orientation = geometry("it", Item(1, b"hvc1", False, properties=boxes), coded)
    return upright(np.ascontiguousarray(stored[top:bottom, left:right]), orientation)


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("mirror", MIRRORS)
def test_turn_and_mirror_in_their_order(turn: Property, mirror: Property) -> None:
    """Mirrored first is another picture than turned first, by a half turn where the turn is a quarter."""
    stored = np.arange(6).reshape(2, 3)
    for properties in ((turn, mirror), (mirror, turn)):
        np.testing.assert_array_equal(found(stored, properties), shown(stored, properties))
    quarter = turn[1][0] % 2 == 1
    assert np.array_equal(found(stored, (turn, mirror)), found(stored, (mirror, turn))) is not quarter


@pytest.mark.parametrize("size", [(101, 77), (100, 77), (101, 78), (102, 78)])
def test_odd_sizes(size: tuple[int, int]) -> None:
    """101 x 77 is coded as 102 x 78: the centre of its aperture is half a pixel to the left, and above."""
    width, height = size
    stored = np.arange(78 * 102).reshape(78, 102)
    aperture = clap(width, height, (width - 102, 2), (height - 78, 2))
    np.testing.assert_array_equal(found(stored, (aperture,)), stored[:height, :width])


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
def test_an_aperture_between_turns(order: tuple[int, ...]) -> None:
    """The aperture is of the picture as it is then: turned, or not yet."""
    stored = np.arange(8 * 10).reshape(8, 10)
    aperture = clap(4, 6, (1, 1), (-1, 1))
    for turn, mirror in itertools.product(TURNS, MIRRORS):
        properties = tuple((turn, mirror, aperture)[place] for place in order)
        np.testing.assert_array_equal(found(stored, properties), shown(stored, properties))
