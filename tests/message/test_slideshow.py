"""Slides: which medium goes where, and how long it is shown."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

import transcode
from tests.made.pictures import photo, save
from transcode.message import slideshow
from transcode.message.slideshow import LEAST_SECONDS, PlannedSlide, durations
from transcode.model import Slide
from transcode.profile import find_profile

PICTURE = save(photo(60, 40))
SOUND = b"#!AMR\n" + bytes(64)
CLIP = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"
VCARD = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Doe;Jane\r\nEND:VCARD\r\n"


def roles(plan: slideshow.Plan) -> list[str]:
    return [
        "".join(
            letter
            for letter, there in (("i", slide.image), ("a", slide.audio), ("t", slide.text))
            if there is not None
        )
        for slide in plan.slides
    ]


def test_media_find_their_slides() -> None:
    """Each picture has a slide; a sound joins the picture before it, but no clip and no second sound."""
    assert roles(slideshow.plan([PICTURE, SOUND, PICTURE, CLIP, SOUND, SOUND])) == ["ia", "i", "i", "a", "a"]
    assert roles(slideshow.plan(SOUND)) == ["a"]
    assert roles(slideshow.plan(io.BytesIO(PICTURE), text="Hi")) == ["it"]
    assert roles(slideshow.plan([Slide(text="one"), Slide(image=PICTURE, text="two", audio=SOUND)])) == [
        "t",
        "iat",
    ]


@pytest.mark.parametrize(
    ("data", "kind", "location"),
    [
        (VCARD, "text/x-vcard", "card1.vcf"),
        (b"\xef\xbb\xbf" + VCARD, "text/x-vcard", "card1.vcf"),
        (b"BEGIN:VCALENDAR\r\nVERSION:1.0\r\nEND:VCALENDAR\r\n", "text/x-vcalendar", "card1.vcs"),
        (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n", "text/calendar", "card1.ics"),
    ],
)
def test_cards(data: bytes, kind: str, location: str) -> None:
    """vCards and calendar entries of both versions travel along, octet for octet."""
    found = transcode.read(
        transcode.compose([PICTURE, data], find_profile("us-att"), to=["+15555550100"]).to_mm1()
    )
    card = found.parts[-1]
    assert (card.content_type, card.content_location, bytes(card.data)) == (kind, location, data)
    assert location not in found.parts[0].text


def test_refusals() -> None:
    """An empty slide, a text that is none, a time that is none, nothing at all, two texts in one place."""
    for arguments in (
        {},
        {"text": ""},
        {"text": b"a"},
        {"text": "a", "duration": 0},
        {"text": "a", "duration": -1},
    ):
        with pytest.raises(transcode.MessageError):
            Slide(**arguments)
    with pytest.raises(transcode.MessageError, match="nothing to send"):
        slideshow.plan([])
    with pytest.raises(transcode.MessageError, match="has two texts"):
        slideshow.plan([Slide(text="a")], text="b")


def test_usual_durations() -> None:
    """Five seconds, the sound's length, the time to read a long text, or what the user says."""
    slides = [
        PlannedSlide(),
        PlannedSlide(),
        PlannedSlide(text="word " * 40),
        PlannedSlide(text="word " * 40, duration=3.0),
    ]
    assert durations(slides, [0, 7.5, 0, 0], 40) == [5, 7.5, 15, 3]
    assert durations(slides, [0, 0, 0, 0], 10) == [5, 5, 15, 3]


def test_slides_are_shortened_before_sounds() -> None:
    """Stills give up time down to two seconds each, then the longest sounds are cut to one length."""
    slides = [PlannedSlide() for _ in range(4)]
    assert durations(slides, [0, 30, 0, 0], 40) == pytest.approx([10 / 3, 30, 10 / 3, 10 / 3])
    assert durations(slides, [0, 38, 0, 0], 40) == pytest.approx([2, 34, 2, 2])
    assert durations(slides, [30, 5, 40, 0], 40) == pytest.approx([16.5, 5, 16.5, 2])


@given(
    st.lists(
        st.tuples(
            st.one_of(st.just(0.0), st.floats(0.2, 600)),
            st.integers(0, 200),
            st.one_of(st.none(), st.floats(0.5, 30)),
        ),
        min_size=1,
        max_size=10,
    ),
    st.floats(25, 60),
)
def test_durations_keep_to_the_limit(slides: list[tuple[float, int, float | None]], most: float) -> None:
    """With any sound the whole keeps to the limit wherever stills leave room; nobody gets longer by it."""
    planned = [PlannedSlide(text="w " * words, duration=wish) for _, words, wish in slides]
    timed = [seconds for seconds, _, _ in slides]
    shown = durations(planned, timed, most)
    unlimited = durations(planned, timed, float("inf"))
    assert all(0 <= new <= old + 1e-9 for new, old in zip(shown, unlimited, strict=True))
    if any(timed):
        stills = sum(LEAST_SECONDS if wish is None else wish for seconds, _, wish in slides if not seconds)
        assert sum(shown) <= max(most, stills) + 1e-6
    else:
        assert shown == unlimited
