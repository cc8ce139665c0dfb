"""How fast a campaign's notifications leave a message centre over SMPP.

    python -m bench.relay_sms [--recipients 5000] [--lines 4]

A message with a picture is submitted once for many recipients. An SMSC in a process of its own takes the
short messages, two for each notification. The table has the recipients a second from the submission until the
SMSC has taken all, and the processor's time of the centre for each: for the whole way, and for the gateway
alone.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import smpp34

import transcode
from bench import pictures
from transcode.relay.config import Config, Listen, Local, Policy
from transcode.relay.model import State
from transcode.relay.ports.smpp import Smpp
from transcode.relay.server import running
from transcode.relay.sms_gateway import SmsGateway

#: The octets of a notification, which need two short messages.
_NOTIFICATION = bytes(200)
_SENDER = "+15550000000"


async def _smsc(port: int) -> None:
    """Take all short messages."""
    server = smpp34.Server("127.0.0.1", port, system_id="smsc")
    await server.start()
    print(flush=True)
    count = 0
    while True:
        event = await server.next()
        if isinstance(event, smpp34.SubmitSmEvent):
            count += 1
            event.accept(str(count))


@contextlib.contextmanager
def smsc() -> Iterator[int]:
    """Run an SMSC; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    command = [sys.executable, "-m", "bench.relay_sms", "--smsc", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield port
        finally:
            process.kill()


def account(port: int, lines: int) -> SmsGateway:
    """The account at the SMSC."""
    return SmsGateway(
        url=f"smpp://127.0.0.1:{port}", system_id="relay", sender=_SENDER, timeout=60.0, lines=lines
    )


def gateway_alone(port: int, recipients: int) -> tuple[float, float]:
    """The seconds, and the processor's seconds, of pushes without a centre."""
    gate = Smpp(account(port, 1))
    try:
        gate.push(_SENDER, _NOTIFICATION)
        begin, busy = time.perf_counter(), time.process_time()
        for first in range(0, recipients, gate.together):
            numbers = range(first, min(first + gate.together, recipients))
            errors = gate.pushes([(f"+1555{number:07}", _NOTIFICATION) for number in numbers])
            assert not any(errors), errors
        return time.perf_counter() - begin, time.process_time() - busy
    finally:
        gate.close()


def campaign(port: int, recipients: int, lines: int, folder: Path) -> tuple[float, float]:
    """The seconds, and the processor's seconds, from a submission until all are notified."""
    picture = folder / "picture.jpg"
    pictures.landscape(1, 800, 600).save(picture, quality=90)
    profile = transcode.find_profile("us-tmobile")
    message = transcode.compose(picture, profile, to=[_SENDER]).edited(
        to=[f"+1555{number:07}" for number in range(recipients)]
    )
    config = Config(
        store=folder / "store",
        listen=Listen(port=0),
        sms=account(port, lines),
        local=(Local(prefixes=("+1555",), network="us-tmobile"),),
        policy=Policy(max_recipients=recipients),
    )
    with running(config) as centre:
        begin, busy = time.perf_counter(), time.process_time()
        request = urllib.request.Request(
            centre.url,
            data=message.to_mm1(strict=False),
            headers={"X-MSISDN": _SENDER, "Content-Type": "application/vnd.wap.mms-message"},
        )
        with urllib.request.urlopen(request, timeout=600) as answer:
            said = dict(transcode.read(answer.read()).headers)
        assert said["X-Mms-Response-Status"] == "Ok", said
        while centre.store.counts().get(State.NOTIFIED, 0) < recipients:
            time.sleep(0.1)
        return time.perf_counter() - begin, time.process_time() - busy


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipients", type=int, default=5000)
    parser.add_argument("--lines", type=int, default=4)
    parser.add_argument("--smsc", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.smsc:
        asyncio.run(_smsc(given.smsc))
    with smsc() as port, tempfile.TemporaryDirectory() as folder:
        rows = {
            "gateway alone": gateway_alone(port, given.recipients),
            "whole way": campaign(port, given.recipients, given.lines, Path(folder)),
        }
    print("| | recipients a second | processor's time of each, us |\n|---|---|---|")
    for name, (seconds, busy) in rows.items():
        print(f"| {name} | {given.recipients / seconds:.0f} | {1e6 * busy / given.recipients:.0f} |")


if __name__ == "__main__":
    main()
