"""Two centres that reach each other through a mail server as carriers run it: Exim or Postfix."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.relay.carriers import carriers
from tests.relay.phone import until
from tests.relay.test_mm1 import said
from tests.relay.test_two_carriers import delivery, read
from tests.transport.mail_servers import SERVERS, MailServer
from transcode.messages.message import Message
from transcode.model import Part
from transcode.relay.model import State


@pytest.mark.parametrize("neighbour", SERVERS, ids=lambda one: one.__name__)
def test_messages_and_reports_pass(
    tmp_path: Path, letter: Message, neighbour: Callable[..., AbstractContextManager[MailServer]]
) -> None:
    """Answers and both reports come back, nothing comes twice, and the media are the same octets."""
    # A presentation in one long line, with a dot at the beginning of a line: what mail changes on its way.
    smil = b"<smil><!--" + b"x" * 2000 + b"\n.\n.. --></smil>"
    parts = tuple(
        replace(part, data=smil) if part.content_type == "application/smil" else part for part in letter.parts
    )
    sent = replace(letter, parts=(*parts, Part("text/plain", b".\r\n..\r\nFrom me\r\n", content_id="t")))
    with carriers(tmp_path, neighbour=neighbour) as both:
        for ours, theirs in (both, both[::-1]):
            alice, bob = ours.phone(1), theirs.phone(2)
            alice.submit(replace(sent, to=(bob.number,)))
            notification = bob.pushed()
            got = bob.fetch(notification)
            assert [part.data for part in got.parts] == [part.data for part in sent.parts]
            bob.respond(notification, "Retrieved")
            assert said(alice.pushed(), "X-Mms-Status") == "Retrieved"
            read(bob, got)
            assert said(alice.pushed(), "X-Mms-Read-Status") == "Read"
            until(lambda: delivery(ours, bob.number).state is State.READ)  # noqa: B023  # called here
            trail = ours.centre.store.trail(delivery(ours, bob.number).id)
            assert "the other centre took the message" in [line.event for line in trail]
            assert len(theirs.centre.store.deliveries(recipient=bob.number)) == 1
            assert bob.hears_nothing(0.1)


@pytest.mark.parametrize("neighbour", SERVERS, ids=lambda one: one.__name__)
def test_a_mail_that_comes_back(
    tmp_path: Path, letter: Message, neighbour: Callable[..., AbstractContextManager[MailServer]]
) -> None:
    """The other centre takes no mail of this size: the server between says so, and the sender is told."""
    with carriers(tmp_path, neighbour=neighbour, b={"max_mail_bytes": 10_000}) as (a, b):
        alice, bob = a.phone(1), b.phone(2)
        alice.submit(replace(letter, to=(bob.number,)))
        assert said(alice.pushed(), "X-Mms-Status") == "Rejected"
        assert delivery(a, bob.number).state is State.REFUSED
        trail = a.centre.store.trail(delivery(a, bob.number).id)
        assert any("size" in line.detail for line in trail)
