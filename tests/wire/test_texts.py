"""Texts of headers: encoded words as peers write them."""

from __future__ import annotations

import pytest

import transcode
from tests.effort import bounded
from transcode.wire.texts import decode_words


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("=?utf-8?B?w6l0ww==?=\r\n =?utf-8?B?qQ==?=", "été"),
        ("=?utf-8?Q?=E2?= =?UTF-8?Q?=82?= =?utf-8?Q?=AC?= x", "€ x"),
        ("=?utf-8*en?Q?=C3=A9t=C3=A9?=", "été"),
        ("=?utf-8?B?w6k?=", "é"),
        ("=?utf8?Q?=C3=A9?=", "é"),
        ("=?latin1?Q?=E9?=", "é"),
        ("=?cp936?B?xOO6ww==?=", "你好"),
        ("=?iso-8859-1?Q?=E9?= =?utf-8?Q?=C3=A9?=", "éé"),
        ("=?utf-8?Q?=C3?= and =?utf-8?Q?=A9?=", "\ufffd and \ufffd"),
        ("=?punycode?Q?a?=", "=?punycode?Q?a?="),
        ("=?utf-8?Q?=C3?= =?punycode?Q?a?=", "\ufffd=?punycode?Q?a?="),
    ],
)
def test_encoded_words_of_peers(written: str, text: str) -> None:
    """A letter that is parted between words is one; other names of charsets, and no padding."""
    octets = f"X-Mms-Message-Type: MM4_forward.REQ\r\nSubject: {written}\r\n\r\n".encode()
    found = transcode.read(octets)
    assert found.subject == text
    assert any("invalid in its charset" in oddity for oddity in found.oddities) == ("\ufffd" in text)


def test_encoded_words_that_end_nowhere_cost_little() -> None:
    """Words without any whole letter are not read again and again."""
    with bounded():
        assert set(decode_words("=?utf-8?Q?=F0?= " * 50_000)) == {"\ufffd", " "}
