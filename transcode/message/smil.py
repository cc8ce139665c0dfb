"""The presentation of a message: the SMIL subset of OMA MMS Conformance."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.model import Slide

__all__ = ["to_bytes"]

#: Media elements by the major content type.
_ELEMENTS = {"image": "img", "video": "video", "audio": "audio", "text": "text"}

#: Height of the picture's region when a text stands below it, in percent. The
#: screens are unknown, so lengths are in percent and the root has no size.
_IMAGE_SHARE = 70


def to_bytes(slides: Sequence[Slide]) -> bytes:
    """The presentation of these slides: one ``par`` each, one after the other.

    Regions are called ``Image`` and ``Text``, as handsets expect. Media are
    referred to by their Content-Location.

    Returns:
        The document in US-ASCII, without an XML declaration.
    """
    root = ElementTree.Element("smil")
    layout = ElementTree.SubElement(ElementTree.SubElement(root, "head"), "layout")
    ElementTree.SubElement(layout, "root-layout")
    _regions(layout, slides)
    body = ElementTree.SubElement(root, "body")
    for slide in slides:
        par = ElementTree.SubElement(body, "par", dur=f"{round(slide.duration * 1000)}ms")
        if slide.media is not None:
            _reference(par, slide.media.content_type, slide.media.content_location, "Image")
        if slide.text is not None:
            _reference(par, "text", slide.text.content_location, "Text")
    document: bytes = ElementTree.tostring(root, encoding="us-ascii", xml_declaration=False)
    return document


def _regions(layout: ElementTree.Element, slides: Sequence[Slide]) -> None:
    texts = any(slide.text is not None for slide in slides)
    media = any(slide.media is not None for slide in slides)
    split = _IMAGE_SHARE if texts and media else 100 if media else 0
    if media:
        _region(layout, "Image", top=0, height=split, fit="meet")
    if texts:
        _region(layout, "Text", top=split, height=100 - split, fit="scroll")


def _region(layout: ElementTree.Element, name: str, *, top: int, height: int, fit: str) -> None:
    box = {"left": "0%", "top": f"{top}%", "width": "100%", "height": f"{height}%"}
    ElementTree.SubElement(layout, "region", {"id": name, **box, "fit": fit})


def _reference(par: ElementTree.Element, content_type: str, location: str | None, region: str) -> None:
    element = _ELEMENTS[content_type.partition("/")[0]]
    ElementTree.SubElement(par, element, {"src": location or "", "region": region})
