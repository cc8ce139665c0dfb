"""MM7 as peers build it: addresses without elements, elements in other places, values in other forms."""

from __future__ import annotations

import pytest

import transcode
from transcode.model import HeaderValue
from transcode.wire.mm7 import mm7

SCHEMA = "http://www.3gpp.org/ftp/Specs/archive/23_series/23.140/schema/REL-6-MM7-1-0"
NOON = 1_795_953_600


def soap(root: str, inner: str, *, version: str = "<MM7Version>6.3.0</MM7Version>") -> bytes:
    return (
        '<?xml version="1.0"?><env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Header>'
        f'<mm7:TransactionID xmlns:mm7="{SCHEMA}" env:mustUnderstand="1">T1</mm7:TransactionID></env:Header>'
        f'<env:Body><{root} xmlns="{SCHEMA}">{version}{inner}</{root}></env:Body></env:Envelope>'
    ).encode()


def read(octets: bytes) -> transcode.Message:
    """A message that can be written again, and then says the same."""
    found = transcode.read(octets)
    assert found.transaction_id == "T1"
    again = transcode.read(bytes(found.to_mm7(strict=False)))
    fields = ("message_type", "sender", "to", "cc", "bcc", "subject", "version", "headers")
    assert [getattr(again, name) for name in fields] == [getattr(found, name) for name in fields]
    return found


def told(message: transcode.Message, oddity: str) -> bool:
    return sum(oddity in found for found in message.oddities) == 1


TO = "<Recipients><To><Number>8613111111111</Number></To></Recipients>"


@pytest.mark.parametrize(
    ("inner", "sender"),
    [
        ("<Sender><Number>13012345678</Number></Sender>", "13012345678/TYPE=PLMN"),
        ("<Sender>13012345678</Sender>", "13012345678/TYPE=PLMN"),
        ("<Sender>+13012345678</Sender>", "+13012345678/TYPE=PLMN"),
        ("<Sender>a@b.example</Sender>", "a@b.example"),
        ("<Sender>3030</Sender>", "3030"),
        ("<Sender><number>13012345678</number></Sender>", "13012345678/TYPE=PLMN"),
        (
            "<Sender><SenderAddress><Number>+1646555</Number></SenderAddress></Sender>",
            "+1646555/TYPE=PLMN",
        ),
        ("<sender><Number>13012345678</Number></sender>", "13012345678/TYPE=PLMN"),
        (
            "<SenderIdentification><VASPID>8</VASPID><SenderAddress>10658888</SenderAddress>"
            "</SenderIdentification><Sender><Number>13012345678</Number></Sender>",
            "13012345678/TYPE=PLMN",
        ),
        ("<SenderAddress><Number>13012345678</Number></SenderAddress>", "13012345678/TYPE=PLMN"),
    ],
)
def test_senders_of_deliveries(inner: str, sender: str) -> None:
    """A sender is read without an element, in one too many, under another name, or beside the service's."""
    found = read(soap("DeliverReq", inner + TO))
    assert (found.sender, found.to) == (sender, ("8613111111111/TYPE=PLMN",))
    assert found.converted("m-retrieve-conf").sender in (sender, f"{sender}/TYPE=PLMN")


def test_what_a_group_holds_that_has_no_place() -> None:
    """The names of the provider are kept."""
    inner = "<SenderIdentification><VASPID>8</VASPID><VASID>9</VASID></SenderIdentification>"
    found = read(soap("DeliverReq", inner + "<Sender>13012345678</Sender>" + TO))
    assert dict(found.headers)["VASPID"] == "8"
    assert dict(found.headers)["VASID"] == "9"
    assert told(found, "DeliverReq has no element SenderIdentification")


@pytest.mark.parametrize(
    ("inner", "to"),
    [
        ("<Recipients><To>8613111111111</To></Recipients>", ("8613111111111/TYPE=PLMN",)),
        ("<To><Number>8613111111111</Number></To>", ("8613111111111/TYPE=PLMN",)),
        (
            "<Recipients><To><Number>1</Number></To><To><Number>2</Number></To></Recipients>",
            ("1/TYPE=PLMN", "2/TYPE=PLMN"),
        ),
        ("<recipients><to><number>1</number></to></recipients>", ("1/TYPE=PLMN",)),
    ],
)
def test_recipients_of_submissions(inner: str, to: tuple[str, ...]) -> None:
    """Every one of the recipients is read."""
    sender = "<VASPID>1</VASPID><SenderAddress>18910229166</SenderAddress>"
    found = read(soap("SubmitReq", f"<SenderIdentification>{sender}</SenderIdentification>{inner}"))
    assert (found.sender, found.to) == ("18910229166/TYPE=PLMN", to)
    found = read(soap("SubmitReq", "<Sender><Number>9876540001</Number></Sender>" + inner))
    assert (found.sender, found.to) == ("9876540001/TYPE=PLMN", to)


@pytest.mark.parametrize("root", ["DeliveryReportReq", "ReadReplyReq"])
@pytest.mark.parametrize("inner", ["<Number>86131</Number>", "<To><Number>86131</Number></To>"])
def test_recipients_of_reports(root: str, inner: str) -> None:
    """A recipient is read in the element that submissions have."""
    found = read(
        soap(
            root,
            f"<MessageID>m</MessageID><Recipients>{inner}</Recipients><Sender><Number>1</Number></Sender>"
            "<MMStatus>Read</MMStatus>",
        )
    )
    assert (found.sender, found.to) == ("1/TYPE=PLMN", ("86131/TYPE=PLMN",))
    assert dict(found.headers)["MMStatus"] == "Read"


@pytest.mark.parametrize(
    ("inner", "name", "value"),
    [
        ("<TimeStamp>2011-01-20T11:57:60+08:00</TimeStamp>", "TimeStamp", 1_295_495_880),
        ("<TimeStamp>1795953600000</TimeStamp>", "TimeStamp", NOON),
        ("<timestamp>1795953600</timestamp>", "TimeStamp", NOON),
        ("<ExpiryDate>PT0,5H</ExpiryDate>", "ExpiryDate", ("relative", 1800)),
        ("<ExpiryDate>3600</ExpiryDate>", "ExpiryDate", ("relative", 3600)),
        ("<ExpiryDate>1795953600</ExpiryDate>", "ExpiryDate", ("absolute", NOON)),
        (
            "<EarliestDeliveryTime>2026-11-29t12:00:00.5z</EarliestDeliveryTime>",
            "EarliestDeliveryTime",
            ("absolute", NOON),
        ),
        (
            "<ReplyCharging><replyChargingSize>9</replyChargingSize><replyDeadline>P1D</replyDeadline></ReplyCharging>",
            "ReplyCharging",
            ("replyChargingSize", "9", "replyDeadline", "P1D"),
        ),
        ("<DeliveryReport>True</DeliveryReport>", "DeliveryReport", True),
        ("<Priority>soon</Priority>", "Priority", None),
        ("<ReadReply>perhaps</ReadReply>", "ReadReply", None),
        ("<TimeStamp>today</TimeStamp>", "TimeStamp", None),
        ("<DeliveryCondition/>", "DeliveryCondition", None),
    ],
)
def test_values(inner: str, name: str, value: HeaderValue | None) -> None:
    """What makes no sense is left out and told, so that the message can go on."""
    found = read(soap("SubmitReq", TO + inner))
    assert dict(found.headers).get(name) == value
    assert (value is None) == told(found, f"{name} is left out")
    assert transcode.read(found.converted("m-send-req").to_mm1(strict=False)).to == (
        "8613111111111/TYPE=PLMN",
    )


@pytest.mark.parametrize(
    ("version", "read_as"),
    [
        ("<MM7Version>1</MM7Version>", "6.8.0"),
        ("<MM7Version/>", "6.8.0"),
        ("", "6.8.0"),
        ("<MM7Version>v6.3.0</MM7Version>", "6.3.0"),
        ("<MM7Version>REL 5.3.0 (draft)</MM7Version>", "5.3.0"),
    ],
)
def test_versions(version: str, read_as: str) -> None:
    """One that is none, or missing, costs no message."""
    found = read(soap("SubmitReq", TO, version=version))
    assert found.version == read_as
    assert told(found, "MM7Version is ")


def test_a_transaction_in_the_body() -> None:
    """The element is read in the body, and with its name in another case."""
    octets = soap("SubmitReq", TO + "<TransactionID>T1</TransactionID>")
    start, end = octets.index(b"<env:Header>"), octets.index(b"<env:Body>")
    assert read(octets[:start] + octets[end:]).to
    assert read(octets.replace(b"mm7:TransactionID", b"mm7:transactionId")).to


def test_a_text_before_the_first_boundary() -> None:
    """A body without its headers of HTTP, in GB2312, may begin with a text, as old mail programs write."""
    mark = b"-" * 57 + b"NextPart_1"
    xml = soap("SubmitReq", TO + "<Subject>彩信</Subject>").decode().replace("?>", ' encoding="GB2312"?>', 1)
    octets = (
        b"this is a multi-part message in MIME format\r\n\r\n\r\n--"
        + mark
        + b'\r\nContent-Type:text/xml;charset="GB2312"\r\nContent-Transfer-Encoding:8bit\r\n'
        + b"Content-ID:</tnn-200102/mm7-vasp>\r\n\r\n"
        + xml.encode("gb2312")
        + b"\r\n--"
        + mark
        + b'\r\nContent-Type:multipart/mixed;boundary="b"\r\nContent-ID:<SaturnPics-01020930>\r\n\r\n'
        + b"--b\r\nContent-Type:text/plain\r\n\r\nHello\r\n--b--\r\n--"
        + mark
        + b"--\r\n"
    )
    found = read(octets)
    assert (found.subject, [part.text for part in found.parts]) == ("彩信", ["Hello"])


def test_tags_of_documentation() -> None:
    """Tags with two colons, and end tags with another name, are read."""
    octets = soap("SubmitReq", TO + "<TimeStamp>2026-11-29T12:00:00Z</Date><Priority>High</Priority>")
    octets = octets.replace(b"env:Header", b"env::Header").replace(b"env:Body", b"env::Body")
    found = read(octets)
    assert dict(found.headers)["TimeStamp"] == NOON
    assert dict(found.headers)["Priority"] == "High"


def test_content_that_is_named_in_a_text() -> None:
    """The part is found."""
    body = soap("SubmitReq", TO + "<Content>cid:c</Content>").decode()
    octets = (
        f"--b\r\nContent-Type: text/xml\r\n\r\n{body}\r\n"
        "--b\r\nContent-Type: text/plain\r\nContent-ID: <o>\r\n\r\nOther\r\n"
        "--b\r\nContent-Type: text/plain\r\nContent-ID: <c>\r\n\r\nHello\r\n--b--\r\n"
    ).encode()
    found = transcode.read(octets)
    assert [part.text for part in found.parts] == ["Hello", "Other"]


def test_groups_and_addresses_within_each_other() -> None:
    """Of elements within each other, to any depth, one level is read, and nothing breaks."""
    for name in ("Recipients", "SenderIdentification", "Status", "To", "Sender"):
        inner = f"<{name}>" * 5000 + "<Number>1</Number>" + f"</{name}>" * 5000
        found = mm7.from_bytes(soap("SubmitReq", TO + inner))
        assert found.to[0] == "8613111111111/TYPE=PLMN"
