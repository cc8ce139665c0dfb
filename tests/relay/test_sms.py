"""Kannel's sendsms as the centre asks for it, and the references of segments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.peer import drip, flood, peer
from tests.relay.phone import Gateway
from transcode.errors import BudgetError, SubmitTimeout, TransportError
from transcode.relay.ports.sms import Kannel, Push, References
from transcode.relay.sms_gateway import SmsGateway

BOB = "+15550002"
OK = b"HTTP/1.1 202 Accepted\r\nContent-Length: 30\r\n\r\n"


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway().running() as made:
        yield made


@pytest.fixture
def kannel(gateway: Gateway) -> Iterator[Kannel]:
    made = Kannel(gateway.config)
    yield made
    made.close()


def test_texts(gateway: Gateway, kannel: Kannel) -> None:
    """A text is characters for Kannel, in UTF-8 or, where the alphabet is UCS-2, in that."""
    kannel.text(BOB, "Ça & là: 10 €")
    kannel.text(BOB, "a" * 161)
    kannel.text(BOB, "Фото")
    one, first, second, wide = gateway.asked_for
    assert (one["coding"], one["charset"], one["text"]) == (b"0", b"utf-8", "Ça & là: 10 €".encode())
    assert "udh" not in one
    assert first["udh"] == b"\5\0\3" + second["udh"][3:4] + b"\2\1"
    assert second["udh"][4:] == b"\2\2"
    assert (len(first["text"]), len(second["text"])) == (153, 8)
    assert (wide["coding"], wide["charset"], wide["text"]) == (b"2", b"utf-16be", "Фото".encode("utf-16-be"))


def test_until_when_it_is_of_use(gateway: Gateway, kannel: Kannel) -> None:
    """Kannel is told whole minutes, no fewer; nothing where nobody knows, or the operator wants none."""
    kannel.push(BOB, b"push", seconds=61)
    kannel.text(BOB, "text", seconds=1e9)
    kannel.push(BOB, b"push")
    without = Kannel(replace(gateway.config, longest_validity=0.0))
    without.push(BOB, b"push", seconds=61)
    without.close()
    assert [one.get("validity") for one in gateway.asked_for] == [b"2", b"10080", None, None]


def test_a_text_without_room_is_not_sent(gateway: Gateway, kannel: Kannel) -> None:
    """Nothing of it is sent."""
    with pytest.raises(BudgetError):
        kannel.text(BOB, "a" * 2000)
    assert not gateway.asked_for


def test_pushes(gateway: Gateway, kannel: Kannel) -> None:
    """Each of several pushes has its own outcome."""
    assert kannel.together == 1
    budget, taken = kannel.pushes([Push(BOB, bytes(2000)), Push(BOB, b"push")])
    assert isinstance(budget, BudgetError)
    assert taken is None
    gateway.status = 403
    (refused,) = kannel.pushes([Push(BOB, b"push")])
    assert isinstance(refused, TransportError)
    assert refused.temporary


def test_a_gateway_that_drips_holds_a_push_no_longer_than_all_its_time() -> None:
    """Many octets, each within the time of a read, are no answer in time."""
    with peer(drip(b"x", before=OK)) as port:
        kannel = Kannel(SmsGateway(url=f"http://127.0.0.1:{port}/", timeout=0.3))
        with pytest.raises(SubmitTimeout):
            kannel.push(BOB, bytes(300))
        kannel.close()


def test_a_gateway_that_answers_without_end() -> None:
    """It is refused before the answer fills the memory, and may be tried again."""
    with peer(flood(b"x", before=OK.replace(b"30", b"9999999999"))) as port:
        kannel = Kannel(SmsGateway(url=f"http://127.0.0.1:{port}/", timeout=30.0))
        with pytest.raises(TransportError, match="octets") as raised:
            kannel.push(BOB, b"push")
        kannel.close()
    assert raised.value.temporary


def test_references() -> None:
    """The pushes to a phone count, whatever goes to others; only so many phones are remembered."""
    references = References()
    first = references.next(BOB)
    assert [references.next("+1"), references.next("+2")] != [None, None]
    assert [references.next(BOB) for _ in range(256)] == [(first + 1 + place) % 256 for place in range(256)]
    for number in range(70_000):
        references.next(str(number))
    assert len(references._last) == 65_536


def test_references_begin_anywhere() -> None:
    """Another process does not go on where every process begins."""
    assert len({References().next(BOB) for _ in range(100)}) > 10
