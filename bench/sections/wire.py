"""Messages as octets and back, beside python-messaging; then the forms between servers."""

from __future__ import annotations

import contextlib
import json
from array import array
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from messaging.mms.message import DataPart, MMSMessage, MMSMessagePage

import transcode
from bench.corpus import folder
from bench.timing import timed
from transcode.assemble import pdu
from transcode.model import Part

TITLE = "The wire"

MEDIA = 1_000_000
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


def with_media(size: int) -> transcode.Message:
    """The message with a picture of so many octets, of which no two hundred in a row repeat."""
    data = bytes((number * number >> 7) & 0xFF for number in range(1 << 16)) * (size // (1 << 16) + 1)
    smil, picture = MESSAGE.parts
    return replace(MESSAGE, parts=(smil, replace(picture, data=data[:size])))


def rival(message: transcode.Message) -> MMSMessage:
    """The same message in the other library, which writes a SMIL of its own."""
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
    # It takes data as characters, one an octet.
    picture.set_data(bytes(message.parts[1].data).decode("latin-1"), message.parts[1].content_type)
    picture.headers["Content-Location"] = message.parts[1].content_location
    page.image = (picture, 0, 0)
    made.add_page(page)
    return made


def vectors() -> dict[str, bytes]:
    """PDUs that others wrote, where the corpus is at hand; else one of ours."""
    place = folder().parents[1] / "vectors" / "pdu"
    if not (place / "expected.json").is_file():
        return {"ours": MESSAGE.to_mm1()}
    expected = json.loads((place / "expected.json").read_text())["files"]
    return {name: (place / name).read_bytes() for name in expected if "not_a_pdu" not in expected[name]}


def milliseconds(work: Callable[[], object], times: int) -> float:
    """Processor time of one call, in milliseconds: the median over rounds of so many calls."""

    def repeated() -> None:
        for _ in range(times):
            work()

    return timed(repeated, ROUNDS)[0] / times


def readable(octets: Mapping[str, bytes], read: Callable[[bytes], object]) -> list[str]:
    """Which PDUs a reader takes."""
    found = []
    for name, data in octets.items():
        # Whatever the other library raises, it did not read the PDU.
        with contextlib.suppress(Exception):
            read(data)
            found.append(name)
    return found


def rival_read(data: bytes) -> MMSMessage:
    return MMSMessage.from_data(array("B", data))


def run() -> dict[str, Any]:
    bare, whole = MESSAGE, with_media(MEDIA)
    octets = vectors()
    ours, theirs = readable(octets, pdu.from_bytes), readable(octets, rival_read)
    both = [octets[name] for name in ours if name in theirs]
    encoded, mail, soap = whole.to_mm1(), whole.to_mm4(), bytes(whole.to_mm7())
    other, other_whole = rival(bare), rival(whole)

    def both_by(read: Callable[[bytes], object]) -> Callable[[], object]:
        return lambda: [read(data) for data in both]

    return {
        "media": MEDIA,
        "vectors": {"all": len(octets), "transcode": len(ours), "python-messaging": len(theirs)},
        "ms": {
            "assemble two parts without media": {
                "transcode": milliseconds(bare.to_mm1, 200),
                "python-messaging": milliseconds(other.encode, 20),
            },
            "write MM1": {
                "transcode": milliseconds(whole.to_mm1, 20),
                "python-messaging": milliseconds(other_whole.encode, 1),
            },
            "read MM1": {
                "transcode": milliseconds(lambda: pdu.from_bytes(encoded), 50),
                "python-messaging": milliseconds(lambda: rival_read(encoded), 1),
            },
            "read the vectors that both can": {
                "transcode": milliseconds(both_by(pdu.from_bytes), 5),
                "python-messaging": milliseconds(both_by(rival_read), 1),
            },
            "write MM4": {"transcode": milliseconds(whole.to_mm4, 10)},
            "read MM4": {"transcode": milliseconds(lambda: transcode.read(mail), 10)},
            "write MM7": {"transcode": milliseconds(whole.to_mm7, 10)},
            "read MM7": {"transcode": milliseconds(lambda: transcode.read(soap), 10)},
        },
    }


def lines(stored: dict[str, Any]) -> list[str]:
    megabytes = stored["media"] / 1e6
    rows = []
    for what, times in stored["ms"].items():
        cells = []
        for engine in ("transcode", "python-messaging"):
            if engine not in times:
                cells.append("")
            elif what.startswith(("write", "read M")):
                cells.append(f"{times[engine]:.3f} ms, {megabytes / times[engine] * 1e3:,.0f} MB/s")
            else:
                cells.append(f"{times[engine] * 1e3:,.0f} µs")
        ratio = times.get("python-messaging", 0) / times["transcode"]
        rows.append(f"| {what} | {' | '.join(cells)} | {f'{ratio:,.0f} x' if ratio else ''} |")
    count = stored["vectors"]
    return [
        f"Processor time, medians; with media of {stored['media']:,} bytes where a rate is given.",
        "Parts that are read are views, not copies, except from base64 (MM4, MM7).",
        "",
        "| | transcode | python-messaging | ratio |",
        "|---|---|---|---|",
        *rows,
        "",
        f"Of {count['all']} PDUs that other programs wrote transcode reads {count['transcode']}, "
        f"python-messaging {count['python-messaging']}. It makes the SMIL anew each time that it writes.",
    ]
