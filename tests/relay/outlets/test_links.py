"""Links: sent once, by the right words, and never where they are not wanted."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from tests.relay.made import BEGIN
from tests.relay.store.routed import accepted, driven
from transcode.errors import BudgetError, TransportError
from transcode.relay.config import Config
from transcode.relay.linking import Pages
from transcode.relay.model import Delivery, Event, Route, State, Subscriber
from transcode.relay.outlets.links import Links
from transcode.relay.outlets.outlet import Outcome
from transcode.relay.ports.sms import Sms
from transcode.relay.store import SqliteStore, SqlStore, optouts, pages
from transcode.relay.store.blobs import FolderBlobs
from transcode.relay.store.pages import Page
from transcode.relay.store.rows import Verdict
from transcode.relay.timers import Timers

MAY = Verdict(Event.ROUTED, Route.LOCAL, may_link=True)
LINK = Verdict(Event.ROUTED, Route.LINK, may_link=True)
DAY = 86_400.0


class Told(Sms):
    """A gateway that keeps texts, and fails as it is told."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str, str]] = []
        self.seconds: list[float] = []
        self.error: Exception | None = None

    def push(self, recipient: str, push: bytes, *, seconds: float = 0.0) -> None:
        raise AssertionError("a link is no push")

    def text(self, recipient: str, text: str, *, sender: str = "", seconds: float = 0.0) -> None:
        if self.error is not None:
            raise self.error
        self.texts.append((recipient, text, sender))
        self.seconds.append(seconds)

    def close(self) -> None:
        pass


class Desk:
    """A store, its links, and what is sent."""

    def __init__(self, folder: Path, store: SqlStore, told: Pages | None) -> None:
        self.store = store
        self.blobs = FolderBlobs(folder / "blobs")
        self.blobs.write_owner("a store")
        self.sms = Told()
        self.now = BEGIN
        self.links = Links(
            Config(pages=told), store, self.blobs, self.sms, "https://m.example", lambda: self.now
        )

    def taken(self, number: str = "+1555", **values: object) -> Delivery:
        """A delivery whose link is due."""
        (one,) = accepted(
            self.store, len(self.store.deliveries()), (number,), blob=self.blobs.put(b"x"), **values
        )
        return driven(self.store, one, verdict=LINK)

    def attempt(self, delivery: Delivery) -> Outcome:
        (outcome,) = self.links.attempt([delivery], self.store.envelope(delivery.message))
        return outcome


@pytest.fixture
def desk(tmp_path: Path, store: SqliteStore) -> Desk:
    return Desk(tmp_path, store, Pages(sender="CARRIER", days=2))


def test_a_link(desk: Desk) -> None:
    """It leads to the page, which is there for its days; a repetition leads to the same."""
    one = desk.taken()
    assert desk.attempt(one).event is Event.LINK_ACCEPTED
    page = pages.of_delivery(desk.store, one.id)
    assert page is not None
    assert (page.made_at, page.expires_at) == (BEGIN, BEGIN + 2 * DAY)
    ((number, text, sender),) = desk.sms.texts
    assert (number, sender) == ("+1555", "CARRIER")
    assert f"https://m.example/p/{page.token} " in text
    desk.now += 60
    assert desk.attempt(one).event is Event.LINK_ACCEPTED
    assert desk.sms.texts[1] == desk.sms.texts[0]
    assert desk.sms.seconds == [2 * DAY, 2 * DAY - 60]


def test_its_language(desk: Desk) -> None:
    desk.store.subscribe(Subscriber("+1556", language="fr")).result()
    for number, words in (("+1556", "vous a"), ("+4917", "hat dir"), ("0171", "sent you")):
        desk.attempt(desk.taken(number))
        assert words in desk.sms.texts[-1][1]


def test_a_message_that_ends_before_its_page(desk: Desk) -> None:
    """The text says the day of the message's end."""
    desk.attempt(desk.taken(expires_at=BEGIN + DAY))
    assert "until Jan 13" in desk.sms.texts[0][1]
    assert desk.sms.seconds == [DAY]


@pytest.mark.parametrize("event", [Event.FETCH_BEGUN, Event.FETCH_DONE, Event.ACKNOWLEDGED, Event.CANCEL])
def test_a_phone_that_is_quicker(desk: Desk, event: Event) -> None:
    """Between taking the delivery and sending, the phone fetches: nothing is sent, and its state stays."""
    (one,) = accepted(desk.store, to=("+1555",), blob=desk.blobs.put(b"x"))
    taken = driven(desk.store, one, Event.PUSH_ACCEPTED, Event.LINK_DUE, verdict=MAY)
    assert (taken.state, taken.route) == (State.PENDING, Route.LINK)
    after = desk.store.apply(one.id, event, at=BEGIN).result()
    outcome = desk.attempt(taken)
    assert (outcome.event, desk.sms.texts) == (Event.ATTEMPT_FAILED, [])
    assert desk.store.apply(one.id, outcome.event, at=BEGIN).result().state is after.state
    # Had the text left a moment before, it would change nothing either.
    assert desk.store.apply(one.id, Event.LINK_ACCEPTED, at=BEGIN).result().state is after.state


def test_a_number_that_wants_none(desk: Desk) -> None:
    one = desk.taken()
    optouts.opt_out(desk.store, "+1555", at=BEGIN, word="stop", seconds=Timers()).result()
    assert desk.attempt(one).event is Event.ATTEMPT_REFUSED
    assert (desk.sms.texts, pages.of_delivery(desk.store, one.id)) == ([], None)


def test_a_number_that_wants_none_meanwhile(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so while its page is written: nothing is sent."""
    one, make = desk.taken(), pages.make

    def made(*given: Any, **values: Any) -> Future[Page]:
        page = make(*given, **values)
        optouts.opt_out(desk.store, "+1555", at=BEGIN, word="stop", seconds=Timers()).result()
        return page

    monkeypatch.setattr(pages, "make", made)
    assert desk.attempt(one).event is Event.ATTEMPT_REFUSED
    assert desk.sms.texts == []


def test_what_was_taken_down(desk: Desk) -> None:
    """A message that the operator took down and somebody requeues gets no link."""
    one = desk.taken()
    desk.attempt(one)
    pages.revoke(desk.store, at=BEGIN, message=one.message).result()
    assert desk.attempt(one).event is Event.ATTEMPT_REFUSED
    assert len(desk.sms.texts) == 1


@pytest.mark.parametrize(
    ("error", "event"),
    [
        (TransportError("SMSC", "full", temporary=True), Event.ATTEMPT_FAILED),
        (TransportError("SMSC", "no such number"), Event.ATTEMPT_REFUSED),
        (BudgetError("text", 1), Event.ATTEMPT_REFUSED),
    ],
)
def test_a_gateway_that_fails(desk: Desk, error: Exception, event: Event) -> None:
    """What passes is tried again, with the same address."""
    one = desk.taken()
    desk.sms.error = error
    assert desk.attempt(one).event is event
    page = pages.of_delivery(desk.store, one.id)
    desk.sms.error = None
    desk.attempt(one)
    assert pages.of_delivery(desk.store, one.id) == page


def test_what_is_missing(desk: Desk, tmp_path: Path, store: SqliteStore) -> None:
    """Octets, the table, or a gateway."""
    one = desk.taken()
    desk.blobs.delete(store.envelope(one.message).blob)
    assert desk.attempt(one).event is Event.ATTEMPT_REFUSED
    two = desk.taken("+1556")
    envelope = store.envelope(two.message)
    for told, sms, event in ((None, desk.sms, Event.ATTEMPT_REFUSED), (Pages(), None, Event.ATTEMPT_FAILED)):
        links = Links(Config(pages=told), store, desk.blobs, sms, "https://m.example", lambda: BEGIN)
        assert links.attempt([two], envelope)[0].event is event
    assert desk.sms.texts == []
