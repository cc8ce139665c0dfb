"""PDUs that others wrote: read as an independent reader reads them, written again, cut and changed."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.made.pdus import loosely
from tests.wire.reread import reread
from transcode.errors import PduError
from transcode.model import MessageFields
from transcode.wire.mm1 import pdu_reader, pdu_writer

#: Headers that the other reader calls by the name without the prefix.
TEXTS = {
    "message_id": "Message-ID",
    "content_location": "X-Mms-Content-Location",
    "message_class": "X-Mms-Message-Class",
    "priority": "X-Mms-Priority",
    "sender_visibility": "X-Mms-Sender-Visibility",
    "status": "X-Mms-Status",
    "read_status": "X-Mms-Read-Status",
    "response_status": "X-Mms-Response-Status",
    "retrieve_status": "X-Mms-Retrieve-Status",
    "date": "Date",
    "message_size": "X-Mms-Message-Size",
    "delivery_report": "X-Mms-Delivery-Report",
    "read_report": "X-Mms-Read-Report",
    "report_allowed": "X-Mms-Report-Allowed",
}
ENCODED = {"response_text": "X-Mms-Response-Text", "retrieve_text": "X-Mms-Retrieve-Text"}
RECIPIENTS = ("to", "cc", "bcc")
FIELDS = {"message_type", "transaction_id", "mms_version", "from", "subject", "content_type"}

#: Its words for some values, and ours, which are the standard's.
WORDS = {
    "Permanent: Message not found": "Error-permanent-message-not-found",
    "Permanent: Service denied": "Error-permanent-service-denied",
    "Unrecognized": "Unrecognised",
}

#: Written in our order and in the fewest octets, so that they come out as they were.
CANONICAL = {
    "mms-engine/mms_codec__m-acknowledge.ind",
    "mms-engine/mms_codec__m-notification_1.ind",
    "mms-engine/mms_codec__m-notification_3.ind",
    "mms-engine/mms_codec__m-notifyresp.ind",
    "mms-engine/mms_codec__m-retrieve_5.conf",
    "mms-engine/mms_codec__m-send_1.conf",
    "mms-engine/mms_codec__m-send_3.conf",
    "mms-engine/retrieve__Base64__m-acknowledge.ind",
    "mms-engine/retrieve__Success1__m-acknowledge.ind",
    "mms-engine/send__EmptyMessageID__m-send.conf",
    "mms-engine/send__ServiceDenied__m-send.conf",
    "mmsd/array-encode-notifyresp-ind.mms",
    "mmsd/array-notify-ind-1.mms",
    "mmsd/array-send-conf-1.mms",
    "mmsd/sr-mms-mixed.mms",
}
#: The other reader can't follow these, for their headers are out of order.
OUT_OF_ORDER = {"vectorcore-mmsc/m-send-req.bin", "vectorcore-mmsc/m-notification-ind.bin"}
#: And this one has a part in base64 that was cut.
CUT = "mms-engine/retrieve__Base64__m-retrieve.conf"

#: This one says 1.0 and has headers of 1.1.
TOO_NEW = {"mms-engine/mms_codec__m-retrieve_1.conf"}

Expected = Mapping[str, Any]


@pytest.fixture(scope="session")
def folder(shared: Path) -> Path:
    return shared / "vectors" / "pdu"


@pytest.fixture(scope="session")
def expected(folder: Path) -> dict[str, Expected]:
    """What the other reader found, by file."""
    found: dict[str, Expected] = json.loads((folder / "expected.json").read_text())["files"]
    assert len(found) >= 50
    return found


@pytest.fixture(scope="session")
def vectors(folder: Path, expected: dict[str, Expected]) -> dict[str, bytes]:
    """The PDUs, without those that are none."""
    return {name: (folder / name).read_bytes() for name in expected if "not_a_pdu" not in expected[name]}


@cache
def read(octets: bytes) -> MessageFields:
    return pdu_reader.from_bytes(octets)


def as_sent(message: MessageFields) -> MessageFields:
    """The message without what is not on the wire."""
    return replace(message, oddities=())


def check_headers(name: str, found: MessageFields, wanted: Expected) -> None:
    headers = dict(found.headers)
    assert found.message_type == wanted["message_type"], name
    assert found.transaction_id == wanted.get("transaction_id"), name
    assert found.version == wanted["mms_version"], name
    assert found.sender == wanted.get("from", {}).get("text"), name
    assert found.subject == wanted.get("subject", {}).get("text"), name
    for field in RECIPIENTS:
        assert list(getattr(found, field)) == [address["text"] for address in wanted.get(field, [])], name
    for key, header in TEXTS.items():
        value = wanted.get(key)
        assert headers.get(header) == (WORDS.get(value, value) if isinstance(value, str) else value), name
    for key, header in ENCODED.items():
        assert headers.get(header) == wanted.get(key, {}).get("text"), (name, header)
    assert headers.get("X-Mms-Expiry") == next(iter(wanted.get("expiry", {}).items()), None), name
    assert [header for header in headers if header.startswith("X-MMS-U")] == wanted.get(
        "application_headers", []
    )
    known = {*TEXTS, *ENCODED, *RECIPIENTS, *FIELDS, "expiry", "application_headers"}
    assert set(wanted) <= known, f"{name}: not compared: {set(wanted) - known}"


def split_type(text: str) -> tuple[str, dict[str, str]]:
    """Type and parameters as the other reader shows them, names and charsets in lower case."""
    media_type, *parameters = text.split("; ")
    pairs = (parameter.split("=", 1) for parameter in parameters)
    named = {name.lower(): value for name, value in pairs}
    if "charset" in named:
        named["charset"] = named["charset"].lower()
    return media_type, named


def test_every_vector_is_read_as_expected(vectors: dict[str, bytes], expected: dict[str, Expected]) -> None:
    """Headers and the type of the body are as expected."""
    for name in vectors.keys() - OUT_OF_ORDER:
        found, wanted = read(vectors[name]), expected[name]["headers"]
        check_headers(name, found, wanted)
        assert found.oddities == () or name in (CUT, *TOO_NEW), name
        content_type, parameters = split_type(wanted.get("content_type", ""))
        assert (found.content_type or "", dict(found.parameters)) == (content_type, parameters), name


def test_every_part_is_read_as_expected(vectors: dict[str, bytes], expected: dict[str, Expected]) -> None:
    """Type, parameters, names, place and octets of each part are as expected."""
    count = 0
    for name in vectors.keys() - OUT_OF_ORDER:
        found, parts = read(vectors[name]), expected[name].get("parts", [])
        if found.content_type == "text/plain":
            # No multipart: the other reader counts no parts, and gives the octets to nobody.
            assert [bytes(part.data) for part in found.parts] == [b"4504:Message not found"]
            continue
        for part, wanted in zip(found.parts, parts, strict=True):
            named = dict(part.parameters) | {"name": part.name, "charset": part.charset}
            shown = {key: value for key, value in named.items() if value is not None}
            assert (part.content_type, shown) == split_type(wanted["content_type"]), name
            content_id = wanted.get("content_id")
            assert part.content_id == (content_id and content_id.strip("<>")), name
            assert part.content_location == wanted.get("content_location"), name
            octets = vectors[name][wanted["offset"] : wanted["offset"] + wanted["size"]]
            assert hashlib.sha256(octets).hexdigest() == wanted["sha256"], name
            if isinstance(part.data, memoryview):
                assert part.data == octets, name
            else:
                assert name == CUT
            others = {
                "Accept-Charset: US-ASCII": part.headers == (("Accept-Charset", "us-ascii"),),
                f"Content-Disposition: inline; Filename={part.name}": part.disposition == "inline"
                and part.filename == part.name,
            }
            assert all(others[header] for header in wanted.get("other_headers", [])), name
            count += 1
    assert count >= 60


def test_parts_of_a_peer(folder: Path) -> None:
    """Two retrievals whose parts lie beside them as files; one part is in base64."""
    engine = folder / "mms-engine"
    for case, pairs in {
        "Success1": ["0.smil", "text_0011.txt", "131200181.jpg", "text_0021.txt", "140100041.jpg"],
        "Base64": ["smil", "1.jpg", "2.txt"],
    }.items():
        found = read((engine / f"retrieve__{case}__m-retrieve.conf").read_bytes())
        files = [(engine / f"retrieve__{case}__parts__{name}").read_bytes() for name in pairs]
        assert [part.data for part in found.parts] == files


def test_smil_is_found_in_every_slideshow(vectors: dict[str, bytes]) -> None:
    """Each announced slideshow has its presentation, at any place."""
    shows = [read(octets) for octets in vectors.values()]
    shows = [show for show in shows if dict(show.parameters).get("type") == "application/smil"]
    assert len(shows) > 10
    for show in shows:
        assert show.smil is not None
        assert "<smil" in show.smil.text


def test_texts_in_other_charsets(vectors: dict[str, bytes]) -> None:
    """Texts in UTF-16 and in UTF-8 with a mark are read."""
    assert read(vectors["mmsd/rc-mms-1-3-con-214.mms"]).parts[0].text.startswith("French ê has a roof")
    assert read(vectors["mmsd/sr-mms-mixed.mms"]).parts[0].text == "Hello World\n"


def test_headers_out_of_order(vectors: dict[str, bytes]) -> None:
    """Two messages whose type is not first, and whose From has no frame."""
    sent = read(vectors["vectorcore-mmsc/m-send-req.bin"])
    assert sent.message_type == "m-send-req"
    assert (sent.transaction_id, sent.version) == ("txn-send-ref", "1.3")
    assert sent.sender == "+12025550100/TYPE=PLMN"
    assert sent.to == ("+12025550101/TYPE=PLMN",)
    assert sent.content_type == "multipart/related"
    (part,) = sent.parts
    assert (part.content_type, part.content_id, part.text) == ("text/plain", "text1", "hello")
    told = read(vectors["vectorcore-mmsc/m-notification-ind.bin"])
    assert told.message_type == "m-notification-ind"
    assert told.subject == "Reference"
    assert dict(told.headers)["X-Mms-Message-Size"] == 5
    for message in (sent, told):
        assert "not the first header" in message.oddities[0]


def test_rubbish_is_refused(folder: Path, expected: dict[str, Expected]) -> None:
    """Files that are no PDUs at all."""
    rubbish = [name for name in expected if "not_a_pdu" in expected[name]]
    assert rubbish
    for name in rubbish:
        with pytest.raises(PduError):
            pdu_reader.from_bytes((folder / name).read_bytes())


def test_every_vector_is_written_with_the_same_meaning(vectors: dict[str, bytes]) -> None:
    """Read, written and read again it is the same message, and measured exactly."""
    for name, octets in vectors.items():
        found = read(octets)
        encoded = pdu_writer.to_bytes(found, strict=False)
        assert as_sent(pdu_reader.from_bytes(encoded)) == as_sent(found), name
        assert pdu_writer.length(found) == len(encoded), name


def test_canonical_vectors_come_out_as_they_were(vectors: dict[str, bytes]) -> None:
    """A canonical vector comes out octet by octet."""
    same = {
        name for name, octets in vectors.items() if pdu_writer.to_bytes(read(octets), strict=False) == octets
    }
    assert same == CANONICAL


def survives(octets: bytes) -> None:
    """Reading ends in a message or a PduError, writing in octets or a MessageError."""
    if both := reread(octets, pdu_reader.from_bytes, loosely):
        found, again = both
        assert len(again.parts) == len(found.parts) or again.oddities


def test_truncated_vectors(vectors: dict[str, bytes]) -> None:
    """Each vector is cut at each of the first octets, and some octets from the end."""
    for octets in vectors.values():
        for end in range(min(len(octets), 250)):
            survives(octets[:end])
        for cut in (1, 2, 3, 10):
            survives(octets[:-cut])


def test_changed_vectors(vectors: dict[str, bytes]) -> None:
    """Each vector has octets of its first part changed at random, the same on every run."""
    dice = random.Random(20260731)
    for octets in vectors.values():
        start = octets[:4000]
        for _ in range(60):
            changed = bytearray(start)
            for _ in range(dice.randrange(1, 5)):
                changed[dice.randrange(min(len(changed), 300))] = dice.choice(
                    [0, 1, 0x1F, 0x7F, 0x80, 0xFF, dice.randrange(256)]
                )
            survives(bytes(changed))
