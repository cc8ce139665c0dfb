"""Forms of pages: what is read of them, and what is no form."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.requests import Request

from transcode.relay.forms import form_of

_SCOPE = {"type": "http", "method": "POST", "headers": []}


def read(*pieces: bytes, is_cut: bool = False) -> dict[str, str]:
    """The fields of a form that arrives in pieces, and of one whose sender leaves after them."""
    events: list[dict[str, Any]] = [
        {"type": "http.request", "body": piece, "more_body": is_cut or number < len(pieces) - 1}
        for number, piece in enumerate(pieces)
    ]
    waiting = iter([*events, {"type": "http.disconnect"}])

    async def receive() -> dict[str, Any]:
        return next(waiting)

    return asyncio.run(form_of(Request(_SCOPE, receive), 100))


def test_fields_of_a_form() -> None:
    """Fields come in any number of pieces, may be empty, and the first of a name counts."""
    assert read(b"reason=sp", b"am&back=&reason=other") == {"reason": "spam", "back": ""}


@pytest.mark.parametrize(
    ("octets", "is_cut"),
    [(b"a" * 101, False), (b"reason=spam", True), (b"&".join([b"a=1"] * 11), False)],
    ids=["too large", "cut short", "too many fields"],
)
def test_what_is_no_form(octets: bytes, is_cut: bool) -> None:
    """Nothing is read of it, and nothing is raised."""
    assert read(octets, is_cut=is_cut) == {}
