"""What a new form costs: its WireForm and a row in the registry. A form of JSON, added as one would be."""

from __future__ import annotations

import base64
import io
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from PIL import Image

import transcode
from transcode.cli.message_output import OutputOptions, write_messages
from transcode.errors import BudgetError, MessageError, PduError
from transcode.jobs.files import Outputs
from transcode.messages.message import encoded
from transcode.model import MessageFields, Part
from transcode.wire.form import WireForm
from transcode.wire.forms import FORMS, FormRow
from transcode.wire.submission import LeftOut, NeutralHeader, Submission

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.model import Form, HeaderValue, MessageType, SomeMessage

#: Words that a form of the package has in model.
_NAME = cast("Form", "json")
_TYPE = cast("MessageType", "json-message")
#: Names of headers here, by those of MM1.
_NAMES = {"x-mms-priority": "priority", "date": "sent", "x-mms-applic-id": "application"}
_BACK = {name: mm1 for mm1, name in _NAMES.items()}


def _read(data: bytes | bytearray | memoryview, _content_type: str) -> MessageFields:
    try:
        found = json.loads(bytes(data))
    except ValueError as error:
        raise PduError("no JSON", offset=0) from error
    parts = tuple(Part(kind, base64.b64decode(text)) for kind, text in found["parts"])
    return MessageFields(
        _TYPE,
        found["id"],
        "1",
        found["from"],
        tuple(found["to"]),
        subject=found["subject"],
        headers=tuple(found["headers"].items()),
        content_type="multipart/mixed",
        parts=parts,
    )


def _write(message: MessageFields, strict: bool) -> bytes:
    if message.message_type != _TYPE:
        raise MessageError(f"message_type: {message.message_type} is no {_TYPE}")
    if strict and not message.to:
        raise MessageError("to: nobody")
    return json.dumps(
        {
            "id": message.transaction_id,
            "from": message.sender,
            "to": message.to,
            "subject": message.subject,
            "headers": dict(message.headers),
            "parts": [(part.content_type, base64.b64encode(part.data).decode()) for part in message.parts],
        }
    ).encode()


def _length(message: MessageFields, sizes: Sequence[int]) -> int:
    bare = tuple(replace(part, data=bytes(size)) for part, size in zip(message.parts, sizes, strict=True))
    return len(_write(replace(message, parts=bare), False))


class _Conversion:
    """The conversions of the form, which are a module where a form has a folder."""

    def to_submission(self, message: SomeMessage) -> Submission[SomeMessage]:
        headers = tuple(NeutralHeader(_BACK.get(name), name, value) for name, value in message.headers)
        mixed = replace(message, content_type="application/vnd.wap.multipart.mixed")
        return Submission(mixed, headers, _NAME)

    def from_submission(self, submission: Submission[SomeMessage], message_type: MessageType) -> SomeMessage:
        told: list[str] = []
        left = LeftOut("JSON", told.append, shows_values=False)
        kept: list[tuple[str, HeaderValue]] = []
        for name, given, value in submission.headers:
            here = _NAMES.get((name or "").lower())
            if here is None:
                left.add(given, value)
            else:
                kept.append((here, value))
        left.tell()
        return replace(
            submission.message,
            message_type=message_type,
            version="1",
            headers=tuple(kept),
            content_type="multipart/mixed",
            oddities=(*submission.message.oddities, *told),
        )


JSON = WireForm(
    _NAME,
    message_types=(_TYPE,),
    conversion=_Conversion(),
    read=_read,
    write=_write,
    length=_length,
    submitted=_TYPE,
    received=_TYPE,
    carries=("m-send-req", "mm4-forward-req"),
)

SENT = transcode.Message(
    transaction_id="T1",
    sender="+15555550100/TYPE=PLMN",
    to=("+15555550101/TYPE=PLMN",),
    subject="Hi",
    headers=(("X-Mms-Priority", "High"), ("X-Mms-Store", True), ("X-Mms-Applic-ID", "a")),
    content_type="application/vnd.wap.multipart.mixed",
    parts=(Part("text/plain", b"text"), Part("image/gif", bytes(99))),
)


def picture() -> bytes:
    """Noise, which takes all the bytes that there are."""
    found = io.BytesIO()
    noise = random.Random(3).randbytes(320 * 240 * 3)
    Image.frombytes("RGB", (320, 240), noise).save(found, "JPEG", quality=95)
    return found.getvalue()


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The form has its row in the registry."""
    monkeypatch.setitem(FORMS, _NAME, FormRow(lambda: JSON, lambda head: head.lstrip().startswith(b'{"id"')))


def test_it_is_written_and_read() -> None:
    """The general functions write and read the form; a message of MM1 is converted first."""
    octets = encoded(SENT, _NAME)
    found = transcode.read(octets)
    assert type(found) is transcode.Message
    assert (found.message_type, found.to, found.subject) == (_TYPE, SENT.to, "Hi")
    assert found.headers == (("priority", "High"), ("application", "a"))
    assert [bytes(part.data) for part in found.parts] == [b"text", bytes(99)]
    assert encoded(found, _NAME) == octets
    with pytest.raises(PduError, match="no JSON"):
        transcode.read(b'{"id": ')
    with pytest.raises(MessageError, match="to: nobody"):
        encoded(replace(SENT, to=()), _NAME)


@pytest.mark.parametrize(
    "other", ["m-send-req", "m-retrieve-conf", "mm4-forward-req", "mm7-submit-req", "mm7-deliver-req"]
)
def test_it_becomes_every_other_and_back(other: MessageType) -> None:
    """Conversion needs two functions of the form, and none for any pair of forms."""
    made = SENT.converted(_TYPE)
    assert made.oddities == ("headers left out because JSON does not have them: X-Mms-Store",)
    found = made.converted(other).converted(_TYPE)
    assert (found.sender, found.to, found.subject) == (made.sender, made.to, made.subject)
    assert {("priority", "High"), ("application", "a")} == set(found.headers)
    assert made.converted("m-notification-ind").headers[1][0] == "X-Mms-Message-Size"


def test_a_limit_counts_it() -> None:
    """A message is composed to a limit of the form, and no octet more is written."""
    limits = replace(transcode.find_profile("us-att"), max_message_bytes=30_000)
    made = transcode.compose([picture()], limits, to=["+15555550101"], form=_NAME)
    octets = encoded(made, _NAME)
    assert 20_000 < len(octets) <= 30_000
    with pytest.raises(BudgetError):
        encoded(replace(made, limit=len(octets) - 1), _NAME)


def test_the_command_line_writes_it(tmp_path: Path) -> None:
    """The form is written like the others, and what has no place there is said."""
    path = tmp_path / "message.json"
    profile = transcode.find_profile("us-att")
    write_messages([SENT], path, profile, OutputOptions(_NAME, {}), Outputs([]), as_json=True)
    assert transcode.read(path).message_type == _TYPE
