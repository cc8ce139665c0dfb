"""Pages over HTTP: who gets what, what is a view, and what is there after an end."""

from __future__ import annotations

import io
import itertools
import json
import queue
import re
import threading
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from typing import NamedTuple

import pytest

import transcode
from tests.made.pictures import photo, save
from tests.relay.conftest import ALICE, config
from tests.relay.phone import PATIENCE, Gateway, Phone, until
from tests.relay.reader import AGENT, ask, link
from tests.relay.serving import Serving
from tests.test_preview import BLUE, HOSTILE, RED, amr, message, part
from transcode.media.sound import audio
from transcode.media.source.inputs import Input
from transcode.messages.message import Message
from transcode.model import Part, SlideParts
from transcode.relay.config import Listen
from transcode.relay.linking import Pages
from transcode.relay.model import Delivery, Event, Route, State, Subscriber
from transcode.relay.page.shelf import Shelf
from transcode.relay.server import Running, running
from transcode.relay.store import pages
from transcode.relay.store.pages import Page

HTML = part("text/html", b"<script>document.title = 'x'</script>", "evil.html")
SVG = part("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "evil.svg")
#: HTML that calls itself a picture, and a picture that calls itself HTML.
LIES = (part("image/png", b"<html><script>1</script>", "a.png"), part("text/html", bytes(RED.data), "b.html"))


class Abuse(Serving):
    """Where the operator hears of abuse."""

    def __init__(self) -> None:
        self.told: queue.SimpleQueue[dict[str, object]] = queue.SimpleQueue()
        told = self.told

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(Handler)


class Sent(NamedTuple):
    """A message whose recipient got a link."""

    centre: Running
    number: str
    url: str

    @property
    def delivery(self) -> Delivery:
        return self.centre.store.deliveries(recipient=self.number)[0]

    @property
    def page(self) -> Page:
        found = pages.find(self.centre.store, self.url.rpartition("/")[2])
        assert found is not None
        return found


class Senders:
    """A centre that sends links, each to another number."""

    def __init__(self, centre: Running, gateway: Gateway, abuse: Abuse) -> None:
        self.centre = centre
        self.abuse = abuse
        self._gateway = gateway
        self._alice = Phone(ALICE, centre.url, gateway)
        self._numbers = itertools.count(1)

    def send(self, *more: Part, hidden: bool = False, shown: SlideParts | Sequence[SlideParts] = ()) -> Sent:
        number = f"+155570{next(self._numbers):05}"
        self.centre.store.subscribe(Subscriber(number, mms=False, link=True)).result()
        slides = [shown] if isinstance(shown, SlideParts) else shown
        usual = SlideParts(RED, part("text/plain", b"Hello", "a.txt"))
        octets = message(*(slides or [usual]), subject="From the sea")
        whole: Message = transcode.read(octets)
        made = Message(
            transaction_id=number,
            to=(f"{number}/TYPE=PLMN",),
            subject=whole.subject,
            headers=(("X-Mms-Sender-Visibility", "Hide"),) if hidden else (),
            parameters=whole.parameters,
            parts=(*whole.parts, *more),
        )
        self._alice.submit(made)
        sent = Sent(self.centre, number, link(self._gateway, number))
        until(lambda: sent.delivery.state is State.LINKED)
        return sent


@pytest.fixture(scope="module")
def senders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Senders]:
    gateway, abuse = Gateway(), Abuse()
    with gateway.running(), abuse.running():
        told = Pages(
            abuse_url=f"http://{abuse.address}/",
            operator="Example & Sons",
            wrong_tokens=5,
        )
        listen = Listen(port=0, proxies=("127.0.0.1/32",))
        with running(config(tmp_path_factory.mktemp("centre"), gateway, pages=told, listen=listen)) as centre:
            yield Senders(centre, gateway, abuse)


def test_the_page(senders: Senders) -> None:
    """It has the message, and the headers that keep it to itself."""
    sent = senders.send()
    status, headers, body = ask("GET", sent.url)
    page = body.decode()
    assert status == 200
    assert headers["content-type"] == "text/html; charset=utf-8"
    for wanted in (
        "From the sea",
        "Hello",
        ALICE,
        f"sms:{ALICE}",
        "Example &amp; Sons",
        "Save 2 files as a zip",
    ):
        assert wanted in page
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert not re.search(r"https?:", policy + re.sub(r"// .*", "", page))
    assert (headers["referrer-policy"], headers["x-robots-tag"]) == (
        "no-referrer",
        "noindex, nofollow, noarchive",
    )
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
    assert "set-cookie" not in headers
    # Without the sound of its script, the page tells nothing to anybody.
    assert "noscript" in page


def test_a_hidden_sender(senders: Senders) -> None:
    page = ask("GET", senders.send(hidden=True).url)[2].decode()
    assert ALICE not in page
    assert "sms:" not in page


@pytest.mark.parametrize(
    ("asked", "name", "words"),
    [("de-CH, en;q=0.5", "de", "Speichern"), ("ar", "ar", "حفظ"), ("xx", "en", "Save"), ("", "en", "Save")],
)
def test_the_language_of_the_browser(senders: Senders, asked: str, name: str, words: str) -> None:
    status, headers, body = ask("GET", senders.send().url, {"Accept-Language": asked})
    direction = "rtl" if name == "ar" else "ltr"
    assert (status, headers["vary"]) == (200, "Accept-Language")
    assert f'<html lang="{name}" dir="{direction}">' in body.decode()
    assert words in body.decode()


def test_parts_are_what_their_octets_are(senders: Senders) -> None:
    """Nothing that a browser would run has a type by which it runs."""
    sent = senders.send(HTML, SVG, *LIES, part("application/x-dosexec", b"MZ\0", "a.exe"))
    found = [ask("GET", f"{sent.url}/{number}") for number in range(2, 9)]
    assert [answer[1]["content-type"] for answer in found] == [
        "image/png",
        "text/plain; charset=utf-8",
        "text/plain; charset=utf-8",
        "text/plain; charset=utf-8",
        "application/octet-stream",
        "image/png",
        "application/octet-stream",
    ]
    for status, headers, _ in found:
        assert status == 200
        assert headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in headers["content-security-policy"]
        assert "script-src" not in headers["content-security-policy"]
    is_saved = ["attachment" in answer[1].get("content-disposition", "") for answer in found]
    assert is_saved == [False, False, True, True, True, False, True]
    assert found[2][2] == HTML.data
    for missing in ("0", "9", "02", "1-large", "x", "9999-best"):
        assert ask("GET", f"{sent.url}/{missing}")[0] == 404


def test_parts_by_range(senders: Senders) -> None:
    """A range gives what players seek; the rest comes only of the same octets."""
    sent = senders.send()
    url, whole = f"{sent.url}/2", bytes(RED.data)
    status, headers, body = ask("GET", url)
    assert (status, body, headers["accept-ranges"]) == (200, whole, "bytes")
    tag = headers["etag"]
    status, headers, body = ask("GET", url, {"Range": "bytes=10-19", "If-Range": tag})
    assert (status, body, headers["content-range"]) == (206, whole[10:20], f"bytes 10-19/{len(whole)}")
    assert ask("GET", url, {"Range": f"bytes={len(whole)}-"})[0] == 416
    status, headers, body = ask("HEAD", url, {"Range": "bytes=10-19"})
    assert (status, headers["content-length"], body) == (200, str(len(whole)), b"")


def test_the_first_picture_is_small(senders: Senders) -> None:
    """A large one has a small one that is there first, once made; an AMR recording is MP3 for browsers."""
    large = part("image/jpeg", save(photo(1600, 1200), quality=95), "large.jpg")
    assert len(large.data) > 300_000
    sent = senders.send(shown=SlideParts(large, audio=part("audio/amr", amr(), "tone.amr")))
    page = ask("GET", sent.url)[2].decode()
    assert re.search(r'src="/p/[^"]+/2-small" data-better="/p/[^"]+/2"', page)
    status, headers, small = ask("GET", f"{sent.url}/2-small")
    assert (status, headers["content-type"]) == (200, "image/jpeg")
    assert len(page) + len(small) < 120_000
    assert len(small) < 100_000
    assert ask("GET", f"{sent.url}/2-small")[2] == small
    status, headers, sound = ask("GET", f"{sent.url}/3-best?save")
    assert (status, headers["content-type"]) == (200, "audio/mpeg")
    assert 'filename="tone.mp3"' in headers["content-disposition"]
    assert audio.probe(Input("tone", sound)).codec in ("mp3", "mp3float")


def test_protected_content(senders: Senders) -> None:
    """What may not be copied is neither shown nor saved."""
    locked = part("application/vnd.oma.drm.message", b"--x\r\n", "song.dm")
    sent = senders.send(locked)
    assert ask("GET", f"{sent.url}/4")[0] == 404
    assert "song.dm" not in ask("GET", sent.url)[2].decode()
    with zipfile.ZipFile(io.BytesIO(ask("GET", f"{sent.url}/all.zip")[2])) as file:
        assert file.namelist() == ["red.png", "a.txt"]


def test_all_in_one_file(senders: Senders) -> None:
    """Names that are equal, or lead out of the folder, are made safe."""
    names = ("A.TXT", "../../x", HOSTILE)
    more = [
        Part("text/plain", b"text", content_id=f"{number}", content_location=name)
        for number, name in enumerate(names)
    ]
    sent = senders.send(*more)
    status, headers, body = ask("GET", f"{sent.url}/all.zip")
    assert (status, headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(body)) as file:
        found = file.namelist()
        assert file.testzip() is None
        assert file.read("red.png") == RED.data
    assert found[:4] == ["red.png", "a.txt", "A-2.TXT", "x.txt"]
    assert not any(letter in name for name in found for letter in '/\\<>"')
    assert sent.page.views == 1


VIEWS: dict[str, tuple[str, str, dict[str, str], bool]] = {
    "page": ("GET", "", {}, False),
    "picture": ("GET", "/2", {}, False),
    "head": ("HEAD", "/seen.gif", {}, False),
    "script": ("POST", "/seen", {}, True),
    "no script": ("GET", "/seen.gif", {}, True),
    "saved": ("GET", "/2?save", {}, True),
    "zip": ("GET", "/all.zip", {}, True),
    "WhatsApp": ("POST", "/seen", {"User-Agent": "WhatsApp/2.23.18.78 i"}, False),
    "Facebook": ("GET", "/seen.gif", {"User-Agent": "facebookexternalhit/1.1"}, False),
    "nobody": ("POST", "/seen", {"User-Agent": ""}, False),
    "ahead": ("GET", "/seen.gif", {"Sec-Purpose": "prefetch;prerender"}, False),
    "Safari's picture of a page": ("POST", "/seen", {"X-Purpose": "preview"}, False),
}


@pytest.mark.parametrize("name", VIEWS)
def test_what_is_a_view(senders: Senders, name: str) -> None:
    """Somebody in front of a browser; not who looks at links, nor a preview of its first picture."""
    method, path, headers, counts = VIEWS[name]
    sent = senders.send()
    for _ in range(2):
        assert ask(method, sent.url + path, {"User-Agent": AGENT, **headers})[0] in (200, 204)
    assert sent.page.views == counts
    assert sent.delivery.state is (State.VIEWED if counts else State.LINKED)
    events = [line.event for line in senders.centre.store.trail(sent.delivery.id)]
    assert events.count(Event.VIEWED) == counts


def test_deleted_by_its_recipient(senders: Senders) -> None:
    """One form deletes it for good: the page says so in the place of the message, and its octets go."""
    sent = senders.send()
    assert ask("GET", f"{sent.url}/delete")[0] == 404
    # No cache has anything of it afterwards.
    for path in ("", "/2", "/2-small", "/2?save", "/all.zip", "/seen.gif"):
        assert ask("GET", sent.url + path)[1]["cache-control"] == "no-store"
    status, headers, _ = ask("POST", f"{sent.url}/delete", form={})
    assert (status, sent.url.endswith(headers["location"])) == (303, True)
    for path in ("", "/2", "/all.zip", "/seen.gif"):
        status, _, body = ask("GET", sent.url + path)
        assert (status, b"It was deleted." in body) == (410, True)
    assert ask("POST", f"{sent.url}/delete", form={})[0] == 410
    assert (sent.delivery.state, sent.page.deleted_at is not None) == (State.VIEWED, True)


def test_a_page_that_ends_while_a_part_is_made(senders: Senders, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clip may take a minute: who deleted the page meanwhile sees none of it."""
    sent, made, begun = senders.send(), Future[str](), threading.Event()

    def best(*_: object) -> Future[str]:
        begun.set()
        return made

    monkeypatch.setattr(Shelf, "best", best)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask, "GET", f"{sent.url}/2-best")
        assert begun.wait(PATIENCE)
        assert ask("POST", f"{sent.url}/delete", form={})[0] == 303
        made.set_result("0" * 64)
        status, _, body = asked.result()
    assert (status, b"It was deleted." in body) == (410, True)


#: How a page ends: its table, what is written there, and what is said.
ENDS = (
    ("page", "expires_at=1", "Its time is over."),
    ("page", "revoked_at=1", "The message was taken back."),
    ("delivery", "state='expired'", "Its time is over."),
    ("delivery", "state='cancelled'", "The message was taken back."),
    ("message", f"blob='{'0' * 64}'", "Its time is over."),
)


@pytest.mark.parametrize(("table", "change", "said"), ENDS)
def test_pages_that_ended(senders: Senders, table: str, change: str, said: str) -> None:
    """The reason is said, in the language of the browser, and nothing of the message."""
    sent = senders.send()
    key, value = {
        "page": ("token", sent.page.token),
        "delivery": ("id", sent.delivery.id),
        "message": ("id", sent.delivery.message),
    }[table]
    statement = f"UPDATE {table} SET {change} WHERE {key}=?"
    senders.centre.store.write(lambda connection: connection.execute(statement, (value,))).result()
    status, headers, body = ask("GET", sent.url)
    assert (status, headers["cache-control"], said in body.decode()) == (410, "no-store", True)
    assert "script-src" in headers["content-security-policy"]
    assert ALICE not in body.decode()
    assert (
        ask("GET", sent.url, {"Accept-Language": "de"})[2].decode().count("Diese Seite gibt es nicht mehr")
        == 2
    )


def test_who_guesses_waits(senders: Senders) -> None:
    """Guesses count for the address that the proxy names; a page that there is, is shown there too."""
    sent = senders.send()
    wrong = sent.url[:-22] + "A" * 22
    far = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
    assert ask("GET", wrong, {"X-Forwarded-For": "198.51.100.8"})[0] == 404
    assert [ask("GET", wrong + "x" * (turn % 2), far)[0] for turn in range(6)] == [404] * 5 + [429]
    status, headers, body = ask("GET", wrong, far)
    assert (status, headers["retry-after"], b"Too many tries" in body) == (429, "60", True)
    assert ask("GET", sent.url, far)[0] == 200
    # What a browser says of itself before the proxy is no address.
    near = {"X-Forwarded-For": "198.51.100.7, 203.0.113.10"}
    assert ask("GET", wrong, near)[0] == 404


def test_a_report_of_abuse(senders: Senders) -> None:
    """It is in the trail, and the operator's address hears of it, once."""
    sent = senders.send()
    for _ in range(2):
        status, _, body = ask("POST", f"{sent.url}/report", form={"reason": "illegal"})
        assert (status, b"Thank you. Example &amp; Sons was told." in body) == (200, True)
    told = senders.abuse.told.get(timeout=PATIENCE)
    assert (told["reason"], told["message"], told["sender"]) == ("illegal", sent.delivery.message, ALICE)
    assert senders.abuse.told.empty()
    lines = [
        line.detail for line in senders.centre.store.trail(sent.delivery.id) if line.event == "abuse reported"
    ]
    assert lines == ["illegal"]
    other = senders.send()
    for form in ({"reason": "<b>"}, {"x": "y" * 5_000}, dict.fromkeys("abcdefghijkl", "")):
        assert ask("POST", f"{other.url}/report", form=form)[0] == 200
    assert senders.abuse.told.get(timeout=PATIENCE)["reason"] == "other"


def test_hostile_names(senders: Senders) -> None:
    """Subjects, names and texts are text."""
    image = Part("image/png", BLUE.data, content_id="x", content_location=HOSTILE, name=HOSTILE)
    page = ask("GET", senders.send(image, part("text/plain", HOSTILE.encode(), "t.txt")).url)[2].decode()
    assert "<img src=x" not in page
    assert page.count("<script>") == 1


def test_no_table_no_pages(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A centre without the table has no pages, and refuses what it can't deliver."""
    gateway = Gateway()
    with gateway.running(), running(config(tmp_path_factory.mktemp("centre"), gateway)) as centre:
        assert ask("GET", f"{centre.url}/p/{'A' * 22}")[0] == 404
        assert centre.store.counts()[State.LINKED] == 0
        assert Route.LINK not in {one.route for one in centre.store.deliveries()}
