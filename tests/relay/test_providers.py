"""Messages to providers' short codes, and reports to providers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

import transcode
from tests.made.pictures import photo, save
from tests.relay.conftest import ALICE, BOB, config
from tests.relay.phone import PATIENCE, Gateway, Phone, until
from tests.relay.provider import Provider, status, vasp
from tests.relay.store.routed import accepted
from tests.relay.test_mm1 import read_by_bob, said
from transcode.errors import HttpStatusError, SubmitRefused
from transcode.messages.message import Message
from transcode.relay.adaptation import Adapter
from transcode.relay.config import Config, Policy
from transcode.relay.model import Event, State
from transcode.relay.outlets.providers import Providers, _outcome
from transcode.relay.own_text import stand_in, with_stand_in
from transcode.relay.server import Running, running
from transcode.relay.store import FolderBlobs, SqliteStore
from transcode.relay.vasps import Vasp


class World(NamedTuple):
    """A centre with a provider that gets messages, one that gets small ones, and two phones."""

    centre: Running
    weather: Provider
    small: Provider
    alice: Phone
    bob: Phone


@pytest.fixture(scope="module")
def serving(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Running, Gateway, Provider, Provider]]:
    """One centre for all tests: it takes half a second to start."""
    with Gateway().running() as gateway, Provider().running() as weather, Provider().running() as small:
        accounts = (
            vasp(
                short_codes=("12345", "12346"),
                senders=(),
                vasids=("S",),
                url=weather.own_url,
                user="centre",
                password="&= secret",
                timeout=1.0,
            ),
            vasp(
                "small", short_codes=("777",), url=small.own_url, max_bytes=40_000, version="5.3.0", lines=1
            ),
        )
        made = config(tmp_path_factory.mktemp("providers"), gateway, vasp=accounts)
        with running(made) as centre:
            weather.url = small.url = f"{centre.url}/mm7"
            yield centre, gateway, weather, small


@pytest.fixture
def world(serving: tuple[Running, Gateway, Provider, Provider]) -> World:
    centre, gateway, weather, small = serving
    return World(centre, weather, small, *(Phone(number, centre.url, gateway) for number in (ALICE, BOB)))


@pytest.fixture
def offer(letter: Message) -> Message:
    """A submission of the provider in a version of release 5, which asks for both reports."""
    made = letter.edited(sender="12345").converted("mm7-submit-req")
    namespace = "http://www.3gpp.org/ftp/Specs/archive/23_series/23.140/schema/REL-5-MM7-1-3"
    headers = (("xmlns", namespace), ("VASPID", "W"), ("VASID", "S"), ("DeliveryReport", True))
    return replace(made, version="5.3.0", headers=(*headers, ("ReadReply", True)))


def state(world: World, answer: Message) -> State:
    """The state of the only recipient of a message."""
    (delivery,) = world.centre.store.deliveries(str(said(answer, "Message-ID")))
    return delivery.state


def test_a_message_to_a_short_code(world: World, letter: Message) -> None:
    """The provider gets it once, the phone its report, and the provider's answer refers to it."""
    sent = world.alice.submit(letter.edited(to=["12345"], cc=[BOB]))
    name = str(said(sent, "Message-ID"))
    got = world.weather.delivered()
    assert got.message_type == "mm7-deliver-req"
    assert (got.sender, got.to, got.cc) == (f"{ALICE}/TYPE=PLMN", ("12345",), (f"{BOB}/TYPE=PLMN",))
    assert [part.data for part in got.parts] == [part.data for part in letter.parts]
    assert (said(got, "LinkedID"), said(got, "VASPID"), said(got, "VASID")) == (name, "W", "S")
    assert said(got, "MMSRelayServerID") == "mmsc.localhost"
    assert world.weather.heads[-1]["authorization"].startswith("Basic ")
    told = world.alice.pushed()
    assert (said(told, "X-Mms-Status"), told.to) == ("Retrieved", ("12345/TYPE=PLMN",))
    world.bob.pushed()
    headers = (("LinkedID", name), ("VASPID", "W"), ("VASID", "S"))
    reply = letter.edited(to=[ALICE], sender="12345").converted("mm7-submit-req")
    assert status(world.weather.ask(replace(reply, headers=headers))) == 1000
    assert world.alice.pushed().sender == "12345/TYPE=PLMN"


def test_a_short_code_that_nobody_sees(world: World, letter: Message) -> None:
    """The provider learns which of its services is meant; a sender who hides stays hidden."""
    hidden = letter.edited(to=[BOB], bcc=["12346"], options=transcode.SendOptions(show_sender=False))
    world.alice.submit(hidden)
    got = world.weather.delivered()
    assert (got.sender, got.to) == (None, (f"{BOB}/TYPE=PLMN", "12346"))
    assert said(world.alice.pushed(), "X-Mms-Status") == "Retrieved"
    world.bob.pushed()


def test_what_passes_is_tried_again(world: World, letter: Message) -> None:
    """Statuses of the server, of HTTP, and no answer in time: the same request with the same id.

    One failure more, and the provider would be left alone for a minute.
    """
    for code in (3001, 4006, 503, None):
        world.weather.statuses.put(code)
    sent = world.alice.submit(letter.edited(to=["12345"], subject="again"))
    got = [world.weather.delivered() for _ in range(5)]
    assert len({one.transaction_id for one in got}) == 1
    assert said(world.alice.pushed(), "X-Mms-Status") == "Retrieved"
    assert state(world, sent) is State.HANDED_OVER
    assert world.weather.got.empty()


@pytest.mark.parametrize("code", [2004, 4001, 4007, 413])
def test_what_is_refused_ends(world: World, letter: Message, code: int) -> None:
    """The sender is told, and the trail says what the provider said."""
    world.weather.statuses.put(code)
    sent = world.alice.submit(letter.edited(to=["12345"], subject=f"refused by {code}"))
    world.weather.delivered()
    assert said(world.alice.pushed(), "X-Mms-Status") == "Rejected"
    assert state(world, sent) is State.REFUSED
    (delivery,) = world.centre.store.deliveries(str(said(sent, "Message-ID")))
    assert str(code) in world.centre.store.trail(delivery.id)[-1].detail


def test_reports_in_the_version_of_the_provider(world: World, offer: Message) -> None:
    """Retrieved and Read are sent until they are taken, with the MessageID of the answer."""
    name = str(said(world.weather.ask(offer), "MessageID"))
    world.bob.fetch(notification := world.bob.pushed())
    for code in (4006, 503):
        world.weather.statuses.put(code)
    world.bob.respond(notification, "Retrieved")
    reports = [world.weather.delivered() for _ in range(3)]
    assert len({one.transaction_id for one in reports}) == 1
    told = reports[-1]
    assert (told.message_type, told.version) == ("mm7-delivery-report-req", "5.3.0")
    assert said(told, "xmlns") == said(offer, "xmlns")
    assert (said(told, "MessageID"), said(told, "MMStatus")) == (name, "Retrieved")
    assert (told.to, told.sender) == ((f"{BOB}/TYPE=PLMN",), "12345")
    world.bob.post(read_by_bob(name))
    read = world.weather.delivered()
    assert (read.message_type, said(read, "MessageID"), said(read, "MMStatus")) == (
        "mm7-read-reply-req",
        name,
        "Read",
    )


def test_a_recipient_that_nobody_serves_is_reported(world: World, offer: Message) -> None:
    """Partial success, and Rejected for the one whom nobody serves."""
    sent = world.weather.ask(offer.edited(to=["+49301234567", BOB], transaction_id="partial"))
    assert status(sent) == 1100
    told = world.weather.delivered()
    assert (said(told, "MMStatus"), told.to) == ("Rejected", ("+49301234567/TYPE=PLMN",))
    world.bob.pushed()


def test_never_over_what_the_provider_takes(world: World, large_letter: Message) -> None:
    """A larger message is adapted to its limit, in its version."""
    world.alice.submit(large_letter.edited(to=["777"]))
    got = world.small.delivered()
    assert int(world.small.heads[-1]["content-length"]) <= 40_000
    assert (got.version, len(got.parts)) == ("5.3.0", len(large_letter.parts))
    assert said(world.alice.pushed(), "X-Mms-Status") == "Retrieved"


@pytest.mark.parametrize("sign", ["x", "="])
def test_each_gets_its_own_text(tmp_path: Path, sign: str) -> None:
    """Also one that base64 and XML write with more octets than the stand-in: media are made anew for it."""
    composed = transcode.compose(
        save(photo(1600, 1200), quality=95), transcode.find_profile("us-tmobile"), to=["777"], text="{name}"
    )
    blobs = FolderBlobs(tmp_path / "blobs")
    octets = with_stand_in(composed, "{name}", stand_in(3000, 3000)).to_mm1(strict=False)
    account = Vasp("small", max_bytes=40_000, network="us-att")
    policy = Policy(adapt_processes=1, adapt_seconds=PATIENCE)
    with closing(SqliteStore(tmp_path / "relay.db")) as store:
        (one,) = accepted(store, to=("777",), blob=blobs.put(octets), size=len(octets))
        with closing(Adapter(store, blobs, tmp_path, policy, is_awaited=False)) as adapter:
            outlet = Providers(Config(), account, blobs, adapter)
            request = outlet._request(replace(one, text=sign * 3000), store.envelope(one.message))
            outlet.close()
    assert len(request.body) <= 40_000
    made = transcode.read(bytes(request))
    assert [part.text for part in made.parts if part.content_type == "text/plain"] == [sign * 3000]
    assert [part.content_type for part in made.parts].count("image/jpeg") == 1


def test_who_forbids_adaptation_is_told(world: World, large_letter: Message) -> None:
    """The message does not fit as it is, so it is refused."""
    fixed = large_letter.edited(to=["777"], headers=[("X-Mms-Adaptation-Allowed", False)])
    world.alice.submit(fixed)
    assert said(world.alice.pushed(), "X-Mms-Status") == "Rejected"


def test_a_provider_that_never_answers_delays_nobody(world: World, letter: Message) -> None:
    """The phone and another provider get theirs meanwhile."""
    world.small.statuses.put(None)
    waiting = world.alice.submit(letter.edited(to=["777"]))
    world.small.delivered()
    world.alice.submit(letter.edited(to=["12345"], cc=[BOB], subject="another"))
    world.weather.delivered()
    world.bob.pushed()
    assert state(world, waiting) is State.PENDING
    world.small.released.set()
    world.small.delivered()
    until(lambda: state(world, waiting) is State.HANDED_OVER)
    for _ in range(2):
        world.alice.pushed()


def test_reports_without_an_address(tmp_path: Path, gateway: Gateway, offer: Message) -> None:
    """A provider that gets nothing owes no report."""
    with running(config(tmp_path, gateway, vasp=(vasp(),))) as centre:
        weather = Provider(f"{centre.url}/mm7")
        bob = Phone(BOB, centre.url, gateway)
        assert status(weather.ask(offer)) == 1000
        bob.respond(bob.pushed(), "Rejected")
        until(
            lambda: (
                centre.store.select("SELECT count(*) FROM report WHERE attempts=0 AND due IS NULL") == [(1,)]
            )
        )


@pytest.mark.parametrize("code", [2000, 2999, 4001, 4002, 4003, 4004, 4007])
def test_statuses_that_end_a_message(code: int) -> None:
    assert outcome_of(code) is Event.ATTEMPT_REFUSED


@pytest.mark.parametrize("code", [3000, 3002, 3999, 4000, 4005, 4006, 4008, 5000, None])
def test_statuses_that_pass(code: int | None) -> None:
    """A status of the moment is temporary, and so is a fault without a status."""
    assert outcome_of(code) is Event.ATTEMPT_FAILED


def outcome_of(code: int | None) -> Event:
    headers = () if code is None else (("StatusCode", code),)
    response = Message("mm7-deliver-rsp", headers=headers, content_type=None)
    return _outcome(SubmitRefused("http://a.example", "no", response=response)).event


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_statuses_of_http_that_end_a_message(status: int) -> None:
    assert _outcome(HttpStatusError("http://a.example", status)).event is Event.ATTEMPT_REFUSED


@pytest.mark.parametrize("status", [301, 401, 403, 404, 429, 500, 503])
def test_statuses_of_http_that_the_operator_mends(status: int) -> None:
    assert _outcome(HttpStatusError("http://a.example", status)).event is Event.ATTEMPT_FAILED
