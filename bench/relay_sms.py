"""How fast a campaign's notifications leave a message centre over SMPP.

    python -m bench.relay_sms [--recipients 20000] [--lines 4] [--database URL]

A message with a picture is submitted once for many recipients. An SMSC in a process of its own, which does
nothing but answer, takes the short messages, two for each notification. The centre writes its log, as
``transcode relay serve`` does. The tables have the recipients a second from the submission until the SMSC has
taken all, the processor's time of the centre for each, and which of its threads spent that. The SMSC shares
the processors; its time is in the table, too.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import transcode
from bench import pictures
from transcode.relay import logs
from transcode.relay.config import Config, Listen, Local, Policy
from transcode.relay.model import State
from transcode.relay.numbers import Numbers
from transcode.relay.ports.smpp import Smpp
from transcode.relay.ports.sms import Push
from transcode.relay.pseudonyms import Pseudonyms
from transcode.relay.server import running
from transcode.relay.sms_gateway import SmsGateway
from transcode.relay.texts import dropped

#: The octets of a notification, which need two short messages.
_NOTIFICATION = bytes(200)
_SENDER = "+15550000000"
#: submit_sm, and the bit of an answer (SMPP 3.4, 5.1.2.1).
_SUBMIT, _ANSWER = 0x04, 0x80000000


class _Smsc(asyncio.Protocol):
    """Takes everything that a client sends; a message id is the number of the request."""

    def __init__(self) -> None:
        self._left = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        octets, at, answers = self._left + data, 0, []
        while at + 16 <= len(octets):
            size, command, _, number = struct.unpack_from(">IIII", octets, at)
            if at + size > len(octets):
                break
            at += size
            if command & _ANSWER:
                continue
            said = b"%d\0" % number if command == _SUBMIT else b"smsc\0"
            answers.append(struct.pack(">IIII", 16 + len(said), command | _ANSWER, 0, number) + said)
        self._left = octets[at:]
        self._transport.write(b"".join(answers))


async def _serve() -> None:
    """Be an SMSC, and print its port."""
    server = await asyncio.get_running_loop().create_server(_Smsc, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


class Running(NamedTuple):
    """An SMSC that runs.

    Attributes:
        port: its port.
        process: the number of its process.
    """

    port: int
    process: int


@contextlib.contextmanager
def smsc() -> Iterator[Running]:
    """Run an SMSC."""
    command = [sys.executable, "-m", "bench.relay_sms", "--smsc"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Running(int(process.stdout.readline()), process.pid)
        finally:
            process.kill()


class Taken(NamedTuple):
    """What a number of recipients took.

    Attributes:
        seconds: by the clock.
        busy: of the processors, for this process.
        smsc: of the processors, for the SMSC.
        parts: of the processors, by the name of the thread.
    """

    seconds: float
    busy: float
    smsc: float
    parts: dict[str, float]


@contextlib.contextmanager
def taking(smsc: Running) -> Iterator[list[Taken]]:
    """Measure what a block takes."""
    found: list[Taken] = []
    before, other = _threads(), _spent(smsc.process)
    begin, busy = time.perf_counter(), time.process_time()
    yield found
    parts = {name: spent - before.get(name, 0.0) for name, spent in _threads().items()}
    found.append(
        Taken(
            time.perf_counter() - begin,
            time.process_time() - busy,
            sum(_spent(smsc.process).values()) - sum(other.values()),
            parts,
        )
    )


def _spent(process: int | str) -> dict[int, float]:
    """Return the seconds of the processors by the number of the thread."""
    found: dict[int, float] = {}
    for folder in Path(f"/proc/{process}/task").iterdir():
        with contextlib.suppress(OSError):
            found[int(folder.name)] = int((folder / "schedstat").read_text().split()[0]) / 1e9
    return found


def _threads() -> dict[str, float]:
    """Return the seconds of the processors by the name of the thread."""
    names = {one.native_id: re.sub(r"[^a-z]*$", "", one.name.lower()) for one in threading.enumerate()}
    found: dict[str, float] = defaultdict(float)
    for number, seconds in _spent(os.getpid()).items():
        found[names.get(number, "of libraries")] += seconds
    return found


def account(port: int, lines: int) -> SmsGateway:
    """The account at the SMSC."""
    return SmsGateway(
        url=f"smpp://127.0.0.1:{port}", system_id="relay", sender=_SENDER, timeout=60.0, lines=lines
    )


def gateway_alone(smsc: Running, recipients: int) -> Taken:
    """Pushes without a centre."""
    gate = Smpp(account(smsc.port, 1), Numbers(), dropped)
    try:
        gate.push(_SENDER, _NOTIFICATION)
        with taking(smsc) as found:
            for first in range(0, recipients, gate.together):
                numbers = range(first, min(first + gate.together, recipients))
                errors = gate.pushes([Push(f"+1555{number:07}", _NOTIFICATION) for number in numbers])
                assert not any(errors), errors
    finally:
        gate.close()
    return found[0]


def campaign(smsc: Running, recipients: int, lines: int, folder: Path, database: str) -> Taken:
    """From a submission until all are notified."""
    picture = folder / "picture.jpg"
    pictures.landscape(1, 800, 600).save(picture, quality=90)
    profile = transcode.find_profile("us-tmobile")
    message = transcode.compose(picture, profile, to=[_SENDER]).edited(
        to=[f"+1555{number:07}" for number in range(recipients)]
    )
    config = Config(
        store=folder / "store",
        database=database,
        listen=Listen(port=0),
        sms=account(smsc.port, lines),
        local=(Local(prefixes=("+1555",), network="us-tmobile"),),
        policy=Policy(max_recipients=recipients),
    )
    with (
        Path(os.devnull).open("w") as log,
        logs.logging_to(log, logs.Log("json"), Pseudonyms.of(config.store)),
        running(config) as centre,
    ):
        request = urllib.request.Request(
            centre.url,
            data=message.to_mm1(strict=False),
            headers={"X-MSISDN": _SENDER, "Content-Type": "application/vnd.wap.mms-message"},
        )
        with taking(smsc) as found:
            with urllib.request.urlopen(request, timeout=600) as answer:
                said = dict(transcode.read(answer.read()).headers)
            assert said["X-Mms-Response-Status"] == "Ok", said
            while centre.store.counts().get(State.NOTIFIED, 0) < recipients:
                time.sleep(0.2)
    return found[0]


def parser(description: str | None) -> argparse.ArgumentParser:
    """The arguments of what sends to many recipients."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--recipients", type=int, default=20000)
    made.add_argument("--lines", type=int, default=4)
    made.add_argument("--database", default="", help="a PostgreSQL database; SQLite without one")
    return made


def show_threads(what: str, taken: Taken, recipients: int) -> None:
    """Print what each thread took, the longest first, from a microsecond for each recipient."""
    print(f"\n| thread of {what} | processor's time of each recipient, us |\n|---|---|")
    for part, seconds in sorted(taken.parts.items(), key=lambda part: -part[1]):
        if 1e6 * seconds / recipients >= 1:
            print(f"| {part} | {1e6 * seconds / recipients:.0f} |")


def main() -> None:
    """Measure, and print tables."""
    arguments = parser(__doc__)
    arguments.add_argument("--smsc", action="store_true", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.smsc:
        asyncio.run(_serve())
    count = given.recipients
    with smsc() as other, tempfile.TemporaryDirectory() as folder:
        alone = gateway_alone(other, count)
        whole = campaign(other, count, given.lines, Path(folder), given.database)
    print("| | recipients a second | processor's time of each, us | and of the SMSC |\n|---|---|---|---|")
    for name, row in (("gateway alone", alone), ("whole way", whole)):
        print(
            f"| {name} | {count / row.seconds:.0f} | {1e6 * row.busy / count:.0f} |"
            f" {1e6 * row.smsc / count:.0f} |"
        )
    show_threads("the whole way", whole, count)


if __name__ == "__main__":
    main()
