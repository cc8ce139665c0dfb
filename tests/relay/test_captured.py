"""What phones, centres and providers say to each other, as Wireshark reads it on the wire."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import transcode
from tests.relay.carriers import carriers, own_address
from tests.relay.conftest import ALICE, BOB, World, config
from tests.relay.phone import Gateway, Phone, until
from tests.relay.provider import Provider, status, vasp
from tests.relay.tap import Passed, Tap
from tests.relay.test_mm1 import read_by_bob, said
from tests.wire import judge
from transcode.messages.message import Message
from transcode.relay.model import State
from transcode.relay.server import running
from transcode.relay.timers import Timers
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


def test_wireshark_reads_the_mails(tmp_path: Path, letter: Message, shared: Path) -> None:
    """A message between two carriers, its answer and both reports: a mail each, none with a warning."""
    hosts = [own_address(), own_address()]
    with Tap(f"smtp://{hosts[0]}:2525") as to_a, Tap(f"smtp://{hosts[1]}:2525") as to_b:
        a_to_b, b_to_a = (
            {"host": "127.0.0.1", "port": urlsplit(tap.url).port, "answers_reports": True}
            for tap in (to_b, to_a)
        )
        places: list[dict[str, Any]] = [{"host": host} for host in hosts]
        # No mail goes out again because the answer to it is late on a busy machine.
        timers = Timers(retry=(0.2,), confirm=0.5)
        with carriers(tmp_path, a=places[0], b=places[1], a_to_b=a_to_b, b_to_a=b_to_a, timers=timers) as (
            ours,
            theirs,
        ):
            alice, bob = ours.phone(1), theirs.phone(2)
            name = str(said(alice.submit(letter.edited(to=[bob.number], subject="Grüße")), "Message-ID"))
            told = bob.pushed()
            got = bob.fetch(told)
            bob.respond(told, "Retrieved")
            bob.post(replace(read_by_bob(str(said(got, "Message-ID"))), sender=bob.number))
            assert {alice.pushed().message_type for _ in range(2)} == {"m-delivery-ind", "m-read-orig-ind"}
            # The message and the answers to two reports.
            until(lambda: [_ends(one) for one in to_b.connections] == [True] * 3)
    passed = [*to_a.connections, *to_b.connections]
    found, warnings = judge.passed(shared, passed, tmp_path, "imf.extension", port=25)
    assert warnings == []
    kinds = [one.removeprefix("X-Mms-Message-Type: MM4_") for one in found if "Message-Type" in one]
    reports = ("delivery_report", "read_reply_report")
    assert sorted(kinds) == sorted(
        ["forward.REQ", "forward.RES", *(f"{one}.{end}" for one in reports for end in ("REQ", "RES"))]
    )
    assert any(name in one for one in found)


def _ends(passed: Passed) -> bool:
    """Whether a connection of SMTP had its last word."""
    return b"221 " in b"".join(octets for is_client, octets in passed if not is_client)


def test_wireshark_reads_the_requests(
    tmp_path: Path, gateway: Gateway, letter: Message, shared: Path
) -> None:
    """A provider submits, replaces and cancels, gets a message and a report: none with a warning."""
    with Provider().running() as provider, Tap(provider.own_url) as out:
        account = vasp(short_codes=("12345",), senders=(), url=f"{out.url}/mm7")
        made = config(tmp_path, gateway, vasp=(account,))
        with running(made) as centre, Tap(centre.url) as into:
            provider.url = f"{into.url}/mm7"
            alice, bob = (Phone(number, centre.url, gateway) for number in (ALICE, BOB))
            offer = letter.edited(sender="12345", to=[BOB], subject="Grüße").converted("mm7-submit-req")
            answer = provider.ask(offer)
            told = bob.pushed()
            bob.fetch(told)
            bob.respond(told, "Retrieved")
            assert provider.delivered().message_type == "mm7-delivery-report-req"
            name = str(said(answer, "MessageID"))
            later = offer.edited(options=transcode.SendOptions(delivery_time=3600.0))
            waits = str(said(provider.ask(later), "MessageID"))
            answers = [provider.replace(waits, letter), provider.cancel(waits), provider.cancel(name)]
            assert [status(one) for one in answers] == [1000, 1000, 3001]
            alice.submit(letter.edited(to=["12345"]))
            assert provider.delivered().message_type == "mm7-deliver-req"
            until(lambda: centre.store.deliveries(recipient="12345")[0].state is State.HANDED_OVER)
    passed = [*into.connections, *out.connections]
    found, warnings = judge.passed(shared, passed, tmp_path, "xml.tag")
    assert warnings == []
    asked = ["Submit", "Submit", "Replace", "Cancel", "Cancel", "DeliveryReport", "Deliver"]
    kinds = [kind for tag in found for kind in re.findall(r"<(\w+(?:Req|Rsp)) ", tag)]
    assert kinds == [one + end for one in asked for end in ("Req", "Rsp")]
