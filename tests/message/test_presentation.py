"""Presentations that an adaptation writes anew: regions and times stay; what does not is named."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

import transcode
from tests.made import clips, sounds
from tests.made.pictures import photo, save
from transcode.message import smil
from transcode.messages.message import Message
from transcode.model import Limits, Part
from transcode.profile import Profile

CLIP = Part("video/mp4", clips.clip(seconds=1).data, content_location="v.mp4")
PHOTO = Part("image/jpeg", save(photo(120, 90), "JPEG"), content_location="p.jpg")
SOUND = Part("audio/mp4", sounds.container(sounds.sine(0.5)).data, content_location="a.m4a")
TEXT = Part("text/plain", b"words", content_location="t.txt")
PHONE = replace(
    Profile.from_limits(Limits(60_000, 640, 480, formats=("image/jpeg",))),
    codecs=(),
)
SCREEN = (
    '<root-layout width="176" height="208" background-color="#0000ff"/>'
    '<region id="Pic" left="0" top="0" width="176" height="104" fit="meet"/>'
    '<region id="Words" left="44" top="104" width="88" height="104" fit="scroll"/>'
)


def adapted(body: str, *parts: Part, layout: str = SCREEN, root: str = "smil") -> tuple[Message, str]:
    """The message as the phone reads it, and what is said of the presentation."""
    document = f"<{root}><head><layout>{layout}</layout></head><body>{body}</body></smil>"
    shown = Part("application/smil", document.encode(), content_id="smil")
    message = replace(Message(), parts=(shown, *parts))
    made = transcode.adapt(message, PHONE)
    (words,) = (one.notes[0].text for one in made.reports if one.source == "presentation")
    return transcode.read(made.to_mm1(strict=False)), words


def elements(message: Message, name: str) -> list[dict[str, str]]:
    assert message.smil is not None
    return [one.attrib for one in ElementTree.fromstring(bytes(message.smil.data)).iter(name)]


def test_regions_and_times_stay() -> None:
    """A clip that becomes a picture keeps its region and times; the text its own, and its parameters."""
    body = (
        '<par dur="6s"><video src="v.mp4" region="Pic" begin="1s" end="4s" alt="a clip"/>'
        '<text src="t.txt" region="Words" begin="2s"><param name="textsize" value="small"/></text></par>'
        '<par begin="1s" dur="3s"><img src="p.jpg" region="Pic" end="2s"/></par>'
    )
    made, words = adapted(body, CLIP, TEXT, PHOTO, root='smil xmlns="http://www.w3.org/2001/SMIL20/Language"')
    assert words == "written for the parts that changed"
    assert elements(made, "region") == [
        {"id": "Pic", "left": "0%", "top": "0%", "width": "100%", "height": "50%", "fit": "meet"},
        {"id": "Words", "left": "25%", "top": "50%", "width": "50%", "height": "50%", "fit": "scroll"},
    ]
    assert elements(made, "root-layout") == [{"background-color": "#0000ff"}]
    assert elements(made, "par") == [{"dur": "6000ms"}, {"dur": "3000ms", "begin": "1s"}]
    assert elements(made, "img") == [
        {"src": "v.jpg", "region": "Pic", "begin": "1s", "end": "4s", "alt": "a clip"},
        {"src": "p.jpg", "region": "Pic", "end": "2s"},
    ]
    assert elements(made, "text") == [{"src": "t.txt", "region": "Words", "begin": "2s"}]
    assert elements(made, "param") == [{"name": "textsize", "value": "small"}]


def test_a_line_in_place_of_a_medium_keeps_its_times() -> None:
    """It is where the document shows text."""
    body = '<par dur="4s"><img src="p.jpg" region="Pic"/><audio src="a.m4a" begin="500ms"/></par>'
    made, _ = adapted(body, PHOTO, SOUND)
    assert elements(made, "text") == [{"src": "a.txt", "begin": "500ms", "region": "Words"}]
    assert elements(made, "audio") == []


@pytest.mark.parametrize(
    "layout",
    [
        '<region id="Pic" width="100%" height="100%"/>',
        '<region id="Pic" width="100%" height="100%"/><region id="Text" width="100%" height="100%"/>',
    ],
)
def test_a_text_gets_a_region_that_covers_no_picture(layout: str) -> None:
    made, _ = adapted('<par><video src="v.mp4" region="Pic"/></par>', CLIP, layout=layout)
    (text,) = elements(made, "text")
    (image,) = elements(made, "img")
    boxes = {one["id"]: one for one in elements(made, "region")}
    assert (boxes[image["region"]]["top"], boxes[image["region"]]["height"]) == ("0%", "70%")
    assert (boxes[text["region"]]["top"], boxes[text["region"]]["height"]) == ("70%", "30%")


def test_a_picture_that_is_gone_leaves_its_region_to_its_line() -> None:
    broken = replace(PHOTO, data=b"\xff\xd8\xff broken")
    layout = '<region id="Pic" width="100%" height="100%"/>'
    made, _ = adapted('<par><img src="p.jpg" region="Pic"/></par>', broken, layout=layout)
    assert elements(made, "text") == [{"src": "p.txt", "region": "Pic"}]


@pytest.mark.parametrize(
    ("body", "lost"),
    [
        ('<par><video src="v.mp4" begin="x.end" transIn="w"/></par>', "; without begin, transIn"),
        ('<par repeatCount="2"><video src="v.mp4"/><animate/></par>', "; without repeatCount, animate"),
        (f'<par><video src="v.mp4" alt="{"x" * 300}" title="t"/></par>', "; without alt"),
    ],
)
def test_what_is_not_kept_is_named(body: str, lost: str) -> None:
    assert adapted(body, CLIP)[1] == f"written for the parts that changed{lost}"


def test_one_that_cannot_be_read_is_told() -> None:
    shown = Part("application/smil", b"<smil><body>", content_id="smil")
    made = transcode.adapt(replace(Message(), parts=(shown, CLIP)), PHONE)
    assert made.reports[-1].notes[0].text.endswith("; it could not be read")


def test_a_medium_lasts_from_its_begin() -> None:
    """A slide without a duration ends with its last medium."""
    document = '<smil><body><par><img src="p.jpg" begin="2s" dur="3s"/></par></body></smil>'
    message = replace(Message(), parts=(Part("application/smil", document.encode()), PHOTO))
    assert [slide.duration for slide in smil.slides(message)] == [5.0]


def test_a_slide_keeps_its_own_text() -> None:
    """A picture of two slides is gone: one has a text, which has the line; the other shows the line alone."""
    broken = replace(PHOTO, data=b"\xff\xd8\xff broken")
    body = '<par><img src="p.jpg"/><text src="t.txt"/></par><par><img src="p.jpg"/></par>'
    made, _ = adapted(body, broken, TEXT)
    assert [one["src"] for one in elements(made, "text")] == ["t.txt", "p.txt"]
    assert len(smil.slides(made)) == 2
