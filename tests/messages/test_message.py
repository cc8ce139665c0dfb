"""The one class of messages: the values of model, with methods."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace

import pytest

import transcode
from tests.made.messages import SENT
from transcode.errors import MessageError
from transcode.messages.message import Message
from transcode.model import MessageFields, Part
from transcode.wire.mm7 import mm7


def message() -> Message:
    return Message.of(replace(SENT))


def test_there_is_one_class() -> None:
    """Each function that returns a message returns one that writes itself."""
    sent = message()
    submission = sent.converted("mm7-submit-req")
    composed = transcode.compose([], transcode.find_profile("us-att"), to=["+15555550101"], text="text")
    read = [transcode.read(bytes(octets)) for octets in (sent.to_mm1(), sent.to_mm4(), sent.to_mm7())]
    answer = mm7.answer(submission, message_id="M1")
    changed = replace(sent, subject="other")
    for one in (sent, submission, composed, *read, answer, changed, copy.copy(sent)):
        assert type(one) is transcode.Message
    assert transcode.read(bytes(answer.to_mm7())) == answer


def test_values_are_equal_with_methods_and_without() -> None:
    """Their hash too, where the values have one; a difference in any of them counts."""
    assert message() == SENT
    assert message() == SENT
    assert message() != replace(SENT, oddities=("odd",))
    assert message() != "text"
    plain = MessageFields(content_type=None)
    assert hash(plain) == hash(Message(content_type=None))


def test_a_message_is_frozen_and_travels() -> None:
    """A message is frozen, can be pickled as its values can, and has no dictionary."""
    sent = message()
    assert not hasattr(sent, "__dict__")
    with pytest.raises(AttributeError):
        sent.subject = "other"  # type: ignore[misc]
    assert type(pickle.loads(pickle.dumps(sent))) is Message
    assert pickle.loads(pickle.dumps(sent)) == sent
    assert repr(sent).startswith("Message(message_type='m-send-req'")
    assert sent.smil is None


def test_what_was_read_travels() -> None:
    """Its parts are views, which can't: their octets do."""
    sent = message()
    read = transcode.read(replace(sent, parts=(Part("text/plain", b"hi", charset="utf-8"),)).to_mm1())
    assert isinstance(read.parts[0].data, memoryview)
    for again in (pickle.loads(pickle.dumps(read)), copy.deepcopy(read)):
        assert type(again) is Message
        assert again == read
        assert (again.parts[0].data, hash(again)) == (b"hi", hash(read))


def test_what_was_read_becomes_the_message() -> None:
    """It is the same object, so that a notification is read in the time of one."""
    fields = replace(SENT)
    assert id(Message.of(fields)) == id(fields)


def test_what_can_not_become_another_is_refused() -> None:
    """The error names the types."""
    with pytest.raises(MessageError, match="m-send-req can't be converted to m-delivery-ind"):
        message().converted("m-delivery-ind")
    with pytest.raises(MessageError, match="message_type: must be text, not NoneType"):
        message().converted(None)  # type: ignore[arg-type]
    untyped = replace(message(), message_type=5)  # type: ignore[arg-type]
    for use in (untyped.content_class, lambda: untyped.submit("http://127.0.0.1")):
        with pytest.raises(MessageError, match="message_type: must be text, not int"):
            use()
