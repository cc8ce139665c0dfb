"""What mails of other centres have that is not taken, and how their recipients are spelled."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.relay.made import BEGIN
from tests.relay.test_mm4_mails import ALICE, OK, B, Door, message
from transcode.relay.centre import Centre
from transcode.relay.config import Local
from transcode.relay.numbers import Numbers
from transcode.relay.ports.mm4_mails import Mails
from transcode.relay.route import Router
from transcode.relay.store import FolderBlobs


def test_content_that_is_not_taken(tmp_path: Path) -> None:
    """A type that the policy refuses, or too many octets: refused, or the mail would come again."""
    policies: list[dict[str, Any]] = [{"refused_types": ("text/*",)}, {"max_message_bytes": 4}]
    for place, policy in enumerate(policies):
        strict = Door(tmp_path / str(place), **policy)
        assert strict.take(message(), ALICE) == OK
        assert strict.statuses() == [("Error-content-not-accepted", None)]
        assert strict.take(message(asks=False), ALICE).startswith("554 5.3.4")
        strict.store.close()


def test_national_numbers_of_recipients(tmp_path: Path) -> None:
    """Recipients are of this country; a sender without a country code is of another one, and stays."""
    german = Door(tmp_path)
    german.config = replace(german.config, local=(Local(("+49",)),), numbers=Numbers("49"))
    centre = Centre(
        german.config, german.store, FolderBlobs(tmp_path / "b"), Router(german.config.hops), lambda: BEGIN
    )
    mails = Mails(german.config, centre, german.store, lambda: BEGIN)
    octets = message(sender="0612345678/TYPE=PLMN@mms.b.example").to_mm4(strict=False)
    to = ["01711234567/TYPE=PLMN@mms.a.example", "491711234567@mms.a.example", "+491711234567"]
    assert mails.take(B, to, octets) == OK
    (delivery,) = german.store.deliveries()
    sender = german.store.envelope(delivery.message).sender
    german.store.close()
    assert (delivery.recipient, sender) == ("+491711234567", "0612345678")
