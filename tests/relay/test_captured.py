"""What phones and the centre say to each other, as Wireshark reads it on the wire."""

from __future__ import annotations

from pathlib import Path

from tests.relay.conftest import ALICE, BOB, World
from tests.relay.phone import Phone
from tests.relay.tap import Tap
from tests.relay.test_mm1 import read_by_bob, said
from tests.wire import judge
from transcode.messages.message import Message
from transcode.wire.mm1.header_words import MESSAGE_TYPES


class _Tapped(Phone):
    """A phone on a wire, which keeps its short messages too."""

    def __init__(self, number: str, world: World, tap: Tap) -> None:
        super().__init__(number, world.centre.url, world.gateway)
        self._tap = tap
        self.kept: list[bytes] = []

    def request(
        self, method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        return super().request(method, url.replace(self.url, self._tap.url), body, headers)

    def short_messages(self) -> list[bytes]:
        segments = super().short_messages()
        self.kept += segments
        return segments


def test_wireshark_reads_what_passes(world: World, tmp_path: Path, letter: Message, shared: Path) -> None:
    """Every PDU of MM1, fetched at once, deferred, rejected and refused: no packet has a warning."""
    with Tap(world.centre.url) as tap:
        alice, bob = (_Tapped(number, world, tap) for number in (ALICE, BOB))
        name = str(said(alice.submit(letter), "Message-ID"))
        first = bob.pushed()
        bob.fetch(first)
        bob.respond(first, "Retrieved")
        assert alice.pushed().message_type == "m-delivery-ind"
        bob.post(read_by_bob(name))
        assert alice.pushed().message_type == "m-read-orig-ind"
        alice.submit(letter.edited(subject="Again"))
        second = bob.pushed()
        bob.respond(second, "Deferred")
        bob.acknowledge(bob.fetch(second))
        alice.submit(letter.edited(to=["+49301234567"]))
        alice.submit(letter.edited(subject="Once more"))
        third = bob.pushed()
        bob.respond(third, "Rejected")
        bob.fetch(third)
    types, warnings = judge.conversations(shared, tap.connections, tmp_path)
    assert warnings == []
    submission = ["m-send-req", "m-send-conf"]
    assert types == [
        *(*submission, "m-retrieve-conf", "m-notifyresp-ind", "m-read-rec-ind"),
        *(*submission, "m-notifyresp-ind", "m-retrieve-conf", "m-acknowledge-ind"),
        *(*submission, *submission, "m-notifyresp-ind", "m-retrieve-conf"),
    ]
    pushed = judge.short_messages(alice.kept + bob.kept, tmp_path)
    assert [one["_ws.expert.severity"] for one in pushed] == [[]] * 5
    kinds = [MESSAGE_TYPES[int(number, 0)] for one in pushed for number in one["mmse.message_type"]]
    assert kinds == ["m-delivery-ind", "m-read-orig-ind", *["m-notification-ind"] * 3]
