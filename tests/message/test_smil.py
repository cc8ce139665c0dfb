"""Presentations keep to the subset that handsets know."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

import transcode
from transcode.message import smil
from transcode.messages.message import Message
from transcode.model import Part, SlideParts

IMAGE = Part("image/jpeg", b"", content_id="image1", content_location="image1.jpg")
CLIP = Part("video/mp4", b"", content_id="video1", content_location="video1.mp4")
SOUND = Part("audio/amr", b"", content_id="audio1", content_location="audio1.amr")
TEXT = Part("text/plain", b"", content_id="text1", content_location="text1.txt")


def test_picture_and_text() -> None:
    """A slide with both has two regions, Image above Text, that share the screen."""
    root = ElementTree.fromstring(smil.to_bytes([SlideParts(IMAGE, TEXT), SlideParts(IMAGE, duration=2.5)]))
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
    """A slide without text has one region."""
    root = ElementTree.fromstring(smil.to_bytes([SlideParts(IMAGE)]))
    assert [(r.get("id"), r.get("height")) for r in root.iter("region")] == [("Image", "100%")]


def test_text_only() -> None:
    """The text of a slide without a picture has the whole screen."""
    root = ElementTree.fromstring(smil.to_bytes([SlideParts(text=TEXT)]))
    assert [(r.get("id"), r.get("top"), r.get("height")) for r in root.iter("region")] == [
        ("Text", "0%", "100%")
    ]


def test_plain_ascii_without_declaration() -> None:
    """No XML declaration, no DOCTYPE, no namespace, and names are escaped."""
    data = smil.to_bytes([SlideParts(Part("image/png", b"", content_location='a"<ü>.png'))])
    assert data.startswith(b"<smil>")
    assert data.isascii()
    assert [e.get("src") for e in ElementTree.fromstring(data).iter("img")] == ['a"<ü>.png']


def test_text_first() -> None:
    """A layout has the text above the picture."""
    root = ElementTree.fromstring(smil.to_bytes([SlideParts(IMAGE, TEXT)], text_first=True))
    tops = {region.get("id"): (region.get("top"), region.get("height")) for region in root.iter("region")}
    assert tops == {"Image": ("30%", "70%"), "Text": ("0%", "30%")}


def test_sound_and_clip() -> None:
    """A clip stands in the picture's region, a sound in none."""
    slide = SlideParts(CLIP, audio=SOUND, duration=12)
    (par,) = ElementTree.fromstring(smil.to_bytes([slide])).iter("par")
    assert [(e.tag, e.attrib) for e in par] == [
        ("video", {"src": "video1.mp4", "region": "Image"}),
        ("audio", {"src": "audio1.amr"}),
    ]


def message(presentation: str | bytes | None, *parts: Part) -> Message:
    data = presentation.encode() if isinstance(presentation, str) else presentation
    first = () if data is None else (Part("application/smil", data, content_id="smil"),)
    return Message(parts=(*first, *parts))


@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, IMAGE, CLIP]),
            st.sampled_from([None, TEXT]),
            st.sampled_from([None, SOUND]),
            st.floats(0.5, 3000),
        ).filter(lambda slide: slide[:3] != (None, None, None)),
        min_size=1,
        max_size=5,
    ),
    st.booleans(),
)
def test_what_is_written_is_read(
    given_slides: list[tuple[Part | None, Part | None, Part | None, float]], text_first: bool
) -> None:
    """Reading a presentation gives the slides that it was made of."""
    slides = [SlideParts(*given_slide) for given_slide in given_slides]
    parts = [part for slide in slides for part in (slide.image, slide.text, slide.audio) if part]
    unique = tuple({id(part): part for part in parts}.values())
    found = smil.slides(message(smil.to_bytes(slides, text_first=text_first), *unique))
    assert [replace(slide, duration=0.0) for slide in found] == [
        replace(slide, duration=0.0) for slide in slides
    ]
    assert [slide.duration for slide in found] == pytest.approx(
        [slide.duration for slide in slides], abs=0.0006
    )


@pytest.mark.parametrize(
    ("clock", "seconds"),
    [
        ("5s", 5),
        ("5000ms", 5),
        ("2.5s", 2.5),
        ("7", 7),
        ("1min", 60),
        ("0.1h", 360),
        ("01:30", 90),
        ("0:00:02.5", 2.5),
        ("indefinite", 5),
        ("", 5),
        ("0s", 5),
        ("-3s", 5),
        ("99999h", 3600),
    ],
)
def test_clock_values(clock: str, seconds: float) -> None:
    """Every form of a duration; five seconds for what says nothing."""
    body = f'<smil><body><par dur="{clock}"><img src="image1.jpg"/></par></body></smil>'
    (slide,) = smil.slides(message(body, IMAGE))
    assert slide.duration == pytest.approx(seconds)


def test_forgotten_and_missing_media() -> None:
    """What the presentation forgets is shown last; what is not there is passed over; cards are not shown."""
    card = Part("text/x-vcard", b"", content_location="card1.vcf")
    pars = '<par><img src="gone.jpg"/></par><par dur="1s"><text src="cid:text1"/></par>'
    body = f"<smil><body>{pars}</body></smil>"
    assert smil.slides(message(body, CLIP, TEXT, card, SOUND)) == (
        SlideParts(text=TEXT, duration=1.0),
        SlideParts(image=CLIP, audio=SOUND),
    )


@pytest.mark.parametrize(
    "presentation",
    [
        None,
        "<smil><body><par>",
        b"\xff\xfe",
        '<!DOCTYPE s [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><smil><body><text src="&c;"/></body></smil>',
    ],
    ids=["none", "cut", "no XML", "entities"],
)
def test_without_a_readable_presentation(presentation: str | bytes | None) -> None:
    """Parts are shown in order, a text and a sound with the picture before them."""
    second = replace(TEXT, content_id="text2")
    assert smil.slides(message(presentation, IMAGE, TEXT, SOUND, second, CLIP)) == (
        SlideParts(IMAGE, TEXT, SOUND),
        SlideParts(text=second),
        SlideParts(CLIP),
    )


def test_ids_before_locations() -> None:
    """ "cid:" asks for the Content-ID first, a bare name for the location."""
    one = Part("image/png", b"", content_id="a", content_location="b")
    two = Part("image/png", b"", content_id="b", content_location="a")
    for source, expected in (("cid:a", one), ("CID:&lt;b&gt;", two), ("a", two), ("b", one)):
        body = f'<smil><body><img src="{source}"/></body></smil>'
        assert smil.slides(message(body, one, two))[0].image is expected


def test_references_resolve_by_any_name() -> None:
    """References are ids, locations, names or file names, percent-encoded or not; some have no part."""
    first = Part("image/png", b"1", content_id="a b", content_location="loc.png")
    second = Part("image/png", b"2", name="name.png", disposition="inline", filename="file.png")
    parts = (first, second)
    for reference, part in (
        ("cid:a b", first),
        ("cid:a%20b", first),
        ("a%20b", first),
        ("loc.png", first),
        (" <loc.png> ", first),
        ("name.png", second),
        ("cid:name.png", second),
        ("file.png", second),
        ("other.png", None),
        ("cid:", None),
        ("", None),
    ):
        assert smil.resolve(reference, parts) is part, reference


@pytest.mark.parametrize(
    ("location", "reference"),
    [
        ("  lead.png", "lead.png"),
        ("trail.png ", "cid:trail.png"),
        ("a  b.png", "a b.png"),
        ("a b.png", "a\tb.png"),
        ("a b.png", "a%0D%0Ab.png"),
        ("c.png", "./c.png"),
        ("./c.png", "c.png"),
        ("%3Cd.png%3E", "<d.png>"),
        ("<d.png>", "%3Cd.png%3E"),
        ("cid:e", "cid:e"),
        ("été.png", "=?utf-8?B?w6l0w6kucG5n?="),
        ("été.png", "=?utf-8?Q?%3DC3%3DA9t%3DC3%3DA9.png?="),
    ],
)
def test_spellings_of_a_reference(location: str, reference: str) -> None:
    """Blanks, line ends, ``./`` and encoded words are in the header or in the presentation, or in both."""
    part = Part("image/png", b"", content_location=location)
    other = Part("image/png", b"", content_location="other.png")
    assert smil.resolve(reference, (other, part)) is part
    assert smil.resolve("=?nonsense?B?w6k=?=", (other, part)) is None


def test_real_presentations(shared: Path) -> None:
    """In every real message all media are on a slide, each once, and slides have durations."""
    seen = 0
    for path in sorted((shared / "vectors" / "pdu").rglob("*")):
        if not path.is_file() or path.suffix in (".md", ".json"):
            continue
        try:
            found = transcode.read(path.read_bytes())
        except transcode.PduError:
            continue
        slides = smil.slides(found)
        shown = [id(part) for slide in slides for part in (slide.image, slide.text, slide.audio) if part]
        media = [
            part
            for part in found.parts
            if part.content_type == "text/plain"
            or part.content_type.partition("/")[0] in ("image", "audio", "video")
        ]
        assert sorted(shown) == sorted(id(part) for part in media), path
        assert all(0 < slide.duration <= 60 for slide in slides), path
        seen += found.smil is not None
    assert seen >= 15


@pytest.mark.parametrize("name", ["seq", "par", "switch", "a", "x"])
def test_nesting_of_any_depth(name: str) -> None:
    """Many times deeper than Python may recurse; a slide within slides is one with them."""
    depth = 50_000
    opened, closed = f"<{name}>" * depth, f"</{name}>" * depth
    body = '<par dur="7s"><img src="image1.jpg"/><text src="text1.txt"/></par>'
    found = smil.slides(message(f"<smil><body>{opened}{body}{closed}</body></smil>", IMAGE, TEXT))
    assert [(slide.image, slide.text) for slide in found] == [(IMAGE, TEXT)]
    assert smil.has_text_first(message(f"<smil><head>{opened}{closed}</head></smil>")) is False


def test_parts_are_looked_up_once() -> None:
    """Parts are looked up once, for any number of parts and references."""

    class Counted(str):
        reads = 0

        def strip(self, *letters: str | None) -> str:
            Counted.reads += 1
            return super().strip(*letters)

    parts = [Part("image/png", b"", content_location=Counted(f"{number}.png")) for number in range(500)]
    pars = "".join(f'<par><img src="{number % 500}.png"/></par>' for number in range(2000))
    found = smil.slides(message(f"<smil><body>{pars}</body></smil>", *parts))
    assert [slide.image for slide in found] == parts * 4
    assert Counted.reads <= 4 * len(parts)
