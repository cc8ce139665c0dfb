"""Clips that are adapted before the phone asks for them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

import transcode
from tests.made.clips import clip, moving
from tests.relay import made
from tests.relay.conftest import ALICE, BOB, config
from tests.relay.made import envelope
from tests.relay.phone import Gateway, Phone, location, until
from tests.relay.reader import link
from tests.test_preview import message, part
from transcode.jobs.isolated import JobLost
from transcode.messages.message import Message
from transcode.model import SlideParts
from transcode.profile import FolderStore
from transcode.relay.adaptation import Adapter, Target
from transcode.relay.ahead import Ahead
from transcode.relay.config import Devices
from transcode.relay.linking import Pages
from transcode.relay.model import Envelope, Subscriber
from transcode.relay.page.parts import Found
from transcode.relay.server import running
from transcode.relay.store import FolderBlobs
from transcode.relay.worker import Worker

DEVICE = "http://phones.example/small.xml"
SMALL = (
    b"<r><MmsMaxMessageSize>30000</MmsMaxMessageSize>"
    b"<MmsCcppAccept><Bag><li>image/jpeg</li><li>video/3gpp</li><li>text/plain</li></Bag></MmsCcppAccept></r>"
)


@pytest.fixture(autouse=True)
def shared_processes() -> None:
    """A centre has processes of its own here: one of them lets all others go before."""


@pytest.fixture(scope="module")
def film() -> Message:
    """A message with a clip."""
    return made.letter(bytes(clip(moving(176, 144), seconds=1.0).data), BOB)


class _Recorder:
    """Stands for the adapter: keeps what was begun."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, Target, bool]] = []

    def begin(self, envelope: Envelope, target: Target, *, ahead: bool = False) -> Future[str]:
        self.begun.append((envelope.id, target, ahead))
        made: Future[str] = Future()
        if envelope.id == "broken":
            made.set_exception(JobLost("died"))
        else:
            made.set_result("")
        return made


class _Known:
    """Stands for what is known of phones: of Bob's alone."""

    def is_known(self, number: str) -> bool:
        return number == BOB

    def target(self, number: str) -> Target:
        return Target("us-tmobile", number)


def test_clips_of_known_phones_alone_are_made(tmp_path: Path, letter: Message, film: Message) -> None:
    """A picture takes a moment, and of a phone that nobody has seen nothing is known."""
    blobs, recorder = FolderBlobs(tmp_path), _Recorder()
    ahead = Ahead(recorder, _Known(), blobs)  # type: ignore[arg-type]
    kept = {name: blobs.put(one.to_mm1()) for name, one in (("letter", letter), ("film", film))}
    for name, recipient, blob in (
        ("picture", BOB, kept["letter"]),
        ("unknown", ALICE, kept["film"]),
        ("gone", BOB, "0" * 64),
        ("broken", BOB, kept["film"]),
        ("film", BOB, kept["film"]),
    ):
        ahead.routed([recipient], replace(envelope(blob=blob), id=name))
    until(lambda: len(recorder.begun) == 2)
    ahead.close()
    target = Target("us-tmobile", BOB)
    assert recorder.begun == [("broken", target, True), ("film", target, True)]


def test_who_closes_waits_for_no_adaptation(tmp_path: Path, film: Message) -> None:
    """What works with the adapter ends first, whatever the adapter still does."""
    blobs, endless = FolderBlobs(tmp_path), mock.Mock()
    endless.begin.return_value = Future()
    ahead = Ahead(endless, _Known(), blobs)  # type: ignore[arg-type]
    blob = blobs.put(film.to_mm1())
    for number in range(2):
        ahead.routed([BOB], envelope(number, blob=blob))
    until(lambda: endless.begin.called)
    ahead.close()
    endless.begin.assert_called_once()


def test_who_uses_the_adapter_ends_before_it(
    tmp_path: Path, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clip that is begun after the adapter has ended would start a process that nobody ends."""
    ended: list[str] = []

    def noted(kind: type, name: str) -> None:
        end: Callable[[object], None] = getattr(kind, name)

        def call(one: object) -> None:
            ended.append(kind.__name__)
            end(one)

        monkeypatch.setattr(kind, name, call)

    for kind, name in ((Adapter, "close"), (Ahead, "close"), (Worker, "stop")):
        noted(kind, name)
    with running(config(tmp_path, gateway)):
        pass
    assert ended == ["Worker", "Ahead", "Adapter"]


def test_a_clip_is_there_when_the_phone_asks(tmp_path: Path, gateway: Gateway, film: Message) -> None:
    """The clip is made for the known phone before anybody asks, and is what the phone gets."""
    FolderStore(tmp_path / "store" / "profiles")[DEVICE] = SMALL
    with running(config(tmp_path, gateway)) as centre:
        alice, bob = (Phone(number, centre.url, gateway) for number in (ALICE, BOB))
        centre.store.subscribe(Subscriber(BOB, device=DEVICE)).result()
        alice.submit(film)
        url = location(bob.pushed())
        until(lambda: centre.store.select("SELECT profile FROM adapted"))
        status, _, octets = bob.request("GET", url)
        assert (status, len(octets) <= 30_000) == (200, True)
        ((profile,),) = centre.store.select("SELECT profile FROM adapted")
        assert DEVICE in profile


class _Shelf:
    """Stands for what pages are made of.

    A clip that can't be made, two pictures that browsers don't show, a clip that can be, and a sound.
    """

    def __init__(self) -> None:
        self.made: list[tuple[str, int, bool]] = []

    def survey(self, envelope: Envelope, *, ahead: bool) -> Future[str]:
        self.made.append((envelope.id, 0, ahead))
        return self._future("survey")

    def found(self, _name: str) -> list[Found]:
        return [
            Found("video", "video/3gpp"),
            Found("image", "image/tiff"),
            Found("image", "image/tiff"),
            Found("video", "video/3gpp"),
            Found("audio", "audio/mpeg", plays=True),
        ]

    def message(self, _envelope: Envelope) -> Message:
        return Message(parts=(part("image/tiff", b"", "a.tiff"),) * 5)

    def small(self, envelope: Envelope, number: int, *, ahead: bool) -> Future[str]:
        self.made.append((envelope.id, number, ahead))
        return self._future("picture")

    def best(self, envelope: Envelope, number: int, _kind: str, *, ahead: bool) -> Future[str]:
        self.made.append((envelope.id, number, ahead))
        return self._future(JobLost("died") if number == 1 else "clip")

    @staticmethod
    def _future(outcome: str | JobLost) -> Future[str]:
        future: Future[str] = Future()
        if isinstance(outcome, str):
            future.set_result(outcome)
        else:
            future.set_exception(outcome)
        return future


def test_clips_of_pages_are_made_once_for_all_links(tmp_path: Path) -> None:
    """With the first picture. What plays needs nothing, and what can't be made leaves others alone."""
    shelf = _Shelf()
    ahead = Ahead(_Recorder(), _Known(), FolderBlobs(tmp_path), shelf)  # type: ignore[arg-type]
    for _ in range(2000):
        ahead.linked(envelope(1))
    ahead.linked(envelope(2))
    one, two = envelope(1).id, envelope(2).id
    until(lambda: len(shelf.made) == 8)
    ahead.close()
    assert shelf.made == [(name, number, True) for name in (one, two) for number in (0, 2, 1, 4)]


def test_a_clip_is_there_when_a_browser_asks(tmp_path: Path, gateway: Gateway) -> None:
    """What a phone recorded that browsers do not play is converted when the link goes out."""
    old = transcode.Limits(60_000, formats=("video/3gpp",), codecs=("h263", "amr_nb"))
    recorded = transcode.fit(bytes(clip(moving(176, 144), seconds=0.5).data), old).data
    whole = transcode.read(message(SlideParts(part("video/3gpp", bytes(recorded), "old.3gp"))))
    sent = Message(
        transaction_id="T1", to=(f"{BOB}/TYPE=PLMN",), parameters=whole.parameters, parts=whole.parts
    )
    with running(config(tmp_path, gateway, pages=Pages())) as centre:
        centre.store.subscribe(Subscriber(BOB, mms=False, link=True)).result()
        Phone(ALICE, centre.url, gateway).submit(sent)
        link(gateway, BOB)
        until(lambda: len(centre.store.select("SELECT profile FROM adapted")) == 2)
        found = {profile for (profile,) in centre.store.select("SELECT profile FROM adapted")}
        assert {" ".join(one.split()[1:-1]) for one in found} == {"page", "page 2 best"}


def test_nothing_is_made_where_it_is_not_wanted(tmp_path: Path, gateway: Gateway, film: Message) -> None:
    """devices.clips_ahead: no thread, and nothing before the phone asks."""
    # Tests of one process share centres, which may have one.
    others = set(threading.enumerate())
    with running(config(tmp_path, gateway, devices=Devices(clips_ahead=False))) as centre:
        alice, bob = (Phone(number, centre.url, gateway) for number in (ALICE, BOB))
        centre.store.subscribe(Subscriber(BOB, device=DEVICE)).result()
        alice.submit(film)
        bob.pushed()
        assert "transcode-ahead" not in {one.name for one in threading.enumerate() if one not in others}
        assert centre.store.select("SELECT profile FROM adapted") == []
