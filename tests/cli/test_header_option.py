"""Headers as people write them."""

from __future__ import annotations

import pytest

from transcode.cli.header_option import header_of
from transcode.errors import MessageError
from transcode.model import HeaderValue


@pytest.mark.parametrize(
    ("name", "text", "header"),
    [
        ("x-mms-priority", "HIGH", ("X-Mms-Priority", "High")),
        ("X-Mms-Read-Report", "Yes", ("X-Mms-Read-Report", True)),
        ("X-Mms-Delivery-Report", "no", ("X-Mms-Delivery-Report", False)),
        ("X-Mms-Expiry", "3d", ("X-Mms-Expiry", ("relative", 259_200))),
        ("X-Mms-Expiry", "2030-01-31T18:00+01:00", ("X-Mms-Expiry", ("absolute", 1_896_109_200))),
        ("Date", "2030-01-31T17:00Z", ("Date", 1_896_109_200)),
        ("Date", "2001-09-09T01:46:40Z", ("Date", 1_000_000_000)),
        ("Date", "1700000000", ("Date", 1_700_000_000)),
        ("X-Mms-Message-Size", "5", ("X-Mms-Message-Size", 5)),
        ("X-Mms-Applic-ID", "5", ("X-Mms-Applic-ID", "5")),
        ("X-Mms-Content-Class", "Image-Basic", ("X-Mms-Content-Class", "image-basic")),
        ("X-Mms-Message-Class", "Operator-Own", ("X-Mms-Message-Class", "Operator-Own")),
        ("X-Own", "Yes", ("X-Own", "Yes")),
        ("ServiceCode", "7", ("ServiceCode", "7")),
        ("X-Mms-Priority", "", ("X-Mms-Priority", None)),
    ],
)
def test_values(name: str, text: str, header: tuple[str, HeaderValue | None]) -> None:
    """Words in any case, flags, times and numbers are what MM1 has; a header of no known name stays text."""
    assert header_of(name, text) == header


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("X-Mms-Priority", "urgent", "X-Mms-Priority can't be 'urgent'; it has one of low, normal, high"),
        ("X-Mms-Store", "maybe", "it has one of yes, no"),
        ("X-Mms-Expiry", "soon", "X-Mms-Expiry must look like 90m"),
        ("X-Mms-Expiry", "2001-09-09", "X-Mms-Expiry 2001-09-09 .* is in the past"),
        ("Date", "3d", "Date must look like 2030-01-31T18:00, not '3d'"),
        ("X-Mms-Message-Size", "-5", "X-Mms-Message-Size can't be '-5'"),
        ("X-Mms-Previously-Sent-By", "a@example.org", "X-Mms-Previously-Sent-By can't be"),
    ],
)
def test_what_is_no_value(name: str, text: str, words: str) -> None:
    """The header is named, and what it has."""
    with pytest.raises(MessageError, match=words):
        header_of(name, text)
