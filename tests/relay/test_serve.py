"""A centre as a process of its own, which is killed and started again."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from tests.cli.command import run
from tests.process import started
from tests.relay.conftest import ALICE, BOB, config
from tests.relay.phone import Gateway, Phone, until
from transcode.cli.schema import schema
from transcode.messages.message import Message
from transcode.relay import server
from transcode.relay.model import Event
from transcode.relay.server import running
from transcode.relay.store import SqliteStore
from transcode.relay.store.backup import back_up, restore


def test_a_centre_that_is_killed_loses_nothing(tmp_path: Path, gateway: Gateway, letter: Message) -> None:
    """After kill -9 behind the answer the next start delivers, and SIGTERM ends it."""
    path = tmp_path / "relay.toml"
    path.write_text(
        f'store = "kept"\n[listen]\nport = 0\n[sms]\nurl = "{gateway.config.url}"\n[timers]\nretry = [0.2]\n'
        '[log]\nformat = "json"\n[policy]\nwait_seconds = 60\n'
        '[[local]]\nprefixes = ["+1555"]\nnetwork = "us-tmobile"\n'
    )
    command = [sys.executable, "-m", "transcode", "relay", "serve", "--json", "--config", str(path)]
    gateway.status = 503
    with started(command, stdout=subprocess.PIPE, text=True) as centre:
        assert centre.stdout is not None
        ready = json.loads(centre.stdout.readline())
        jsonschema.Draft202012Validator(schema("relay-serve")).validate(ready)
        sent = Phone(ALICE, ready["url"], gateway).submit(letter)
        assert dict(sent.headers)["X-Mms-Response-Status"] == "Ok"
        centre.kill()
    gateway.status = 202
    with (
        (tmp_path / "log").open("w") as log,
        started(command, stdout=subprocess.PIPE, stderr=log, text=True) as centre,
    ):
        assert centre.stdout is not None
        url = json.loads(centre.stdout.readline())["url"]
        bob = Phone(BOB, url, gateway)
        assert bob.fetch(bob.pushed()).parts
        store = SqliteStore(tmp_path / "kept" / "relay.sqlite")
        until(lambda: store.deliveries()[0].state in ("fetched", "retrieved"))
        store.close()
        centre.send_signal(signal.SIGTERM)
        assert centre.wait(timeout=60) == 143
    text = (tmp_path / "log").read_text()
    said = [json.loads(line) for line in text.splitlines()]
    assert "the last octet reached the phone" in {line["event"] for line in said}
    assert BOB not in text
    assert "/m/" not in text


def test_a_copy_of_a_centre_that_works_has_all_that_it_accepted_before(
    tmp_path: Path, gateway: Gateway, letter: Message
) -> None:
    """The centre goes on taking messages meanwhile, is killed, and another one delivers from the copy."""
    path = tmp_path / "relay.toml"
    path.write_text(
        f'store = "kept"\n[listen]\nport = 0\n[sms]\nurl = "{gateway.config.url}"\n[log]\nlevel = "error"\n'
        # What the first centre had taken is taken again at once.
        '[timers]\nlease = 1.0\n[policy]\nadapt_processes = 1\n[[local]]\nprefixes = ["+1555"]\n'
    )
    gateway.status = 503
    accepted: list[str] = []
    command = [sys.executable, "-m", "transcode", "relay", "serve", "--json", "--config", str(path)]
    with started(command, stdout=subprocess.PIPE, text=True) as centre:
        assert centre.stdout is not None
        alice = Phone(ALICE, json.loads(centre.stdout.readline())["url"], gateway)

        def send() -> None:
            with contextlib.suppress(OSError, http.client.HTTPException):
                for number in itertools.count():
                    sent = alice.submit(replace(letter, transaction_id=f"T{number}"))
                    accepted.append(str(dict(sent.headers)["Message-ID"]))

        sending = threading.Thread(target=send)
        sending.start()
        until(lambda: len(accepted) >= 5)
        before = list(accepted)
        assert back_up(tmp_path / "kept", tmp_path / "copy").damaged == ()
        until(lambda: len(accepted) > len(before) + 2)
        centre.kill()
        sending.join()
    assert restore(tmp_path / "copy", tmp_path / "again" / "store").damaged == ()
    gateway.status = 202
    with running(config(tmp_path / "again", gateway)) as again:
        bob = Phone(BOB, again.url, gateway)
        for message in before:
            # The wait after an attempt that failed is of the first centre.
            (one,) = again.store.deliveries(message)
            again.store.apply(one.id, Event.REQUEUE, at=time.time()).result()
        until(lambda: all(again.store.deliveries(message)[0].state == "notified" for message in before))
        assert bob.fetch(bob.pushed()).parts


def test_an_address_that_is_taken_is_named(tmp_path: Path) -> None:
    """One line with the address, and the exit code of a failure: 3 would mean a limit."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        path = tmp_path / "relay.toml"
        path.write_text(f'store = "kept"\n[listen]\nport = {port}\n')
        done = run("relay", "serve", "--config", path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"transcode: 127.0.0.1:{port}: another process listens there\n"


def test_an_address_of_another_machine_is_named() -> None:
    """The example of a configuration has an address that the machine of its reader does not have."""
    with pytest.raises(OSError, match=r"192\.0\.2\.1:8190: this machine has no such address"):
        server._bound("192.0.2.1", 8190)


def test_a_centre_that_nobody_would_reach_does_not_start(
    tmp_path: Path, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process listens at the address between our bind and our listen."""
    bind = server._bound
    with contextlib.ExitStack() as others:

        def bound(host: str, port: int) -> socket.socket:
            line = bind(host, port)
            other = others.enter_context(bind(*line.getsockname()[:2]))
            other.listen()
            return line

        monkeypatch.setattr(server, "_bound", bound)
        with pytest.raises(OSError, match="in use"), running(config(tmp_path, gateway)):
            pass
