"""MM7 as others wrote it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import transcode
from transcode.errors import PduError
from transcode.wire.mm7.schema import (
    NAMESPACE,
)
from transcode.wire.mm7.schema_rules import violations

#: What each holds: type, transaction, sender, recipients, subject, some header, content type and part sizes.
VECTORS: dict[str, tuple[Any, ...]] = {
    "instantcom-mm7/deliver-req1.txt": (
        "mm7-deliver-req",
        "vas00324-dlvr",
        "97254265781@OMMS.com",
        (),
        "Weather Forecast",
        ("TimeStamp", 1018899321),
        ("text/plain", [24]),
    ),
    "instantcom-mm7/deliver-req3.txt": (
        "mm7-deliver-req",
        "4E073C7AQ479306TW26785I371H3M1HA",
        "+3859100010010/TYPE=PLMN",
        ("88888/TYPE=PLMN",),
        "Bomb",
        ("LinkedID", "0402105226100000000000000"),
        ("multipart/related", [386, 4148]),
    ),
    "instantcom-mm7/deliver-req5.txt": (
        "mm7-deliver-req",
        "11398c6a2e9f00000010",
        "+381600001200/TYPE=PLMN",
        ("121399",),
        "(no subject)",
        ("VASID", "xmmc"),
        ("multipart/related", [305, 18060]),
    ),
    "instantcom-mm7/fault.xml": (
        "mm7-rs-error-rsp",
        "123456",
        None,
        (),
        None,
        ("StatusCode", 4002),
        (None, []),
    ),
    "instantcom-mm7/submit-rsp.xml": (
        "mm7-submit-rsp",
        "vas00001-sub",
        None,
        (),
        None,
        ("MessageID", "041502073667"),
        (None, []),
    ),
    "mm7_core/mm7_deliver_res.xml": (
        "mm7-deliver-rsp",
        None,
        None,
        (),
        None,
        ("Details", "Accepted by VASP"),
        (None, []),
    ),
    "mm7_core/mm7_submit_req.xml": (
        "mm7-submit-req",
        None,
        None,
        ("79001234567/TYPE=PLMN",),
        "Daily promo",
        ("ServiceCode", "gold-sp33-im42"),
        (None, []),
    ),
    "savon-multipart/multipart.txt": (
        "mm7-submit-req",
        "2011012713535811111111111",
        "1111",
        ("11111111111/TYPE=PLMN",),
        "Test MMS via Savon",
        ("ExpiryDate", ("absolute", 1296222838)),
        ("multipart/mixed", [467, 1268, 36]),
    ),
    "sinch/deliver_rsp.xml": ("mm7-deliver-rsp", "1000001", None, (), None, ("StatusCode", 1000), (None, [])),
    "sinch/deliver_rsp_full.http": (
        "mm7-deliver-rsp",
        "1000001",
        None,
        (),
        None,
        ("StatusText", "Successfully received MMS"),
        (None, []),
    ),
    "sinch/delivery_report_rsp.xml": (
        "mm7-delivery-report-rsp",
        "1000001",
        None,
        (),
        None,
        ("StatusText", "Successfully Received MMS."),
        (None, []),
    ),
    "sinch/submit_req.xml": (
        "mm7-submit-req",
        "1000001",
        "111122",
        ("16172383232/TYPE=PLMN",),
        "My first MM7 Message",
        ("VASID", "126273"),
        (None, []),
    ),
    "sinch/submit_req_full.http": (
        "mm7-submit-req",
        "555e29f8879be",
        "111122",
        ("16179593069/TYPE=PLMN",),
        "My first MM7 Message",
        ("allowAdaptations", False),
        ("multipart/related", [13, 271]),
    ),
    "sinch/submit_rsp_fault.xml": (
        "mm7-rs-error-rsp",
        "1000001",
        None,
        (),
        None,
        ("Details", "Message format corrupt"),
        (None, []),
    ),
    "vectorcore-mmsc/deliver_rsp.soap": (
        "mm7-deliver-rsp",
        "txn-deliver",
        None,
        (),
        None,
        ("xmlns", NAMESPACE + "REL-5-MM7-1-0"),
        (None, []),
    ),
    "vectorcore-mmsc/read_reply_rsp.soap": (
        "mm7-read-reply-rsp",
        "txn-read",
        None,
        (),
        None,
        ("StatusCode", 1000),
        (None, []),
    ),
}
#: Says multipart/related and is none.
ILL_FORMED = "sinch/delivery_report_req_full.http"


def test_no_vector_is_forgotten(shared: Path) -> None:
    """The tables name every file."""
    folder = shared / "vectors" / "mm7"
    files = {str(path.relative_to(folder)) for path in folder.glob("*/*")}
    assert files == VECTORS.keys() | {ILL_FORMED}


@pytest.mark.parametrize("name", VECTORS)
def test_vectors_are_read_and_written_again(shared: Path, name: str) -> None:
    """What others wrote is found in it, and is the same after it was written here, with nothing odd left."""
    found = transcode.read((shared / "vectors" / "mm7" / name).read_bytes())
    message_type, transaction, sender, to, subject, header, (content_type, sizes) = VECTORS[name]
    assert (found.message_type, found.transaction_id, found.sender) == (message_type, transaction, sender)
    assert (found.to, found.subject, found.content_type) == (to, subject, content_type)
    assert header in found.headers
    assert [len(part.data) for part in found.parts] == sizes
    again = transcode.read(bytes(found.to_mm7(strict=False)))
    assert again.oddities == tuple(violations(found))
    assert replace(again, headers=(), oddities=()) == replace(found, headers=(), oddities=())
    assert dict(again.headers) == dict(found.headers)


def test_a_multipart_without_a_boundary_is_refused(shared: Path) -> None:
    """One provider's sample of a delivery report; the place is where the body begins."""
    octets = (shared / "vectors" / "mm7" / ILL_FORMED).read_bytes()
    with pytest.raises(PduError, match=r"multipart/related has no boundary \(at octet 249\)"):
        transcode.read(octets)
    plain = octets.replace(b'multipart/related; type="text/xml";', b"text/xml")
    assert transcode.read(plain).message_type == "mm7-delivery-report-req"
