"""``transcode relay``: the commands around a store."""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path
from unittest import mock

import pytest

from tests.cli.command import run
from tests.cli.relay_command import configured, lines
from tests.relay.conftest import ALICE, BOB
from transcode.relay.device import Device
from transcode.relay.model import Envelope, Event, Subscriber
from transcode.relay.pseudonyms import Pseudonyms
from transcode.relay.store import SqliteStore
from transcode.relay.store.devices import keep_device


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A configuration whose store has a message to Bob, notified."""
    path, store = configured(tmp_path, '[[local]]\nprefixes = ["+1555"]\n')
    now = time.time()
    envelope = Envelope("abc", "mm1", ALICE, "T1", "0" * 64, 1, now, now + 1000)
    store.accept(envelope, [BOB, "+49"]).result()
    (number,) = (one.id for one in store.deliveries(recipient=BOB))
    store.apply(number, Event.CANCEL, at=now, detail="a reason").result()
    store.close()
    return path


def test_the_trail_says_what_happened_and_why(kept: Path) -> None:
    """A trail is found by number and by Message-ID, and is printed for people and for programs."""
    done = run("relay", "trail", BOB, "--config", kept)
    assert done.returncode == 0
    assert f"abc to {BOB}: cancelled" in done.stdout
    assert "cancelled (a reason)" in done.stdout
    (by_number,) = lines("relay-trail", "relay", "trail", BOB, "--config", kept)
    assert len(lines("relay-trail", "relay", "trail", "abc", "--config", kept)) == 2
    assert [one["event"] for one in by_number["events"]] == ["accepted", "cancelled"]  # type: ignore[attr-defined]
    unknown = run("relay", "trail", "+1", "--config", kept)
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "+1" in unknown.stderr


def test_the_trail_of_a_number_that_is_a_word_now(kept: Path) -> None:
    """After a month the store names no number, and who asks for the number finds it all the same."""
    folder = kept.parent / "kept"
    store = SqliteStore(folder / "relay.sqlite")
    words = Pseudonyms.of(folder)
    envelope = Envelope("old", "mm1", words.word(ALICE), "T2", "1" * 64, 1, 1.0, 2.0)
    store.accept(envelope, [words.word(BOB)]).result()
    store.close()
    assert [one["id"] for one in lines("relay-trail", "relay", "trail", BOB, "--config", kept)] == [
        "abc",
        "old",
    ]


def test_the_status_counts(kept: Path) -> None:
    """One delivery is cancelled, and one is accepted."""
    (found,) = lines("relay-status", "relay", "status", "--config", kept)
    counts = found["states"]
    assert isinstance(counts, dict)
    assert (counts["cancelled"], counts["accepted"], sum(counts.values())) == (1, 1, 2)
    assert "cancelled" in run("relay", "status", "--config", kept).stdout


def test_an_operator_requeues_and_cancels(kept: Path) -> None:
    """An event happens for one recipient or for all; a command that changes nothing ends with 1."""
    (again,) = lines("relay-requeue", "relay", "requeue", "abc", "--to", BOB, "--config", kept)
    assert again["state"] == "accepted"
    assert run("relay", "requeue", "abc", "--config", kept).returncode == 1
    both = lines("relay-cancel", "relay", "cancel", "abc", "--config", kept)
    assert [one["state"] for one in both] == ["cancelled", "cancelled"]
    unknown = run("relay", "cancel", "nothing", "--config", kept)
    assert unknown.returncode == 1
    assert "nothing" in unknown.stderr


def test_a_phone_is_made_known(tmp_path: Path) -> None:
    """The store is made where there is none yet."""
    path = tmp_path / "relay.toml"
    path.write_text("")
    (found,) = lines(
        "relay-subscribe",
        "relay",
        "subscribe",
        BOB,
        "--carrier",
        "us-att",
        "--no-mms",
        "--link",
        "--config",
        path,
    )
    assert found == {
        "number": BOB,
        "network": "us-att",
        "device": "",
        "mms": False,
        "link": True,
        "link_after": None,
        "language": "",
    }
    store = SqliteStore(tmp_path / "relay" / "relay.sqlite")
    assert store.subscriber(BOB) is not None
    store.close()


def test_what_is_known_of_a_phone(kept: Path) -> None:
    """What is registered, what it said, and its newest message; of nobody nothing."""
    with contextlib.closing(SqliteStore(kept.parent / "kept" / "relay.sqlite")) as store:
        store.subscribe(Subscriber(BOB, "us-att")).result()
        device = Device("http://phones.example/a.xml", ("<r/>",), "phone/1")
        keep_device(store, BOB, device, 5.0).result()
        newest = store.deliveries(recipient=BOB)[0]
    (found,) = lines("relay-phone", "relay", "phone", BOB, "--config", kept)
    assert found == {
        "number": BOB,
        "registered": {
            "network": "us-att",
            "device": "",
            "mms": True,
            "link": False,
            "link_after": None,
            "language": "",
        },
        "seen": {"at": 5.0, "document": device.document, "differences": ["<r/>"], "agent": "phone/1"},
        "last": {"id": newest.message, "at": newest.changed_at, "state": newest.state},
    }
    said = run("relay", "phone", BOB, "--config", kept).stdout
    assert all(word in said for word in ("us-att", "phone/1", device.document, newest.state))
    (nobody,) = lines("relay-phone", "relay", "phone", "+1999", "--config", kept)
    assert nobody == {"number": "+1999", "registered": None, "seen": None, "last": None}
    assert "nothing is known" in run("relay", "phone", "+1999", "--config", kept).stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stoer = 1", "stoer: is not known"),
        ("[listen]\nport = 'x'", "listen.port: must be a whole number"),
        ("[listen]\nport = 70000", "listen.port: is no port"),
        ("[listen]\ngateways = ['nowhere']", "listen.gateways[0]"),
        (f"[listen]\nurl = 'http://{'a' * 69}'", "listen.url: has more than 75 characters"),
        ("[listen]\nurl = 'mmsc.example'", "listen.url: must be an address"),
        ("[listen]\nurl = 'http://mmsc.example/?m='", "listen.url: must be an address"),
        ("[sms]\nmax_segments = 0", "sms.max_segments: must be from 1 to 255"),
        ("[[local]]\nprefixes = ['+1']\nnetwork = 'us-nobody'", "local[0].network: "),
        ("[[local]]\nnetwork = 'us-att'", "local[0].prefixes: is missing"),
        ("[[local]]\nprefixes = ['+1 555']", "local[0].prefixes: '+1 555' is no number"),
        ("[[local]]\nmccmnc = ['310-260']", "local[0].mccmnc: 310-260 is no MCC-MNC"),
        (
            "[resolver]\nfile = 'a.csv'\nenum = 'e164.arpa'",
            "resolver.enum: of file and enum only one",
        ),
        (
            "[resolver]\nurl = 'http://hlr.example/'",
            "resolver.url: is no http or https address with {number}",
        ),
        ("[resolver]\nurl = 'ftp://hlr.example/{number}'", "resolver.url: is no http"),
        ("[resolver]\nservers = ['127.0.0.1']", "resolver.servers: has no effect without enum"),
        ("[resolver]\nauthorization = 'Bearer x'", "resolver.authorization: has no effect without url"),
        ("[resolver]\nseconds = 0", "resolver.seconds: must be more than 0"),
        ("[resolver]\nlines = 0", "resolver.lines: must be at least 1"),
        ("[resolver]\nprefix = ['+1']", "resolver.prefix: is not known"),
        ("[timers]\nretry = []", "timers"),
        ("[timers]\nlink = -1", "timers.link"),
        ("[[local]]\nprefixes = ['+1']\n[[local]]\nprefixes = ['+1']", "the prefix +1 stands in two tables"),
        ("[retention]\nnumber_days = 1", "retention.number_days: must not be shorter than timers.duplicate"),
        ("admin = 1", "admin: must be a table"),
        ("[admin]\nport = 70000", "admin.port: is no port"),
        ("[admin]\nsecret = 'open'", "admin.secret: is no argon2 hash"),
        ("[log]\nformat = 'xml'", "log.format: must be one of text, json"),
        ("[log]\nlevel = 'all'", "log.level: must be one of debug, info"),
        ("name = \nlisten = 1", "line 1"),
    ],
)
def test_a_wrong_configuration_is_named(tmp_path: Path, text: str, said: str) -> None:
    """One line names file, key and reason, and nothing starts."""
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    done = run("relay", "serve", "--config", path)
    assert done.returncode == 2
    assert f"{path}" in done.stderr
    assert said in done.stderr
    assert not (tmp_path / "relay").exists()


def test_a_store_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Nothing is made by a look."""
    path = tmp_path / "relay.toml"
    path.write_text("")
    done = run("relay", "status", "--config", path)
    assert done.returncode == 2
    assert "relay.sqlite" in done.stderr
    assert not (tmp_path / "relay").exists()


def test_a_missing_extra_is_named(tmp_path: Path) -> None:
    """Every command of a message centre says what to install."""
    path = tmp_path / "relay.toml"
    path.write_text("")
    with mock.patch.dict(sys.modules, {"transcode.relay.config": None}):
        done = run("relay", "status", "--config", path)
    assert done.returncode == 1
    assert "mms-transcode[relay]" in done.stderr
