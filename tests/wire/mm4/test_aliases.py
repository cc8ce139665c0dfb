"""Each other name and word of peers: what the reader takes it for, and that the writer refuses the name."""

from __future__ import annotations

import pytest

import transcode
from transcode.errors import MessageError
from transcode.wire.mm4.aliases import (
    ADDRESS_ALIASES,
    HEADER_ALIASES,
    TYPE_ALIASES,
    VERSION_HEADER,
    WORD_ALIASES,
)
from transcode.wire.mm4.headers import HEADERS
from transcode.wire.mm4.mm4 import MAIL_TYPES

#: A value that each aliased header can have.
VALUES = {
    VERSION_HEADER: "6.3.0",
    "X-Mms-Read-Reply": "Yes",
    "X-Mms-MM-Status-Code": "Retrieved",
    "X-Mms-Request-Status-Code": "Ok",
    "X-Mms-Status-Text": "text",
    "X-Mms-Previously-sent-date-and-time": "1, Tue, 14 Nov 2023 22:13:20 +0000",
}


def mail(*lines: str) -> transcode.Message:
    return transcode.read("\r\n".join((*lines, "", "")).encode())


@pytest.mark.parametrize(("alias", "name"), HEADER_ALIASES.items())
def test_an_alias_is_read_as_its_header(alias: str, name: str) -> None:
    """The value is that of the header's own name, in any case of the letters."""
    own, found = (
        mail("X-Mms-Message-Type: MM4_forward.REQ", f"{given}: {VALUES[name]}")
        for given in (name, alias.title())
    )
    assert (found.headers, found.version) == (own.headers, own.version)
    assert found.headers or found.version == VALUES[VERSION_HEADER]


@pytest.mark.parametrize(("alias", "name"), HEADER_ALIASES.items())
def test_an_alias_is_not_written(alias: str, name: str) -> None:
    """The error names the header of MM4."""
    message = transcode.Message("mm4-forward-req", headers=((alias, "x"),), content_type=None)
    with pytest.raises(MessageError, match=f"the MM4 name of {alias} is {name}"):
        message.to_mm4(strict=False)


@pytest.mark.parametrize(("alias", "field"), ADDRESS_ALIASES.items())
def test_addresses_in_other_headers(alias: str, field: str) -> None:
    """They are used where the field of mail is missing, and only there."""
    found = mail(f"{alias}: +15/TYPE=PLMN")
    assert (found.sender if field == "from" else getattr(found, field)[0]) == "+15/TYPE=PLMN"
    stated = mail(f"{field}: +16/TYPE=PLMN", f"{alias}: +15/TYPE=PLMN")
    assert (stated.sender if field == "from" else getattr(stated, field)[0]) == "+16/TYPE=PLMN"


def test_a_header_for_each_recipient() -> None:
    """All headers of one name count; those of another name for the same field stay headers."""
    found = mail("X-Mms-To: +15", "X-Mms-To: +16, +17", "X-Mms-Recipient-Address: +15")
    assert found.to == ("+15", "+16", "+17")
    assert found.headers == (("X-Mms-Recipient-Address", "+15"),)


@pytest.mark.parametrize(("alias", "message_type"), TYPE_ALIASES.items())
def test_types_in_other_words(alias: str, message_type: str) -> None:
    """An oddity names both."""
    found = mail(f"X-Mms-Message-Type: {alias}")
    assert found.message_type == message_type
    assert f"X-Mms-Message-Type is '{alias}', read as {MAIL_TYPES[found.message_type].name}" in found.oddities


@pytest.mark.parametrize(("alias", "word"), WORD_ALIASES.items())
def test_values_in_other_words(alias: str, word: str) -> None:
    """Every header that has the standard's word takes its aliases."""
    names = [header.name for header in HEADERS if word in header.words]
    assert names
    for name in names:
        assert dict(mail(f"{name}: {alias}").headers)[name] == word
