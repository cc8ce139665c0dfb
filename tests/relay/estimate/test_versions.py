"""What phones of each carrier get, and how it looks."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import transcode
from tests.made.pictures import photo, save
from tests.relay import made
from tests.relay.conftest import BOB
from tests.relay.phone import PATIENCE
from tests.relay.store.routed import accepted
from transcode.relay.adaptation import Adapter
from transcode.relay.config import Config, Policy
from transcode.relay.estimate.versions import Versions
from transcode.relay.model import Envelope, Own
from transcode.relay.peers import Peer
from transcode.relay.store import FolderBlobs
from transcode.relay.store.sqlite import SqliteStore
from transcode.relay.vasps import Vasp

SMALL = 60_000


@pytest.fixture(autouse=True)
def shared_processes() -> None:
    """Versions are made in a process of their own: it lets all others go before."""


@pytest.fixture
def large(tmp_path: Path) -> Iterator[tuple[Versions, Envelope]]:
    """A message that one of two centres takes no larger than 60,000 octets."""
    blobs = FolderBlobs(tmp_path / "blobs")
    octets = made.letter(save(photo(1600, 1200), quality=95), BOB).to_mm1()
    peers = (
        Peer("north", "north.example", "127.0.0.1", max_bytes=SMALL, network="us-att"),
        Peer("south", "south.example", "127.0.0.1"),
    )
    vasps = (
        Vasp("north", max_bytes=SMALL, network="us-att"),
        Vasp("south"),
    )
    with contextlib.closing(SqliteStore(tmp_path / "relay.db")) as store:
        accepted(store, blob=blobs.put(octets), size=len(octets))
        policy = Policy(adapt_processes=1, adapt_seconds=PATIENCE)
        with contextlib.closing(Adapter(store, blobs, tmp_path, policy, is_awaited=False)) as adapter:
            yield Versions(Config(peer=peers, vasp=vasps), blobs, adapter), store.envelope(f"{0:032x}")


def test_limits(large: tuple[Versions, Envelope]) -> None:
    """A network's profile has one, and some centres; a link has none. Any other name is the world's."""
    versions, _ = large
    assert versions.limit("local", "us-att") == transcode.receiver("us-att").max_message_bytes
    assert versions.limit("local", "local") == transcode.receiver("world").max_message_bytes
    found = [versions.limit(hop, "") for hop in ("peer north", "peer south", "link")]
    assert found == [SMALL, None, None]


@pytest.mark.parametrize("kind", ["peer", "vasp"])
def test_versions_and_their_pages(large: tuple[Versions, Envelope], kind: str) -> None:
    """In the form of the next hop; what is small enough stays; each is made once, and has a page."""
    versions, envelope = large
    south, north = (versions.begin(envelope, f"{kind} {name}", "") for name in ("south", "north"))
    assert versions.size(south.result(PATIENCE)) > envelope.size
    assert 0 < versions.size(north.result(PATIENCE)) <= SMALL
    assert versions.begin(envelope, f"{kind} north", "").result(0) == north.result()
    page = versions.preview(north.result(), SMALL).result(PATIENCE).decode()
    assert f"{versions.size(north.result()):,} bytes as {'MM4' if kind == 'peer' else 'MM7'}" in page
    # With the text of one recipient it is written anew.
    assert "From the top" in versions.preview(north.result(), SMALL, Own("Hello")).result(PATIENCE).decode()


def test_a_link_shows_the_message(large: tuple[Versions, Envelope]) -> None:
    """As it was sent."""
    versions, envelope = large
    assert versions.begin(envelope, "link", "us-att").result(0) == envelope.blob
