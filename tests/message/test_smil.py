"""Presentations keep to the subset that handsets know."""

from __future__ import annotations

from xml.etree import ElementTree

from transcode.message import smil
from transcode.model import Part, Slide

IMAGE = Part("image/jpeg", b"", content_id="image1", content_location="image1.jpg")
TEXT = Part("text/plain", b"", content_id="text1", content_location="text1.txt")


def test_picture_and_text() -> None:
    """A slide with both has two regions, Image above Text, that share the screen."""
    root = ElementTree.fromstring(smil.to_bytes([Slide(IMAGE, TEXT), Slide(IMAGE, duration=2.5)]))
    regions = {region.get("id"): region for region in root.iter("region")}
    assert list(regions) == ["Image", "Text"]
    assert regions["Image"].get("height") == regions["Text"].get("top") == "70%"
    assert regions["Text"].get("height") == "30%"
    assert [par.get("dur") for par in root.iter("par")] == ["5000ms", "2500ms"]
    assert [(e.tag, e.get("src"), e.get("region")) for e in root.iterfind("body/par[1]/*")] == [
        ("img", "image1.jpg", "Image"),
        ("text", "text1.txt", "Text"),
    ]


def test_picture_only_has_the_screen_to_itself() -> None:
    """Without text there is one region."""
    root = ElementTree.fromstring(smil.to_bytes([Slide(IMAGE)]))
    assert [(r.get("id"), r.get("height")) for r in root.iter("region")] == [("Image", "100%")]


def test_text_only() -> None:
    """Without a picture the text has the screen."""
    root = ElementTree.fromstring(smil.to_bytes([Slide(text=TEXT)]))
    assert [(r.get("id"), r.get("top"), r.get("height")) for r in root.iter("region")] == [
        ("Text", "0%", "100%")
    ]


def test_plain_ascii_without_declaration() -> None:
    """No XML declaration, no DOCTYPE, no namespace, and names are escaped."""
    data = smil.to_bytes([Slide(Part("image/png", b"", content_location='a"<ü>.png'))])
    assert data.startswith(b"<smil>")
    assert data.isascii()
    assert [e.get("src") for e in ElementTree.fromstring(data).iter("img")] == ['a"<ü>.png']
