"""HTML previews of messages: completeness, safety with hostile messages, and rendering in a browser."""

from __future__ import annotations

import base64
import re
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import transcode
from tests.browser import OPTIONS, browser_path
from tests.made.pictures import save
from tests.made.soap import said
from tests.made.sounds import container, sine
from transcode.message import smil
from transcode.messages.message import Message
from transcode.model import Part, SlideParts
from transcode.preview import page
from transcode.wire.mm1 import pdu_writer
from transcode.wire.mm7 import mm7

HOSTILE = "</script><script>document.title='x'</script><img src=x onerror=\"document.title='x'\">'\"&"


class Tags(HTMLParser):
    """A parser that collects the elements of a page with their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def named(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.found if name == tag]


def colour(red: int, green: int, blue: int) -> bytes:
    return save(Image.new("RGB", (320, 240), (red, green, blue)), "PNG")


def amr() -> bytes:
    limits = transcode.Limits(5_000, formats=("audio/amr",), codecs=("amr_nb",))
    return transcode.fit(container(sine(1.0, 8000)).data, limits).data


def message(*slides: SlideParts, text_first: bool = False, **changes: object) -> bytes:
    """A PDU of the given slides with a presentation."""
    presentation = Part(
        smil.CONTENT_TYPE,
        smil.to_bytes(slides, text_first=text_first),
        content_id="smil",
        content_location="smil.xml",
    )
    shown = [part for slide in slides for part in (slide.image, slide.text, slide.audio) if part is not None]
    parts = {id(part): part for part in shown}.values()
    made = Message(
        transaction_id="T1",
        to=("+15555550100/TYPE=PLMN",),
        parameters=(("type", "application/smil"), ("start", "<smil>")),
        parts=(presentation, *parts),
    )
    return pdu_writer.to_bytes(replace(made, **changes))  # type: ignore[arg-type]


def part(kind: str, data: bytes, name: str) -> Part:
    return Part(kind, data, content_id=name, content_location=name, charset="utf-8")


RED = part("image/png", colour(200, 20, 20), "red.png")
BLUE = part("image/png", colour(20, 20, 200), "blue.png")
SHOW = (
    SlideParts(RED, part("text/plain", "Grüße שלום 👋".encode(), "a.txt"), duration=3.0),
    SlideParts(BLUE, duration=2.5),
)


def test_everything_is_on_the_page() -> None:
    """A page has slides with durations, media as data URLs, texts, sizes, limit, report and attachments."""
    card = part("text/x-vcard", b"BEGIN:VCARD\r\nFN:Ann\r\nEND:VCARD\r\n", "ann.vcf")
    sound = SlideParts(audio=part("audio/amr", amr(), "tone.amr"), duration=1.0)
    octets = message(*SHOW, sound)
    whole = transcode.read(octets)
    octets = pdu_writer.to_bytes(replace(whole, parts=(*whole.parts, card), subject="Hello"))
    report = transcode.Report("a.jpg", "image/jpeg", 5, 9, 9, 8, 8, 7, quality=71.6, notes=())
    tags = Tags(page(octets, limit=100_000, reports=[report]).decode())
    slides = [attributes for attributes in tags.named("div") if "data-seconds" in attributes]
    assert [slide["data-seconds"] for slide in slides] == ["3", "2.5", "1"]
    assert [image["alt"] for image in tags.named("img")] == ["Picture of slide 1", "Picture of slide 2"]
    assert all(image["src"].startswith("data:image/png;base64,") for image in tags.named("img"))
    # Browsers can't play AMR.
    assert [one["src"][:14] for one in tags.named("audio")] == ["data:audio/wav"]
    for wanted in ("Grüße שלום 👋", "Hello", "+15555550100", f"{len(octets):,} of 100,000 bytes"):
        assert wanted in tags.text
    for wanted in (
        "red.png",
        "smil.xml",
        "ann.vcf",
        "FN:Ann",
        "a.jpg",
        "9 x 9 to 8 x 8 pixels",
        "quality 72/100",
    ):
        assert wanted in tags.text
    assert tags.named("meter")[0]["value"] == str(len(octets))


def test_it_loads_nothing() -> None:
    """The content security policy permits only the page's own content, and the page has no external URL."""
    made = page(message(*SHOW)).decode()
    tags = Tags(made)
    (policy,) = [
        one["content"] for one in tags.named("meta") if one.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert not re.search(r"https?://|//[a-z]", re.sub(r'"data:[^"]*"', "", made).replace("// ", ""))
    sources = [value for _, attributes in tags.found for name, value in attributes.items() if name == "src"]
    assert all(value.startswith("data:") for value in sources)
    assert page(message(*SHOW)).decode() == made


@pytest.fixture(scope="module")
def hostile() -> bytes:
    """A message with markup in every text field."""
    image = replace(RED, content_location=HOSTILE, name=HOSTILE)
    odd = replace(part("image/vnd.wap.wbmp", b"x", "odd"), content_location="&lt;b&gt;<b>")
    return message(
        SlideParts(image, part("text/plain", HOSTILE.encode(), "t.txt")),
        SlideParts(odd),
        subject=HOSTILE,
        sender=f"{HOSTILE}@a.example",
        headers=(("X-Own", HOSTILE),),
    )


def test_hostile_words_stay_words(hostile: bytes) -> None:
    """The page has only our script; no element or attribute comes from the message."""
    report = transcode.Report(HOSTILE, HOSTILE, 1, 1, 1, 1, 1, 1, notes=())
    tags = Tags(page(hostile, reports=[report]).decode())
    assert len(tags.named("script")) == 1
    assert len(tags.named("img")) == 1
    assert not [name for _, attributes in tags.found for name in attributes if name.startswith("on")]
    assert HOSTILE in tags.text


def test_text_above_the_picture() -> None:
    """The page follows the layout of the presentation."""
    classes = {
        first: [one.get("class") for one in Tags(page(made).decode()).named("div") if "data-seconds" in one]
        for first, made in ((True, message(*SHOW, text_first=True)), (False, message(*SHOW)))
    }
    assert classes == {True: ["slide text-first", "slide"], False: ["slide", "slide"]}


def test_broken_and_empty_messages() -> None:
    """A broken PDU raises; messages with broken media or without slides have a page."""
    with pytest.raises(transcode.PduError):
        page(b"\x8c")
    broken = part("audio/amr", b"#!AMR\n", "x.amr")
    made = Tags(page(message(SlideParts(audio=broken))).decode())
    assert "which can't be decoded" in made.text
    assert "shows nothing" in Tags(page(message()).decode()).text


def test_clips_that_browsers_do_not_play() -> None:
    """H.264 is embedded unchanged, also from 3GP; H.263 is re-encoded; a broken clip is described in text."""
    plain, old = (
        transcode.slideshow_clip(
            [transcode.Slide(RED.data, duration=1.0)],
            replace(transcode.find_profile("android-default"), formats=(kind,), codecs=codecs),
        )
        for kind, codecs in (("video/mp4", ("h264", "aac")), ("video/3gpp", ("h263", "amr_nb")))
    )
    for clip, same in ((plain, True), (old, False)):
        shown = Tags(page(message(SlideParts(part(clip.content_type, clip.data, "a")))).decode())
        (source,) = [one["src"] for one in shown.named("video")]
        assert source.startswith("data:video/mp4;base64,")
        data = base64.b64decode(source.partition(",")[2])
        assert (data == clip.data) is same
        assert b"avc1" in data
    broken = Tags(page(message(SlideParts(part("video/3gpp", plain.data[:99], "b")))).decode())
    assert "video/3gpp, which can't be decoded" in broken.text


def test_what_is_shown_again_is_on_the_page_once() -> None:
    """Media that thousands of nested slides refer to are on the page once."""
    sound = part("audio/amr", amr(), "a.amr")
    text = part("text/plain", b"Hello " * 500, "a.txt")
    par = b'<par><img src="red.png"/><text src="a.txt"/><audio src="a.amr"/></par>'
    pages = []
    for pars, depth in ((1, 1), (3000, 5000)):
        show = b"<smil><body>" + b"<seq>" * depth + par * pars + b"</seq>" * depth + b"</body></smil>"
        made = Message(
            to=("+15555550100/TYPE=PLMN",),
            transaction_id="T1",
            parts=(Part(smil.CONTENT_TYPE, show, content_id="smil"), RED, text, sound),
        )
        pages.append(page(pdu_writer.to_bytes(made)))
    once, often = pages
    for tag in ("img", "audio"):
        assert len(Tags(often.decode()).named(tag)) == len(Tags(once.decode()).named(tag)) == 1
    assert often.count(b"Hello " * 500) == 1
    assert len(often) < len(once) + 3000 * 1000 + 5000 * 50
    places = [one["data-same"] for one in Tags(often.decode()).named("p") if "data-same" in one]
    assert places == ["part-2"] * 2999


def test_over_the_limit_is_said() -> None:
    """The page of a message that exceeds the limit gives the excess in bytes, in red."""
    octets = message(*SHOW)
    tags = Tags(page(octets, limit=len(octets) - 7).decode())
    assert f"7 bytes over the limit of {len(octets) - 7:,} bytes" in tags.text
    assert [one.get("class") for one in tags.named("meter")] == ["over"]
    assert [one.get("class") for one in tags.named("p")].count("over") == 1
    tags = Tags(page(octets, limit=len(octets)).decode())
    assert "over the limit" not in tags.text
    assert [one.get("class") for one in tags.named("meter")] == [None]
    assert "over" not in [one.get("class") for one in tags.named("p")]


def test_a_limit_counts_the_pdu_of_a_mail() -> None:
    """A mail is not over the limit because base64 makes it longer, and both lengths are said."""
    octets = message(*SHOW, sender="+15555550199/TYPE=PLMN", headers=(("Date", 1_700_000_000),))
    sent: Message = transcode.read(octets)
    mail = bytes(sent.to_mm4())
    assert len(mail) > len(octets)
    tags = Tags(page(mail, limit=len(octets)).decode())
    assert (
        f"{len(octets):,} of {len(octets):,} bytes as MM1 (100.0%); {len(mail):,} bytes as MM4" in tags.text
    )
    assert [one.get("class") for one in tags.named("meter")] == [None]
    tags = Tags(page(mail, limit=len(octets) - 1).decode())
    assert f"1 bytes over the limit of {len(octets) - 1:,} bytes as MM1" in tags.text
    assert [one.get("class") for one in tags.named("meter")] == ["over"]
    assert f"{len(octets):,} bytes as MM1; {len(mail):,} bytes as MM4" in Tags(page(mail).decode()).text


def test_no_limit_counts_a_report() -> None:
    """An answer of MM7 has no PDU: its own length is said."""
    headers = (("StatusCode", 1000), ("StatusText", "Success"), ("MessageID", "M1"))
    answer = bytes(mm7.to_http(said("mm7-submit-rsp", *headers)))
    tags = Tags(page(answer, limit=10).decode())
    assert f"{len(answer):,} bytes" in tags.text
    assert tags.named("meter") == []


def test_headers_are_said_as_people_read_them() -> None:
    """Dates with their zone, spans in units, flags as yes and no; a flag that is no is not left out."""
    headers = (
        ("Date", 1_700_000_000),
        ("X-Mms-Expiry", ("relative", 259_200)),
        ("X-Mms-Delivery-Time", ("absolute", 1_893_549_845)),
        ("X-Mms-Delivery-Report", True),
        ("X-Mms-Read-Report", False),
    )
    text = Tags(page(message(*SHOW, headers=headers)).decode()).text
    for words in (
        "14 November 2023, 22:13:20 UTC",
        "after 3 days",
        "2 January 2030, 02:04:05 UTC",
        "X-Mms-Delivery-Reportyes",
        "X-Mms-Read-Reportno",
    ):
        assert words in text.replace("\n", "")


# --- In a browser -------------------------------------------------------------------------------------


def chromium(folder: Path, html: bytes, *options: str) -> str:
    """Load a page in headless Chromium, and return the output."""
    file = folder / "page.html"
    file.write_bytes(html)
    command = [browser_path(), *OPTIONS, f"--user-data-dir={folder / 'profile'}", *options, file.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=600).stdout


def near(pixels: NDArray[np.uint8], wanted: tuple[int, int, int]) -> float:
    """The share of pixels whose channels all differ by less than 12 from a colour."""
    return float(np.mean(np.abs(pixels.astype(int) - wanted).max(axis=2) < 12))


@pytest.mark.parametrize("size", [(390, 844), (1280, 800)], ids=["phone", "desk"])
def test_screenshot(tmp_path: Path, size: tuple[int, int]) -> None:
    """At phone and desktop sizes the first screen shows the first picture, large, and not the second."""
    shot = tmp_path / "shot.png"
    chromium(tmp_path, page(message(*SHOW)), f"--screenshot={shot}", f"--window-size={size[0]},{size[1]}")
    pixels = np.asarray(Image.open(shot).convert("RGB"))
    assert pixels.shape[:2] == (size[1], size[0])
    assert near(pixels, (200, 20, 20)) > 60_000 / (size[0] * size[1])
    assert near(pixels, (20, 20, 200)) == 0
    # The last columns are the margin, so no content overflows on the right.
    assert np.ptp(pixels[:, -4:].reshape(-1, 3), axis=0).max() == 0


#: A fake clock and fake timers instead of the browser's, so that the result does not depend on the speed of
#: the machine. The clock advances in the steps of 100 ms that the player requests.
CLOCK = b"""<script>
let now = 0, tick = null;
performance.now = () => now;
window.setInterval = (call) => { tick = call; return 1; };
window.clearInterval = () => { tick = null; };
</script>"""
PLAYED = """<script>
document.getElementById('play').click();
for (let step = 0; step < %d; step += 1) { now += 100; if (tick) tick(); }
</script></body>"""


def test_it_plays(tmp_path: Path, hostile: bytes) -> None:
    """Each slide is shown for its duration, and the last slide stays; hostile markup never runs."""
    for octets, seconds, expected in (
        (message(*SHOW), 2, "Slide 1 of 2, 3 s"),
        (message(*SHOW), 9, "Slide 2 of 2, 2.5 s"),
        (hostile, 4, "Slide 1 of 2, 5 s"),
    ):
        made = page(octets)
        # The content security policy would block the script of the clock.
        played = re.sub(rb'<meta http-equiv="Content-Security-Policy"[^>]*>', CLOCK, made)
        played = played.replace(b"</body>", (PLAYED % (10 * seconds)).encode())
        for html in (made, played):
            tags = Tags(chromium(tmp_path, html, "--dump-dom"))
            assert (
                len([one for one in tags.named("div") if "data-seconds" in one and "hidden" not in one]) == 1
            )
            assert tags.text.count("document.title='x'") >= (octets is hostile)
            (title,) = re.findall(r"^\s*(.*)$", tags.text.strip().splitlines()[0])
            assert title != "x"
        assert expected in tags.text


def test_what_is_shown_again_is_seen_again(tmp_path: Path) -> None:
    """The script copies a shared medium to each slide that shows it, under the slide's own name."""
    made = page(message(*SHOW, replace(SHOW[0], duration=4.0)))
    click = b"<script>document.getElementById('play').click()</script></body>"
    open_page = re.sub(rb'<meta http-equiv="Content-Security-Policy"[^>]*>', b"", made)
    dom = chromium(tmp_path, open_page.replace(b"</body>", click), "--dump-dom", "--virtual-time-budget=8000")
    tags = Tags(dom)
    assert "Slide 3 of 3, 4 s" in tags.text
    pictures = tags.named("img")
    assert [one["alt"] for one in pictures] == [f"Picture of slide {number}" for number in (1, 2, 3)]
    assert pictures[0]["src"] == pictures[2]["src"]
    assert tags.text.count("Grüße שלום 👋") == 2


def test_policy_stops_foreign_scripts(tmp_path: Path) -> None:
    """The policy blocks a foreign script in the page."""
    made = page(message(*SHOW)).replace(b"</body>", b"<script>document.title='x'</script></body>")
    assert "<title>x</title>" not in chromium(tmp_path, made, "--dump-dom")
