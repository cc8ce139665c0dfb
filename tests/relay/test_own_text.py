"""Texts with fields: each recipient's own takes the place of a stand-in, and makes no message larger."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import transcode
from tests.made.pictures import save
from transcode.errors import BudgetError
from transcode.message.slideshow import text_part
from transcode.messages.message import Message
from transcode.relay.model import SAME, Own
from transcode.relay.own_text import (
    MissingField,
    field_names,
    filled,
    has_fields,
    room,
    stand_in,
    with_own,
    with_stand_in,
    within,
)
from transcode.wire.http import HttpMessage

TEMPLATE, MOST = "Hi {name}", 40_000


def message(chars: int, octets: int) -> Message:
    """A picture that no limit takes as it is, and a stand-in."""
    noise = np.random.default_rng(1).integers(0, 255, (700, 900, 3), np.uint8)
    made = transcode.compose(
        save(noise, quality=95), transcode.find_profile("us-att"), to=["+1"], text=TEMPLATE
    )
    return with_stand_in(made, TEMPLATE, stand_in(chars, octets))


def written(one: Message, form: Literal["mm4", "mm7"]) -> HttpMessage | bytes:
    return one.to_mm4(strict=False) if form == "mm4" else one.to_mm7(strict=False)


def octets(one: HttpMessage | bytes) -> int:
    return len(one if isinstance(one, bytes) else one.body)


def texts(made: Message) -> list[str]:
    return [part.text for part in made.parts if part.content_type == "text/plain"]


@pytest.mark.parametrize(
    ("text", "fields", "expected"),
    [
        ("Hi {name}, {name}!", {"name": "Zoë"}, "Hi Zoë, Zoë!"),
        ("Hi {name|you}", {}, "Hi you"),
        ("Hi {name|}", {"name": ""}, "Hi "),
        ("{a} {b}", {"a": "{b}", "b": "x"}, "{b} x"),
        ("no { field } {1} {}", {}, "no { field } {1} {}"),
    ],
)
def test_fields(text: str, fields: dict[str, str], expected: str) -> None:
    """A name in braces is a field, all else a text; what a field has is never read as one."""
    assert filled(text, fields) == expected
    assert has_fields(text) is bool(field_names(text))


def test_a_field_that_is_missing() -> None:
    with pytest.raises(MissingField, match="no field name"):
        filled(TEMPLATE, {"name": ""})


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_a_stand_in_has_room(text: str) -> None:
    """For as many characters, and as many octets, and it is not plain ASCII: its part has room for any."""
    made = stand_in(len(text), len(text.encode()))
    assert len(made) >= len(text)
    assert len(made.encode()) >= len(text.encode())
    assert not made.isascii()
    # And for a text of each length as wide as that.
    assert len(made.encode()) <= len(text.encode()) + 40


@pytest.mark.parametrize("own", ["", "Hi Zoë", "中文" * 40, "🙂" * 70, "x" * 300, "~" * 20])
@pytest.mark.parametrize("network", ["us-att", "oma-image-basic"])
def test_never_larger(network: str, own: str) -> None:
    """Adapted once with the stand-in, the message has every own text within its limit, and nobody else's."""
    profile = transcode.find_profile(network)
    given = transcode.retrieval(transcode.read(message(300, 300).to_mm1(strict=False)))
    adapted = transcode.adapt(given, profile)
    made = with_own(adapted, Own(own))
    assert len(made.to_mm1(strict=False)) <= len(adapted.to_mm1(strict=False)) <= profile.max_message_bytes
    assert texts(made) == [own]
    assert [part.data for part in made.parts if part.content_type == "image/jpeg"] == [
        part.data for part in adapted.parts if part.content_type == "image/jpeg"
    ]
    assert with_own(adapted, SAME) is adapted


@pytest.mark.parametrize("sign", ["=", "é", "x", "x\n"])
@pytest.mark.parametrize("form", ["mm4", "mm7"])
def test_texts_that_mail_writes_with_more_octets(form: Literal["mm4", "mm7"], sign: str) -> None:
    """Media are made anew with room for them: the text is whole, and the message not too large."""
    own = sign * (3000 // len(sign.encode()))
    whole = message(3000, 3000).converted("mm4-forward-req" if form == "mm4" else "mm7-deliver-req")
    network, made = transcode.find_profile("us-att"), []

    def write(one: Message) -> HttpMessage | bytes:
        return written(one, form)

    def smaller(more: int) -> Message:
        made.append(more)
        return transcode.adapt(whole, replace(network, max_message_bytes=MOST), form=form, reserve=more)

    fitted = within(smaller(0), Own(own), MOST, write=write, size=octets, smaller=smaller)
    assert octets(fitted) <= MOST
    assert [text.replace("\r\n", "\n") for text in texts(transcode.read(bytes(fitted)))] == [own]
    assert len(made) <= 2
    with pytest.raises(BudgetError) as found:
        within(smaller(0), Own(own), MOST, write=write, size=lambda one: octets(one) + MOST, smaller=smaller)
    smallest = octets(write(with_own(smaller(0), Own(own)))) + MOST
    assert (found.value.limit, found.value.smallest) == (MOST, smallest)


def test_subjects() -> None:
    """Each has its own, no longer than the stand-in that was fitted, and in whole characters."""
    made = replace(message(12, 12), subject=stand_in(20, 40))
    assert with_own(made, Own(subject="Hi Zoë")).subject == "Hi Zoë"
    assert with_own(replace(made, subject=(made.subject or "")[:8]), Own(subject="é" * 30)).subject == "é" * 5
    assert with_own(made, SAME) is made


def test_cut_as_the_stand_in_was() -> None:
    """Where a phone takes fewer characters, it gets the beginning of its own text."""
    short = transcode.adapt(message(300, 300), transcode.find_profile("us-att"))
    part = next(one for one in short.parts if one.content_type == "text/plain")
    cut = with_stand_in(short, TEMPLATE, part.text[:20])
    assert texts(with_own(cut, Own("x" * 300))) == ["x" * 20]
    assert texts(with_own(cut, Own("é" * 300))) == ["é" * 11]


@pytest.mark.parametrize("template", [TEMPLATE, "\ufeffHi {name}"])
@pytest.mark.parametrize("sign", ["x", "é", "中", "🙂"])
def test_room(template: str, sign: str) -> None:
    """The longest text that has room is sent whole, and no message with it is too large."""
    given = replace(message(12, 12), parts=(text_part(1, template),))
    octets = room(given, template, 3000)
    own = sign * (octets // len(sign.encode()))
    made = with_stand_in(given, template, stand_in(len(own), len(own.encode())))
    assert 2900 < len(made.to_mm1(strict=False)) <= 3000
    assert texts(with_own(made, Own(own))) == [own]
    # The longest one in characters and the longest one in octets may be two texts.
    both = with_stand_in(given, template, stand_in(octets, octets))
    assert len(both.to_mm1(strict=False)) <= 3000
    assert room(given, template, 100) < 0
