"""PDUs of every type that tests write, and pieces of PDUs that tests read."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from transcode.model import HeaderValue, MessageFields, Part
from transcode.wire.mm1 import pdu_writer, wsp

loosely = partial(pdu_writer.to_bytes, strict=False)
SMIL = b"<smil/>"
JPEG = bytes(range(256)) * 3
SENT = MessageFields(
    transaction_id="T1",
    to=("+15555550100/TYPE=PLMN", "someone@example.org"),
    subject="Hi",
    headers=(("X-Mms-Message-Class", "Personal"), ("X-Mms-Delivery-Report", False)),
    parameters=(("type", "application/smil"), ("start", "<smil>")),
    parts=(
        Part("application/smil", SMIL, content_id="smil", content_location="smil.xml", name="smil.xml"),
        Part("image/jpeg", JPEG, content_id="image1", content_location="image1.jpg", name="image1.jpg"),
        Part("text/plain", "ä".encode(), content_location="text1.txt", charset="utf-8"),
    ),
)
SENT_OCTETS = b"".join(
    [
        b"\x8c\x80",
        b"\x98T1\0",
        b"\x8d\x92",
        b"\x89\x01\x81",
        b"\x97+15555550100/TYPE=PLMN\0",
        b"\x97someone@example.org\0",
        b"\x96Hi\0",
        b"\x8a\x80",
        b"\x86\x81",
        b"\x84\x1b\xb3\x89application/smil\0\x8a<smil>\0",
        b"\x03",
        b"\x2f\x07",
        b'\x1bapplication/smil\0\x85smil.xml\0\xc0"<smil>\0\x8esmil.xml\0',
        SMIL,
        b"\x25\x86\x00",
        b'\x0d\x9e\x85image1.jpg\0\xc0"<image1>\0\x8eimage1.jpg\0',
        JPEG,
        b"\x0f\x02",
        b"\x03\x83\x81\xea\x8etext1.txt\0",
        b"\xc3\xa4",
    ]
)


def notification(
    size: int,
    url: str,
    *,
    seconds: int = 259_200,
    message_class: str = "Personal",
    transaction_id: str | None = None,
    sender: str | None = None,
) -> MessageFields:
    """A notification of a message of ``size`` octets at an address, which expires after ``seconds``."""
    return MessageFields(
        message_type="m-notification-ind",
        transaction_id=transaction_id,
        sender=sender,
        headers=(
            ("X-Mms-Message-Class", message_class),
            ("X-Mms-Message-Size", size),
            ("X-Mms-Expiry", ("relative", seconds)),
            ("X-Mms-Content-Location", url),
        ),
        content_type=None,
    )


ONE = "+15555550100/TYPE=PLMN"
ANOTHER = "+15555550101/TYPE=PLMN"
LOCATION = ("X-Mms-Content-Location", "http://mmsc.example/1")
#: Headers on the outcome for two messages, grouped by count; the text is not ASCII.
OUTCOMES: tuple[tuple[str, HeaderValue], ...] = (
    ("X-Mms-Content-Location", (1, "http://mmsc.example/1")),
    ("X-Mms-Response-Status", (1, "Ok")),
    ("X-Mms-Content-Location", (200, "http://mmsc.example/2")),
    ("X-Mms-Response-Status", (200, "Error-permanent-message-not-found")),
    ("X-Mms-Response-Text", (200, "weg, für immer")),
)
DESCRIPTION = b"\x8c\x93\x8d\x92\x83http://mmsc.example/1\0\x8bm\0\xa3\x81"
COMPLETE: dict[str, MessageFields] = {
    "m-send-req": SENT,
    "m-send-conf": MessageFields(
        headers=(("X-Mms-Response-Status", "Ok"), ("Message-ID", "m@example.org")),
        content_type=None,
    ),
    "m-notification-ind": notification(300_000, "http://mmsc.example/1", sender=ONE),
    "m-notifyresp-ind": MessageFields(headers=(("X-Mms-Status", "Deferred"),), content_type=None),
    "m-retrieve-conf": replace(
        SENT, sender=ONE, headers=(("Date", 1306831350), ("Message-ID", "m@example.org"))
    ),
    "m-acknowledge-ind": MessageFields(headers=(("X-Mms-Report-Allowed", True),), content_type=None),
    "m-delivery-ind": MessageFields(
        to=(ONE,),
        headers=(("Message-ID", "m"), ("Date", 1306831350), ("X-Mms-Status", "Retrieved")),
        content_type=None,
    ),
    "m-read-rec-ind": MessageFields(
        to=(ONE,), headers=(("Message-ID", "m"), ("X-Mms-Read-Status", "Read")), content_type=None
    ),
    "m-read-orig-ind": MessageFields(
        sender=ANOTHER,
        to=(ONE,),
        headers=(("Message-ID", "m"), ("Date", 1306831350), ("X-Mms-Read-Status", "Read")),
        content_type=None,
    ),
    "m-forward-req": MessageFields(
        to=(ONE, "a@example.org"),
        cc=(ANOTHER,),
        headers=(
            ("Date", 1306831350),
            ("X-Mms-Expiry", ("absolute", 1306917750)),
            ("X-Mms-Delivery-Report", True),
            ("X-Mms-Content-Location", "http://mmsc.example/1"),
        ),
        content_type=None,
    ),
    "m-forward-conf": MessageFields(
        headers=(
            ("X-Mms-Response-Status", "Error-permanent-message-not-found"),
            ("X-Mms-Response-Text", "weg, für immer"),
        ),
        content_type=None,
    ),
    "m-mbox-store-req": MessageFields(
        headers=(
            LOCATION,
            ("X-Mms-MM-State", "New"),
            ("X-Mms-MM-Flags", ("add", "été")),
            ("X-Mms-MM-Flags", ("remove", "old")),
        ),
        content_type=None,
    ),
    "m-mbox-store-conf": MessageFields(
        headers=(LOCATION, ("X-Mms-Store-Status", "Success"), ("X-Mms-Store-Status-Text", "ça va")),
        content_type=None,
    ),
    "m-mbox-view-req": MessageFields(
        headers=(
            LOCATION,
            ("X-Mms-Content-Location", "http://mmsc.example/2"),
            ("X-Mms-MM-State", "Draft"),
            ("X-Mms-MM-State", "Forwarded"),
            ("X-Mms-MM-Flags", ("filter", "work")),
            ("X-Mms-Start", 1),
            ("X-Mms-Limit", 200),
            ("X-Mms-Attributes", "Subject"),
            ("X-Mms-Attributes", "Content"),
            ("X-Mms-Totals", True),
            ("X-Mms-Quotas", False),
        ),
        content_type=None,
    ),
    "m-mbox-view-conf": MessageFields(
        headers=(
            ("X-Mms-Response-Status", "Ok"),
            LOCATION,
            ("X-Mms-Mbox-Totals", ("messages", 7)),
            ("X-Mms-Mbox-Totals", ("octets", 1_000_000)),
            ("X-Mms-Mbox-Quotas", ("messages", 100)),
            ("X-Mms-Message-Count", 1),
        ),
        content_type="application/vnd.wap.multipart.mixed",
        parts=(Part("application/vnd.wap.mms-message", DESCRIPTION),),
    ),
    "m-mbox-upload-req": replace(
        SENT,
        to=(),
        subject=None,
        headers=(("X-Mms-MM-State", "Draft"), ("X-Mms-MM-Flags", ("add", "x"))),
        content_type="application/vnd.wap.multipart.mixed",
        parameters=(),
        parts=(Part("application/vnd.wap.mms-message", DESCRIPTION), *SENT.parts),
    ),
    "m-mbox-upload-conf": MessageFields(
        headers=(LOCATION, ("X-Mms-Store-Status", "Error-permanent-mmbox-full")), content_type=None
    ),
    "m-mbox-delete-req": MessageFields(
        headers=(LOCATION, ("X-Mms-Content-Location", "a")), content_type=None
    ),
    "m-mbox-delete-conf": MessageFields(headers=OUTCOMES, content_type=None),
    "m-mbox-descr": replace(
        SENT,
        sender=ONE,
        headers=(
            LOCATION,
            ("Message-ID", "m@example.org"),
            ("X-Mms-MM-State", "Retrieved"),
            ("Date", 1306831350),
            ("X-Mms-Message-Size", 100),
        ),
    ),
    "m-delete-req": MessageFields(headers=(LOCATION,), version="1.3", content_type=None),
    "m-delete-conf": MessageFields(headers=OUTCOMES, version="1.3", content_type=None),
    "m-cancel-req": MessageFields(
        headers=(("X-Mms-Cancel-ID", "m@example.org"),), version="1.3", content_type=None
    ),
    "m-cancel-conf": MessageFields(
        headers=(("X-Mms-Cancel-Status", "Cancel request corrupted"),), version="1.3", content_type=None
    ),
}
NO_TRANSACTION = ("m-delivery-ind", "m-read-rec-ind", "m-read-orig-ind", "m-mbox-descr")
COMPLETE = {
    kind: replace(
        message,
        message_type=kind,  # type: ignore[arg-type]
        transaction_id=None if kind in NO_TRANSACTION else "T1",
    )
    for kind, message in COMPLETE.items()
}


def with_part(**fields: object) -> MessageFields:
    """SENT with fields of its second part changed."""
    parts = list(SENT.parts)
    parts[1] = replace(parts[1], **fields)  # type: ignore[arg-type]
    return replace(SENT, parts=tuple(parts))


HEAD = b"\x8c\x84\x98T\0\x8d\x92\x85\x01\x01"
MIXED = HEAD + b"\x84\xa3"


def entry(head: bytes, data: bytes) -> bytes:
    """An entry of a WSP multipart: lengths, headers and data."""
    return wsp.uintvar(len(head)) + wsp.uintvar(len(data)) + head + data
