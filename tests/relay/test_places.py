"""Rows on a server and octets in a bucket, where a configuration says so."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.relay.conftest import ALICE, BOB, config
from tests.relay.phone import Gateway, Phone
from tests.relay.store.bucket import MODIFIED, Objects, environment, serving
from tests.relay.test_mm1 import said
from transcode.errors import ConfigError, OutputError
from transcode.messages.message import Message
from transcode.relay.config import Config
from transcode.relay.model import State
from transcode.relay.places import open_blobs, open_rows
from transcode.relay.server import running
from transcode.relay.store import FolderBlobs, SqliteStore
from transcode.relay.store.bucket import Bucket
from transcode.relay.store.ownership import Ownership

OCTETS = b"octets" * 1000
NAME = hashlib.sha256(OCTETS).hexdigest()


@pytest.fixture
def objects(monkeypatch: pytest.MonkeyPatch) -> Iterator[Objects]:
    with serving() as server:
        for name, value in environment(server).items():
            monkeypatch.setenv(name, value)
        yield server


def test_default(tmp_path: Path) -> None:
    """Rows and octets are files of one folder where nothing else is said."""
    rows, octets = open_rows(Config(store=tmp_path)), open_blobs(Config(store=tmp_path))
    rows.close()
    assert isinstance(rows, SqliteStore)
    assert type(octets) is FolderBlobs
    assert (tmp_path / "relay.sqlite").exists()


def test_put_and_get(objects: Objects) -> None:
    bucket = Bucket("s3://mms/relay")
    assert not bucket.exists(NAME)
    assert bucket.put(OCTETS) == NAME == bucket.put(memoryview(OCTETS))
    assert bucket.exists(NAME)
    assert bucket.get(NAME) == OCTETS == bucket.source(NAME)
    assert objects.kept == {f"/mms/relay/{NAME}": OCTETS}
    bucket.delete(NAME)
    bucket.delete(NAME)
    assert objects.kept == {}
    with pytest.raises(FileNotFoundError):
        bucket.get(NAME)


def test_whose_octets_they_are(objects: Objects, tmp_path: Path) -> None:
    """Two stores that share a bucket by mistake: the second one does not start, and deletes nothing."""
    bucket = Bucket("s3://mms/relay")
    with (
        contextlib.closing(SqliteStore(tmp_path / "a.sqlite")) as first,
        contextlib.closing(SqliteStore(tmp_path / "b.sqlite")) as second,
    ):
        assert not bucket.has_any()
        Ownership(first, bucket).claim()
        assert Ownership(first, bucket).is_proven(MODIFIED)
        bucket.put(OCTETS)
        assert bucket.has_any()
        assert sorted(objects.kept) == [f"/mms/relay/{NAME}", "/mms/relay/owner"]
        with pytest.raises(ConfigError, match=r"s3://mms/relay: has the octets of another store"):
            Ownership(second, bucket).claim()
        assert not Ownership(second, bucket).is_proven(MODIFIED)
        objects.is_full = True
        assert not Ownership(first, bucket).is_proven(MODIFIED + 3600)


def test_old_octets(objects: Objects) -> None:
    """Old octets are found by name and by when they were put, over several answers of the server."""
    bucket = Bucket("s3://mms/relay")
    names = {bucket.put(b"%d" % number) for number in range(30)}
    objects.kept[f"/mms/relay/{min(names)[:2]}.txt"] = b"somebody else's"
    objects.kept[f"/mms/other/{min(names)}"] = b"somebody else's"
    shelves = {int(name[:2], 16) for name in names}
    assert len(shelves) < len(names)
    for shelf in {*shelves, 0, 255}:
        here = {name for name in names if name.startswith(f"{shelf:02x}")}
        assert sorted(bucket.old(shelf, MODIFIED + 1)) == sorted(here)
    assert bucket.old(int(min(names)[:2], 16), MODIFIED - 1) == []
    objects.is_full = True
    with pytest.raises(OSError, match="403"):
        bucket.old(0, 0.0)


def test_names(objects: Objects) -> None:
    """What is no SHA-256 is asked of no server."""
    bucket = Bucket("s3://mms")
    for call in (bucket.get, bucket.exists, bucket.delete):
        with pytest.raises(ValueError, match="not a SHA-256"):
            call("../other")


def test_bucket_that_takes_nothing(objects: Objects) -> None:
    """Octets that are not kept are an error before anything is acknowledged."""
    objects.is_full = True
    with pytest.raises(OutputError, match="s3://mms"):
        Bucket("s3://mms").put(OCTETS)


def test_octets_are_put_again(objects: Objects) -> None:
    """Where somebody deleted them before a row named them; what is there is not sent a second time."""
    bucket = Bucket("s3://mms")
    name = bucket.put(OCTETS)
    objects.is_full = True
    bucket.put_again(name, OCTETS)
    objects.is_full = False
    bucket.delete(name)
    bucket.put_again(name, OCTETS)
    assert bucket.get(name) == OCTETS


def test_no_bucket() -> None:
    with pytest.raises(ConfigError, match="bucket"):
        open_blobs(Config(bucket="what://mms"))


def test_no_server(tmp_path: Path) -> None:
    """A database that does not answer is named by its key, in one line."""
    with pytest.raises(ConfigError, match=r"^database: [ -~]*connection[ -~]*$"):
        open_rows(Config(database=f"postgresql:///relay?host={tmp_path}"))


def test_two_processes_share_the_work(
    tmp_path: Path, database: str, objects: Objects, letter: Message, gateway: Gateway
) -> None:
    """One answers phones and another one notifies: they meet in the database and in the bucket alone."""
    whole = config(tmp_path, gateway, database=database, bucket="s3://mms/relay")
    doors = dataclasses.replace(whole, roles=("http",))
    with running(doors) as centre:
        listen = dataclasses.replace(whole.listen, url=centre.url)
        workers = dataclasses.replace(whole, roles=("worker",), listen=listen, store=tmp_path / "elsewhere")
        with running(workers):
            alice, bob = (Phone(number, centre.url, gateway) for number in (ALICE, BOB))
            alice.submit(letter)
            notification = bob.pushed()
            got = bob.fetch(notification)
            bob.respond(notification, "Retrieved")
            assert said(alice.pushed(), "X-Mms-Status") == "Retrieved"
    assert [part.data for part in got.parts] == [part.data for part in letter.parts]
    rows = open_rows(whole)
    assert [one.state for one in rows.deliveries()] == [State.RETRIEVED]
    rows.close()
    assert not (tmp_path / "store" / "relay.sqlite").exists()
    assert len(objects.kept) == len(("letter", "adapted", "owner"))
