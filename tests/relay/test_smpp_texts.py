"""Texts of phones over SMPP."""

from __future__ import annotations

from tests.relay.conftest import BOB
from tests.relay.phone import until
from tests.relay.smsc import SUBMIT_SM, Smsc
from tests.relay.test_smpp import SHORT, bound
from transcode.errors import TransportError
from transcode.relay.ports.smpp import Smpp
from transcode.relay.texts import Text


def test_texts_of_phones_are_heard() -> None:
    """STOP, in each coding; it is acknowledged, also where what is done with it fails, and the link stays."""
    heard: list[Text] = []
    smsc = Smsc()

    def hear(text: Text) -> None:
        heard.append(text)
        raise ZeroDivisionError

    with smsc.running() as port, bound(port, hear) as gate:
        gate.push(BOB, b"push")
        smsc.deliver(b"Stop \x1b\x65", esm_class=0)
        smsc.deliver("ÄRRÊT".encode("utf-16be"), esm_class=0, data_coding=8)
        smsc.deliver(b"\5\0\3\1\2\1STOP", esm_class=0x40, data_coding=1)
        smsc.deliver(b"", esm_class=0, parameters=b"\x04\x24\0\3BYE")
        smsc.deliver(b"\x00 arr\x04t\x05", esm_class=0, data_coding=1)
        smsc.deliver(b"\0\1", esm_class=0, data_coding=4)
        smsc.deliver(b"", esm_class=0x40)
        until(lambda: len(heard) == 7)
        assert sorted(text.text for text in heard) == ["", "", "@ arrèté", "BYE", "STOP", "Stop €", "ÄRRÊT"]
        assert {text.sender for text in heard} == {BOB}
        until(lambda: sum(pdu[4:8] == b"\x80\0\0\5" for pdu in smsc.pdus) == 7)
        gate.push(BOB, b"push")
    assert len([pdu for pdu in smsc.pdus if pdu[4:8] == b"\0\0\0\x09"]) == 1


def test_an_answer_to_a_phone_that_nobody_answers() -> None:
    """A text is answered over the link that it came by. Where that link is dropped, another is made."""
    smsc, raised = Smsc(), list[TransportError]()
    gates: list[Smpp] = []

    def hear(text: Text) -> None:
        try:
            gates[0].text(text.sender, "You get no more links.")
        except TransportError as error:
            raised.append(error)

    with smsc.running() as port, bound(port, hear, timeout=SHORT) as gate:
        gates.append(gate)
        until(lambda: smsc.binds.qsize() == 1)
        smsc.silent = frozenset((SUBMIT_SM,))
        smsc.deliver(b"STOP", esm_class=0)
        until(lambda: len(raised) == 1)
        smsc.silent = frozenset()
        until(lambda: smsc.binds.qsize() == 2)
        assert raised[0].temporary
