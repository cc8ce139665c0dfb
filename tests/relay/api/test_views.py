"""Rows of the store as the API shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.relay.made import BEGIN, envelope
from tests.relay.store.routed import driven
from transcode.relay.api import views
from transcode.relay.model import Event
from transcode.relay.store.sqlite import SqliteStore
from transcode.relay.store.submissions import Claim, submitted


def test_a_recipient_who_forbids_reports(tmp_path: Path) -> None:
    """Neither its status nor its trail tells that it has the message, nor what its phone says of itself."""
    store = SqliteStore(tmp_path / "relay.sqlite")
    claim = Claim("shop", "", "f", "", "[]")
    name = store.accept(envelope(1, peer="api:shop"), ["+1", "+2"], claim=claim).result().id
    silent, open_minded = store.deliveries(name)[::-1]
    for one in (silent, open_minded):
        driven(store, one, Event.PUSH_ACCEPTED)
        store.apply(one.id, Event.FETCH_BEGUN, at=BEGIN, detail="Phone/1.0").result()
        store.apply(one.id, Event.FETCH_DONE, at=BEGIN).result()
    store.apply(silent.id, Event.ACKNOWLEDGED, at=BEGIN, report_allowed=False).result()
    store.apply(open_minded.id, Event.ACKNOWLEDGED, at=BEGIN).result()
    kept = submitted(store, "shop", name)
    assert kept is not None
    shown = views.message(store, kept, with_trail=True)
    first, second = shown.recipients
    assert (first.status, first.state) == ("delivery_unconfirmed", "indeterminate")
    assert (second.status, second.state) == ("delivered", "retrieved")
    assert isinstance(first.trail, list)
    assert isinstance(second.trail, list)
    assert "delivered" not in {step.status for step in first.trail}
    assert len(second.trail) == len(first.trail) + 1
    assert not any(step.detail for step in second.trail)
    store.close()


def test_why_an_attempt_failed_is_told(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "relay.sqlite")
    name = store.accept(envelope(1), ["+1"], claim=Claim("shop", "", "f", "", "[]")).result().id
    (one,) = store.deliveries(name)
    driven(store, one)
    store.apply(one.id, Event.ATTEMPT_FAILED, at=BEGIN, detail="SMS: HTTP 503").result()
    kept = submitted(store, "shop", name)
    assert kept is not None
    trail = views.message(store, kept, with_trail=True).recipients[0].trail
    assert isinstance(trail, list)
    assert [step.detail for step in trail] == ["", "", "SMS: HTTP 503"]
    store.close()


@pytest.mark.parametrize("word", ["x", "", "é", "MQ", "bm9uZSB4", "bmFuIHg", "A" * 1000])
def test_words_that_name_no_page(word: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        views.of_cursor(word)
