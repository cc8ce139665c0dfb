"""Write and read MM1 messages, beside python-messaging; and write and read MM4 and MM7."""

from __future__ import annotations

import contextlib
import json
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

import transcode
from bench import engines, size
from bench.corpus import folder
from bench.engines import OURS, Engine
from bench.stored import ABSENT, Row, nested
from transcode.model import Part
from transcode.wire.mm1 import pdu_reader

TITLE = "The wire"

MEDIA = size.pick(1_000_000, 1_000_000, 50_000)
ROUNDS = 9

MESSAGE = transcode.Message(
    transaction_id="T60e71fd72eb436d",
    sender="+15555550101/TYPE=PLMN",
    to=("+15555550100/TYPE=PLMN",),
    subject="Hike",
    headers=(("Date", 1_700_000_000),),
    parameters=(("type", "application/smil"), ("start", "<smil>")),
    parts=(
        Part("application/smil", bytes(391), content_id="smil", content_location="smil.xml"),
        Part("image/jpeg", b"", content_id="image1", content_location="image1.jpg"),
    ),
)

NOTIFICATION = transcode.Message(
    message_type="m-notification-ind",
    transaction_id="T290001",
    sender="+15555550101",
    content_type=None,
    headers=(
        ("X-Mms-Message-Class", "Personal"),
        ("X-Mms-Message-Size", 29_000),
        ("X-Mms-Expiry", ("relative", 86_400)),
        ("X-Mms-Content-Location", "http://mms.example.com/T290001"),
    ),
)


def with_media(size: int) -> transcode.Message:
    """The message with a picture of ``size`` octets without short repetitions."""
    data = bytes((number * number >> 7) & 0xFF for number in range(1 << 16)) * (size // (1 << 16) + 1)
    smil, picture = MESSAGE.parts
    return replace(MESSAGE, parts=(smil, replace(picture, data=data[:size])))


def rival(message: transcode.Message) -> Any:
    """The same message in python-messaging, which writes its own SMIL."""
    from messaging.mms.message import DataPart, MMSMessage, MMSMessagePage

    made = MMSMessage()
    made.headers = {
        "Message-Type": "m-send-req",
        "Transaction-Id": message.transaction_id,
        "MMS-Version": "1.0",
        "From": message.sender,
        "To": message.to[0],
        "Subject": message.subject,
        "Content-Type": ("application/vnd.wap.multipart.related", {}),
    }
    picture, page = DataPart(), MMSMessagePage()
    # python-messaging takes data as text with one character per octet.
    picture.set_data(bytes(message.parts[1].data).decode("latin-1"), message.parts[1].content_type)
    picture.headers["Content-Location"] = message.parts[1].content_location
    page.image = (picture, 0, 0)
    made.add_page(page)
    return made


@cache
def vectors() -> dict[str, bytes]:
    """PDUs of other programs from the corpus, or one PDU of ours without the corpus."""
    place = folder().parents[1] / "vectors" / "pdu"
    if size.SIZE == "smoke" or not (place / "expected.json").is_file():
        return {"ours": MESSAGE.to_mm1()}
    expected = json.loads((place / "expected.json").read_text())["files"]
    return {name: (place / name).read_bytes() for name in expected if "not_a_pdu" not in expected[name]}


def readable(octets: Mapping[str, bytes], read: Callable[[bytes], object]) -> list[str]:
    """The names of the PDUs that a reader can read."""
    found = []
    for name, data in octets.items():
        # Any error of python-messaging means that it can't read the PDU.
        with contextlib.suppress(Exception):
            read(data)
            found.append(name)
    return found


def rival_read(data: bytes) -> Any:
    from messaging.mms.message import MMSMessage

    return MMSMessage.from_data(array("B", data))


@cache
def readers() -> dict[str, list[str]]:
    """The names of the vectors that each engine can read."""
    found = {OURS: readable(vectors(), pdu_reader.from_bytes)}
    if engines.module("messaging.mms.message"):
        found[RIVAL] = readable(vectors(), rival_read)
    return found


def shared() -> list[bytes]:
    """The vectors that all engines can read."""
    return [data for name, data in vectors().items() if all(name in names for names in readers().values())]


@cache
def whole() -> transcode.Message:
    return with_media(MEDIA)


def again(read: Callable[[bytes], object], octets: Sequence[bytes]) -> Callable[[], object]:
    return lambda: [read(data) for data in octets]


BARE, WRITE, READ, NOTICE, VECTORS = (
    "assemble two parts without media",
    "write MM1",
    "read MM1",
    "read a notification",
    "read the vectors that both can",
)
RIVAL = "python-messaging"
ENGINES = {OURS: Engine(transcode.read), RIVAL: Engine(rival, modules=("messaging.mms.message",))}

#: For each task and engine a function that prepares the work, and the iterations per round.
WORK: dict[tuple[str, str], tuple[Callable[[], Callable[[], object]], int]] = {
    (BARE, OURS): (lambda: MESSAGE.to_mm1, 200),
    (BARE, RIVAL): (lambda: rival(MESSAGE).encode, 20),
    (WRITE, OURS): (lambda: whole().to_mm1, 20),
    (WRITE, RIVAL): (lambda: rival(whole()).encode, 1),
    (READ, OURS): (lambda: again(pdu_reader.from_bytes, [whole().to_mm1()]), 50),
    (READ, RIVAL): (lambda: again(rival_read, [whole().to_mm1()]), 1),
    (NOTICE, OURS): (lambda: again(transcode.read, [NOTIFICATION.to_mm1()]), 1000),
    (NOTICE, RIVAL): (lambda: again(rival_read, [NOTIFICATION.to_mm1()]), 200),
    (VECTORS, OURS): (lambda: again(pdu_reader.from_bytes, shared()), 5),
    (VECTORS, RIVAL): (lambda: again(rival_read, shared()), 1),
    ("write MM4", OURS): (lambda: whole().to_mm4, 10),
    ("read MM4", OURS): (lambda: again(transcode.read, [whole().to_mm4()]), 10),
    ("write MM7", OURS): (lambda: whole().to_mm7, 10),
    ("read MM7", OURS): (lambda: again(transcode.read, [bytes(whole().to_mm7())]), 10),
}


@pytest.mark.parametrize(("task", "engine"), WORK)
def test_wire(measure: Any, task: str, engine: str) -> None:
    prepare, times = WORK[task, engine]
    measure(prepare(), rounds=ROUNDS, iterations=times)
    measure.tell(media=MEDIA)
    if task == VECTORS:
        measure.tell(read=len(readers()[engine]), vectors=len(vectors()))


def lines(rows: Sequence[Row]) -> list[str]:
    megabytes = rows[0].told["media"] / 1e6
    table = []
    tasks = nested(rows, "task", "engine")
    for what, row in tasks.items():
        times = {engine: each["ms"] for engine, each in row.items()}
        cells = []
        for engine in ENGINES:
            if engine not in times:
                cells.append(ABSENT if (what, engine) in WORK else "")
            elif what.startswith(("write", "read M")):
                cells.append(f"{times[engine]:.3f} ms, {megabytes / times[engine] * 1e3:,.0f} MB/s")
            else:
                cells.append(f"{times[engine] * 1e3:,.0f} µs")
        ratio = f"{times[RIVAL] / times[OURS]:,.0f} x" if len(times) == len(ENGINES) else ""
        table.append(f"| {what} | {' | '.join(cells)} | {ratio} |")
    counted = tasks[VECTORS]
    reads = ", ".join(f"{engine} {row['read']}" for engine, row in counted.items())
    return [
        f"Medians of processor time. Rows with a rate have media of {rows[0].told['media']:,} bytes.",
        "Parsed parts are views, not copies, except from base64 (MM4, MM7).",
        "",
        "| | transcode | python-messaging | ratio |",
        "|---|---|---|---|",
        *table,
        "",
        f"Readable PDUs of {counted[OURS]['vectors']} that other programs wrote: {reads}."
        " python-messaging generates the SMIL again on each write.",
    ]
