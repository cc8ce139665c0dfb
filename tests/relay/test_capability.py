"""What is known of a receiver, and what it is given for that."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import transcode
from tests.relay.conftest import ALICE, BOB, World, config
from tests.relay.maker import Maker
from tests.relay.phone import Gateway, Phone, location, until
from tests.relay.test_mm1 import state
from transcode.messages.message import Message
from transcode.profile import FolderStore
from transcode.profile.find import shipped_names
from transcode.profile.uaprof import read_uaprof
from transcode.relay import adaptation
from transcode.relay.adaptation import Target
from transcode.relay.config import Devices
from transcode.relay.model import Envelope, State, Subscriber
from transcode.relay.server import running
from transcode.relay.store import FolderBlobs

SMALL = (
    b"<r><MmsMaxMessageSize>51200</MmsMaxMessageSize>"
    b"<MmsMaxImageResolution>640x480</MmsMaxImageResolution>"
    b"<MmsCcppAccept><Bag><li>image/jpeg</li><li>text/plain</li></Bag></MmsCcppAccept></r>"
)


@pytest.fixture
def maker() -> Iterator[Maker]:
    with Maker().running() as made:
        made.documents["/small.xml"] = SMALL
        yield made


@pytest.fixture
def near(tmp_path: Path, gateway: Gateway) -> Iterator[World]:
    """A centre that fetches documents from this machine."""
    with running(config(tmp_path, gateway, devices=Devices(allow_private=True, wait_seconds=60))) as centre:
        yield World(centre, gateway, *(Phone(number, centre.url, gateway) for number in (ALICE, BOB)))


def fetched(world: World, letter: Message, headers: dict[str, str]) -> bytes:
    """What Bob's phone gets of a message, with headers of its own."""
    world.alice.submit(letter.edited(subject=str(random.random())))
    status, _, octets = world.bob.request("GET", location(world.bob.pushed()), headers=headers)
    assert status == 200
    assert transcode.read(octets).message_type == "m-retrieve-conf"
    return octets


def test_a_phone_that_names_its_document_is_believed(
    near: World, maker: Maker, large_letter: Message
) -> None:
    """It is believed at its first fetch and at the next, which names nothing; another phone is another."""
    named = {"X-Wap-Profile": f'"{maker.url}/small.xml"', "User-Agent": "old/1"}
    octets = fetched(near, large_letter, named)
    assert 40_000 < len(octets) <= 51_200
    picture = next(part for part in transcode.read(octets).parts if part.content_type == "image/jpeg")
    with Image.open(io.BytesIO(picture.data)) as opened:
        assert max(opened.size) <= 640
    assert 40_000 < len(fetched(near, large_letter, {"User-Agent": "old/1"})) <= 51_200
    assert len(fetched(near, large_letter, {"User-Agent": "new/2"})) > 500_000
    assert maker.asked == ["/small.xml"]


def test_a_document_that_is_late_counts_next_time(
    tmp_path: Path, gateway: Gateway, maker: Maker, large_letter: Message
) -> None:
    """The phone does not wait for it; what is registered counts meanwhile."""
    devices = Devices(allow_private=True, wait_seconds=0.0)
    maker.may_answer.clear()
    with running(config(tmp_path, gateway, devices=devices)) as centre:
        world = World(centre, gateway, *(Phone(number, centre.url, gateway) for number in (ALICE, BOB)))
        named = {"X-Wap-Profile": f"{maker.url}/small.xml"}
        assert len(fetched(world, large_letter, named)) > 500_000
        maker.may_answer.set()
        kept = FolderStore(tmp_path / "store" / "profiles")
        until(lambda: f"{maker.url}/small.xml" in kept)
        assert len(fetched(world, large_letter, named)) <= 51_200


def test_the_registered_phone_counts_where_the_named_one_is_not_to_be_had(
    tmp_path: Path, near: World, maker: Maker, large_letter: Message
) -> None:
    """A document that is missing is asked for once."""
    FolderStore(tmp_path / "store" / "profiles")["http://phones.example/a.xml"] = SMALL
    near.centre.store.subscribe(Subscriber(BOB, device="http://phones.example/a.xml")).result()
    named = {"X-Wap-Profile": f"{maker.url}/none.xml"}
    for _ in range(2):
        assert len(fetched(near, large_letter, named)) <= 51_200
    assert maker.asked == ["/none.xml"]


def test_differences_count(near: World, maker: Maker, large_letter: Message) -> None:
    """A gateway says that less is taken now; what it says in a way that nobody can read is left out."""
    document = f"{maker.url}/small.xml"
    less = {
        "X-Wap-Profile": document,
        "X-Wap-Profile-Diff": "1;<r><MmsMaxMessageSize>30000</MmsMaxMessageSize></r>",
    }
    assert 20_000 < len(fetched(near, large_letter, less)) <= 30_000
    assert (
        len(fetched(near, large_letter, {"X-Wap-Profile": document, "X-Wap-Profile-Diff": "1;<r>"})) > 40_000
    )


def test_another_phone_teaches_nothing(near: World, maker: Maker, letter: Message) -> None:
    """A message that a phone of another number fetches says nothing of its recipient's."""
    near.alice.submit(letter)
    url = location(near.bob.pushed())
    named = {"X-Wap-Profile": f"{maker.url}/small.xml", "X-MSISDN": "+15559999"}
    assert near.alice.request("GET", url, headers=named)[0] == 200
    assert maker.asked == []
    assert near.centre.store.select("SELECT * FROM device") == []


#: Of this machine, of a cloud's metadata, of no web server, and endless.
_INSIDE = (
    "http://127.0.0.1:{port}/small.xml",
    "http://localhost:{port}/small.xml",
    "http://[::ffff:127.0.0.1]:{port}/small.xml",
    "http://2130706433:{port}/small.xml",
    "http://0x7f.1:{port}/small.xml",
    "http://0:{port}/small.xml",
    "http://user@127.0.0.1:{port}/small.xml",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/",
    "http://phones.example/" + "a" * 30_000,
)


def test_addresses_of_the_inside_are_never_asked(
    tmp_path: Path, world: World, maker: Maker, letter: Message
) -> None:
    """The phone gets its message as its network takes it; nothing is fetched, and nothing kept."""
    world.alice.submit(letter)
    url = location(world.bob.pushed())
    for inside in _INSIDE:
        named = {"X-Wap-Profile": inside.format(port=maker.port)}
        status, _, octets = world.bob.request("GET", url, headers=named)
        assert status == 200
        parts = transcode.read(octets).parts
        assert [part.data for part in parts] == [part.data for part in letter.parts]
    assert maker.asked == []
    assert list(FolderStore(tmp_path / "store" / "profiles")) == []


def test_a_header_of_a_megabyte(world: World, letter: Message) -> None:
    """The connection ends; the message is there for a phone that asks as phones do."""
    world.alice.submit(letter)
    url = location(world.bob.pushed())
    with pytest.raises((ConnectionError, OSError)):
        world.bob.request("GET", url, headers={"X-Wap-Profile": f"http://a.example/{'a' * 1_000_000}"})
    assert world.bob.request("GET", url)[0] == 200
    until(lambda: state(world) in (State.FETCHED, State.RETRIEVED))


def documents(shared: Path) -> list[Path]:
    """The UAProf documents of the corpus that can be read."""
    return sorted((shared / "vectors" / "uaprof" / "url-known").iterdir())


def test_never_over_a_limit(tmp_path: Path, shared: Path, large_letter: Message) -> None:
    """What a phone gets of any network has at most what the smaller of both takes."""
    drawn = random.Random(17)
    networks = [name for name in drawn.sample(sorted(shipped_names()), 40) if is_network(name)][:10]
    assert len(networks) == 10
    for network, path in zip(networks, drawn.sample(documents(shared), 10), strict=True):
        check_limit(tmp_path, large_letter, network, path)


def is_network(name: str) -> bool:
    """Whether a shipped profile is of a network with MMS."""
    profile = transcode.find_profile(name)
    return profile.kind == "network" and profile.mms_enabled


def check_limit(folder: Path, letter: Message, network: str, path: Path) -> None:
    """A message for a phone in a network is within the limits of both, with room for a transaction id."""
    blobs, url = FolderBlobs(folder / "blobs"), f"http://phones.example/{path.name}"
    octets = letter.to_mm1()
    FolderStore(folder / "profiles")[url] = path.read_bytes()
    envelope = Envelope(
        "0" * 32, "mm1", ALICE, "T", blobs.put(octets), len(octets), received_at=1e9, expires_at=2e9
    )
    made = adaptation._adapted(
        blobs.path(envelope.blob), envelope, Target(network, url), str(folder / "profiles")
    )
    device = read_uaprof(path.read_bytes(), name=path.name)
    sizes = [transcode.find_profile(network).max_message_bytes]
    if device.mms_enabled:
        sizes.append(device.max_message_bytes)
    assert len(made) <= min(sizes), (network, path.name)
