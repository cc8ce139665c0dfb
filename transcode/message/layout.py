"""The layout of a presentation that is written anew: its regions in percent of the screen.

Lengths in pixels are those of the sender's screen. In percent they are the same share of any other screen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["TEXT_SHARE", "Layout", "Region", "local_name", "read"]

#: Height in percent of a text region that a layout gets. Chosen.
TEXT_SHARE = 30
#: The most regions that are kept. Phones have two.
_MOST = 50
#: A length in pixels or percent.
_LENGTH = re.compile(r"(-?\d{1,9}(?:\.\d{0,6})?)\s*(%|px)?")
#: What else a region says, by the names of its attributes, and values that are kept.
_LOOK = {
    "fit": re.compile("fill|hidden|meet|scroll|slice"),
    "z-index": re.compile(r"-?\d{1,5}"),
    "backgroundColor": re.compile(r"#?\w{1,20}"),
    "background-color": re.compile(r"#?\w{1,20}"),
}


@dataclass(frozen=True, slots=True)
class Region:
    """A region: edges in whole percent of the screen, and what else it says."""

    name: str
    left: int
    top: int
    right: int
    bottom: int
    look: tuple[tuple[str, str], ...] = ()

    def meets(self, other: Region) -> bool:
        """Whether two regions share a part of the screen."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


@dataclass(frozen=True, slots=True)
class Layout:
    """Regions in order, and the look of the screen behind them."""

    regions: tuple[Region, ...]
    look: tuple[tuple[str, str], ...] = ()

    def region(self, name: str | None) -> Region | None:
        """The region of a name; None: there is none."""
        return next((one for one in self.regions if one.name == name), None)

    def with_text_below(self) -> tuple[Layout, Region]:
        """The layout in the upper part of the screen, and a new region for text below it."""
        rest = 100 - TEXT_SHARE
        name, number = "Text", 2
        while self.region(name) is not None:
            name, number = f"Text{number}", number + 1
        made = Region(name, 0, rest, 100, 100, (("fit", "scroll"),))
        above = [_squeezed(one, rest) for one in self.regions]
        return replace(self, regions=(*above, made)), made

    def write(self, parent: ElementTree.Element) -> None:
        """Add the root layout and the regions to a layout element."""
        ElementTree.SubElement(parent, "root-layout", dict(self.look))
        for one in self.regions:
            box = {
                "left": f"{one.left}%",
                "top": f"{one.top}%",
                "width": f"{one.right - one.left}%",
                "height": f"{one.bottom - one.top}%",
            }
            ElementTree.SubElement(parent, "region", {"id": one.name, **box, **dict(one.look)})


def _squeezed(region: Region, rest: int) -> Region:
    """A region in the upper part of the screen, which has a height of rest percent."""
    top = region.top * rest // 100
    return replace(region, top=top, bottom=max(region.bottom * rest // 100, top + 1))


def local_name(element: ElementTree.Element) -> str:
    """The local name of an element; "" for comments and processing instructions."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def read(root: ElementTree.Element) -> Layout | None:
    """Return the first layout of a document; None: it has none with a region that has a name."""
    layout = next((one for one in root.iter() if local_name(one) == "layout"), None)
    if layout is None:
        return None
    screen = next((one for one in layout if local_name(one) == "root-layout"), None)
    found = [one for one in layout if local_name(one) == "region" and one.get("id")][:_MOST]
    width = _extent(screen, found, ("width", "left"))
    height = _extent(screen, found, ("height", "top"))
    regions: dict[str, Region] = {}
    for element in found:
        regions.setdefault(element.get("id", ""), _region(element, (width, height)))
    if not regions:
        return None
    return Layout(tuple(regions.values()), () if screen is None else _look(screen))


def _extent(
    screen: ElementTree.Element | None, regions: Sequence[ElementTree.Element], names: tuple[str, str]
) -> float:
    """Width or height of the sender's screen in pixels: as stated, else as far as its regions reach."""
    length, begin = names
    stated, unit = (0.0, "") if screen is None else _length(screen.get(length)) or (0.0, "")
    if stated > 0 and unit != "%":
        return stated
    ends = [0.0]
    for one in regions:
        size, start = _length(one.get(length)), _length(one.get(begin)) or (0.0, "")
        if size is not None and size[1] != "%":
            ends.append(size[0] + (start[0] if start[1] != "%" else 0.0))
    return max(ends) or 100.0


def _region(element: ElementTree.Element, size: tuple[float, float]) -> Region:
    left, right = _edges(element, ("left", "right", "width"), size[0])
    top, bottom = _edges(element, ("top", "bottom", "height"), size[1])
    return Region(element.get("id", ""), left, top, right, bottom, _look(element))


def _edges(element: ElementTree.Element, names: tuple[str, str, str], size: float) -> tuple[int, int]:
    """Both edges of a region in whole percent, within the screen and at least 1 apart."""
    begin, back, length = (_share(element.get(name), size) for name in names)
    if begin is None:
        begin = 0.0 if back is None or length is None else 100.0 - back - length
    end = 100.0 - (back or 0.0) if length is None else begin + length
    first = min(max(round(begin), 0), 99)
    return first, max(min(round(end), 100), first + 1)


def _share(text: str | None, size: float) -> float | None:
    """A length in percent of the screen."""
    found = _length(text)
    if found is None:
        return None
    return found[0] if found[1] == "%" else 100.0 * found[0] / size


def _length(text: str | None) -> tuple[float, str] | None:
    match = _LENGTH.fullmatch((text or "").strip())
    return None if match is None else (float(match[1]), match[2] or "")


def _look(element: ElementTree.Element) -> tuple[tuple[str, str], ...]:
    values = ((name, element.get(name, "").strip()) for name in _LOOK)
    return tuple((name, value) for name, value in values if _LOOK[name].fullmatch(value))
