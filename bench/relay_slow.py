"""How much a slow neighbour delays messages to others: ``python -m bench.relay_slow [WORD ...]``.

A message centre with its defaults sends to three carriers over MM4, to three providers over MM7, and to
phones by a gateway for short messages. Two centres run at the same time, so that what else the machine does
falls upon both: in one of them a neighbour is healthy, in the other it has a fault. Phones submit at a steady
rate to all three; measured are the milliseconds from the submission to the answer of the two others (the 250
of the mail, the 1000 of the DeliverReq). The table has both centres for each fault, and the ratio of their 99
of 100. Words choose faults by their names.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import re
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeAlias
from urllib.parse import urlsplit

import transcode
from tests.made.pictures import photo, save
from tests.relay import made
from tests.relay.demo import command
from tests.relay.phone import Gateway, Phone, location
from transcode.messages.message import Message

#: Neighbours of one kind; the first one has the fault.
NAMES = ("a", "b", "c")
PREFIXES = {name: f"+166{place}" for place, name in enumerate(NAMES)}
CODES = {name: f"7770{place}" for place, name in enumerate(NAMES)}
#: Phones that fetch slowly, and the longest time that a message is waited for.
SLOW_PHONES, PATIENCE = 100, 60.0
SENDER = "+15550001"

Handler: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Fault(NamedTuple):
    """What one neighbour does.

    Attributes:
        kind: ``"carrier"``, ``"provider"``, ``"gateway"`` or ``"phone"``.
        name: what it does; ``""``: it is healthy.
    """

    kind: str
    name: str


FAULTS = (
    Fault("carrier", "answers 1 octet a second"),
    Fault("carrier", "silent after connect"),
    Fault("carrier", "silent after DATA"),
    Fault("carrier", "refuses after DATA"),
    Fault("carrier", "busy after DATA"),
    Fault("carrier", "closes in DATA"),
    Fault("provider", "answers 1 octet a second"),
    Fault("provider", "silent"),
    Fault("provider", "busy"),
    Fault("provider", "closes"),
    Fault("gateway", "silent"),
    Fault("gateway", "busy"),
    Fault("phone", "fetches 1 octet a second"),
)


class Neighbours:
    """Servers in a thread.

    Attributes:
        arrived: when each message was answered, by its subject.
    """

    def __init__(self, fault: Fault) -> None:
        self.arrived: dict[str, float] = {}
        self._fault = fault
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @contextlib.contextmanager
    def running(self) -> Iterator[Neighbours]:
        """Serve."""
        self._thread.start()
        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(_cancel(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def port(self, kind: str, name: str) -> int:
        """Open the server of a neighbour; its port."""
        has_fault = kind == self._fault.kind and name == NAMES[0]
        fault = self._fault.name if has_fault else ""
        serve = {"carrier": self._carrier, "provider": self._provider, "gateway": self._gateway}[kind]

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            # A task that ends as cancelled is a failure for asyncio's streams.
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await serve(reader, writer, fault)
            writer.close()

        async def start() -> int:
            server = await asyncio.start_server(handle, "127.0.0.1", 0, limit=1 << 24)
            return int(server.sockets[0].getsockname()[1])

        return asyncio.run_coroutine_threadsafe(start(), self._loop).result()

    def slowly(self, urls: Sequence[str]) -> None:
        """Fetch from addresses at 1 octet a second, until the end."""
        for url in urls:
            asyncio.run_coroutine_threadsafe(_slowly(url), self._loop)

    async def _carrier(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: str) -> None:
        if fault == "silent after connect":
            await reader.read()
        await _say(writer, b"220 mms\r\n", fault)
        while line := await reader.readline():
            word = line[:4].upper()
            if word != b"DATA":
                await _say(writer, b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n", fault)
                continue
            await _say(writer, b"354 go\r\n", fault)
            if fault == "closes in DATA":
                await reader.read(1000)
                return
            mail = await reader.readuntil(b"\r\n.\r\n")
            if fault == "silent after DATA":
                await reader.read()
            status = {"refuses after DATA": b"554 no\r\n", "busy after DATA": b"451 later\r\n"}
            await _say(writer, status.get(fault, b"250 kept\r\n"), fault)
            self._note(mail)

    async def _provider(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: str) -> None:
        while True:
            head, body = await _request(reader)
            if fault == "closes":
                return
            if fault == "silent":
                await reader.read()
            status, kind, octets = b"500 No", b"text/plain", b"no"
            if fault != "busy":
                content_type = head[b"content-type"]
                asked = transcode.read(b'SOAPAction: ""\r\nContent-Type: %s\r\n\r\n' % content_type + body)
                answer = transcode.answer(asked, 1000).to_mm7(strict=False)
                status, kind, octets = b"200 OK", b"text/xml", answer.body
            front = b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
            await _say(writer, front % (status, kind, len(octets)) + octets, fault)
            self._note(body)

    async def _gateway(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: str) -> None:
        while True:
            await _request(reader)
            if fault == "silent":
                await reader.read()
            status = b"503 No" if fault else b"202 Accepted"
            await _say(writer, b"HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n" % status, fault)

    def _note(self, octets: bytes) -> None:
        found = re.search(rb"Subject(?:: |>)(turn[^\r<]+)", octets)
        assert found is not None
        self.arrived[found[1].decode()] = time.perf_counter()


async def _cancel() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _say(writer: asyncio.StreamWriter, octets: bytes, fault: str) -> None:
    if "1 octet" not in fault:
        writer.write(octets)
        return
    for octet in octets:
        writer.write(bytes((octet,)))
        await asyncio.sleep(1)


async def _request(reader: asyncio.StreamReader) -> tuple[dict[bytes, bytes], bytes]:
    """The headers and the body of a request."""
    lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[1:-2]
    head = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
    return head, await reader.readexactly(int(head.get(b"content-length", 0)))


async def _slowly(url: str) -> None:
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    with socket.socket() as line:
        # A small window, or the kernel takes the whole message from the centre.
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.setblocking(False)
        await loop.sock_connect(line, (parts.hostname, parts.port))
        await loop.sock_sendall(line, f"GET {parts.path} HTTP/1.1\r\nHost: mmsc\r\n\r\n".encode())
        while await loop.sock_recv(line, 1):
            await asyncio.sleep(1)


def configured(folder: Path, neighbours: Neighbours, gateway: str) -> Path:
    """Write the configuration of a centre with all neighbours."""
    tables = [
        f'store = "store"\n[listen]\nport = 0\n[sms]\nurl = "{gateway}"',
        '[mm4]\ndomain = "mms.here.example"\nport = 0',
        "[policy]\nsender_per_minute = 0",
        '[[local]]\nprefixes = ["+1555"]\nnetwork = "us-tmobile"',
    ]
    for name in NAMES:
        port = neighbours.port("carrier", name)
        tables.append(
            f'[[peer]]\nname = "{name}"\ndomain = "mms.{name}.example"\nprefixes = ["{PREFIXES[name]}"]\n'
            f'host = "127.0.0.1"\nport = {port}\nanswers = false'
        )
        port = neighbours.port("provider", name)
        tables.append(
            f'[[vasp]]\nname = "v{name}"\nshort_codes = ["{CODES[name]}"]\naddresses = ["192.0.2.1/32"]\n'
            f'url = "http://127.0.0.1:{port}/"'
        )
    path = folder / "relay.toml"
    path.write_text("\n".join(tables))
    return path


def turn(fault: Fault, count: int, rate: float) -> list[float]:
    """Run a centre with one fault, or none, and return the seconds of each message to the others."""
    with contextlib.ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory())).resolve()
        neighbours = ends.enter_context(Neighbours(fault).running())
        gateway = ends.enter_context(Gateway().running())
        url = gateway.config.url
        if fault.kind == "gateway":
            url = f"http://127.0.0.1:{neighbours.port('gateway', NAMES[0])}/sendsms"
        serve = command("relay", "serve", "--json", "--config", configured(folder, neighbours, url))
        process = subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        centre = ends.enter_context(process)
        # It has no message that anybody waits for.
        ends.callback(centre.kill)
        assert centre.stdout is not None
        at = str(json.loads(centre.stdout.readline())["url"])
        phone = Phone(SENDER, at, gateway)
        letter = made.letter(save(photo(400, 300), quality=85), SENDER)
        if fault.kind == "phone":
            _fetch_slowly(phone, letter, gateway, neighbours, is_slow=bool(fault.name))
        return _measured(fault, phone, letter, neighbours, count, rate)


def _fetch_slowly(
    phone: Phone, letter: Message, gateway: Gateway, neighbours: Neighbours, *, is_slow: bool
) -> None:
    numbers = [f"+15557{place:03}" for place in range(SLOW_PHONES)]
    large = made.letter(save(photo(1600, 1200, seed=2), quality=95), SENDER)
    phone.submit(large.edited(to=numbers, transaction_id="large"))
    phones = [Phone(number, phone.url, gateway) for number in numbers]
    told = [one.pushed() for one in phones]
    # The message is adapted once.
    phones[0].fetch(told[0])
    if is_slow:
        neighbours.slowly([location(one) for one in told[1:]])
    else:
        for one, notification in zip(phones, told, strict=True):
            one.fetch(notification)


def _measured(
    fault: Fault, phone: Phone, letter: Message, neighbours: Neighbours, count: int, rate: float
) -> list[float]:
    """Submit at the rate to all neighbours of a kind; the seconds of each message to the healthy ones."""
    where = CODES if fault.kind == "provider" else PREFIXES
    if fault.kind == "gateway":
        where = {**PREFIXES, NAMES[0]: "+15558"}
    begun: dict[str, float] = {}
    start = time.perf_counter()
    # The first ones warm the centre up.
    for number in range(-3, count):
        for name in NAMES:
            subject = f"turn {name} {number}"
            to = where[name] if where is CODES else f"{where[name]}{number % 1000:04}"
            one = letter.edited(to=[to], subject=subject, transaction_id=subject)
            pdu = one.to_mm1(strict=False)
            begun[subject] = time.perf_counter()
            status, _, body = phone.request("POST", phone.url, pdu)
            assert status == 200, body
        time.sleep(max(0.0, start + (number + 4) / rate - time.perf_counter()))
    names = NAMES if fault.kind == "phone" else NAMES[1:]
    awaited = [f"turn {name} {number}" for name in names for number in range(count)]
    end = time.perf_counter() + PATIENCE
    while not all(one in neighbours.arrived for one in awaited) and time.perf_counter() < end:
        time.sleep(0.05)
    # Who did not arrive took so long at least.
    late = time.perf_counter()
    return [neighbours.arrived.get(one, late) - begun[one] for one in awaited]


def percentile(seconds: Sequence[float], part: float) -> float:
    """Return a percentile in milliseconds."""
    ordered = sorted(seconds)
    return 1000 * ordered[min(len(ordered) - 1, math.ceil(part * len(ordered)) - 1)]


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("words", nargs="*", help="faults whose names have one of these words")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--count", type=int, default=40, help="messages to each neighbour in a turn")
    parser.add_argument("--rate", type=float, default=5.0, help="messages a second to each neighbour")
    given = parser.parse_args()
    print("| neighbour | fault | p50 healthy | p50 with it | p99 healthy | p99 with it | ratio of p99 |")
    print("|---|---|---|---|---|---|---|")
    for fault in FAULTS:
        if given.words and not any(word in " ".join(fault) for word in given.words):
            continue
        found: dict[bool, list[float]] = {False: [], True: []}
        for number in range(given.rounds):
            both = [fault._replace(name=""), fault][:: -1 if number % 2 else 1]
            with ThreadPoolExecutor(2) as pool:
                turns = pool.map(turn, both, [given.count] * 2, [given.rate] * 2)
                for one, seconds in zip(both, turns, strict=True):
                    found[not one.name] += seconds
        row = [percentile(found[one], part) for part in (0.5, 0.99) for one in (True, False)]
        figures = " | ".join(f"{one:.0f}" for one in row)
        print(f"| {fault.kind} | {fault.name} | {figures} | {row[3] / row[2]:.2f} |", flush=True)


if __name__ == "__main__":
    main()
