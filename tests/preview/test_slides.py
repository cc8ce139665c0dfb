"""Slides whose media come from elsewhere, in another language than English."""

from __future__ import annotations

from tests.test_preview import BLUE, RED, Tags, part
from transcode.model import Part, SlideParts
from transcode.preview.slides import English, Shown, Slideshow, Sources, Words

SOUND = part("audio/amr", b"#!AMR\n", "tone.amr")
CLIP = part("video/mp4", b"clip", "clip.mp4")


class Elsewhere(Sources):
    """Media at addresses; of a picture there is a small one and a large one."""

    def medium(self, part: Part, *, is_sound: bool) -> Shown | str:
        if part is CLIP:
            return 'which "nobody" shows'
        address = f"/p/{part.content_location}?a&b"
        if is_sound:
            return Shown("audio", address, is_loaded=True)
        return Shown("image", address, f"/large/{part.content_location}", is_loaded=True)


class Loud(Words):
    """English in capitals, with quotes."""

    def say(self, text: str, /, **values: object) -> str:
        return f'"{text.format(**values).upper()}"'

    def span(self, seconds: float) -> str:
        return f'"{seconds}"'


def drawn(words: Words, *slides: SlideParts) -> Tags:
    return Tags(Slideshow(Elsewhere(), words).html(slides, text_first=False))


def test_only_the_first_medium_is_fetched_at_once() -> None:
    """Later pictures are lazy, of later sounds nothing is fetched, and a large picture has a link."""
    tags = drawn(English(), SlideParts(RED, audio=SOUND), SlideParts(BLUE))
    first, second = tags.named("img")
    assert (first["src"], first["data-better"]) == ("/p/red.png?a&b", "/large/red.png")
    assert "loading" not in first
    assert second["loading"] == "lazy"
    assert [one["href"] for one in tags.named("a")] == ["/large/red.png", "/large/blue.png"]
    (later,) = tags.named("audio")
    assert (later["preload"], "data-later" in later) == ("none", True)
    (alone,) = drawn(English(), SlideParts(audio=SOUND)).named("audio")
    assert (alone["preload"], "data-later" in alone) == ("metadata", False)


def test_every_word_is_in_the_language() -> None:
    """Labels too; quotes of a translation end no attribute."""
    tags = drawn(
        Loud(),
        SlideParts(RED, part("text/plain", b"text", "a.txt"), SOUND),
        SlideParts(RED),
        SlideParts(CLIP),
    )
    labels = [
        one[name]
        for _, one in tags.found
        for name in ("aria-label", "alt", "data-label", "data-span")
        if name in one
    ]
    assert len(labels) > 12
    assert all(label.startswith('"') and label == label.upper() for label in labels)
    assert '"AS ON SLIDE 1"' in tags.text
    assert 'which "nobody" shows' in tags.text
    words = tags.named("section")[0]["data-words"]
    assert "{NUMBER}" in words
    assert "PLAY AGAIN" in words


def test_nothing_to_show() -> None:
    assert '"THIS MESSAGE SHOWS NOTHING."' in drawn(Loud()).text
