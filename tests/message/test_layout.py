"""Regions of a presentation, as shares of the screen."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from transcode.message.layout import read


def boxes(layout: str) -> list[tuple[str, int, int, int, int]]:
    found = read(ElementTree.fromstring(f"<smil><head><layout>{layout}</layout></head></smil>"))
    return [(one.name, one.left, one.top, one.right, one.bottom) for one in found.regions] if found else []


@pytest.mark.parametrize(
    ("root", "region", "box"),
    [
        ('width="176" height="208"', 'left="0" top="104" width="176" height="104"', (0, 50, 100, 100)),
        ('width="176px" height="208px"', 'left="44px" top="0px" width="88px" height="52px"', (25, 0, 75, 25)),
        ('width="640" height="480"', 'top="0" left="0" height="50%" width="100%"', (0, 0, 100, 50)),
        ('width="100%" height="100%"', 'left="10%" right="20%" top="5.4%"', (10, 5, 80, 100)),
        ("", 'left="20" width="60" top="10" height="40"', (25, 20, 100, 100)),
        ("", 'right="10%" width="40%" bottom="10%" height="20%"', (50, 70, 90, 90)),
        ('width="100" height="100"', 'left="-10" width="999" top="500" height="0"', (0, 99, 100, 100)),
        ('width="0" height="many"', 'left="x" width="1e9"', (0, 0, 100, 100)),
        ("", "", (0, 0, 100, 100)),
    ],
)
def test_edges_in_percent(root: str, region: str, box: tuple[int, int, int, int]) -> None:
    """Pixels count from the sender's screen, else from what its regions reach."""
    assert boxes(f'<root-layout {root}/><region id="A" {region}/>') == [("A", *box)]


def test_without_regions_there_is_no_layout() -> None:
    assert read(ElementTree.fromstring("<smil><head/></smil>")) is None
    assert boxes('<region width="10"/>') == []


def test_of_two_regions_of_a_name_the_first_counts() -> None:
    found = boxes('<region id="A" top="20%"/><region id="B"/><region id="A" top="50%"/>')
    assert found == [("A", 0, 20, 100, 100), ("B", 0, 0, 100, 100)]


def test_a_region_for_text_is_below_all_others() -> None:
    document = '<smil><layout><region id="Text" top="50%" fit="fill"/><region id="B"/></layout></smil>'
    layout = read(ElementTree.fromstring(document))
    assert layout is not None
    made, text = layout.with_text_below()
    assert text.name == "Text2"
    assert [(one.name, one.top, one.bottom) for one in made.regions] == [
        ("Text", 35, 70),
        ("B", 0, 70),
        ("Text2", 70, 100),
    ]
    assert not any(one.meets(text) for one in made.regions[:2])
    assert dict(made.regions[0].look) == {"fit": "fill"}
