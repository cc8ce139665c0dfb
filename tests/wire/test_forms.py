"""Every form is in the registry, and reads what it writes, as long as it said."""

from __future__ import annotations

from typing import cast, get_args

import pytest

import transcode
from tests.made.messages import SENT
from transcode.errors import MessageError
from transcode.model import Form, MessageFields, MessageType
from transcode.wire.convert import as_form, encode, length
from transcode.wire.forms import FORMS, form, form_of_type
from transcode.wire.mm7 import mm7
from transcode.wire.reader import recognise

MESSAGE = transcode.Message.of(SENT)


def test_all_forms_are_registered() -> None:
    """Each form is registered under the name that callers use."""
    assert tuple(FORMS) == get_args(Form)
    assert {kind for name in FORMS for kind in form(name).message_types} == set(get_args(MessageType))
    assert [form(name).name for name in FORMS] == list(FORMS)


@pytest.mark.parametrize("name", FORMS)
def test_a_form_reads_what_it_writes(name: Form) -> None:
    """Octets of the length that was told, known for what they are; a message stays one of its class."""
    octets = encode(MESSAGE, name)
    # A limit leaves room for a domain behind each of the two numbers of a mail, and for its Message-ID.
    room = 2 * 41 + 89 if name == "mm4" else 0
    assert length(MESSAGE, name, [4, 99]) == len(octets) + room
    assert recognise(octets) == name
    found = form(name).read(octets, "")
    assert type(found) is MessageFields
    assert type(transcode.read(octets)) is type(as_form(MESSAGE, name)) is transcode.Message
    assert found == transcode.read(octets)
    assert form_of_type(found.message_type) == form_of_type(as_form(MESSAGE, name).message_type) == name
    assert [bytes(part.data) for part in found.parts] == [b"text", bytes(99)]


def test_an_answer_is_a_message_that_can_be_sent() -> None:
    """What mm7.answer gives writes itself."""
    request = transcode.read(bytes(MESSAGE.to_mm7()))
    answer = mm7.answer(request, message_id="M1")
    assert type(answer) is transcode.Message
    assert transcode.read(bytes(answer.to_mm7())) == answer


def test_types_tell_their_form() -> None:
    """The first word of a type names its form; types of MM1 begin with an m alone."""
    found = {kind: form_of_type(cast("MessageType", kind)) for kind in get_args(MessageType)}
    assert {name for kind, name in found.items() if kind.startswith("m-")} == {"mm1"}
    assert all(kind.startswith(name) for kind, name in found.items() if not kind.startswith("m-"))


def test_a_form_that_is_none_is_refused() -> None:
    """The error has the unknown name, and the names of all forms."""
    with pytest.raises(MessageError, match="form: 'mm3' is not one of mm1, mm4, mm7"):
        form(cast("Form", "mm3"))
