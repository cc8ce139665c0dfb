"""Short messages over SMPP, with an SMSC whose PDUs smpplib reads and writes: a library of other people."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from smpplib import smpp

from tests.relay.conftest import BOB
from tests.relay.phone import until
from tests.relay.test_smpp import DIGITS, LONG, bound
from transcode.relay.texts import Text
from transcode.wire.mm1.push import joined_segments


class TheirSmsc:
    """An SMSC that takes one bind, and whose phone answers the first short message.

    Attributes:
        read: what came, as smpplib reads it.
    """

    def __init__(self) -> None:
        self.read: list[Any] = []

    @contextmanager
    def running(self) -> Iterator[int]:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            thread = threading.Thread(target=self._serve, args=(listening,))
            thread.start()
            yield listening.getsockname()[1]
            thread.join()

    def _serve(self, listening: socket.socket) -> None:
        line, _ = listening.accept()
        with line, line.makefile("rb") as octets:
            while size := octets.read(4):
                asked = smpp.parse_pdu(size + octets.read(int.from_bytes(size, "big") - 4), sequence=0)
                self.read.append(asked)
                if asked.is_request():
                    line.sendall(self._answer(asked))
                if asked.command == "submit_sm" and len(self.named("submit_sm")) == 1:
                    line.sendall(self._written(asked))

    def named(self, command: str) -> list[Any]:
        return [one for one in self.read if one.command == command]

    def _answer(self, asked: Any) -> bytes:
        words = {"message_id": str(len(self.read))} if asked.command == "submit_sm" else {}
        if asked.command.startswith("bind"):
            words = {"system_id": "theirs"}
        answer = smpp.make_pdu(f"{asked.command}_resp", sequence=asked.sequence, **words)
        answer.sequence = asked.sequence
        return bytes(answer.generate())

    def _written(self, asked: Any) -> bytes:
        """A text of the phone, to whom the short message was from."""
        text = smpp.make_pdu(
            "deliver_sm",
            sequence=7,
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr=asked.destination_addr.decode(),
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr=asked.source_addr.decode(),
            data_coding=0,
            short_message=b"STOP",
        )
        return bytes(text.generate())


def test_an_smsc_of_smpplib() -> None:
    """It reads the bind, a push in segments, a text and the farewell, and what it writes is heard."""
    smsc, heard = TheirSmsc(), list[Text]()
    with smsc.running() as port, bound(port, heard.append) as gate:
        gate.push(BOB, LONG)
        gate.text(BOB, "Фото")
        until(lambda: len(smsc.named("deliver_sm_resp")) == 1)
    (bind,) = smsc.named("bind_transceiver")
    assert (bind.system_id, bind.password, bind.interface_version) == (b"relay", b"secret", 0x34)
    *pushed, text = smsc.named("submit_sm")
    assert joined_segments(one.short_message for one in pushed) == LONG
    assert {(one.destination_addr, one.esm_class, one.data_coding) for one in pushed} == {
        (DIGITS.encode(), 0x40, 4)
    }
    assert (text.data_coding, text.short_message.decode("utf-16-be")) == (8, "Фото")
    assert [(one.sender, one.text) for one in heard] == [(BOB, "STOP")]
    assert smsc.read[-1].command == "unbind"
