"""Mails to another centre of which each recipient has its own text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import transcode
from tests.made.pictures import photo, save
from tests.relay.outlets.test_peers import ALICE, BEA, BOB, Sender, TheirServer
from transcode.messages.message import Message
from transcode.relay.model import Event
from transcode.relay.own_text import stand_in, with_stand_in


@pytest.fixture
def theirs() -> TheirServer:
    return TheirServer()


def test_each_gets_its_own_text(tmp_path: Path, theirs: TheirServer) -> None:
    """A message with a text for each is adapted once: its mails have the same picture, each its own text."""
    composed = transcode.compose(
        save(photo(1600, 1200), quality=95), transcode.find_profile("us-tmobile"), to=[ALICE], text="{name}"
    )
    octets = with_stand_in(composed, "{name}", stand_in(40, 160)).to_mm1(strict=False)
    with theirs.running() as port:
        sender = Sender(tmp_path, port, max_bytes=60_000)
        texts = {BOB: "Bob", BEA: "\N{SLIGHTLY SMILING FACE}" * 40}
        for one in sender.accept(octets, BOB, BEA):
            own = replace(one, text=texts[one.recipient])
            (outcome,) = sender.outlet.attempt([own], sender.store.envelope(one.message))
            assert outcome.event is Event.MAIL_ACCEPTED
        assert sender.store.select("SELECT count(*) FROM adapted") == [(1,)]
        sender.close()
    mails = [mail for _, mail in theirs.mails]
    assert [[part.text for part in mail.parts if part.content_type == "text/plain"] for mail in mails] == [
        [texts[BOB]],
        [texts[BEA]],
    ]
    assert (
        len({bytes(part.data) for mail in mails for part in mail.parts if "image" in part.content_type}) == 1
    )
    assert len({mail.transaction_id for mail in mails}) == 2
    assert all(len(mail.to_mm4(strict=False)) <= 60_000 for mail in mails)


@pytest.mark.parametrize("most", [0, 60_000, 2_000_000])
def test_no_mail_is_written_twice(
    tmp_path: Path, theirs: TheirServer, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """To write one costs as much as to send it: those before say whether it is too large."""
    composed = transcode.compose(
        save(photo(1600, 1200), quality=95), transcode.find_profile("us-tmobile"), to=[ALICE], text="{name}"
    )
    octets = with_stand_in(composed, "{name}", stand_in(40, 160)).to_mm1(strict=False)
    written: list[bytes] = []
    monkeypatch.setattr(Message, "to_mm4", keeping(written, Message.to_mm4))
    with theirs.running() as port:
        sender = Sender(tmp_path, port, max_bytes=most)
        (one,) = sender.accept(octets, BOB)
        for own in (None, "Bob"):
            written.clear()
            sender.outlet.attempt([replace(one, text=own)], sender.store.envelope(one.message))
            assert len(written) == len({*written}) <= (3 if own and most else 2 if most else 1)
        sender.close()
    assert len(theirs.mails) == 2


def keeping(kept: list[bytes], write: Callable[..., bytes]) -> Callable[..., bytes]:
    """Write messages, and keep them."""

    def written(message: Message, **values: Any) -> bytes:
        kept.append(write(message, **values))
        return kept[-1]

    return written
