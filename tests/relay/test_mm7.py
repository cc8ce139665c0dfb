"""The MM7 door: what providers ask, and what strangers do."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from urllib.parse import urlsplit

import pytest

import transcode
from tests.relay.conftest import config, full_disk
from tests.relay.phone import Gateway, Phone, until
from tests.relay.provider import SECRET, Provider, status, vasp
from tests.relay.test_mm1 import said
from transcode.messages.message import Message
from transcode.relay.config import Policy
from transcode.relay.model import State
from transcode.relay.ports.mm7 import _STATUSES
from transcode.relay.refusals import Reason
from transcode.relay.server import Running, running
from transcode.wire.mm7.mm7_convert import with_names

OTHER = "+49301234567"


class World(NamedTuple):
    """A centre with two providers, and a phone and a number that no other test has."""

    centre: Running
    weather: Provider
    news: Provider
    bob: Phone
    alice: str


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Gateway]]:
    """One centre for all tests: it takes half a second to start."""
    accounts = (vasp(), vasp("news", vaspid="N", senders=("777",)))
    with Gateway().running() as gateway:
        made = config(tmp_path_factory.mktemp("mm7"), gateway, vasp=accounts)
        with running(made) as centre:
            yield centre, gateway


_NUMBERS = itertools.count(1_000_000)


@pytest.fixture
def world(serving: tuple[Running, Gateway]) -> World:
    centre, gateway = serving
    url, bob = f"{centre.url}/mm7", f"+1555{next(_NUMBERS)}"
    providers = (Provider(url), Provider(url, "news", vaspid="N"))
    return World(centre, *providers, Phone(bob, centre.url, gateway), f"+1555{next(_NUMBERS)}")


@pytest.fixture
def offer(world: World, letter: Message) -> Message:
    """A submission with a picture, from the short code to the phone, which asks for nothing."""
    made = letter.edited(options=transcode.SendOptions(delivery_report=False, read_report=False))
    return made.edited(sender="12345", to=[world.bob.number]).converted("mm7-submit-req")


def as_by_phone(offer: Message) -> Message:
    """The submission as an M-Send.req, which to_mm7 gives the names of the provider."""
    return offer.converted("m-send-req")


def name_of(answer: Message) -> str:
    """The Message-ID of an answer of success."""
    assert status(answer) == 1000, answer.headers
    return str(said(answer, "MessageID"))


def states(world: World, name: str) -> dict[str, State]:
    """The states of a message's recipients."""
    return {one.recipient: one.state for one in world.centre.store.deliveries(name)}


def notified(world: World, name: str) -> None:
    """Wait until the SMSC has the notification."""
    until(lambda: states(world, name)[world.bob.number] is State.NOTIFIED)


def test_a_submission_reaches_the_phone(world: World, offer: Message) -> None:
    """The provider's own client, an answer with a Message-ID, and what the phone gets."""
    sent = as_by_phone(offer).submit(world.weather.url, form="mm7", auth=("weather", SECRET), vaspid="W")
    assert sent.message_type == "mm7-submit-rsp"
    assert sent.transaction_id == offer.transaction_id
    notification = world.bob.pushed()
    assert notification.sender == "12345/TYPE=PLMN"
    got = world.bob.fetch(notification)
    assert got.sender == "12345/TYPE=PLMN"
    assert [part.data for part in got.parts] == [part.data for part in offer.parts]
    envelope = world.centre.store.envelope(str(said(sent, "MessageID")))
    assert (envelope.form, envelope.peer, envelope.sender) == ("mm7", "weather", "12345")


def test_partial_success_names_who_is_not_served(world: World, offer: Message) -> None:
    """Three recipients, of whom nobody serves one; he is refused, the others get the message."""
    sent = world.weather.ask(offer.edited(to=[world.bob.number, OTHER], bcc=[world.alice]))
    assert (status(sent), said(sent, "Details")) == (1100, OTHER)
    world.bob.pushed()
    name = str(said(sent, "MessageID"))
    until(lambda: states(world, name)[OTHER] is State.REFUSED)
    assert set(states(world, name)) == {world.bob.number, OTHER, world.alice}


def test_nobody_is_served(world: World, offer: Message) -> None:
    sent = world.weather.ask(offer.edited(to=[OTHER + "8"]))
    assert status(sent) == 2003
    assert world.centre.store.deliveries(recipient=OTHER + "8") == []


def test_recipients_that_are_only_shown_get_nothing(world: World, offer: Message) -> None:
    """A displayOnly address is for the eyes, and gets no message."""
    shown = offer.edited(to=[world.bob.number], cc=[world.alice])
    shown = replace(shown, headers=(*shown.headers, ("displayOnly", f"{world.alice}/TYPE=PLMN")))
    assert set(states(world, name_of(world.weather.ask(shown)))) == {world.bob.number}


def test_the_same_submission_gets_the_same_id(world: World, offer: Message) -> None:
    """The id stays with another boundary and TimeStamp, as clients send it again; another id is another."""
    first = name_of(world.weather.ask(offer))
    made = with_names(offer, vaspid="W").to_mm7()
    body = made.body.replace(b"=_soap", b"=_again")
    headers = dict(made.headers)
    headers["Content-Type"] = headers["Content-Type"].replace("=_soap", "=_again")
    given, again = world.weather.request(body, headers)
    assert (given, name_of(transcode.read(again))) == (200, first)
    given, again = world.weather.request(body, {"Content-Type": ""})
    assert (given, name_of(transcode.read(again))) == (200, first)
    later = replace(offer, headers=(("TimeStamp", 1_700_000_000), *offer.headers))
    assert name_of(world.weather.ask(later)) == first
    assert name_of(world.weather.ask(replace(offer, transaction_id="another"))) != first
    other = world.news.ask(replace(offer, sender="777"))
    assert name_of(other) != first


def test_times_and_reports_of_mm7_count(world: World, offer: Message) -> None:
    """EarliestDeliveryTime, ExpiryDate, DeliveryReport and ReadReply are those of the rows."""
    asked = (
        ("EarliestDeliveryTime", ("relative", 1000)),
        ("ExpiryDate", ("relative", 5000)),
        ("DeliveryReport", True),
        ("ReadReply", True),
    )
    name = name_of(world.weather.ask(replace(offer, headers=asked)))
    until(lambda: states(world, name)[world.bob.number] is State.WAITING)
    envelope = world.centre.store.envelope(name)
    assert envelope.deliver_at is not None
    assert round(envelope.deliver_at - envelope.received_at) == 1000
    assert round(envelope.expires_at - envelope.received_at) == 5000
    assert (envelope.delivery_report, envelope.read_report) == (True, True)


def test_the_sender_is_an_address_of_the_account(world: World, offer: Message) -> None:
    """Another provider's short code, or a person's number, is refused; none is the account's first one."""
    for sender in ("777", world.alice):
        assert status(world.weather.ask(offer.edited(sender=sender))) == 2001
    name = name_of(world.weather.ask(offer.edited(sender="")))
    assert world.centre.store.envelope(name).sender == "12345"


@pytest.mark.parametrize(("name", "secret"), [("weather", "wrong"), ("nobody", SECRET), ("weather", "")])
def test_wrong_secrets(world: World, offer: Message, name: str, secret: str) -> None:
    """401, again and again, and nothing is kept."""
    stranger = Provider(world.weather.url, name, secret)
    for _ in range(2):
        assert stranger.request(offer.to_mm7().body)[0] == 401
    assert stranger.request(b"", {"Authorization": ""})[0] == 401
    assert stranger.request(b"", {"Authorization": "Basic !"})[0] == 401
    assert world.centre.store.deliveries(recipient=world.bob.number) == []


def test_ids_are_those_of_the_account(world: World, offer: Message) -> None:
    """Another VASPID than the account's is an improper identification."""
    for vaspid in ("N", ""):
        other = Provider(world.weather.url, vaspid=vaspid)
        assert status(other.ask(offer)) == 4001


def test_addresses_and_services(tmp_path: Path, gateway: Gateway, offer: Message) -> None:
    """An account may be known by its address alone, and holds to its network and its VASIDs."""
    here, there = ("127.0.0.0/8",), ("192.0.2.0/24",)
    accounts = (
        vasp("by-address", vaspid="A", secret="", addresses=here, vasids=("1", "2")),
        vasp("elsewhere", vaspid="E", secret="", addresses=there),
        vasp("both", vaspid="B", addresses=there),
    )
    with running(config(tmp_path, gateway, vasp=accounts)) as centre:
        url = f"{centre.url}/mm7"
        served = replace(offer, headers=(("VASID", "2"), *offer.headers))
        by_address = Provider(url, vaspid="A")
        assert status(by_address.ask(served, Authorization="")) == 1000
        assert status(by_address.ask(offer, Authorization="")) == 4001
        assert status(Provider(url, vaspid="E").ask(served, Authorization="")) == 4001
        assert Provider(url, "both", vaspid="B").request(b"")[0] == 401


def test_too_many_recipients(tmp_path: Path, gateway: Gateway, offer: Message) -> None:
    """The account says how many, not the policy for phones."""
    many = [f"+1555{number:07}" for number in range(150)]
    with running(config(tmp_path, gateway, vasp=(vasp(max_recipients=150),))) as centre:
        weather = Provider(f"{centre.url}/mm7")
        assert status(weather.ask(offer.edited(to=[*many, "+15551"]))) == 2001
        assert len(centre.store.deliveries(name_of(weather.ask(offer.edited(to=many))))) == 150


def test_cancel(world: World, offer: Message) -> None:
    """Before anybody fetched it: the phone finds nothing. Again, it is the same."""
    name = name_of(world.weather.ask(offer))
    notification = world.bob.pushed()
    notified(world, name)
    for _ in range(2):
        assert status(world.weather.cancel(name)) == 1000
    got = world.bob.fetch(notification)
    assert said(got, "X-Mms-Retrieve-Status") == "Error-permanent-message-not-found"
    assert states(world, name) == {world.bob.number: State.CANCELLED}


def test_cancel_after_the_fetch(world: World, offer: Message) -> None:
    """Who has it keeps it: not possible for all, partial success for some."""
    name = name_of(world.weather.ask(offer.edited(to=[world.bob.number, world.alice])))
    world.bob.fetch(world.bob.pushed())
    until(lambda: states(world, name)[world.bob.number] in (State.FETCHED, State.RETRIEVED))
    late = world.weather.cancel(name, (f"{world.bob.number}/TYPE=PLMN",))
    assert (status(late), said(late, "Details")) == (3001, world.bob.number)
    partial = world.weather.cancel(name)
    assert (status(partial), said(partial, "Details")) == (1100, world.bob.number)
    assert states(world, name)[world.alice] is State.CANCELLED
    unknown = world.weather.cancel(name, (f"{OTHER}/TYPE=PLMN",))
    assert (status(unknown), said(unknown, "Details")) == (2003, OTHER)


def test_another_provider_changes_nothing(world: World, offer: Message) -> None:
    """Its answer is that of a message that never was."""
    name = name_of(world.weather.ask(offer))
    assert status(world.news.cancel(name)) == 2005
    assert status(world.news.replace(name, offer)) == 2005
    assert status(world.news.cancel("0" * 32)) == 2005
    assert status(world.weather.cancel("")) == 2005
    world.bob.pushed()


def test_replace(world: World, offer: Message, large_letter: Message) -> None:
    """Who was notified fetches the new content; the provider's first submission is still known."""
    name = name_of(world.weather.ask(offer))
    notification = world.bob.pushed()
    notified(world, name)
    for _ in range(2):
        assert status(world.weather.replace(name, large_letter, ReadReply=True)) == 1000
    got = world.bob.fetch(notification)
    assert [part.data for part in got.parts] == [part.data for part in large_letter.parts]
    assert (got.sender, said(got, "Message-ID")) == ("12345/TYPE=PLMN", name)
    assert world.centre.store.envelope(name).read_report
    assert name_of(world.weather.ask(offer)) == name
    (delivery,) = world.centre.store.deliveries(name)
    assert [one.event for one in world.centre.store.trail(delivery.id)].count("content replaced") == 1


def test_replace_by_what_is_not_taken(tmp_path: Path, gateway: Gateway, offer: Message) -> None:
    """What may not be submitted may not take the place of a submission either."""
    whole = config(tmp_path, gateway, vasp=(vasp(),), policy=Policy(refused_types=("image/*",)))
    with running(whole) as centre:
        weather = Provider(f"{centre.url}/mm7")
        texts = tuple(part for part in offer.parts if part.content_type.startswith("text/plain"))
        name = name_of(weather.ask(replace(offer, parts=texts)))
        before = centre.store.envelope(name).blob
        refused = weather.replace(name, offer)
        assert status(refused) == _STATUSES[Reason.CONTENT]
        assert "image/jpeg is not taken" in str(dict(refused.headers))
        assert centre.store.envelope(name).blob == before


def test_replace_after_the_fetch(world: World, offer: Message, large_letter: Message) -> None:
    """Who began to fetch gets the same octets again; the others get the new ones."""
    name = name_of(world.weather.ask(offer.edited(to=[world.bob.number, world.alice])))
    notification = world.bob.pushed()
    first = world.bob.fetch(notification)
    until(lambda: states(world, name)[world.bob.number] in (State.FETCHED, State.RETRIEVED))
    partial = world.weather.replace(name, large_letter)
    assert (status(partial), said(partial, "Details")) == (1100, world.bob.number)
    assert world.bob.fetch(notification).parts == first.parts
    alice = Phone(world.alice, world.centre.url, world.bob.gateway)
    assert alice.fetch(alice.pushed()).parts != first.parts
    until(lambda: states(world, name)[world.alice] in (State.FETCHED, State.RETRIEVED))
    late = world.weather.replace(name, offer)
    assert (status(late), said(late, "Details")) == (3001, f"{world.bob.number}, {world.alice}")


def test_replace_of_the_time_alone(world: World, offer: Message) -> None:
    """A message that waits gets another time, and keeps its content."""
    hour = replace(offer, headers=(("EarliestDeliveryTime", ("relative", 3600)),))
    name = name_of(world.weather.ask(hour))
    until(lambda: states(world, name)[world.bob.number] is State.WAITING)
    assert status(world.weather.replace(name, EarliestDeliveryTime=("absolute", 10**11))) == 2007
    assert status(world.weather.replace(name, EarliestDeliveryTime=("relative", 0))) == 1000
    assert world.bob.fetch(world.bob.pushed()).parts[0].data == offer.parts[0].data


def test_a_link_is_to_a_message_that_the_provider_got(world: World, offer: Message) -> None:
    linked = replace(offer, headers=(("LinkedID", "0" * 32), *offer.headers))
    assert status(world.weather.ask(linked)) == 2006


def test_what_the_disk_does_not_take_comes_again(world: World, offer: Message) -> None:
    """The answer says so, and names no file; a client of ours knows that it passes."""
    with full_disk(world.centre), pytest.raises(transcode.SubmitRefused) as refused:
        as_by_phone(offer).submit(world.weather.url, form="mm7", auth=("weather", SECRET), vaspid="W")
    assert refused.value.temporary
    assert status(refused.value.response) == 4006
    assert "full" not in str(refused.value)


def test_an_answer_that_is_lost(world: World, offer: Message, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows are on the disk, and then the process fails: the same again gets the MessageID of these."""
    accept = world.centre.store.accept

    def failing(*given: Any, **named: Any) -> NoReturn:
        accept(*given, **named).result()
        raise RuntimeError("the machine stops")

    with monkeypatch.context() as patched:
        patched.setattr(world.centre.store, "accept", failing)
        assert status(world.weather.ask(offer)) == 4006
    (delivery,) = world.centre.store.deliveries(recipient=world.bob.number)
    assert name_of(world.weather.ask(offer)) == delivery.message
    world.bob.pushed()
    assert world.bob.hears_nothing(0.3)


def test_a_rate_that_is_used_up(tmp_path: Path, gateway: Gateway, offer: Message) -> None:
    """4006, which says that the request may come again; the same submission again costs nothing."""
    with running(config(tmp_path, gateway, vasp=(vasp(per_minute=0.001, burst=1),))) as centre:
        weather = Provider(f"{centre.url}/mm7")
        first = name_of(weather.ask(offer))
        assert status(weather.ask(replace(offer, transaction_id="another"))) == 4006
        assert name_of(weather.ask(offer)) == first


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"transaction_id": None}, 4004),
        ({"version": "7.0.0"}, 4002),
        ({"to": ()}, 4004),
        ({"content_type": None, "parts": ()}, 2007),
        ({"headers": (("ExpiryDate", ("absolute", 1)),)}, 2007),
    ],
)
def test_what_is_wrong_with_a_submission(
    world: World, offer: Message, change: dict[str, object], code: int
) -> None:
    """Each in the standard's words, and nothing is kept."""
    answer = world.weather.ask(replace(offer, **change))  # type: ignore[arg-type]  # fields of any type
    assert (answer.message_type, status(answer)) == ("mm7-submit-rsp", code)
    assert world.centre.store.deliveries(recipient=world.bob.number) == []


_BOMB = "<!DOCTYPE a [" + "".join(
    f'<!ENTITY a{number} "{f"&a{number - 1};" * 10}">' for number in range(1, 9)
)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"\x8c\x80\x98T\x00\x8d\x92",
        b"<soap/>",
        f'<?xml version="1.0"?>{_BOMB}]><a>&a8;</a>'.encode(),
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a/>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        b"<a>" * 20_000,
        b"<a " + b"b='c' " * 20_000,
    ],
    ids=["empty", "text", "pdu", "no-mm7", "bomb", "dtd", "entity", "deep", "attributes"],
)
def test_hostile_xml(world: World, body: bytes) -> None:
    """A fault of the client, and the next request is answered."""
    given, answer = world.weather.request(body)
    assert given == 500
    fault = transcode.read(answer)
    assert (fault.message_type, status(fault)) == ("mm7-rs-error-rsp", 2007)
    assert b"root:" not in answer
    assert status(world.weather.cancel("x")) == 2005


def test_what_a_provider_does_not_send(world: World, offer: Message) -> None:
    """Deliveries and reports go the other way."""
    answer = world.weather.ask(offer.converted("mm7-deliver-req"))
    assert (answer.message_type, status(answer)) == ("mm7-vasp-error-rsp", 4003)
    made = transcode.answer(offer).to_mm7(strict=False)
    answer = transcode.read(world.weather.request(made.body, dict(made.headers))[1])
    assert (answer.message_type, status(answer)) == ("mm7-rs-error-rsp", 4003)


def test_too_much_is_refused_before_it_is_read(tmp_path: Path, gateway: Gateway) -> None:
    """A gigabyte that is announced, and one that comes in chunks."""
    with running(config(tmp_path, gateway, vasp=(vasp(max_bytes=50_000),))) as centre:
        weather = Provider(f"{centre.url}/mm7")
        assert weather.request(None, {"Content-Length": str(10**9)})[0] == 413
        assert weather.request(bytes(50_001))[0] == 413
        parts = urlsplit(centre.url)
        with socket.create_connection((parts.hostname, parts.port), timeout=30) as line:
            # A stranger's body is not read at all.
            line.sendall(b"POST /mm7 HTTP/1.1\r\nHost: m\r\nContent-Length: 1000000000\r\n\r\n")
            assert line.recv(4096).startswith(b"HTTP/1.1 401")


def test_who_would_pay_for_answers(world: World, offer: Message) -> None:
    """No phone is told that its answer is free."""
    asked = replace(offer, headers=(("ReplyCharging", ("replyChargingSize", "1000")), *offer.headers))
    assert status(world.weather.ask(asked)) == 3002


def test_each_reason_has_a_status() -> None:
    assert set(_STATUSES) == set(Reason)


def test_without_providers_there_is_no_door(tmp_path: Path, gateway: Gateway) -> None:
    with running(config(tmp_path, gateway)) as centre:
        assert Provider(f"{centre.url}/mm7").request(b"")[0] == 404
