"""``transcode relay``: what operators do with a store."""

from __future__ import annotations

import csv
import io
import sys
import time
from pathlib import Path
from unittest import mock

import pytest

from tests.cli.command import run
from tests.cli.relay_command import configured, lines
from tests.relay.conftest import ALICE, BOB
from transcode.relay import secrets
from transcode.relay.model import Envelope, Event, Route
from transcode.relay.store import FolderBlobs
from transcode.relay.store.rows import Verdict


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A configuration whose store has an expired message to Bob, whose notification failed, and a formula."""
    path, store = configured(tmp_path)
    now = time.time()
    blob = FolderBlobs(tmp_path / "kept" / "blobs").put(b"octets")
    envelope = Envelope("abc", "mm1", ALICE, "T1", blob, 6, 1_000_000.0, now - 1)
    store.accept(envelope, [BOB, "=1+1"]).result()
    store.apply(1, Event.ROUTED, at=1_000_060.0, verdict=Verdict(Event.ROUTED, Route.LOCAL)).result()
    store.apply(1, Event.ATTEMPT_FAILED, at=1_000_120.0, detail="HTTP 503").result()
    store.close()
    return path


def test_next_hops_are_shown(kept: Path) -> None:
    """Next hops are printed for people and for programs."""
    unrouted, local = sorted(
        lines("relay-peers", "relay", "peers", "--config", kept), key=lambda hop: str(hop["failed"])
    )
    assert (local["waiting"], local["failed"], local["reason"]) == (1, 1, "HTTP 503")
    assert (unrouted["route"], unrouted["failed"]) == (None, 0)
    assert "HTTP 503" in run("relay", "peers", "--config", kept).stdout


def test_what_has_expired_ends_once(kept: Path) -> None:
    """An expired delivery ends with its trail; a second call ends nothing."""
    ended = lines("relay-expire", "relay", "expire", "--config", kept)
    assert {one["state"] for one in ended} == {"expired"}
    assert len(ended) == 2
    again = run("relay", "expire", "--config", kept)
    assert (again.returncode, again.stdout) == (0, "")
    assert "nothing" in again.stderr
    assert run("relay", "peers", "--config", kept).stdout == ""


def test_the_table_of_events(kept: Path, tmp_path: Path) -> None:
    """One line an event, in UTC, and no cell is a formula."""
    path = tmp_path / "events.csv"
    (told,) = lines("relay-export", "relay", "export", path, "--config", kept)
    assert told == {"file": str(path), "events": 4}
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["recipient"] for row in rows] == [BOB, "'=1+1", BOB, BOB]
    assert rows[2]["at"] == "1970-01-12T13:47:40.000+00:00"
    assert (rows[2]["event"], rows[2]["octets"], rows[2]["sender"]) == ("routed", "6", ALICE)
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []
    some = lines(
        "relay-export",
        "relay",
        "export",
        path,
        "--since",
        "1970-01-12T13:47:40Z",
        "--until",
        "1970-01-12 14:48:40+01:00",
        "--config",
        kept,
    )
    assert [one["events"] for one in some] == [1]


def test_the_table_may_be_printed(kept: Path) -> None:
    """A pipe gets the table; a time that is none, or two things on one line, are refused."""
    done = run("relay", "export", "-", "--since", "1970-01-12T13:47:40Z", "--config", kept)
    assert [row["event"] for row in csv.DictReader(done.stdout.splitlines())] == [
        "routed",
        "attempt failed, another may succeed",
    ]
    wrong = run("relay", "export", "-", "--since", "yesterday", "--config", kept)
    assert wrong.returncode == 2
    assert "--since" in wrong.stderr
    assert run("relay", "export", "-", "--json", "--config", kept).returncode == 2


def test_a_copy_and_a_store_of_it(kept: Path, tmp_path: Path) -> None:
    """A whole one ends with 0; octets that are missing are named, and end with 1."""
    (made,) = lines("relay-backup", "relay", "backup", tmp_path / "copy", "--config", kept)
    assert (made["messages"], made["files"], made["damaged"]) == (1, 1, [])
    refused = run("relay", "restore", tmp_path / "copy", "--config", kept)
    assert refused.returncode == 1
    assert "kept" in refused.stderr
    other = tmp_path / "other.toml"
    other.write_text('store = "again"\n')
    (again,) = lines("relay-restore", "relay", "restore", tmp_path / "copy", "--config", other)
    assert again == {**made, "folder": str(tmp_path / "again")}
    assert run("relay", "trail", BOB, "--config", other).returncode == 0
    (octets,) = (path for path in (tmp_path / "copy" / "blobs").rglob("*") if path.is_file())
    octets.unlink()
    third = tmp_path / "third.toml"
    third.write_text('store = "third"\n')
    done = run("relay", "restore", tmp_path / "copy", "--config", third)
    assert done.returncode == 1
    assert octets.name in done.stderr


def test_the_hash_of_a_secret() -> None:
    """It is that of the piped line, which is not shown again, or of a new secret where there is none."""
    with mock.patch.object(sys, "stdin", io.StringIO("open sesame\n")):
        given = run("relay", "secret")
    assert "sesame" not in given.stdout
    stored = given.stdout.removeprefix("hash: ").strip()
    assert secrets.Verifier().verify(stored, "open sesame")
    with mock.patch.object(sys, "stdin", io.StringIO("")):
        (made,) = lines("relay-secret", "relay", "secret")
    assert secrets.Verifier().verify(str(made["hash"]), str(made["secret"]))
    with mock.patch.object(sys, "stdin", io.StringIO("x" * 2000)):
        assert run("relay", "secret").returncode == 2
