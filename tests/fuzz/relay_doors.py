"""The doors of a message centre, in one process, without sockets and threads of their own.

A door answers whatever comes. So what it raises is a finding, and what it logs with an exception: a door that
says "not now" to what can't be read makes a peer send it for days.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest import mock

import uvicorn
from uvicorn.server import ServerState

from tests.fuzz.seeds import message
from transcode.relay.adaptation import Adapter
from transcode.relay.amendments import Amendments
from transcode.relay.capability import Capability
from transcode.relay.centre import Centre
from transcode.relay.config import Config, Local, Policy
from transcode.relay.documents import Documents
from transcode.relay.numbers import Numbers
from transcode.relay.peers import Mm4, Peer
from transcode.relay.ports import mm1, mm4, mm7, octets, retrieval, smpp, sms_in
from transcode.relay.ports.gate import Gate
from transcode.relay.ports.http_doors import application
from transcode.relay.ports.http_protocol import Protocol
from transcode.relay.ports.in_flight import InFlight
from transcode.relay.ports.mm4_mails import Mails
from transcode.relay.ports.smpp_texts import text_of
from transcode.relay.ports.smtp import Bounds, Smtp
from transcode.relay.route import Router
from transcode.relay.secrets import Verifier
from transcode.relay.sms_gateway import SmsGateway
from transcode.relay.store import Blobs, SqliteStore
from transcode.relay.texts import dropped
from transcode.relay.vasps import Vasp

__all__ = ["TARGETS"]

ALICE, BOB = "+15550001", "+15550002"
HERE = ("127.0.0.1/32",)
PEER = Peer("b", "mms.b.example", "127.0.0.1", prefixes=("+1666",), addresses=HERE)
CONFIG = Config(
    local=(Local(("+1555",), "us-tmobile"),),
    mm4=Mm4(domain="mms.a.example"),
    peer=(PEER,),
    vasp=(Vasp("shop", addresses=HERE, short_codes=("12345",), url="http://127.0.0.1:9/"),),
    sms=SmsGateway(incoming="/sms"),
    policy=Policy(sender_per_minute=0),
    numbers=Numbers("1", trunk="1", international="011", digits=10),
)
#: Inputs after which a store is made anew, so that an hour fills no disk.
_INPUTS = 5_000
#: Rounds of a loop in which all that can go on has gone on.
_ROUNDS = 200


class _Nowhere:
    """Octets that nobody keeps."""

    def put(self, data: bytes) -> str:
        return hashlib.sha256(data).hexdigest()

    def put_again(self, name: str, data: bytes) -> None:
        """Keep nothing."""

    def get(self, name: str) -> bytes:
        raise FileNotFoundError(name)

    source = get

    def exists(self, _name: str) -> bool:
        return False


class _Findings(logging.Handler):
    """What is logged with an exception is raised after the input."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            self.found.append(record.exc_info[1])

    def judge(self) -> None:
        """Raise what was logged."""
        if self.found:
            found, self.found = self.found[0], []
            raise found


class _World:
    """A centre without outlets.

    Attributes:
        store: its rows, in memory where the system has a folder for that.
    """

    def __init__(self) -> None:
        folder = Path("/dev/shm")
        self._folder = tempfile.TemporaryDirectory(dir=folder if folder.is_dir() else None)
        here = Path(self._folder.name)
        self.store = SqliteStore(here / "relay.db")
        blobs = cast("Blobs", _Nowhere())
        in_flight = InFlight(10**9)
        router = Router(CONFIG.hops)
        centre = Centre(CONFIG, self.store, blobs, router, time.time)
        self.mails = Mails(CONFIG, centre, self.store, time.time)
        documents = Documents(here / "profiles", CONFIG.devices, time.time, lambda url: b"")
        capability = Capability(self.store, router, documents, time.time)
        fetching = retrieval.Retrieval(CONFIG, centre, capability, cast("Adapter", None), self.store, blobs)
        amendments = Amendments(self.store, blobs, time.time, CONFIG.timers, CONFIG.numbers)
        self.mm1 = mm1._Door(CONFIG, centre, in_flight)
        self.mm7 = mm7._Door(CONFIG, centre, amendments, in_flight)
        self.smtp = mm4.Door(CONFIG, self.mails, Verifier())
        self.in_flight = in_flight
        self.app = application(
            [
                *mm1.routes(CONFIG, centre, fetching, in_flight),
                *mm7.routes(CONFIG, centre, amendments, in_flight),
                *sms_in.routes(CONFIG, dropped),
            ]
        )

    def close(self) -> None:
        """Delete it."""
        self.smtp.close()
        self.store.close()
        self._folder.cleanup()


_findings = _Findings()
_worlds: list[tuple[int, _World]] = []


def _world() -> _World:
    """The centre of this input: one for some thousand of them."""
    if not _worlds:
        for name in ("transcode", "uvicorn", "asyncio", "mail.log"):
            log = logging.getLogger(name)
            log.addHandler(_findings)
            log.propagate = False
        _worlds.append((0, _World()))
    count, world = _worlds.pop()
    if count >= _INPUTS:
        world.close()
        count, world = 0, _World()
    _worlds.append((count + 1, world))
    return world


def mm1_pdus(data: bytes) -> None:
    """A PDU that a phone posts: whatever it is, it has an answer."""
    answer = _world().mm1._answer(data, ALICE)
    assert answer.status_code in (200, 400), answer.status_code
    _findings.judge()


def mm4_mails(data: bytes) -> None:
    """A mail of another centre."""
    said = _world().mails.take(PEER, [f"{BOB}/TYPE=PLMN@mms.a.example", "system@mms.a.example"], data)
    assert said[:4] in ("250 ", "451 ", "550 ", "554 "), said
    assert said.isascii(), said
    assert "\n" not in said, said
    _findings.judge()


def mm7_requests(data: bytes) -> None:
    """A request of a provider: its Content-Type, a line feed, and its body."""
    head, _, body = data.partition(b"\n")
    answer = _world().mm7._answer(body, head.decode("latin-1"), CONFIG.vasp)
    assert answer.status_code in (200, 500), answer.status_code
    _findings.judge()


def smpp_texts(data: bytes) -> None:
    """What an SMSC delivers: esm_class, data_coding, length of the text, text, number and parameters."""
    if len(data) < 4:
        return
    text, rest = data[3 : 3 + data[2]], data[3 + data[2] :]
    tags = [int.from_bytes(rest[at : at + 2], "big") for at in range(0, min(len(rest), 8), 2)]
    event: Any = SimpleNamespace(
        esm_class=data[0],
        data_coding=data[1],
        short_message=text,
        source_addr=rest[:20].decode("latin-1"),
        source_addr_ton=len(rest) % 7,
        destination_addr="12345",
        dest_addr_ton=0,
        tlvs=[SimpleNamespace(tag=tag, value=rest[8:]) for tag in tags],
    )
    if not smpp._is_receipt("SMSC", event):
        found = text_of(event, CONFIG.numbers)
        assert CONFIG.numbers.normal(found.sender, msisdn=True) == found.sender, found.sender
    _findings.judge()


class _Inline:
    """Runs what is for a thread where it is asked for."""

    async def __call__(self, call: Callable[..., Any], *arguments: Any, **_: Any) -> Any:
        return call(*arguments)


class _Executor:
    """The same, for an event loop."""

    async def run(self, _pool: object, call: Callable[..., Any], *arguments: Any) -> Any:
        return call(*arguments)


class _Transport(asyncio.Transport):
    """A connection whose peer takes everything."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 9), "sockname": ("127.0.0.1", 8190)})
        self.written = bytearray()
        self.is_over = False

    def write(self, data: Any) -> None:
        self.written += data

    def close(self) -> None:
        self.is_over = True

    def abort(self) -> None:
        self.is_over = True

    def is_closing(self) -> bool:
        return self.is_over

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        """Do nothing: the next piece comes when all has been done."""

    def resume_reading(self) -> None:
        """Do nothing."""

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Do nothing: a gate that is never full turns nobody away."""


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)

    def failed(_loop: object, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if error is not None:
            _findings.found.append(error)

    loop.set_exception_handler(failed)
    return loop


async def _settled() -> None:
    """Let everything go on that can."""
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)
        if len(asyncio.all_tasks()) == 1:
            return


async def _talk(protocol: Any, data: bytes) -> bytes:
    """Send octets in two pieces over a connection, and end it; return what was answered."""
    transport = _Transport()
    protocol.connection_made(transport)
    await _settled()
    at = data[0] * len(data) // 256 if data else 0
    for piece in (data[1 : 1 + at], data[1 + at :]):
        if piece and not transport.is_over:
            protocol.data_received(piece)
            await _settled()
    if not transport.is_over:
        protocol.eof_received()
        await _settled()
    protocol.connection_lost(None)
    await _settled()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await _settled()
    return bytes(transport.written)


def http_requests(data: bytes) -> None:
    """Octets over the connection of a phone, a provider or Kannel, after the place where they are divided."""
    world, inline = _world(), _Inline()
    gate = Gate("http", 1, 1)
    settings = uvicorn.Config(
        world.app,
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
    )
    settings.load()
    with (
        mock.patch.object(mm1, "run_in_threadpool", inline),
        mock.patch.object(mm7, "run_in_threadpool", inline),
        mock.patch.object(retrieval, "run_in_threadpool", inline),
        mock.patch.object(octets, "run_in_threadpool", inline),
        mock.patch.object(sms_in, "run_in_threadpool", inline),
    ):
        made = Protocol(gate, 250.0, config=settings, server_state=ServerState(), app_state={}, _loop=_loop())
        said = _loop().run_until_complete(_talk(made, data))
    assert not said or said.startswith(b"HTTP/1.1 "), said[:80]
    assert b"HTTP/1.1 500" not in said or b"Fault" in said, said[:200]
    _judge_ends(world, gate)


def smtp_commands(data: bytes) -> None:
    """Octets over the connection of another centre, after the place where they are divided."""
    world, gate = _world(), Gate("mm4", 1, 1)

    async def session() -> bytes:
        made = Smtp(world.smtp, Bounds(100_000, 60, 60), gate, world.in_flight, hostname="mms.a.example")
        return await _talk(made, data)

    with mock.patch.object(_loop(), "run_in_executor", _Executor().run):
        said = _loop().run_until_complete(session())
    assert said.startswith(b"220 "), said[:80]
    for line in said.splitlines():
        assert line[:3].isdigit(), line
    _judge_ends(world, gate)


def _judge_ends(world: _World, gate: Gate) -> None:
    """Nothing counts any more after a connection."""
    assert world.in_flight.octets == 0, world.in_flight.octets
    assert not gate._open, gate._open
    _findings.judge()


def seeds(target: str) -> list[bytes]:
    """Return what inputs of a target grow from."""
    sent = message()
    pdu, mail, request = (
        sent.to_mm1(),
        sent.to_mm4(strict=False),
        sent.edited(sender="12345").to_mm7(strict=False),
    )
    kind = dict(request.headers)["Content-Type"].encode()
    http = b"\x80POST / HTTP/1.1\r\nHost: a\r\nX-MSISDN: 15550001\r\nContent-Length: %d\r\n\r\n" % len(pdu)
    smtp = b"\x80EHLO b\r\nMAIL FROM:<system@mms.b.example>\r\nRCPT TO:<+15550002@mms.a.example>\r\nDATA\r\n"
    return {
        "relay-mm1": [pdu, b"\x8c\x83\x98T\0\x8d\x90\x95\x81", b"\x8c\x85\x98T\0\x8d\x90"],
        "relay-mm4": [mail, mail.replace(b"forward.REQ", b"forward.RES")],
        "relay-mm7": [kind + b"\n" + request.body],
        "relay-smpp": [
            b"\0\0\4STOP15550001",
            b"\4\0\x18id:7 stat:DELIVRD err:000",
            b"\x40\x08\6\5\0\3\1\2\1",
        ],
        "relay-http": [
            http + pdu,
            b"\0GET /m/aaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nRange: bytes=1-\r\n\r\n",
            b"\0GET /sms?from=1&text=STOP&charset=utf-8 HTTP/1.0\r\n\r\n",
            b"\x80POST http://a/mm7 HTTP/1.1\r\nContent-Type: "
            + kind
            + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"%x\r\n%s\r\n0\r\n\r\n" % (len(request.body), request.body),
        ],
        "relay-smtp": [smtp + mail + b"\r\n.\r\nQUIT\r\n", b"\0EHLO b\r\nAUTH PLAIN AGEAYg==\r\nNOOP\r\n"],
    }[target]


TARGETS: dict[str, Callable[[bytes], None]] = {
    "relay-mm1": mm1_pdus,
    "relay-mm4": mm4_mails,
    "relay-mm7": mm7_requests,
    "relay-smpp": smpp_texts,
    "relay-http": http_requests,
    "relay-smtp": smtp_commands,
}
