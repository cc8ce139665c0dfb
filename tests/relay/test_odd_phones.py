"""Phones whose habits are odd, each of which somebody's phone has: every message ends as it should, once."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import transcode
from tests.relay import test_mm1
from tests.relay.conftest import ALICE, BOB, World, config
from tests.relay.phone import PATIENCE, Gateway, Phone, location, until
from tests.relay.test_mm1 import said
from transcode.messages.message import Message
from transcode.relay.model import Event, State
from transcode.relay.server import running
from transcode.relay.timers import Timers

PLACES = range(1000)


def state(world: World) -> State:
    """The state of the newest message."""
    return test_mm1.state(world, world.bob.number)


def answered(world: World, url: str, notification: Message, status: str) -> None:
    """Answer a notification at an address."""
    Phone(world.bob.number, url, world.gateway).respond(notification, status)


def acknowledged(world: World, transaction_id: str | None) -> None:
    """Acknowledge a retrieval by a transaction id."""
    world.bob.acknowledge(Message(message_type="m-retrieve-conf", transaction_id=transaction_id))


def answers_where_it_fetched(world: World, told: Message) -> None:
    """Android posts its answers to the address of the message where the carrier's settings say so."""
    answered(world, location(told), told, "Deferred")
    got = world.bob.fetch(told)
    Phone(world.bob.number, location(told), world.gateway).acknowledge(got)


def answers_twice(world: World, told: Message) -> None:
    """An M-Acknowledge.ind and an M-NotifyResp.ind for each message, as Signal and QUIK send them."""
    got = world.bob.fetch(told)
    acknowledged(world, told.transaction_id)
    world.bob.respond(told, "Retrieved")
    assert got.parts


def changes_its_mind(world: World, told: Message) -> None:
    """It has the message, and says that it will fetch it later."""
    world.bob.fetch(told)
    world.bob.respond(told, "Deferred")
    world.bob.respond(told, "Retrieved")
    world.bob.respond(told, "Deferred")


def defers_what_broke(world: World, told: Message) -> None:
    """Android answers Deferred where the transfer broke, and fetches again."""
    world.bob.break_off(told, after=100, reset=True)
    until(lambda: state(world) is State.NOTIFIED)
    world.bob.respond(told, "Deferred")
    world.bob.acknowledge(world.bob.fetch(told))


def does_not_recognise(world: World, told: Message) -> None:
    """A proxy's page came in place of the message: Android answers Unrecognised, and fetches again."""
    world.bob.respond(told, "Unrecognised")
    until(lambda: state(world) is State.UNRECOGNISED)
    assert world.bob.fetch(told).parts
    until(lambda: state(world) in (State.FETCHED, State.RETRIEVED))


def knows_another_id(world: World, told: Message) -> None:
    """Its acknowledgements have the ids of something else, or none of this centre."""
    got = world.bob.fetch(told)
    for wrong in (str(said(got, "Message-ID")), location(told).rpartition("/")[2], "T1", "x"):
        acknowledged(world, wrong)


def looks_first(world: World, told: Message) -> None:
    """HEAD, a part, the whole of it twice, and the answer."""
    url = location(told)
    assert world.bob.request("HEAD", url)[0] == 200
    assert state(world) is State.NOTIFIED
    assert world.bob.request("GET", url, headers={"Range": "bytes=0-0"})[0] == 206
    assert world.bob.fetch(told) == world.bob.fetch(told)
    world.bob.respond(told, "Retrieved")


def resumes(world: World, told: Message) -> None:
    """The transfer breaks, and the rest is asked for."""
    url = location(told)
    status, headers, first = world.bob.request("GET", url, headers={"Range": "bytes=0-999"})
    assert status == 206
    world.bob.break_off(told, after=2000, reset=False)
    rest = world.bob.request("GET", url, headers={"Range": "bytes=1000-", "If-Range": headers["etag"]})[2]
    assert transcode.read(first + rest).parts
    world.bob.respond(told, "Retrieved")


def answers_before_it_fetches(world: World, told: Message) -> None:
    """It says Retrieved at once, and fetches then."""
    world.bob.respond(told, "Retrieved")
    assert world.bob.fetch(told).parts


def fetches_by_another_number(world: World, told: Message) -> None:
    """A phone with two cards fetches over the other one's network."""
    other = Phone("+15550009", world.centre.url, world.gateway)
    assert other.fetch(told).parts
    world.bob.respond(told, "Retrieved")


@pytest.mark.parametrize(
    ("habit", "wanted"),
    [
        (answers_where_it_fetched, ["Deferred", "Retrieved"]),
        (answers_twice, ["Retrieved"]),
        (changes_its_mind, ["Retrieved"]),
        (defers_what_broke, ["Deferred", "Retrieved"]),
        (does_not_recognise, ["Unrecognised", "Retrieved"]),
        (knows_another_id, ["Retrieved"]),
        (looks_first, ["Retrieved"]),
        (resumes, ["Retrieved"]),
        (answers_before_it_fetches, ["Retrieved"]),
        (fetches_by_another_number, ["Retrieved"]),
    ],
    ids=lambda one: getattr(one, "__name__", None),
)
def test_a_habit(
    crowd: World, letter: Message, habit: Callable[[World, Message], None], wanted: list[str]
) -> None:
    """The sender hears what became of the message, and the phone is told of it once."""
    crowd.alice.submit(letter.edited(to=[crowd.bob.number]))
    told = crowd.bob.pushed()
    habit(crowd, told)
    until(lambda: state(crowd) is State.RETRIEVED)
    (delivery,) = crowd.centre.store.deliveries(recipient=crowd.bob.number)
    reports = crowd.centre.store.select(
        "SELECT status FROM report WHERE delivery=? ORDER BY id", (delivery.id,)
    )
    assert [status for (status,) in reports] == wanted
    events = [line.event for line in crowd.centre.store.trail(delivery.id)]
    assert events.count(Event.PUSH_ACCEPTED) == 1


def test_an_id_of_the_sender_that_comes_again(crowd: World, letter: Message) -> None:
    """A phone that counts from 1 after each start: each content is a message, and answers find their own."""
    texts = ("One", "Two")
    for text in texts:
        crowd.alice.submit(letter.edited(to=[crowd.bob.number], subject=text, transaction_id="1"))
    first, second = sorted((crowd.bob.pushed() for _ in texts), key=lambda one: str(one.subject))
    crowd.bob.fetch(second)
    crowd.bob.respond(second, "Retrieved")
    crowd.bob.respond(first, "Rejected")
    told = [crowd.alice.pushed() for _ in texts]
    assert sorted(str(said(one, "X-Mms-Status")) for one in told) == ["Rejected", "Retrieved"]
    assert len({said(one, "Message-ID") for one in told}) == 2


@pytest.mark.parametrize(
    "asked",
    [
        "GET {path}/ HTTP/1.1\r\nHost: mmsc",
        "GET {path} HTTP/1.1\r\nHost: another.example:8080",
        "GET http://mmsc.example{path} HTTP/1.1\r\nHost: 192.0.2.1",
        "GET HTTP://mmsc.example:80{path}/?a=b HTTP/1.1\r\nHost: mmsc.example",
        "GET {path}?id=1 HTTP/1.0",
        "GET {path} HTTP/1.1\r\nHost: mmsc\r\nRange: bytes="
        + ",".join(f"{one}-{one}" for one in range(1000)),
        "GET {path} HTTP/1.1\r\nHost: mmsc\r\nAccept-Encoding: gzip\r\nTE: trailers",
        "GET {path} HTTP/1.1\r\nHost: mmsc\r\nExpect: 100-continue\r\nExpect: 100-continue",
    ],
)
def test_an_odd_request(crowd: World, letter: Message, asked: str) -> None:
    """The whole message is given, without a redirect: some phones follow none."""
    crowd.alice.submit(letter.edited(to=[crowd.bob.number]))
    parts = urlsplit(location(crowd.bob.pushed()))
    with socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE) as line:
        line.sendall(f"{asked.format(path=parts.path)}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: line.recv(65_536), b""))
    front, _, octets = answer.partition(b"\r\n\r\n")
    assert front.startswith(b"HTTP/1.1 200 ")
    assert transcode.read(octets).parts
    until(lambda: state(crowd) in (State.FETCHED, State.RETRIEVED))


@pytest.mark.parametrize("url", ["", "/", "//", "?from=phone"])
def test_an_odd_address_of_the_centre(crowd: World, letter: Message, url: str) -> None:
    """What stands in phones' settings."""
    parts = urlsplit(crowd.centre.url)
    pdu = letter.edited(to=[crowd.bob.number]).to_mm1()
    head = f"POST http://mmsc.example{url} HTTP/1.1\r\nHost: mmsc.example\r\nX-msisdn:  {ALICE} \r\n"
    with socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE) as line:
        line.sendall(f"{head}Connection: close\r\nContent-Length: {len(pdu)}\r\n\r\n".encode() + pdu)
        answer = b"".join(iter(lambda: line.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert crowd.bob.pushed().sender == f"{ALICE}/TYPE=PLMN"


def test_what_a_centre_does_not_do(crowd: World) -> None:
    """A wish to send on what was not fetched, or to keep messages, has an answer with its own id."""
    place = ("X-Mms-Content-Location", "http://mmsc/m/x")
    for kind, status in (
        ("m-forward-req", ("X-Mms-Response-Status", "Error-unsupported-message")),
        ("m-mbox-view-req", ("X-Mms-Response-Status", "Error-unsupported-message")),
        ("m-mbox-store-req", ("X-Mms-Store-Status", "Error-permanent-service-denied")),
        ("m-mbox-delete-req", ("X-Mms-Response-Status", (1, "Error-unsupported-message"))),
    ):
        asked = Message(kind, transaction_id="T", version="1.2", headers=(place,), content_type=None)  # type: ignore[arg-type]
        answer = crowd.alice.submit(asked)
        assert (answer.message_type, answer.transaction_id) == (kind.replace("-req", "-conf"), "T")
        assert status in answer.headers


def test_a_submission_that_is_cut_off(crowd: World, letter: Message) -> None:
    """The phone learns that there is something wrong with it, and need not send it again."""
    answer = transcode.read(crowd.alice.request("POST", crowd.centre.url, letter.to_mm1()[:200])[2])
    assert (answer.message_type, answer.transaction_id) == ("m-send-conf", letter.transaction_id)
    assert said(answer, "X-Mms-Response-Status") == "Error-permanent-message-format-corrupt"


def test_a_phone_that_comes_when_all_is_over(tmp_path: Path, gateway: Gateway, letter: Message) -> None:
    """The message expired after its notification: the phone is told, and what it answers changes nothing."""
    seconds = Timers(retry=(0.2,), expiry=1.0)
    with running(config(tmp_path, gateway, timers=seconds)) as centre:
        alice, bob = (Phone(number, centre.url, gateway) for number in (ALICE, BOB))
        alice.submit(letter)
        told = bob.pushed()
        assert said(alice.pushed(), "X-Mms-Status") == "Expired"
        answer = bob.fetch(told)
        assert said(answer, "X-Mms-Retrieve-Status") == "Error-permanent-message-not-found"
        bob.respond(told, "Deferred")
        bob.respond(told, "Rejected")
        # As Android does with any answer of 200.
        bob.respond(told, "Retrieved")
        assert centre.store.deliveries()[0].state is State.EXPIRED
        assert centre.store.select("SELECT count(*) FROM report") == [(1,)]
