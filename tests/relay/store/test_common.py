"""What the machines of a store have in common."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from tests.relay.made import BEGIN
from transcode.errors import ConfigError
from transcode.relay.config import Config, Devices
from transcode.relay.documents import Documents
from transcode.relay.places import pseudonyms
from transcode.relay.pseudonyms import Pseudonyms
from transcode.relay.store import SqliteStore
from transcode.relay.store.common import SharedDocuments, shared_key
from transcode.relay.store.postgres import PostgresStore

URL = "http://phones.example/a.xml"
DOCUMENT = b"<r><Vendor>Maker</Vendor><MmsMaxMessageSize>50000</MmsMaxMessageSize></r>"


def test_machines_write_the_same_words(tmp_path: Path, database: str) -> None:
    """The key of the first one is that of all, also of a machine that had another one."""
    one, two, three = (Config(store=tmp_path / name, database=database) for name in "abc")
    own = Pseudonyms.of(one.store).word("+1")
    other = Pseudonyms.of(three.store).word("+1")
    with contextlib.closing(PostgresStore(database)) as store:
        words = [pseudonyms(one, store), pseudonyms(two), pseudonyms(three, store)]
        assert [each.word("+1") for each in words] == [own] * 3 != [other] * 3
    assert not two.store.exists()
    (three.store / "numbers.key").write_bytes(b"short")
    with pytest.raises(ConfigError, match=r"numbers\.key"):
        pseudonyms(three)


def test_the_first_key_stays(tmp_path: Path) -> None:
    with contextlib.closing(SqliteStore(tmp_path / "relay.db")) as store:
        assert shared_key(store, bytes(32)) == bytes(32)
        assert shared_key(store, b"1" * 32) == bytes(32)


def test_a_document_is_fetched_once(tmp_path: Path, database: str) -> None:
    """What one machine fetched, the other one has, where its processes that adapt look for it."""
    asked: list[str] = []

    def get(url: str) -> bytes:
        asked.append(url)
        return DOCUMENT

    with contextlib.closing(PostgresStore(database)) as store, contextlib.ExitStack() as ends:
        shared = SharedDocuments(store, 1, lambda: BEGIN)
        machines = [Documents(tmp_path / name, Devices(), lambda: BEGIN, get, shared) for name in ("a", "b")]
        for machine in machines:
            ends.callback(machine.close)
        first, second = machines
        assert not second.has(URL)
        waited = first.fetch(URL)
        assert waited is not None
        waited.result()
        assert second.fetch(URL) is None
        assert second.has(URL)
        assert [path.read_bytes() for path in (tmp_path / "b").iterdir()] == [DOCUMENT]
        shared.put(URL + "2", DOCUMENT)
        assert shared.get(URL + "2") is None
    assert asked == [URL]
