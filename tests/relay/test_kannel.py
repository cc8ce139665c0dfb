"""A real Kannel between the centre and an SMSC: what the SMSC is shown."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import transcode
from tests.relay.conftest import ALICE, BOB, config
from tests.relay.kannel import kannel
from tests.relay.phone import PATIENCE, Gateway, Phone, location
from tests.relay.smsc import Account, ShortMessage, Smsc
from tests.wire.test_sms_text import DEFAULT, EXTENSION
from transcode.errors import TransportError
from transcode.messages.message import Message
from transcode.relay.ports.sms import Kannel
from transcode.relay.server import running
from transcode.relay.sms_gateway import SmsGateway
from transcode.wire.mm1.push import joined_segments, place_of

pytestmark = pytest.mark.xdist_group("kannel")

LONG = random.Random(1).randbytes(300)


class Way(NamedTuple):
    """A Kannel that is bound to an SMSC."""

    account: SmsGateway
    smsc: Smsc

    def taken(self, count: int) -> list[ShortMessage]:
        """What Bob's phone gets."""
        return [self.smsc.taken(BOB[1:]).get(timeout=PATIENCE) for _ in range(count)]


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    smsc = Smsc()
    with smsc.running() as port, kannel(tmp_path_factory.mktemp("kannel"), port) as account:
        assert smsc.binds.get(timeout=PATIENCE) == Account(b"kannel", b"secret", b"")
        yield Way(account, smsc)


@pytest.fixture
def gate(way: Way) -> Iterator[Kannel]:
    made = Kannel(way.account)
    yield made
    made.close()


def test_pushes(way: Way, gate: Kannel) -> None:
    """All segments arrive, divided by nobody else; each push has a reference of its own."""
    references = []
    for _ in range(3):
        gate.push(BOB, LONG)
        messages = way.taken(3)
        assert joined_segments(message.octets for message in messages) == LONG
        assert {message.esm_class & 0x40 for message in messages} == {0x40}
        assert {message.data_coding for message in messages} == {0x04}
        (reference,) = {message.octets[9] for message in messages}
        references.append(reference)
    assert len(set(references)) == 3


def test_until_when_it_is_of_use(way: Way, gate: Kannel) -> None:
    """The SMSC hears of the time from Kannel, as that of a clock."""
    gate.push(BOB, b"push", seconds=3600)
    gate.push(BOB, b"push")
    named, unnamed = way.taken(2)
    assert re.fullmatch(rb"[0-9]{15}[+-]", named.validity_period)
    assert unnamed.validity_period == b""


def test_its_alphabet_is_ours(way: Way, gate: Kannel) -> None:
    """Kannel writes each character as the same septets that we count."""
    gate.text(BOB, "".join(DEFAULT[number] for number in sorted(DEFAULT)))
    gate.text(BOB, "".join(EXTENSION.values()))
    default, extension = way.taken(2)
    assert default.octets == bytes(sorted(DEFAULT))
    assert extension.octets == b"".join(bytes((0x1B, number)) for number in EXTENSION)
    assert (default.data_coding, default.esm_class & 0x40) == (0, 0)


@pytest.mark.parametrize(
    ("text", "coding"), [("é" * 152 + "€{}" * 3, 0), ("Фото 😀" * 20, 8)], ids=["default", "ucs2"]
)
def test_long_texts(way: Way, gate: Kannel, text: str, coding: int) -> None:
    """Segments arrive as they were divided, with their header, and none is cut again."""
    gate.text(BOB, text)
    (first,) = way.taken(1)
    messages = [first, *way.taken(place_of(first.octets)[1] - 1)]
    assert {message.data_coding for message in messages} == {coding}
    assert [message.octets[4:6] for message in messages] == [
        bytes((len(messages), place)) for place in range(1, len(messages) + 1)
    ]
    octets = [message.octets[6:] for message in messages]
    if coding == 8:
        assert "".join(one.decode("utf-16-be") for one in octets) == text
    else:
        assert octets == [b"\x05" * 152, b"\x1b\x65\x1b\x28\x1b\x29" * 3]


def test_a_wrong_password_loses_nothing(way: Way) -> None:
    """It is the operator's matter."""
    gate = Kannel(SmsGateway(url=way.account.url, user="relay", password="guess", timeout=PATIENCE))
    with pytest.raises(TransportError) as raised:
        gate.push(BOB, b"push")
    gate.close()
    assert raised.value.temporary
    assert "403" in raised.value.reason


def test_a_message_centre_behind_kannel(tmp_path: Path, gateway: Gateway, way: Way, letter: Message) -> None:
    """What the SMSC is shown is a notification with the address of the message."""
    with running(config(tmp_path, gateway, sms=way.account)) as centre:
        Phone(ALICE, centre.url, gateway).submit(letter)
        (first,) = way.taken(1)
        messages = [first, *way.taken(place_of(first.octets)[1] - 1)]
        notification = transcode.read(joined_segments(message.octets for message in messages))
        assert notification.message_type == "m-notification-ind"
        assert location(notification).startswith(f"{centre.url}/m/")
