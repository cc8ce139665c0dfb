"""Campaigns over time: when their recipients were sent the message, got it, and failed."""

from __future__ import annotations

from functools import partial

from tests.relay.made import BEGIN
from tests.relay.store.test_campaigns import released, running
from transcode.relay.model import Event
from transcode.relay.store import campaigns, recipients
from transcode.relay.store.campaigns import Moment
from transcode.relay.store.sqlite import SqlStore


def test_over_time(store: SqlStore) -> None:
    """Each step of a recipient counts once, in its minute; who reads what he has is not told again."""
    name, first = running(store, 4), int(BEGIN // 60)
    assert campaigns.moments(store, name, (1, 60), 10) == (1, [])
    released(store, name, 1, 2, 3)
    one, two, three = (store.delivery_to(name, f"+{number}") for number in (1, 2, 3))
    assert one is not None
    assert two is not None
    assert three is not None
    store.apply(three.id, Event.ATTEMPT_REFUSED, at=BEGIN).result()
    for each in (one, two):
        store.apply(each.id, Event.PUSH_ACCEPTED, at=BEGIN).result()
    # A reminder is no further recipient.
    for event in (Event.REMIND, Event.PUSH_ACCEPTED):
        store.apply(two.id, event, at=BEGIN + 60).result()
    for event in (Event.FETCH_BEGUN, Event.ACKNOWLEDGED, Event.READ_REPORTED):
        store.apply(one.id, event, at=BEGIN + 120).result()
    give_up = partial(
        recipients.give_up, name=name, status="failed", reason="expired", now=BEGIN + 120, most=9
    )
    store.write(give_up).result()
    assert campaigns.moments(store, name, (1, 60), 10) == (
        1,
        [
            Moment(first, "failed", 1),
            Moment(first, "sent", 2),
            Moment(first + 2, "delivered", 1),
            Moment(first + 2, "failed", 1),
        ],
    )
    step, found = campaigns.moments(store, name, (1, 7), 2)
    assert step == 7
    assert {one.minute % 7 for one in found} == {0}
    assert sum(one.recipients for one in found) == 5
