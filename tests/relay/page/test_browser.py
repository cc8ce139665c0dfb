"""The page of a message in Chromium: opened, played, saved, deleted, at every width, and by keys."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import transcode
from tests.browser import Browser, Page
from tests.made.clips import clip as film
from tests.made.pictures import photo, save
from tests.made.sounds import container, sine
from tests.relay.conftest import config
from tests.relay.phone import Gateway, until
from tests.relay.reader import AGENT
from tests.relay.test_pages import Abuse, Senders, Sent
from tests.test_preview import HOSTILE, RED, amr, part
from transcode.model import Part, SlideParts
from transcode.relay.linking import Pages
from transcode.relay.model import State
from transcode.relay.server import running

#: One browser and one centre for all.
pytestmark = pytest.mark.xdist_group("pages")

SIZES = [(390, 844), (1280, 800)]
BUTTON = "document.getElementById('play').textContent"
STATUS = "document.getElementById('status').textContent"


@pytest.fixture(scope="module")
def senders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Senders]:
    gateway, abuse = Gateway(), Abuse()
    with gateway.running(), abuse.running():
        told = config(tmp_path_factory.mktemp("centre"), gateway, pages=Pages(operator="Example"))
        with running(told) as centre:
            yield Senders(centre, gateway, abuse)


def opened(
    browser: Browser,
    url: str,
    size: tuple[int, int] = SIZES[0],
    *,
    language: str = "en",
    dark: bool = False,
    script: bool = True,
) -> Page:
    """A page as somebody's browser shows it, which says that it is no robot."""
    shown = Page(browser, "about:blank#", size, dark=dark, watched=True)
    shown.command("Emulation.setUserAgentOverride", userAgent=AGENT, acceptLanguage=language)
    shown.command("Emulation.setScriptExecutionDisabled", value=not script)
    shown.command("Page.enable")
    shown.command("Page.navigate", url=url)
    shown.until("location.protocol === 'http:'")
    return shown


def problems(shown: Page, url: str) -> list[str]:
    """What the page said to the console, and what it asked for elsewhere."""
    origin = url[: url.index("/p/") + 3]
    allowed = (origin, origin[:-2] + "favicon.ico")
    return [one for one in shown.problems() if not one.startswith(allowed)]


@cache
def clips() -> dict[str, Part]:
    """Of each kind one: what browsers play, what they play without its sound or picture, and none of it."""
    made = bytes(film(seconds=0.5, sound=sine(0.5, 48_000)).data)
    old = transcode.Limits(60_000, formats=("video/3gpp",), codecs=("h263", "amr_nb"))
    return {
        "H.264 and AAC": part("video/mp4", made, "new.mp4"),
        "H.263 and AMR": part("video/3gpp", transcode.fit(made, old).data, "old.3gp"),
        "AMR": part("audio/amr", amr(), "tone.amr"),
        "WAV": part("audio/wav", bytes(container(sine(0.5, 8000)).data), "tone.wav"),
    }


def test_it_opens(browser: Browser, senders: Senders) -> None:
    """A page opens with its texts and its picture, and somebody sees it; the console says nothing."""
    sent = senders.send()
    shown = opened(browser, sent.url)
    assert shown.value("document.title") == "From the sea"
    assert shown.value("document.querySelector('.picture img').naturalWidth") == 320
    assert shown.value(STATUS) == "Slide 1 of 1, 5 sec"
    until(lambda: sent.delivery.state is State.VIEWED)
    assert problems(shown, sent.url) == []
    assert shown.value("document.cookie") == ""
    assert shown.value("document.querySelector('a[href^=sms]').textContent") == "Reply by SMS"
    shown.close()


def test_it_opens_without_scripts(browser: Browser, senders: Senders) -> None:
    """All slides are there, and it is a view all the same."""
    sent = senders.send(shown=SlideParts(RED, part("text/plain", b"Hello", "a.txt")))
    shown = opened(browser, sent.url, script=False)
    until(lambda: sent.page.views == 1)
    heights = "Array.from(document.querySelectorAll('.slide')).map(s => s.getBoundingClientRect().height > 0)"
    assert shown.value(heights) == [True]
    assert shown.value("getComputedStyle(document.querySelector('.controls')).display") == "none"
    assert shown.value("document.querySelectorAll('form').length") == 2
    shown.close()


@pytest.mark.parametrize("name", ["H.264 and AAC", "H.263 and AMR", "AMR", "WAV"])
def test_each_kind_plays_to_its_end(browser: Browser, senders: Senders, name: str) -> None:
    """Each kind plays with pictures and with sound, whatever it came in."""
    medium = clips()[name]
    is_clip = medium.content_type.startswith("video/")
    shows = SlideParts(medium, duration=0.7) if is_clip else SlideParts(RED, audio=medium, duration=0.7)
    sent = senders.send(shown=shows)
    shown = opened(browser, sent.url)
    shown.until("document.querySelector('audio, video').readyState >= 3")
    ends = "document.querySelector('audio, video').onended = () => { ended = true; }"
    shown.value(f"window.ended = false; {ends}")
    shown.click("#play")
    shown.until(f"{BUTTON} === 'Play again' || ended")
    shown.until("document.querySelector('audio, video').currentTime > 0.4")
    media = "document.querySelector('audio, video')"
    assert shown.value(f"{media}.error") is None
    assert shown.value(f"{media}.webkitAudioDecodedByteCount") > 0
    if is_clip:
        assert shown.value(f"{media}.videoWidth") > 0
        assert shown.value(f"{media}.webkitDecodedFrameCount") > 0
    assert problems(shown, sent.url) == []
    shown.close()


def test_it_seeks(browser: Browser, senders: Senders) -> None:
    sent = senders.send(shown=SlideParts(clips()["H.264 and AAC"]))
    shown = opened(browser, sent.url)
    shown.until("document.querySelector('video').readyState >= 3")
    clip = "document.querySelector('video')"
    shown.value(f"{clip}.currentTime = 0.3")
    shown.until(f"!{clip}.seeking && {clip}.currentTime >= 0.3")
    shown.close()


def test_the_large_picture_follows(browser: Browser, senders: Senders) -> None:
    """Its small one was there before; it takes the same place."""
    large = part("image/jpeg", save(photo(1600, 1200), quality=95), "large.jpg")
    sent = senders.send(shown=SlideParts(large))
    shown = opened(browser, sent.url)
    picture = "document.querySelector('.picture img')"
    shown.until(f"{picture}.naturalWidth === 1600")
    assert shown.value(f"{picture}.src").endswith("/2")
    assert 0 < shown.value(f"{picture}.getBoundingClientRect().width") <= 390
    asked = shown.value("performance.getEntriesByType('resource').map(one => one.name.split('/').pop())")
    assert [one for one in asked if one.startswith("2")] == ["2-small", "2"]
    shown.close()


def test_the_first_picture_is_there_before_others_begin(browser: Browser, senders: Senders) -> None:
    """On a slow line it has the line for itself, and less than 100,000 octets."""
    large = [part("image/jpeg", save(photo(1600, 1200, seed), quality=95), f"{seed}.jpg") for seed in (1, 2)]
    clip = part("video/mp4", bytes(film(sound=sine(1.0, 48_000)).data), "clip.mp4")
    sent = senders.send(
        shown=[SlideParts(large[0], audio=clips()["WAV"]), SlideParts(large[1]), SlideParts(clip)]
    )
    shown = opened(browser, sent.url)
    entries = (
        "performance.getEntriesByType('resource').filter(one => /\\/[0-9]+(-|$)/.test(one.name))"
        ".map(one => [one.name.split('/').pop(), one.startTime, one.responseEnd, one.encodedBodySize])"
    )
    shown.until(f"{entries}.length >= 6")
    found = sorted(shown.value(entries), key=lambda one: one[1])
    (first, second), others = found[:2], found[2:]
    assert [first[0], second[0], *sorted(one[0] for one in others)] == [
        *("2-small", "4-small"),
        *("2", "3-best", "4", "5"),
    ]
    assert second[1] >= first[2]
    assert min(one[1] for one in others) >= second[2]
    assert max(first[3], second[3]) < 100_000
    shown.close()


def test_parts_are_saved(browser: Browser, senders: Senders, tmp_path: Path) -> None:
    """Parts are saved as they are, as browsers know them, and all together."""
    sent = senders.send(shown=SlideParts(RED, audio=clips()["AMR"]))
    shown = opened(browser, sent.url)
    folder = str(tmp_path)
    browser.command("Browser.setDownloadBehavior", behavior="allow", downloadPath=folder, eventsEnabled=True)
    for link in ('a[download="red.png"]', 'a[href$="3-best?save"]', 'a[href$="all.zip"]'):
        shown.click(link)
        browser.event("Browser.downloadProgress", state="completed")
    found = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert found["red.png"] == RED.data
    assert len(found["tone.mp3"]) > 500
    assert any(name.endswith(".zip") for name in found)
    assert len(found) == 3
    shown.close()


def test_it_is_deleted(browser: Browser, senders: Senders) -> None:
    """A message is deleted in two steps; then the page says so, and nothing of the message is left."""
    sent = senders.send()
    shown = opened(browser, sent.url)
    assert shown.value("document.querySelector('form[action$=delete]').checkVisibility()") is False
    shown.click("details summary")
    shown.click("form[action$=delete] button")
    shown.until("document.title === 'This page is not there any more'")
    assert shown.value("document.body.innerText").count("It was deleted.") == 1
    assert "From the sea" not in shown.value("document.documentElement.outerHTML")
    assert sent.page.deleted_at is not None
    shown.close()


def test_abuse_is_reported(browser: Browser, senders: Senders) -> None:
    sent = senders.send()
    shown = opened(browser, sent.url)
    shown.value("document.querySelectorAll('details')[1].open = true")
    shown.click("input[value=threat]")
    shown.click("form[action$=report] button")
    shown.until("document.title === 'Reported'")
    assert [one.detail for one in senders.centre.store.trail(sent.delivery.id)][-1] == "threat"
    shown.click("a.button")
    shown.until("document.title === 'From the sea'")
    shown.close()


def test_what_is_not_there(browser: Browser, senders: Senders) -> None:
    """A wrong token says so in the browser's language."""
    url = f"{senders.centre.url}/p/{'A' * 22}"
    shown = opened(browser, url, language="de")
    assert shown.value("document.title") == "Eine solche Seite gibt es nicht"
    shown.close()


def test_hostile_messages_run_nothing(browser: Browser, senders: Senders) -> None:
    """Scripts in pages, pictures and names; opened on the page, and each by itself."""
    evil = "<script>document.title = 'x'; window.x = 1</script>"
    svg = f"<svg xmlns='http://www.w3.org/2000/svg' onload='window.x = 1'>{evil}</svg>"
    more = [
        Part("text/html", evil.encode(), content_id="a", content_location=HOSTILE),
        Part("image/svg+xml", svg.encode(), content_id="b", content_location="b.svg"),
        Part("application/xhtml+xml", evil.encode(), content_id="c", content_location="javascript:x=1"),
        Part("image/png", evil.encode(), content_id="d", content_location="d.png"),
    ]
    sent = senders.send(*more, shown=SlideParts(RED, part("text/plain", HOSTILE.encode(), "t.txt")))
    shown = opened(browser, sent.url)
    assert shown.value("document.title") == "From the sea"
    assert shown.value("document.scripts.length") == 1
    assert shown.value("window.x") is None
    assert problems(shown, sent.url) == []
    for number in range(1, 8):
        shown.command("Page.navigate", url=f"{sent.url}/{number}")
        # In a document without scripts no timer runs.
        shown.until("true")
        assert shown.value("document.title") != "x"
        assert shown.value("window.x") is None
        # What is saved leaves the page that was there.
        is_page = shown.value("location.pathname").count("/") == 2
        assert shown.value("document.querySelectorAll('script, svg').length") == is_page
    shown.close()


@pytest.fixture(scope="module")
def crowded(senders: Senders) -> Sent:
    """A message with a long text, a long name and a recording, which several tests look at."""
    long = part("text/plain", b"A_name_that_goes_on_without_a_blank_" * 6, f"{'long_' * 30}.txt")
    return senders.send(long, clips()["AMR"])


@pytest.mark.parametrize(
    ("language", "size", "dark"),
    [
        ("en", SIZES[0], False),
        ("de", SIZES[1], True),
        ("ar", SIZES[0], True),
        ("ar", SIZES[1], False),
    ],
)
def test_anybody_can_use_it(
    browser: Browser, crowded: Sent, language: str, size: tuple[int, int], dark: bool
) -> None:
    """Nothing overflows at any width, in dark and light, from both sides, and axe-core finds nothing."""
    shown = opened(browser, crowded.url, size, language=language, dark=dark)
    assert shown.value("document.documentElement.dir") == ("rtl" if language == "ar" else "ltr")
    shown.value("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert shown.value("[document.documentElement.scrollWidth, document.body.scrollWidth]") == [size[0]] * 2
    assert shown.violations() == []
    shown.close()


def test_axe_finds_what_is_wrong(browser: Browser, crowded: Sent) -> None:
    """So that no violation means something."""
    shown = opened(browser, crowded.url)
    shown.value("document.querySelector('.picture img').removeAttribute('alt')")
    assert shown.violations() == ["image-alt"]
    shown.close()


def test_keys(browser: Browser, crowded: Sent) -> None:
    """The first key leads to the slides; every control has the focus in turn, and shows it."""
    shown = opened(browser, crowded.url)
    seen = []
    for _ in range(14):
        shown.press("Tab", 9)
        seen.append(shown.value("(e => e.id || e.className || e.tagName)(document.activeElement)"))
        if seen[-1] != "BODY":
            assert shown.value("getComputedStyle(document.activeElement).outlineStyle") != "none"
    assert seen[0] == "skip"
    assert {"play", "button main", "save", "button", "SUMMARY"} <= set(seen)
    shown.close()
