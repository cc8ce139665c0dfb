"""MM7 messages that tests write, and SOAP envelopes that tests read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from transcode.model import HeaderValue, MessageFields, MessageType, Part
from transcode.wire.mm7.schema import (
    NAMESPACE,
)

SUBMISSION = MessageFields(
    message_type="mm7-submit-req",
    transaction_id="T1",
    version="6.8.0",
    sender="12345",
    to=("+15555550100/TYPE=PLMN", "someone@example.org"),
    cc=("+15555550101/TYPE=PLMN",),
    subject='<Hi> & "you"',
    headers=(
        ("VASPID", "acme"),
        ("VASID", "promo"),
        ("ExpiryDate", ("relative", 90_000)),
        ("DeliveryReport", True),
        ("displayOnly", "+15555550101/TYPE=PLMN"),
        ("allowAdaptations", False),
    ),
    content_type="multipart/related",
    parameters=(("type", "application/smil"), ("start", "<smil>")),
    parts=(
        Part("application/smil", b"<smil/>", content_id="smil", name="smil.xml"),
        Part("image/jpeg", bytes(60), content_location="a.jpg"),
    ),
)


def said(message_type: MessageType, *headers: tuple[str, HeaderValue], **fields: Any) -> MessageFields:
    """A message without content."""
    plain = MessageFields(message_type=message_type, transaction_id="T1", version="6.8.0", content_type=None)
    return replace(plain, headers=headers, **fields)


def as_sent(message: MessageFields) -> MessageFields:
    """The message without fields that are not on the wire."""
    return replace(message, oddities=())


def soap(body: str, *, header: str = "", version: str = "6.8.0") -> bytes:
    """A SOAP envelope with a SubmitReq that contains the given elements."""
    return (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/">'
        f"<e:Header>{header or '<TransactionID>T1</TransactionID>'}</e:Header><e:Body>"
        f'<SubmitReq xmlns="{NAMESPACE}REL-6-MM7-1-4"><MM7Version>{version}</MM7Version>{body}</SubmitReq>'
        "</e:Body></e:Envelope>"
    ).encode()


TO = "<Recipients><To><Number>+1</Number></To></Recipients>"


def parted(*parts: str, start: str = "") -> bytes:
    """An HTTP request with a multipart/related body of the given parts; the boundary is "b"."""
    head = f"POST / HTTP/1.1\r\nContent-Type: multipart/related; boundary=b{start}\r\n\r\n"
    return (head + "".join(f"--b\r\n{part}\r\n" for part in parts) + "--b--\r\n").encode()
