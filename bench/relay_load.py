"""Measure a message centre under load: ``python -m bench.relay_load [--rate 30] [--seconds 600] [PHOTO]``.

Phones submit different messages of a photo each at a steady rate; others are notified, fetch what was adapted
to 640 x 480 pixels and 100,000 bytes, and acknowledge it. The centre is a ``transcode relay serve`` of its
own, with its default store in a folder for temporary files. Phones and SMS gateway run in this process, on
the same processors; their time is counted apart. With ``--door api`` the messages come through
``POST /v1/messages``, as forms with a file: some of the children compose, and others adapt.

Printed are the percentiles of each step in milliseconds, the processor time of a message in the centre and
in its children, the memory of both at the beginning, after each minute and at the end, and how
many cores the rate needs by these parts. A rate that the machine does not reach makes the steps longer and
longer: then the cores are what to read.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import queue
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

import transcode
from bench.pictures import landscape
from tests.kills import children
from tests.made.pictures import save
from tests.relay.demo import DOCUMENT, command
from tests.relay.phone import Gateway, Phone
from transcode.relay.model import Subscriber
from transcode.relay.store import SqliteStore
from transcode.relay.store.keys import make_key

#: Numbers of phones that send, and that fetch.
SENDER, RECEIVER = "+1555100{:04}", "+1555200{:04}"
PHONES = 200
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Measured:
    """What was measured.

    Attributes:
        steps: seconds of each step, by its name.
        submitted_at: when each message was accepted, by its Message-ID.
        failures: what went wrong, by its text.
    """

    steps: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    submitted_at: dict[str, float] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure a step; one that fails is counted as such."""
        begun = time.perf_counter()
        try:
            yield
        except (OSError, AssertionError, transcode.TranscodeError) as error:
            self.failures[f"{name}: {type(error).__name__} {error}"[:120]] += 1
            raise
        self.steps[name].append(time.perf_counter() - begun)


@dataclass(frozen=True)
class Load:
    """What is submitted.

    Attributes:
        photos: JPEG files.
        count: the number of messages.
        rate: messages a second.
        url: the address of the centre.
        gateway: its SMS gateway.
        key: that of an account of its API; ``""``: phones submit.
    """

    photos: Sequence[bytes]
    count: int
    rate: float
    url: str
    gateway: Gateway
    key: str = ""

    def pdu(self, number: int) -> bytes:
        """Return a submission with a photo as it is; its transaction id makes it another message."""
        photo = self.photos[number % len(self.photos)]
        message = transcode.Message(
            message_type="m-send-req",
            transaction_id=f"T{number}",
            version="1.2",
            to=(f"{RECEIVER.format(number % PHONES)}/TYPE=PLMN",),
            content_type="application/vnd.wap.multipart.mixed",
            parts=(transcode.Part("image/jpeg", photo),),
        )
        return message.to_mm1(strict=False)


def submit(phone: Phone, load: Load, number: int, measured: Measured) -> None:
    """Post one message."""
    pdu = load.pdu(number)
    with contextlib.suppress(OSError, AssertionError, transcode.TranscodeError), measured.step("submit"):
        status, _, body = phone.request("POST", phone.url, pdu)
        assert status == 200, status
        said = dict(transcode.read(body).headers)
        assert said["X-Mms-Response-Status"] == "Ok", said
        measured.submitted_at[str(said["Message-ID"])] = time.perf_counter()


def post(client: httpx.Client, load: Load, number: int, measured: Measured) -> None:
    """Send one message through the API."""
    photo = load.photos[number % len(load.photos)]
    to = RECEIVER.format(number % PHONES)
    with contextlib.suppress(OSError, AssertionError), measured.step("submit"):
        try:
            answer = client.post("/v1/messages", data={"to": to}, files={"media": ("photo.jpg", photo)})
        except httpx.HTTPError as error:
            raise OSError(str(error)) from error
        assert answer.status_code == 201, answer.text
        measured.submitted_at[answer.json()["id"]] = time.perf_counter()


def fetch(phone: Phone, measured: Measured, is_over: threading.Event) -> None:
    """Fetch and acknowledge what is notified."""
    while not is_over.is_set():
        try:
            told = phone.pushed()
        except queue.Empty:
            return
        pushed = time.perf_counter()
        with contextlib.suppress(OSError, AssertionError, transcode.TranscodeError):
            with measured.step("fetch"):
                got = phone.fetch(told)
                assert got.parts, got.headers
            begun = measured.submitted_at.get(str(dict(got.headers)["Message-ID"]), pushed)
            measured.steps["accepted to notified"].append(pushed - begun)
            with measured.step("acknowledge"):
                phone.respond(told, "Retrieved")


def cpu(process: int) -> float:
    """Return the processor time of a process in seconds, without its children."""
    try:
        words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(words[11]) + int(words[12])) / _TICKS


def memory(process: int) -> int:
    """Return the memory of a process in octets."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE
    except OSError:
        return 0


def percentile(seconds: Sequence[float], part: float) -> float:
    """Return a percentile in milliseconds."""
    ordered = sorted(seconds)
    return 1000 * ordered[min(len(ordered) - 1, math.ceil(part * len(ordered)) - 1)]


def run(photos: Sequence[bytes], rate: float, seconds: float, door: str) -> dict[str, object]:
    """Load a centre and return what was measured."""
    measured, is_over = Measured(), threading.Event()
    with tempfile.TemporaryDirectory() as name, Gateway().running() as gateway:
        folder = Path(name).resolve()
        (folder / "old.xml").write_text(DOCUMENT)
        config = folder / "relay.toml"
        config.write_text(
            f'store = "store"\n[listen]\nport = 0\n[sms]\nurl = "{gateway.config.url}"\n'
            "[policy]\nmax_message_bytes = 20000000\nwait_seconds = 60\n"
            '[[local]]\nprefixes = ["+1555"]\nnetwork = "us-att"\n[api]\nrequests_per_minute = 0\n'
        )
        store = SqliteStore(folder / "store" / "relay.sqlite")
        for number in range(PHONES):
            store.subscribe(Subscriber(RECEIVER.format(number), "us-att", str(folder / "old.xml"))).result()
        sender, scopes = SENDER.format(0), ["messages:write"]
        _, key = make_key(store, "load", scopes=scopes, senders=[sender], now=time.time(), per_minute=0)
        store.close()
        serve = command("relay", "serve", "--json", "--config", config)
        with subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as centre:
            assert centre.stdout is not None
            url = str(json.loads(centre.stdout.readline())["url"])
            threads = [
                threading.Thread(
                    target=fetch, args=(Phone(RECEIVER.format(number), url, gateway), measured, is_over)
                )
                for number in range(PHONES)
            ]
            for thread in threads:
                thread.start()
            time.sleep(3)
            load = Load(photos, int(rate * seconds), rate, url, gateway, key if door == "api" else "")
            with httpx.Client(
                base_url=url,
                headers={"Authorization": f"Bearer {key}"},
                timeout=120.0,
                limits=httpx.Limits(max_connections=40),
            ) as client:
                found = measure(centre, load, measured, client)
            is_over.set()
            centre.send_signal(signal.SIGTERM)
            centre.communicate()
            for thread in threads:
                thread.join()
    return found


def measure(
    centre: subprocess.Popen[str], load: Load, measured: Measured, client: httpx.Client
) -> dict[str, object]:
    """Submit at the rate, wait until all is fetched, and return what was measured."""
    below = children(centre.pid)
    before = cpu(centre.pid), sum(map(cpu, below))
    held = [(memory(centre.pid), sum(map(memory, below)))]
    begun, sending = time.perf_counter(), []
    for number in range(load.count):
        if time.perf_counter() - begun > 60 * len(held):
            held.append((memory(centre.pid), sum(map(memory, children(centre.pid)))))
        wait = begun + number / load.rate - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        if load.key:
            thread = threading.Thread(target=post, args=(client, load, number, measured))
        else:
            phone = Phone(SENDER.format(number % 500), load.url, load.gateway)
            thread = threading.Thread(target=submit, args=(phone, load, number, measured))
        thread.start()
        sending.append(thread)
    for thread in sending:
        thread.join()
    patience = time.perf_counter() + 120
    while len(measured.steps["acknowledge"]) < load.count and time.perf_counter() < patience:
        time.sleep(0.1)
    whole = time.perf_counter() - begun
    count = max(1, len(measured.steps["acknowledge"]))
    held.append((memory(centre.pid), sum(map(memory, children(centre.pid)))))
    served, adapted = cpu(centre.pid) - before[0], sum(map(cpu, children(centre.pid))) - before[1]
    return {
        "messages": load.count,
        "octets of a message": round(statistics.mean(map(len, load.photos))),
        "fetched": len(measured.steps["acknowledge"]),
        "seconds": round(whole, 1),
        "fetched a second": round(count / whole, 2),
        "centre, CPU ms a message": round(1000 * served / count, 2),
        "children, CPU ms a message": round(1000 * adapted / count, 2),
        "cores for the rate": round((served + adapted) / count * load.rate, 2),
        "memory of the centre, MB": [own // 1_000_000 for own, _ in held],
        "memory of its children, MB": [theirs // 1_000_000 for _, theirs in held],
        "ms": {
            name: {
                "p50": round(percentile(found, 0.5), 1),
                "p99": round(percentile(found, 0.99), 1),
            }
            for name, found in measured.steps.items()
            if found
        },
        "failures": dict(measured.failures),
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="A message centre under load.")
    parser.add_argument("photos", type=Path, nargs="*", help="JPEG photos; three are made if none is named")
    parser.add_argument("--rate", type=float, default=30.0, help="messages a second")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--door", choices=("mm1", "api"), default="mm1", help="where messages come in")
    asked = parser.parse_args()
    photos = [path.read_bytes() for path in asked.photos] or [
        save(landscape(seed, 4000, 3000), quality=85) for seed in range(3)
    ]
    json.dump(run(photos, asked.rate, asked.seconds, asked.door), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
