"""Campaigns in rows: read, sorted, released once, counted, held, given up and forgotten."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from tests.relay.made import BEGIN, END, envelope
from tests.relay.store.routed import LOCAL, inconsistent
from transcode.relay.model import Event, Route, State
from transcode.relay.pseudonyms import Pseudonyms
from transcode.relay.retention import DAY
from transcode.relay.store import campaigns, progress, recipients, releases, retention
from transcode.relay.store.campaigns import Action, CampaignState, Count, Draft, WrongState
from transcode.relay.store.recipients import NotLoading, Row, Sorted
from transcode.relay.store.releases import Released
from transcode.relay.store.sqlite import SqlStore
from transcode.relay.store.submissions import Claim, Reused, page

CLAIM = Claim("shop", "k", "f", "spring", "[]")
NEW = Draft("k", None, "{}", "me", None, None, 3600.0)


def begun(store: SqlStore, number: int = 0, claim: Claim = CLAIM, at: float = BEGIN, **values: Any) -> str:
    """A campaign without recipients."""
    message = envelope(number, peer="api:shop", received_at=at, fingerprint=str(number))
    draft = NEW._replace(**values)
    return store.write(lambda one: campaigns.begin(one, message, claim, draft)).result()[0]


def filled(store: SqlStore, *rows: Row, **values: Any) -> str:
    """A draft with recipients."""
    name = begun(store, **values)
    store.write(lambda one: recipients.add(one, name, rows, BEGIN, reader="me")).result()
    store.write(lambda one: recipients.loaded(one, name, "me")).result()
    return name


def running(store: SqlStore, count: int = 3, **values: Any) -> str:
    """A campaign whose recipients are sorted."""
    name = filled(store, *(Row(f"+{number}") for number in range(1, count + 1)), **values)
    campaigns.set_state(store, name, Action.START, BEGIN)
    found = [Sorted(number, "local", "us-att") for number in range(1, count + 1)]
    store.write(lambda one: recipients.sort(one, name, found, BEGIN)).result()
    return name


def released(store: SqlStore, name: str, *numbers: int, paid: str = '{"total": 1}', at: float = BEGIN) -> int:
    """Release recipients."""
    campaign = campaigns.campaign(store, name)
    assert campaign is not None
    chosen = [Released(number, f"+{number}", "us-att", None, LOCAL) for number in numbers]
    return store.release(campaign, chosen, paid=paid, at=at, due=at + 1).result()


def told(store: SqlStore, name: str) -> dict[str, int]:
    """How many recipients have a status, as it is counted; the rows say the same."""
    kept = {(one.status, one.carrier, one.reason): one.recipients for one in campaigns.counts(store, name)}
    rows = store.select(
        "SELECT status, carrier, reason, count(*) FROM campaign_recipient WHERE campaign=?"
        " GROUP BY status, carrier, reason",
        (name,),
    )
    assert kept == {tuple(alike): count for *alike, count in rows}
    found: dict[str, int] = {}
    for (status, _, reason), count in kept.items():
        word = f"{status} {reason}".strip()
        found[word] = found.get(word, 0) + count
    return found


def test_rows_of_recipients(store: SqlStore) -> None:
    """A bad row costs itself, and an address that comes twice is written to once."""
    rows = (
        Row("+1"),
        Row("x", reason="invalid", detail="no number"),
        Row("+2"),
        Row("+1"),
        Row("x", reason="invalid"),
        Row("+4", reason="too_long"),
        Row("+4"),
    )
    name = filled(store, *rows)
    assert (
        store.write(
            lambda one: recipients.add(one, name, [Row("+2"), Row("+3", chars=2, octets=4)], BEGIN)
        ).result()
        == 1
    )
    # A row that failed leaves its address to a later one.
    assert told(store, name) == {
        "queued": 4,
        "failed invalid": 2,
        "failed duplicate": 2,
        "failed too_long": 1,
    }
    bad = recipients.listed(store, name, status="failed", most=9)
    assert [(one.number, one.address, one.reason) for one in bad] == [
        (2, "x", "invalid"),
        (4, "+1", "duplicate"),
        (5, "x", "invalid"),
        (6, "+4", "too_long"),
        (8, "+2", "duplicate"),
    ]
    assert bad[0].detail == "no number"
    assert [one.number for one in recipients.listed(store, name, after=2, most=2)] == [3, 4]
    campaign = campaigns.campaign(store, name)
    assert campaign is not None
    assert (campaign.total, campaign.text_chars, campaign.text_octets) == (9, 2, 4)
    assert campaign.reference == "spring"


def test_room_for_texts(store: SqlStore) -> None:
    """A message that was made for shorter texts takes the place of none, nor does one after the start."""
    name = filled(store, Row("+1", chars=2, octets=4))
    read = campaigns.campaign(store, name)
    assert read is not None
    store.write(lambda one: recipients.add(one, name, [Row("+2", chars=3, octets=3)], BEGIN)).result()
    assert not store.write(lambda one: campaigns.set_content(one, read, "short", 9)).result()
    longer = read._replace(text_chars=3)
    assert store.write(lambda one: campaigns.set_content(one, longer, "long", 10)).result()
    campaigns.set_state(store, name, Action.START, BEGIN)
    assert store.write(lambda one: campaigns.set_content(one, longer, "late", 11)).result()
    now = campaigns.campaign(store, name)
    assert now is not None
    assert (now.blob, now.size) == ("long", 10)


def test_who_reads_recipients_dies(store: SqlStore) -> None:
    """Nobody sees half of a campaign; the same request begins anew when its lease is over."""
    name = begun(store)
    store.write(lambda one: recipients.add(one, name, [Row("+1")], BEGIN, reader="me")).result()
    assert campaigns.page(store, "shop", before=None, reference="", most=9) == []
    with pytest.raises(LookupError):
        campaigns.set_state(store, name, Action.START, BEGIN)
    message = envelope(1, peer="api:shop", received_at=BEGIN + 1)
    assert store.write(lambda one: campaigns.begin(one, message, CLAIM, NEW)).result() == (
        name,
        CampaignState.LOADING,
        False,
    )
    late = envelope(2, peer="api:shop", received_at=BEGIN + campaigns.LEASE + 1)
    other = NEW._replace(paid="other")
    assert store.write(lambda one: campaigns.begin(one, late, CLAIM, other)).result()[2]
    # Who is slow, and not dead, writes nothing into what another one writes.
    for call in (
        partial(recipients.add, name=name, rows=[Row("+1")], now=BEGIN, reader="me"),
        partial(recipients.loaded, name=name, reader="me"),
    ):
        with pytest.raises(NotLoading):
            store.write(call).result()
    assert told(store, name) == {}
    store.write(lambda one: recipients.add(one, name, [Row("+1")], BEGIN, reader="other")).result()
    store.write(lambda one: recipients.loaded(one, name, "other")).result()
    assert told(store, name) == {"queued": 1}
    assert store.write(lambda one: campaigns.begin(one, late, CLAIM, NEW)).result() == (
        name,
        CampaignState.DRAFT,
        False,
    )
    with pytest.raises(Reused):
        begun(store, 3, CLAIM._replace(fingerprint="g"))
    # It is no message of the lists of messages.
    assert page(store, "shop", before=None, reference="", most=9) == []


def test_released_once(again: Callable[[], SqlStore]) -> None:
    """Of two that release at one moment, one does; its deliveries are as the router's are."""
    one, two = again(), again()
    name = running(one)
    read = [campaigns.campaign(store, name) for store in (one, two)]
    chosen = [Released(number, f"+{number}", "us-att", None, LOCAL) for number in (1, 2)]
    with ThreadPoolExecutor(2) as threads:
        calls = [
            threads.submit(
                store.release, campaign, chosen, paid=f'{{"total": {number}}}', at=BEGIN, due=BEGIN + 1
            )
            for number, (store, campaign) in enumerate(zip((one, two), read, strict=True))
            if campaign is not None
        ]
        counts = [call.result().result() for call in calls]
    assert sorted(counts) == [0, 2]
    made = one.deliveries(name)[::-1]
    assert [(row.recipient, row.state, row.route) for row in made] == [
        ("+1", State.PENDING, Route.LOCAL),
        ("+2", State.PENDING, Route.LOCAL),
    ]
    assert made[0].expires_at == BEGIN + 3600
    assert [line.event for line in one.trail(made[0].id)] == ["accepted", "routed"]
    assert told(one, name) == {"queued": 1, "sending": 2}
    assert [found for found in inconsistent(one) if not found.startswith("open counts")] == []
    one.close()
    two.close()


def test_what_becomes_of_them(store: SqlStore) -> None:
    """Each change of a delivery is counted; failures with the word of their reason."""
    name = running(store, 4)
    assert released(store, name, 1, 2, 3) == 3
    first, second, third = store.deliveries(name)[::-1]
    store.apply(first.id, Event.PUSH_ACCEPTED, at=BEGIN).result()
    store.apply(second.id, Event.ATTEMPT_REFUSED, at=BEGIN, detail="no such number").result()
    store.apply(third.id, Event.ATTEMPT_REFUSED, at=BEGIN, detail=progress.OPTED_OUT).result()
    assert told(store, name) == {"queued": 1, "sent": 1, "failed refused": 1, "failed opted_out": 1}
    assert Count("sent", "us-att", "", 1) in campaigns.counts(store, name)
    dead = recipients.listed(store, name, status="failed", most=9)
    assert [(one.number, one.detail) for one in dead] == [(2, "no such number"), (3, progress.OPTED_OUT)]
    assert releases.underway(store, name) == {"queued": 1}


def test_held(store: SqlStore) -> None:
    """Nothing of a paused campaign is taken, and all of it afterwards; people's messages go on."""
    name = running(store)
    released(store, name, 1, 2)
    take = partial(store.take, Route.LOCAL, "", now=BEGIN, lease=1.0)
    campaigns.set_state(store, name, Action.PAUSE, BEGIN)
    assert [take().result() for _ in range(8)] == [None] * 8
    assert released(store, name, 3) == 0
    campaigns.set_state(store, name, Action.PAUSE, BEGIN)
    campaigns.set_state(store, name, Action.RESUME, BEGIN)
    taken = [take().result() for _ in range(8)]
    assert sorted(one[0].recipient for one in taken if one) == ["+1", "+2"]
    assert released(store, name, 3) == 1
    with pytest.raises(WrongState, match="draft can't resume"):
        campaigns.set_state(
            store, filled(store, Row("+1"), number=5, claim=CLAIM._replace(name="")), Action.RESUME, BEGIN
        )


def test_end_of_a_campaign(store: SqlStore) -> None:
    """Until its end the octets of its message stay, though every delivery ended; afterwards they go."""
    name = running(store)
    released(store, name, 1)
    (one,) = store.deliveries(name)
    store.apply(one.id, Event.ATTEMPT_REFUSED, at=BEGIN).result()
    assert store.retire(now=END).result() == 0
    give_up = partial(recipients.give_up, name=name, status="canceled", reason="canceled", now=BEGIN)
    assert [store.write(partial(give_up, most=1)).result() for _ in range(3)] == [1, 1, 0]
    assert told(store, name) == {"canceled canceled": 2, "failed refused": 1}
    close = partial(recipients.close, name=name, state=CampaignState.CANCELED, now=BEGIN)
    assert [store.write(close).result() for _ in range(2)] == [True, False]
    assert store.retire(now=END).result() == 1


def test_what_is_kept_no_longer(store: SqlStore) -> None:
    """Numbers and fields go as those of messages do, then the rows; steps are small."""
    name = running(store, 3)
    store.write(
        lambda one: one.execute("UPDATE campaign_recipient SET fields=?", ('{"name": "Zoe"}',))
    ).result()
    campaign = campaigns.campaign(store, name)
    assert campaign is not None
    chosen = [Released(number, f"+{number}", "us-att", "Hi Zoe", LOCAL) for number in (1, 2)]
    store.release(campaign, chosen, paid="1", at=BEGIN, due=BEGIN).result()
    store.write(lambda one: campaigns.act(one, name, Action.CANCEL, BEGIN)).result()
    for one in store.deliveries(name):
        store.apply(one.id, Event.CANCEL, at=BEGIN).result()
    give_up = partial(recipients.give_up, name=name, status="canceled", reason="canceled", now=BEGIN, most=9)
    store.write(give_up).result()
    store.write(partial(recipients.close, name=name, state=CampaignState.CANCELED, now=BEGIN)).result()
    assert store.retire(now=END).result() == 1
    words = Pseudonyms(bytes(32))
    unname = partial(retention.unname, until=END, most=2, pseudonyms=words)
    assert [store.write(unname).result() for _ in range(5)] == [2, 2, 1, 0, 0]
    found = recipients.listed(store, name, most=9)
    assert [(one.address, one.fields, one.detail) for one in found] == [
        (words.word(f"+{number}"), "{}", "") for number in (1, 2, 3)
    ]
    assert [(one.recipient, one.text) for one in store.deliveries(name)] == [
        (words.word(f"+{number}"), None) for number in (2, 1)
    ]
    forget = partial(retention.forget, until=END, most=2)
    assert [store.write(forget).result() for _ in range(6)] == [2, 1, 2, 1, 0, 0]
    for table in (
        "campaign",
        "campaign_recipient",
        "campaign_count",
        "delivery",
        "message",
        "submission",
        "held",
    ):
        assert store.select(f"SELECT count(*) FROM {table}") == [(0,)]


def test_what_never_began(store: SqlStore) -> None:
    """Half of a campaign goes after a day, and a draft ends when it is as old as numbers may be."""
    draft = filled(store, Row("+1"))
    half = begun(store, 1, CLAIM._replace(name=""))
    store.write(lambda one: recipients.add(one, half, [Row("+1"), Row("+2")], BEGIN, reader="me")).result()
    tidy = partial(recipients.tidy, kept=30 * DAY, most=2)
    assert store.write(partial(tidy, now=BEGIN + DAY)).result() == 0
    assert [store.write(partial(tidy, now=BEGIN + 2 * DAY)).result() for _ in range(3)] == [2, 1, 0]
    assert campaigns.campaign(store, half) is None
    assert store.select("SELECT count(*) FROM garbage") == [(1,)]
    assert [store.write(partial(tidy, now=BEGIN + 31 * DAY)).result() for _ in range(2)] == [1, 0]
    assert [one.state for one in campaigns.campaigns(store, most=9)] == [CampaignState.CANCELING]
    assert releases.due_campaigns(store, BEGIN + 31 * DAY) == [draft]


def test_who_waits(store: SqlStore) -> None:
    """Those who may go first wait by next hop and network; quiet hours keep others."""
    name = filled(store, *(Row(f"+{number}") for number in range(1, 7)))
    assert len(recipients.unsorted(store, name, now=BEGIN, most=4)) == 4
    found = [
        Sorted(1, "local", "b"),
        Sorted(2, "local", "a", due=BEGIN + 9),
        Sorted(3, "local", "a"),
        Sorted(4, "peer x", "x"),
        Sorted(5, reason="unroutable", detail="no route"),
    ]
    store.write(lambda one: recipients.sort(one, name, found, BEGIN)).result()
    waiting = releases.waiting(store, name, now=BEGIN, most=5)
    assert [(one.hop, one.carrier, [row.number for row in one.recipients], one.due) for one in waiting] == [
        ("local", "a", [3], BEGIN + 9),
        ("local", "b", [1], None),
        ("peer x", "x", [4], None),
    ]
    store.write(lambda one: recipients.postpone(one, name, [(3, BEGIN + 5)])).result()
    assert releases.waiting(store, name, now=BEGIN, most=5)[0].due == BEGIN + 5
    assert [one.number for one in recipients.unsorted(store, name, now=BEGIN, most=9)] == [6]
    assert told(store, name) == {"queued": 5, "failed unroutable": 1}


def test_what_is_done_meanwhile_is_not_put_off(store: SqlStore) -> None:
    """Who read a campaign before it was cancelled or paused says nothing of when it is worked on."""
    name = running(store, expires_at=BEGIN + 50)
    for action, due in ((Action.PAUSE, BEGIN + 50), (Action.CANCEL, BEGIN + 1)):
        campaigns.set_state(store, name, action, BEGIN + 1)
        store.write(
            partial(releases.postponed, name=name, due=BEGIN + 99, state=CampaignState.RUNNING)
        ).result()
        campaign = campaigns.campaign(store, name)
        assert campaign is not None
        assert campaign.due == due
        assert releases.due_campaigns(store, due - 0.1) == []
        assert releases.due_campaigns(store, due) == [name]
    store.write(partial(releases.postponed, name=name, due=BEGIN + 99)).result()
    assert releases.due_campaigns(store, BEGIN + 98) == []


def test_a_pause_without_an_end(store: SqlStore) -> None:
    name = running(store)
    campaigns.set_state(store, name, Action.PAUSE, BEGIN)
    assert releases.due_campaigns(store, END) == []
    for now, done in ((BEGIN + DAY - 1, 0), (BEGIN + DAY, 1), (BEGIN + DAY, 0)):
        assert store.write(partial(recipients.tidy, now=now, kept=DAY, most=9)).result() == done
    assert releases.due_campaigns(store, BEGIN + DAY) == [name]
