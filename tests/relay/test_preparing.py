"""The message of a campaign made for all networks of its audience at the beginning."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import transcode
from tests.made.pictures import photo, save
from tests.relay.store.routed import accepted
from transcode.errors import BudgetError
from transcode.jobs.isolated import JobLost
from transcode.media.pictures import jpeg
from transcode.relay import adaptation
from transcode.relay.adaptation import Adapter, Target, Wanted
from transcode.relay.api.composing import centre_profile
from transcode.relay.config import Config, Local, Policy
from transcode.relay.model import Envelope
from transcode.relay.outlets.peers import Peers
from transcode.relay.outlets.providers import Providers
from transcode.relay.pacing import Kind
from transcode.relay.peers import Mm4, Peer
from transcode.relay.preparing import Hop, Preparing
from transcode.relay.route import Router
from transcode.relay.store import FolderBlobs, SqliteStore
from transcode.relay.vasps import Vasp

#: Networks with the same box: they need the same scale of the decoder. Limits in octets differ.
NETWORKS = ("us-att", "us-tmobile", "us-verizon")
CONFIG = Config(
    local=(Local(("+1555",)),),
    mm4=Mm4(domain="mms.example"),
    peer=(Peer("north", "north.example", "127.0.0.1", max_bytes=900_000, network="us-att"),),
    vasp=(Vasp("news", max_bytes=800_000, network="us-att"),),
)
KINDS = {
    **{Kind("local", network): "+15550001" for network in NETWORKS},
    Kind("peer north", "310410"): "+15560002",
    Kind("vasp news", "news"): "777",
    Kind("link", "link"): "+15550003",
}


class Here:
    """Stands for processes: what they are to do is done at once, here."""

    def __init__(self, *_: object, **__: object) -> None:
        self.jobs: list[str] = []

    def submit(self, function: Callable[..., Any], *arguments: object) -> Future[Any]:
        self.jobs.append(function.__name__)
        done: Future[Any] = Future()
        try:
            done.set_result(function(*arguments))
        except Exception as error:  # noqa: BLE001  # as a process does
            done.set_exception(error)
        return done

    def kill(self) -> None:
        """Do nothing."""


class Centre:
    """The parts of a centre that make messages."""

    def __init__(self, folder: Path) -> None:
        self.store, self.blobs = SqliteStore(folder / "relay.db"), FolderBlobs(folder / "blobs")
        self.adapter = Adapter(self.store, self.blobs, folder, Policy(), is_awaited=False)
        hops: tuple[Hop, ...] = (
            *(self.peers(one) for one in CONFIG.peer),
            *(Providers(CONFIG, one, self.blobs, self.adapter) for one in CONFIG.vasp),
        )
        self.hops = {f"{hop.route} {hop.peer}": hop for hop in hops}
        self.preparing = Preparing(self.adapter, self.blobs, hops)

    def peers(self, peer: Peer) -> Peers:
        router = Router(CONFIG.hops)
        return Peers(CONFIG, peer, self.store, self.blobs, router, self.adapter, lambda: 0.0)

    def accept(self, octets: bytes) -> Envelope:
        """A message."""
        accepted(self.store, blob=self.blobs.put(octets), size=len(octets))
        return self.store.envelope(f"{0:032x}")

    @property
    def jobs(self) -> list[str]:
        """What processes were asked for."""
        return list(self.adapter._jobs.jobs)  # type: ignore[attr-defined]


@pytest.fixture
def centre(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Centre]:
    monkeypatch.setattr(adaptation, "Isolated", Here)
    made = Centre(tmp_path)
    with closing(made.store):
        yield made


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The size of each JPEG that is decoded for its pixels; an eighth of them is a look for damage."""
    found: list[int] = []
    decode = jpeg.decode

    def counted(data: bytes, *args: Any, eighths: int, **words: Any) -> jpeg.DecodedJpeg:
        if eighths > 1:
            found.append(len(data))
        return decode(data, *args, eighths=eighths, **words)

    monkeypatch.setattr(jpeg, "decode", counted)
    return found


def letter(pictures: int) -> bytes:
    """A message of photos, as large as the API keeps them."""
    photos = [save(photo(2000, 1500, seed), quality=95) for seed in range(1, pictures + 1)]
    made = transcode.compose(photos, centre_profile("world", 10**7), to=["+15550001"])
    return made.to_mm1()


@pytest.mark.parametrize("pictures", [1, 2])
def test_each_photo_is_decoded_once(
    centre: Centre, decoded: list[int], pictures: int, tmp_path: Path
) -> None:
    """For three networks, another centre and a provider; what they get is what each would get alone."""
    octets = letter(pictures)
    envelope = centre.accept(octets)
    decoded.clear()
    centre.preparing.begin(envelope, KINDS)
    assert (centre.jobs, len(decoded)) == (["_each"], pictures)
    names = {network: centre.adapter.begin(envelope, Target(network)) for network in NETWORKS}
    for route, address in (("peer north", "+15560002"), ("vasp news", "777")):
        delivery = centre.store.deliveries(envelope.id)[0]
        wanted = centre.hops[route].wanted(delivery, envelope)
        assert wanted is not None, address
        names[route] = centre.adapter.make(envelope, wanted.key, wanted.function, *wanted.arguments)
    assert (centre.jobs, len(decoded)) == (["_each"], pictures)
    (tmp_path / "alone").mkdir()
    alone = Centre(tmp_path / "alone")
    with closing(alone.store):
        other = alone.accept(octets)
        for network in NETWORKS:
            made = alone.blobs.get(alone.adapter.begin(other, Target(network)).result())
            assert made == centre.blobs.get(names[network].result())
    assert len(decoded) > 2 * pictures
    # Again, nothing is made, in this process and in another one.
    centre.preparing.begin(envelope, KINDS)
    Preparing(centre.adapter, centre.blobs, ()).begin(envelope, KINDS)
    assert centre.jobs == ["_each"]


def test_clips_are_made_one_by_one(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    """They share no decode, and the phone of a quick one need not wait for the others."""
    made = transcode.compose(save(photo(64, 48)), centre_profile("world", 10**7), to=["+15550001"])
    clip = replace(made.parts[0], content_type="video/mp4", data=b"no clip")
    envelope = centre.accept(replace(made, parts=(*made.parts, clip)).to_mm1())
    centre.preparing.begin(envelope, KINDS)
    assert centre.jobs == []
    ahead = centre.adapter._jobs_ahead
    assert ahead is not None
    assert ahead.jobs == ["_last"] * len(NETWORKS)  # type: ignore[attr-defined]


def test_what_fails_and_what_there_is_no_time_for(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error is of one receiver alone; the others are made alone where the job takes too long or dies."""
    envelope = centre.accept(b"octets")
    wanted = [Wanted("good", _good, ()), Wanted("bad", _bad, ()), Wanted("late", _good, ())]
    monkeypatch.setattr(adaptation, "_SHARE", -1.0)
    centre.adapter.begin_all(envelope, (), wanted)
    assert centre.jobs == ["_each", "_bad", "_good"]
    assert centre.adapter.make(envelope, "late", _bad).result(0)
    monkeypatch.setattr(adaptation, "_each", _lost)
    centre.adapter.begin_all(envelope, (), [Wanted("other", _good, ()), *wanted])
    assert centre.jobs[3:] == ["_lost", "_good", "_bad"]
    assert centre.adapter.make(envelope, "other", _bad).result(0)
    with pytest.raises(BudgetError):
        centre.adapter.make(envelope, "bad", _bad).result(0)


def _good(_source: Path) -> bytes:
    return b"good"


def _bad(_source: Path) -> bytes:
    raise BudgetError("message", 1)


def _lost(*_: object) -> bytes:
    raise JobLost("ended")


def test_an_error_of_one_is_no_error_of_the_others() -> None:
    """Whatever it is: the others have their octets."""

    def made(source: bytes) -> bytes:
        return source

    def fails(source: bytes) -> bytes:
        raise ValueError(f"not of {source.decode()}")

    found = adaptation._each(b"a", [(made, ()), (fails, ()), (made, ())], 60.0)
    assert [found[0], found[2]] == [b"a", b"a"]
    assert str(found[1]) == "not of a"


def test_campaigns_at_once_with_many_networks(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was begun of one is not forgotten for the networks of another; a new network is begun alone."""
    begun: list[int] = []
    monkeypatch.setattr(centre.adapter, "begin_all", lambda _, targets, __: begun.append(len(targets)))
    envelope = centre.accept(b"octets")
    kinds = {Kind("local", f"network {number}"): "+15550001" for number in range(80)}
    for _ in range(3):
        for name in ("C1", "C2"):
            centre.preparing.begin(replace(envelope, id=name), kinds)
    assert len(begun) == 2
    centre.preparing.begin(replace(envelope, id="C1"), {**kinds, Kind("local", "another"): "+15550001"})
    assert len(begun) == 3
