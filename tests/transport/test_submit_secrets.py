"""No error shows a password."""

from __future__ import annotations

import pytest

from tests.transport.centre import SENT, TAKEN, Centre
from transcode.errors import (
    SubmitError,
    SubmitRefused,
)
from transcode.wire.mm7 import mm7


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://me:secret@a/x@y", "http://a/x@y"),
        ("http://me:se@cret@a/x", "http://a/x"),
        ("http://me:se/cret@a/x", "http://a/x"),
        ("http://me:s?ecret@a/x", "http://a/x"),
        ("me:secret@a/x", "a/x"),
        ("//me:secret@a/x", "//a/x"),
        ("http:/me:secret@a/x", "http:/a/x"),
        ("http:\\\\me:secret@a/x", "http:\\\\a/x"),
        ("http://me@a", "http://a"),
        ("http://me:sec\nret @a/x", "http://a/x"),
        ("http://me:se/c ret@a/x", "http://a/x"),
        ("http://a:80/x@y", "http://a:80/x@y"),
        ("http://[::1]:80/x@y", "http://[::1]:80/x@y"),
        ("http://a/?b=http://me:secret@c/", "http://a/?b=http://c/"),
        ("", ""),
    ],
)
def test_no_password_is_shown(address: str, shown: str) -> None:
    """The error of any invalid address shows no password."""
    assert SubmitError(address, "x").url == shown
    assert "secret" not in repr(SubmitError("http://a/", f"no way to {address!r}")) or "://" not in address


def test_no_password_of_an_address_is_in_an_error() -> None:
    """No error that a server or an address can cause has the password, nor does a refusal's text."""
    for url in (
        "http://me:secret/x@127.0.0.1:9/",
        "http://me:secret@127.0.0.1:x/",
        "http://me:secret@127.0.0.1:99999/",
        "http://me:secret@[::1/",
        "http://me:secret@127.0.0.1\n/",
        "http://me:secret@/",
        "me:secret@127.0.0.1",
        "http://me:secret@127.0.0.1:9/",
    ):
        with pytest.raises(SubmitError) as caught:
            SENT.submit(url, proxy="http://me:secret@127.0.0.1:9/" if url.endswith(":9/") else None)
        shown = (caught.value.url, caught.value.reason, str(caught.value), repr(caught.value))
        assert not [text for text in shown if "secret" in text]
    refused = SubmitRefused("http://me:secret@a/", "2001 ask foo@example.org", response=TAKEN)
    assert str(refused) == "http://a/: 2001 ask foo@example.org"


def test_passwords_in_a_long_text(centre: Centre) -> None:
    """None is left behind many beginnings of addresses, and the error of a long refusal is short."""
    many = "//:x" * 9000
    assert SubmitError("http://a/", many).reason == many
    assert SubmitError("http://a/", f"{many}/@b c").reason == "//b c"
    assert SubmitError("http://a/", f"{many} //me:se/cret@b, {many}").reason == f"{many} //b, {many}"
    assert (
        SubmitError("http://a/", "//a:80/x@y //b:80,/x@y //c:8x/y@z").reason == "//a:80/x@y //b:80,/x@y //z"
    )
    text = "x" * 1990 + " //me:se/cret@b/" + many
    centre.answers(mm7.answer(mm7.from_bytes(bytes(SENT.to_mm7())), code=2000, text=text))
    with pytest.raises(SubmitRefused, match=r"x //b?") as caught:
        SENT.submit(centre.url, form="mm7")
    assert "cret" not in str(caught.value)
    assert len(caught.value.reason) == 2003
    assert dict(caught.value.response.headers)["StatusText"] == text
