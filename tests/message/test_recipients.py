"""Who gets a message."""

from __future__ import annotations

from dataclasses import replace

import pytest

import transcode
from tests.made.messages import ATT, limited
from tests.made.pictures import photo, save
from transcode.message.address import wire


def test_one_number_written_twice() -> None:
    """A recipient that is given twice gets one message."""
    message = transcode.compose((), ATT, to=["+15555550100", "+1 (555) 555-0100"], text="a")
    assert message.to == ("+15555550100/TYPE=PLMN",)


def test_recipients_are_divided() -> None:
    """More than one message may have: none is dropped, the media are the same, each fits, ids differ."""
    few = replace(limited(12_000), max_recipients=3)
    to = [f"+1555555{number:04}" for number in range(6)] + ["a" * 60 + "@example.com"]
    made = transcode.compose_split(save(photo(400, 300)), few, to=[*to, to[0]], subject="Hi")
    assert [message.to for message in made] == [
        tuple(wire(address) for address in group) for group in (to[:3], to[3:6], to[6:])
    ]
    assert len({message.transaction_id for message in made}) == 3
    assert len({message.parts for message in made}) == 1
    lengths = [len(message.to_mm1()) for message in made]
    assert 11_500 < max(lengths) <= 12_000
    assert transcode.compose_split(save(photo(400, 300)), few, to=to[:3], subject="Hi") == (
        transcode.compose(save(photo(400, 300)), few, to=to[:3], subject="Hi"),
    )
    (draft,) = transcode.compose_split((), few, text="a")
    assert draft.to == ()


def test_all_kinds_of_recipients() -> None:
    """Each address once, in the place where it is named first; the profile's number counts all of them."""
    to, cc, bcc = ["+15555550100"], ["+15555550101", "+1 555 555 0100"], ["a@example.com", "+15555550101"]
    message = transcode.compose((), ATT, to=to, cc=cc, bcc=bcc, text="a")
    assert (message.to, message.cc, message.bcc) == (
        ("+15555550100/TYPE=PLMN",),
        ("+15555550101/TYPE=PLMN",),
        ("a@example.com",),
    )
    found = transcode.read(message.to_mm1())
    assert (found.to, found.cc, found.bcc) == (message.to, message.cc, message.bcc)
    assert message.transaction_id != transcode.compose((), ATT, to=to, bcc=cc, text="a").transaction_id
    two = replace(ATT, max_recipients=2)
    with pytest.raises(transcode.MessageError, match="3 recipients"):
        transcode.compose((), two, to=to, cc=cc, bcc=bcc, text="a")
    made = transcode.compose_split((), two, to=to, cc=cc, bcc=bcc, text="a")
    assert [(each.to, each.cc, each.bcc) for each in made] == [
        (message.to, message.cc, ()),
        ((), (), message.bcc),
    ]
    with pytest.raises(transcode.MessageError, match="bcc must be a sequence"):
        transcode.compose((), ATT, to=to, bcc="+15555550101", text="a")
