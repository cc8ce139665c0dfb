"""Clips that are adapted before the phone asks for them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

from tests.made.clips import clip, moving
from tests.relay import made
from tests.relay.conftest import ALICE, BOB, config
from tests.relay.made import envelope
from tests.relay.phone import Gateway, Phone, location, until
from transcode.jobs.isolated import JobLost
from transcode.messages.message import Message
from transcode.profile import FolderStore
from transcode.relay.adaptation import Adapter, Target
from transcode.relay.ahead import Ahead
from transcode.relay.config import Devices
from transcode.relay.model import Envelope, Subscriber
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
    """Made for the phone that is known, before anybody asks; it is what the phone gets."""
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


def test_nothing_is_made_where_it_is_not_wanted(tmp_path: Path, gateway: Gateway, film: Message) -> None:
    """devices.clips_ahead: no thread, and nothing before the phone asks."""
    with running(config(tmp_path, gateway, devices=Devices(clips_ahead=False))) as centre:
        alice, bob = (Phone(number, centre.url, gateway) for number in (ALICE, BOB))
        centre.store.subscribe(Subscriber(BOB, device=DEVICE)).result()
        alice.submit(film)
        bob.pushed()
        assert "transcode-ahead" not in [thread.name for thread in threading.enumerate()]
        assert centre.store.select("SELECT profile FROM adapted") == []
