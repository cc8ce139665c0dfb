"""The page in Chromium: played, paused, steered by keys, scrolled and saved from, as people do."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest

import transcode
from tests.browser import Browser, Page
from tests.test_preview import BLUE, HOSTILE, RED, SHOW, amr, message, part
from transcode.messages.message import Message
from transcode.model import SlideParts
from transcode.preview import page
from transcode.wire.mm1 import pdu_writer

#: One browser for all.
pytestmark = pytest.mark.xdist_group("browser")

SIZES = [(390, 844), (1280, 800)]
LONG = "A_name_that_goes_on_without_a_blank_" * 6
STATUS = "document.getElementById('status').textContent"
CLOCK = "document.getElementById('clock').textContent"
BUTTON = "document.getElementById('play').textContent"


def opened(
    browser: Browser,
    folder: Path,
    octets: bytes,
    size: tuple[int, int] = SIZES[0],
    *,
    limit: int | None = None,
    dark: bool = False,
    watched: bool = False,
) -> Page:
    file = folder / "page.html"
    file.write_bytes(page(octets, limit=limit))
    return Page(browser, file.as_uri(), size, dark=dark, watched=watched)


def short(duration: float) -> bytes:
    """Three slides: a picture, a clip and a sound."""
    profile = replace(
        transcode.find_profile("android-default"), formats=("video/mp4",), codecs=("h264", "aac")
    )
    clip = transcode.slideshow_clip([transcode.Slide(RED.data, duration=1.0)], profile)
    return message(
        SlideParts(BLUE, part("text/plain", b"one", "a.txt"), duration=duration),
        SlideParts(part("video/mp4", clip.data, "clip.mp4"), duration=duration),
        SlideParts(audio=part("audio/amr", amr(), "tone.amr"), duration=duration),
    )


def test_it_plays_to_its_end(browser: Browser, tmp_path: Path) -> None:
    """Each slide plays in turn with its clip and its sound; then it stops, and begins anew when asked."""
    shown = opened(browser, tmp_path, short(0.5), watched=True)
    shown.value(
        "window.seen = []; window.begun = []; window.played = [];"
        f"new MutationObserver(() => seen.push({STATUS})).observe("
        "document.getElementById('status'), {childList: true});"
        "document.querySelectorAll('audio, video').forEach(m => {"
        " m.addEventListener('play', () => begun.push(m.tagName));"
        " m.addEventListener('playing', () => played.push(m.tagName)); })"
    )
    shown.click("#play")
    shown.until(f"{BUTTON} === 'Play again'")
    assert shown.value("seen") == ["Slide 2 of 3, 0.5 s", "Slide 3 of 3, 0.5 s"]
    assert shown.value("begun") == ["VIDEO", "AUDIO"]
    # They are heard and seen too. A browser that waits for octets on a busy machine says it again.
    assert list(dict.fromkeys(shown.value("played"))) == ["VIDEO", "AUDIO"]
    assert shown.value("Array.from(document.querySelectorAll('audio, video')).every(m => m.paused)")
    assert shown.value("document.getElementById('progress').value") == 0.5
    assert shown.value(CLOCK) == "0:01 / 0:01"
    assert shown.problems() == []
    shown.click("#play")
    assert shown.value(BUTTON) == "Pause"
    assert shown.value("seen").count("Slide 1 of 3, 0.5 s") == 1


def test_it_pauses(browser: Browser, tmp_path: Path) -> None:
    """The time of the slide stands still, and goes on from there."""
    shown = opened(browser, tmp_path, message(replace(SHOW[0], duration=65.0)))
    assert shown.value(STATUS) == "Slide 1 of 1, 1 min 5 s"
    assert shown.value(CLOCK) == "0:00 / 1:05"
    shown.click("#play")
    shown.until("document.getElementById('progress').value > 0.2")
    shown.click("#play")
    assert shown.value(BUTTON) == "Play"
    passed = shown.value("document.getElementById('progress').value")
    shown.value("new Promise(done => setTimeout(done, 300))")
    assert shown.value("document.getElementById('progress').value") == passed
    shown.click("#play")
    shown.until(f"document.getElementById('progress').value > {passed}")


@pytest.mark.parametrize(
    ("seconds", "status", "clock"),
    [
        (0.04, "0.1 s", "0:00 / 0:01"),
        (3_540.0, "59 min", "0:00 / 59:00"),
        (3_600.0, "1 h", "0:00 / 1:00:00"),
    ],
)
def test_times_are_in_the_words_of_the_page(
    browser: Browser, tmp_path: Path, seconds: float, status: str, clock: str
) -> None:
    """The player says a time as the rest of the page does, and its clock has hours."""
    shown = opened(browser, tmp_path, message(replace(SHOW[0], duration=seconds)))
    assert shown.value(STATUS) == f"Slide 1 of 1, {status}"
    assert shown.value(CLOCK) == clock


@pytest.mark.parametrize("size", SIZES, ids=["phone", "desk"])
def test_nothing_to_play(browser: Browser, tmp_path: Path, size: tuple[int, int]) -> None:
    """Of a message without slides the page is as wide as the window, and its script ends without an error."""
    card = part("text/x-vcard", b"BEGIN:VCARD", "card.vcf")
    whole: Message = transcode.read(message())
    octets = pdu_writer.to_bytes(replace(whole, parts=(*whole.parts, card)))
    shown = opened(browser, tmp_path, octets, size, watched=True)
    assert shown.problems() == []
    assert shown.value("document.querySelector('.skip')") is None
    assert shown.value("document.documentElement.scrollWidth") == size[0]
    # The parts stand below the headers, in one column.
    left = "Array.from(document.querySelectorAll('.card')).map(card => card.getBoundingClientRect().left)"
    assert len(set(shown.value(left)[1:])) == 1


def test_keys(browser: Browser, tmp_path: Path) -> None:
    """Arrows, Home and End change slides; the space bar plays and pauses, on the button and off it."""
    shown = opened(browser, tmp_path, message(*SHOW, replace(SHOW[1], duration=60.0)))
    shown.value("document.getElementById('show').focus()")
    for key, code, slide in (("ArrowRight", 39, 2), ("ArrowLeft", 37, 1), ("End", 35, 3), ("Home", 36, 1)):
        shown.press(key, code)
        assert shown.value(STATUS).startswith(f"Slide {slide} of 3")
    for target in ("show", "play"):
        shown.value(f"document.getElementById('{target}').focus()")
        for words in ("Pause", "Play"):
            shown.press(" ", 32, " ")
            assert shown.value(BUTTON) == words


@pytest.mark.parametrize("size", SIZES, ids=["phone", "desk"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_overflows(browser: Browser, tmp_path: Path, size: tuple[int, int], dark: bool) -> None:
    """Long names, subjects, headers and oddities wrap; over the limit is red, on both papers."""
    image = replace(RED, content_location=f"{LONG}.png", name=None)
    octets = message(
        SlideParts(image, part("text/plain", LONG.encode(), "a.txt")),
        subject=LONG,
        headers=((f"X-{LONG}"[:200], LONG), ("X-Mms-Delivery-Report", True)),
    )
    shown = opened(browser, tmp_path, octets, size, limit=100, dark=dark)
    assert shown.value("document.documentElement.scrollWidth") == size[0]
    wide = (
        "Array.from(document.querySelectorAll('main *, header *')).filter("
        f"e => e.getBoundingClientRect().right > {size[0]} || e.scrollWidth > e.clientWidth + 1"
        " && getComputedStyle(e).overflowX !== 'visible').map(e => e.tagName)"
    )
    assert shown.value(wide) == []
    colours = "(e => [getComputedStyle(e).color, getComputedStyle(document.body).backgroundColor])"
    ink, paper = shown.value(f"{colours}(document.querySelector('p.over'))")
    red, green, blue = (int(word) for word in ink[4:-1].split(", "))
    assert red > 1.5 * max(green, blue)
    assert (sum(int(word) for word in paper[4:-1].split(", ")) < 300) is dark


def test_long_texts_say_that_they_scroll(browser: Browser, tmp_path: Path) -> None:
    """Until their end is reached; short texts do not."""
    long = part("text/plain", b"Words of a long text. " * 200, "long.txt")
    shown = opened(browser, tmp_path, message(SlideParts(RED, long), SHOW[1], SHOW[0]))
    text = "document.querySelector('.slide:not([hidden]) .text')"
    assert shown.value(f"{text}.classList.contains('more')") is True
    assert "more" in shown.value(f"getComputedStyle({text}, '::after').content")
    shown.value(f"{text}.scrollTop = {text}.scrollHeight")
    shown.until(f"!{text}.classList.contains('more')")
    shown.value(f"{text}.scrollTop = 0")
    shown.until(f"{text}.classList.contains('more')")
    shown.click("#next")
    shown.click("#next")
    assert shown.value(f"{text}.classList.contains('more')") is False


def test_parts_are_saved_as_they_are(browser: Browser, tmp_path: Path) -> None:
    """Parts keep octets and names, also where a phone's sound was decoded for the page."""
    sound = part("audio/amr", amr(), "tone.amr")
    octets = message(*SHOW, SlideParts(audio=sound))
    folder = tmp_path / "saved"
    folder.mkdir()
    shown = opened(browser, tmp_path, octets)
    browser.command(
        "Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder), eventsEnabled=True
    )
    parts = transcode.read(octets).parts
    wanted = {one.content_location or "": bytes(one.data) for one in parts}
    for name in wanted:
        shown.click(f'a[download="{name}"]')
        browser.event("Browser.downloadProgress", state="completed")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == wanted


def test_foreign_names_run_nothing(browser: Browser, tmp_path: Path) -> None:
    """Names with markup stay text, in links too, and what they name is no page."""
    evil = part("text/html", b"<script>document.title = 'x'</script>", "evil.html")
    image = replace(RED, content_location=HOSTILE, name=HOSTILE)
    whole: Message = transcode.read(message(SlideParts(image)))
    octets = pdu_writer.to_bytes(replace(whole, parts=(*whole.parts, evil)))
    shown = opened(browser, tmp_path, octets)
    assert shown.value("document.title") == "Message without a subject"
    assert shown.value("document.scripts.length") == 1
    link = shown.value("document.querySelector('a[download=\"evil.html\"]').href")
    assert base64.b64decode(link.removeprefix("data:application/octet-stream;base64,")) == evil.data
