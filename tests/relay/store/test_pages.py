"""Pages of messages: made once, viewed, ended, and what that does to octets."""

from __future__ import annotations

from functools import partial
from unittest import mock

import pytest

from tests.relay.made import BEGIN, END
from tests.relay.store.routed import accepted, driven
from transcode.relay.model import Delivery, Event, Route, State, Told
from transcode.relay.store import Blobs, pages, retention
from transcode.relay.store.pages import Page
from transcode.relay.store.rows import Verdict
from transcode.relay.store.sqlite import SqlStore
from transcode.relay.timers import Timers

KEEP = Timers().keep
LINK = Verdict(Event.ROUTED, Route.LINK, may_link=True)
#: The end of a page of seven days.
OVER = BEGIN + 7 * 86_400.0


def linked(
    store: SqlStore, number: int = 0, to: tuple[str, ...] = ("+1",), **values: object
) -> list[Delivery]:
    return [
        driven(store, one, Event.LINK_ACCEPTED, verdict=LINK) for one in accepted(store, number, to, **values)
    ]


def paged(store: SqlStore, delivery: Delivery, at: float = BEGIN) -> Page:
    return pages.make(store, delivery.id, at=at, expires_at=at + OVER - BEGIN).result()


def gone(store: SqlStore, blobs: Blobs, now: float) -> int:
    """How many octets are deleted at a time."""
    store.retire(now=now).result()
    return store.sweep(blobs).result()


def test_made_once(store: SqlStore) -> None:
    """A repetition finds the same address, which nobody guesses; two recipients have two."""
    one, two = linked(store, to=("+1", "+2"))
    first = paged(store, one)
    assert paged(store, one, BEGIN + 5) == first == pages.find(store, first.token)
    assert first == pages.of_delivery(store, one.id) == Page(first.token, one.id, BEGIN, OVER)
    assert len(first.token) == 22
    assert paged(store, two).token != first.token
    assert pages.find(store, "x" * 22) is None


def test_no_token_begins_as_an_option(store: SqlStore) -> None:
    """An operator types it behind a command."""
    (one,) = linked(store)
    with mock.patch("secrets.token_urlsafe", side_effect=["-" + "a" * 21, "-" + "b" * 21, "c" * 22]):
        assert paged(store, one).token == "c" * 22


def test_made_anew(store: SqlStore) -> None:
    """What expired or was deleted has another address; what was taken down stays so."""
    (one,) = linked(store)
    first = paged(store, one)
    assert pages.delete(store, first.token, at=BEGIN).result()
    second = paged(store, one)
    assert pages.find(store, first.token) is None
    third = paged(store, one, OVER)
    assert len({first.token, second.token, third.token}) == 3
    assert pages.revoke(store, at=OVER, token=third.token).result() == 1
    assert paged(store, one, OVER * 2).token == third.token


def test_views(store: SqlStore) -> None:
    """Within a minute it is one view."""
    (one,) = linked(store)
    token = paged(store, one).token
    seen = [pages.view(store, token, at=BEGIN + after).result() for after in (0, 1, 59, 60, 70, 120)]
    assert seen == [True, False, False, True, False, True]
    found = pages.find(store, token)
    assert found is not None
    assert (found.views, found.viewed_at) == (3, BEGIN + 120)
    assert not pages.view(store, "x" * 22, at=BEGIN).result()


def test_octets_stay_until_the_page_ends(store: SqlStore, blobs: Blobs) -> None:
    """Viewed, so the message ended: its page keeps the octets for its own time."""
    name = blobs.put(b"octets")
    (one,) = linked(store, blob=name)
    paged(store, one)
    store.apply(one.id, Event.VIEWED, at=BEGIN).result()
    for report in iter(lambda: store.take_report("", now=BEGIN, lease=1).result(), None):
        store.reported(report, Told.TAKEN, at=BEGIN).result()
    assert gone(store, blobs, OVER - 1) == 0
    assert blobs.get(name) == b"octets"
    assert gone(store, blobs, OVER) == 1
    assert not blobs.exists(name)


def test_octets_of_a_message_that_expired(store: SqlStore, blobs: Blobs) -> None:
    """Nobody opened the page, and nobody may now."""
    (one,) = linked(store, blob=blobs.put(b"octets"), delivery_report=False)
    pages.make(store, one.id, at=BEGIN, expires_at=END * 2).result()
    assert store.ring(now=END).result() == 1
    assert store.deliveries()[0].state is State.EXPIRED
    assert gone(store, blobs, END + KEEP - 1) == 0
    assert gone(store, blobs, END + KEEP) == 1


def test_deleted_by_the_recipient(store: SqlStore, blobs: Blobs) -> None:
    """The octets go at once where nobody else has the message, else as if there was no page."""
    alone, shared = blobs.put(b"alone"), blobs.put(b"shared")
    (one,) = linked(store, 1, blob=alone, delivery_report=False)
    two, _ = linked(store, 2, to=("+1", "+2"), blob=shared, delivery_report=False)
    for delivery in (one, two):
        token = paged(store, delivery).token
        assert pages.delete(store, token, at=BEGIN).result()
        assert not pages.delete(store, token, at=BEGIN).result()
        store.apply(delivery.id, Event.DELETED, at=BEGIN).result()
    assert gone(store, blobs, BEGIN) == 1
    assert not blobs.exists(alone)
    assert blobs.exists(shared)
    found = pages.counts(store, now=BEGIN)
    assert found == (0, 0, 0, 2, 0, 0)


def test_the_last_of_two_deletes(store: SqlStore, blobs: Blobs) -> None:
    made = linked(store, to=("+1", "+2"), blob=blobs.put(b"octets"), delivery_report=False)
    tokens = [paged(store, one).token for one in made]
    for one, token in zip(made, tokens, strict=True):
        assert gone(store, blobs, BEGIN) == 0
        pages.delete(store, token, at=BEGIN).result()
        store.apply(one.id, Event.DELETED, at=BEGIN).result()
    assert gone(store, blobs, BEGIN) == 1


@pytest.mark.parametrize("whole", [True, False], ids=["message", "page"])
def test_taken_down(store: SqlStore, blobs: Blobs, whole: bool) -> None:
    """A message with its octets, or one of its pages, of which the others know nothing."""
    one, two = linked(store, to=("+1", "+2"), blob=blobs.put(b"octets"), delivery_report=False)
    first, second = paged(store, one), paged(store, two)
    where = {"message": one.message} if whole else {"token": first.token}
    assert pages.revoke(store, at=BEGIN, **where).result() == (2 if whole else 1)
    assert pages.revoke(store, at=BEGIN, **where).result() == 0
    for delivery in (one, two):
        store.apply(delivery.id, Event.CANCEL, at=BEGIN).result()
    found = [pages.find(store, page.token) for page in (first, second)]
    assert [page is not None and page.revoked_at == BEGIN for page in found] == [True, whole]
    assert gone(store, blobs, BEGIN) == whole


def test_a_report_of_abuse(store: SqlStore) -> None:
    """It is in the trail, once a day."""
    (one,) = linked(store)
    page = paged(store, one)
    told = [pages.report(store, page, at=BEGIN + after, reason="spam").result() for after in (0, 9, 86_400)]
    assert told == [True, False, True]
    lines = [(line.event, line.detail) for line in store.trail(one.id) if line.event == "abuse reported"]
    assert lines == [("abuse reported", "spam")] * 2
    assert store.deliveries()[0].state is State.LINKED


def test_lists(store: SqlStore) -> None:
    """Each page is in the lists that it belongs to, the newest first, and a list goes on behind a page."""
    made = [linked(store, number, to=(f"+{number}",))[0] for number in range(5)]
    tokens = [paged(store, one, BEGIN + number).token for number, one in enumerate(made)]
    pages.view(store, tokens[0], at=BEGIN + 6).result()
    pages.view(store, tokens[1], at=BEGIN + 7).result()
    pages.delete(store, tokens[1], at=BEGIN + 8).result()
    for number, after in ((3, 9), (2, 10)):
        page = pages.find(store, tokens[number])
        assert page is not None
        pages.report(store, page, at=BEGIN + after, reason="threat").result()
    down = pages.take_down(store, at=BEGIN + 11, detail="by us", token=tokens[4])
    assert (down.pages, [one.state for one in down.deliveries]) == (1, [State.CANCELLED])

    def recipients(name: str, **where: tuple[float, int]) -> list[str]:
        return [one.recipient for one in pages.listed(store, name, now=BEGIN + 12, most=2, **where)]

    assert recipients("open") == ["+3", "+2"]
    assert recipients("open", before=(BEGIN + 2, made[2].id)) == ["+0"]
    assert recipients("viewed") == ["+1", "+0"]
    assert recipients("deleted") == ["+1"]
    assert recipients("taken down") == ["+4"]
    assert recipients("reported") == ["+2", "+3"]
    assert recipients("reported", before=(BEGIN + 10, made[2].id)) == ["+3"]
    (one, _) = pages.listed(store, "reported", now=BEGIN + 12, most=2)
    assert (one.page.token, one.message, one.reason) == (tokens[2], made[2].message, "threat")
    assert pages.counts(store, now=BEGIN + 12) == (3, 2, 2, 1, 1, 2)


def test_a_message_is_taken_down_with_all_pages(store: SqlStore) -> None:
    """And of what nobody knows nothing is."""
    made = linked(store, to=("+1", "+2"))
    for one in made:
        paged(store, one)
    down = pages.take_down(store, at=BEGIN, detail="by us", message=made[0].message)
    assert (down.pages, {one.state for one in down.deliveries}) == (2, {State.CANCELLED})
    assert store.trail(made[0].id)[-1].detail == "by us"
    for nobody in ({"message": "m"}, {"token": "x" * 22}):
        assert pages.take_down(store, at=BEGIN, detail="by us", **nobody) == (0, [])


def test_rows_go_with_their_message(store: SqlStore, blobs: Blobs) -> None:
    (one,) = linked(store, blob=blobs.put(b"octets"), delivery_report=False)
    token = paged(store, one).token
    store.apply(one.id, Event.CANCEL, at=BEGIN).result()
    gone(store, blobs, BEGIN + KEEP)
    store.write(partial(retention.forget, until=END, most=9)).result()
    assert (store.deliveries(), pages.find(store, token)) == ([], None)
