"""What workers ask all the time finds its rows by an index, however many rows there are."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.relay.made import BEGIN, delivery, envelope
from tests.relay.store.routed import accepted, driven
from tests.relay.store.test_campaigns import running
from transcode.relay.model import Event, Route, Told
from transcode.relay.pseudonyms import Pseudonyms
from transcode.relay.store import (
    FolderBlobs,
    SqliteStore,
    audience,
    campaigns,
    devices,
    mails,
    pages,
    recipients,
    releases,
    reports,
    retention,
)
from transcode.relay.store.due import Kind, Work, due
from transcode.relay.store.rerouting import rerouted
from transcode.relay.store.sqlite import SqlStore


def campaign_of(store: SqlStore) -> str:
    """The campaign of a store, of which two recipients wait."""
    known = campaigns.campaigns(store, most=1)
    return known[0].id if known else running(store, 2, number=7)


ASKED: dict[str, Callable[[SqlStore, FolderBlobs], Any]] = {
    "accept": lambda store, _: store.accept(envelope(9), ["+1"]).result(),
    "accept a mail": lambda store, _: store.accept(
        envelope(9, form="mm4", peer_message_id="p"), ["+1"]
    ).result(),
    "apply": lambda store, _: store.apply(1, Event.FETCH_BEGUN, at=BEGIN).result(),
    "take": lambda store, _: store.take(Route.LOCAL, "", now=BEGIN, lease=1).result(),
    "take for a route": lambda store, _: store.take(None, "", now=BEGIN, lease=1).result(),
    "take_more": lambda store, _: store.take_more(
        delivery(route=Route.LOCAL), 5, now=BEGIN, lease=1
    ).result(),
    "ring": lambda store, _: store.ring(now=BEGIN + 1e7).result(),
    "take_report": lambda store, _: store.take_report("", now=BEGIN, lease=1).result(),
    "report_answered": lambda store, _: store.report_answered(
        "", f"{envelope(0).id}.1", Told.TAKEN, at=BEGIN
    ).exception(),
    "give_up_old": lambda store, _: store.happen(
        partial(reports.give_up_old, until=BEGIN + 1e7, most=9), at=BEGIN
    ).result(),
    "rerouted": lambda store, _: store.happen(
        partial(rerouted, known=(), now=BEGIN + 1e6, most=9), at=BEGIN
    ).result(),
    "retire": lambda store, _: store.retire(now=BEGIN + 1e7).result(),
    "unname": lambda store, _: store.write(
        partial(retention.unname, until=BEGIN + 1e7, most=9, pseudonyms=Pseudonyms(bytes(32)))
    ).result(),
    "forget": lambda store, _: store.write(partial(retention.forget, until=BEGIN + 1e7, most=9)).result(),
    "forget_devices": lambda store, _: store.write(
        partial(retention.forget_devices, until=BEGIN, most=9)
    ).result(),
    "seen_device": lambda store, _: devices.seen_device(store, "+1"),
    "give": lambda store, _: devices.give(store, 1, "tag").result(),
    "given": lambda store, _: devices.given(store, 1),
    "sweep": lambda store, blobs: store.sweep(blobs).result(),
    "keep_adapted": lambda store, _: store.keep_adapted(envelope(0).id, "p", "b").result(),
    "delivery by token": lambda store, _: store.delivery(token="t"),
    "delivery by notification": lambda store, _: store.delivery(notification_id="n"),
    "delivery_to": lambda store, _: store.delivery_to("m", "+1"),
    "take_answer": lambda store, _: store.write(
        partial(mails.take_answer, peer="b", now=1, lease=1)
    ).result(),
    "put_answer": lambda store, _: store.write(
        partial(mails.put_answer, peer="b", name="n", recipient="r", mail="m", at=1)
    ).result(),
    "campaigns that are due": lambda store, _: releases.due_campaigns(store, BEGIN),
    "campaigns to be sorted": lambda store, _: campaigns.unsorted_campaigns(store),
    "recipients to be sorted": lambda store, _: recipients.unsorted(store, "m", now=BEGIN, most=9),
    "recipients that wait": lambda store, _: releases.waiting(store, campaign_of(store), now=BEGIN, most=9),
    "recipients in hand": lambda store, _: releases.underway(store, "m"),
    "recipients by status": lambda store, _: recipients.listed(store, "m", status="failed", most=9),
    "recipients given up": lambda store, _: store.write(
        partial(
            recipients.give_up, name=campaign_of(store), status="failed", reason="expired", now=BEGIN, most=9
        )
    ).result(),
    "backlog": lambda store, _: releases.backlog(store, "local", "campaign m", now=BEGIN, most=9),
    "progress": lambda store, _: store.apply(1, Event.READ_REPORTED, at=BEGIN).result(),
    "tidy campaigns": lambda store, _: store.write(
        partial(recipients.tidy, now=BEGIN, kept=1.0, most=9)
    ).result(),
    "trail": lambda store, _: store.trail(1),
    "due": lambda store, _: due(store, [Work(kind, Route.LOCAL) for kind in Kind], now=BEGIN),
    "counts of a campaign": lambda store, _: campaigns.counts(store, "c"),
    "a campaign over time": lambda store, _: campaigns.moments(store, "c", (1, 60), 60),
    "counts of campaigns": lambda store, _: audience.totals(store, ["c", "d"]),
    "who failed": lambda store, _: recipients.listed(store, "c", status="failed", after=5, most=9),
    "the page of a delivery": lambda store, _: pages.of_delivery(store, 1),
}


#: Tables that grow.
LARGE = (
    *("message", "delivery", "report", "event", "adapted", "answer", "device", "given"),
    *("campaign_recipient", "campaign_count", "campaign_minute", "page"),
)


def statements(store: SqliteStore, call: Callable[[], Any]) -> list[str]:
    """The statements that a call does, with their values."""
    found: list[str] = []
    with store._readers.one() as reader:
        connections: tuple[Any, Any] = (store._writer._connection, reader)
    for one in connections:
        one.set_trace_callback(found.append)
    call()
    for one in connections:
        one.set_trace_callback(None)
    return [one for one in found if one.split()[0] in ("SELECT", "UPDATE", "INSERT", "DELETE")]


@pytest.mark.parametrize("name", ASKED)
def test_no_table_is_looked_through(file: SqliteStore, blobs: FolderBlobs, name: str, tmp_path: Path) -> None:
    """No statement of a call looks through a table that grows, or sorts what it found."""
    first, second = accepted(file, to=("+1", "+2"))
    driven(file, first, Event.PUSH_ACCEPTED)
    driven(file, second, Event.PUSH_ACCEPTED, Event.FETCH_BEGUN, Event.ACKNOWLEDGED)
    (third,) = accepted(file, 1)
    file.apply(third.id, Event.CANCEL, at=BEGIN).result()
    if name in ("sweep", "unname", "forget"):
        file.retire(now=BEGIN + 1e7).result()
    campaign_of(file)
    asked = statements(file, lambda: ASKED[name](file, blobs))
    assert asked
    plans = sqlite3.connect(tmp_path / "relay.db")
    try:
        steps = [
            (row[3], statement)
            for statement in asked
            for row in plans.execute(f"EXPLAIN QUERY PLAN {statement}")
        ]
    finally:
        plans.close()
    slow = ("USE TEMP B-TREE", *(f"SCAN {table}" for table in LARGE))
    assert [step for step in steps if step[0].startswith(slow)] == []
