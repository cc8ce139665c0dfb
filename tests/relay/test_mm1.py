"""The MM1 door: what phones do, and what bad phones do."""

from __future__ import annotations

import io
import threading
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image

import transcode
from tests.relay.conftest import ALICE, BOB, World, config, full_disk
from tests.relay.phone import Gateway, Phone, location, until
from transcode.messages.message import Message
from transcode.profile.store import FolderStore
from transcode.relay.config import Listen, Policy
from transcode.relay.model import State, Subscriber
from transcode.relay.numbers import Numbers
from transcode.relay.server import running
from transcode.relay.timers import Timers

DAY = 86_400


def state(world: World, number: str = BOB) -> State:
    """The state of the newest message to a number."""
    return world.centre.store.deliveries(recipient=number)[0].state


def events(world: World, number: str = BOB) -> list[str]:
    """What happened to the newest message to a number."""
    delivery = world.centre.store.deliveries(recipient=number)[0]
    return [line.event for line in world.centre.store.trail(delivery.id)]


def said(message: Message, name: str) -> object:
    """The value of a header."""
    return dict(message.headers).get(name)


def responded(world: World, letter: Message, status: str) -> Message:
    """The notification to which Bob's phone responds with a status, which Alice's phone then gets."""
    world.alice.submit(letter)
    notification = world.bob.pushed()
    world.bob.respond(notification, status)
    assert said(world.alice.pushed(), "X-Mms-Status") == status
    return notification


def read_by_bob(name: str, status: str = "Read") -> Message:
    """The read report of a message to Bob."""
    return Message(
        message_type="m-read-rec-ind",
        sender=f"{BOB}/TYPE=PLMN",
        to=(f"{ALICE}/TYPE=PLMN",),
        headers=(("Message-ID", name), ("X-Mms-Read-Status", status)),
        content_type=None,
    )


def test_a_message_goes_the_whole_way(world: World, letter: Message) -> None:
    """A message passes submission, notification, retrieval, acknowledgement, reading and both reports."""
    sent = world.alice.submit(letter)
    assert (sent.message_type, sent.transaction_id) == ("m-send-conf", letter.transaction_id)
    assert said(sent, "X-Mms-Response-Status") == "Ok"
    name = str(said(sent, "Message-ID"))
    notification = world.bob.pushed()
    assert notification.message_type == "m-notification-ind"
    assert notification.sender == f"{ALICE}/TYPE=PLMN"
    assert notification.transaction_id not in (None, letter.transaction_id)
    assert len(location(notification)) <= 100
    got = world.bob.fetch(notification)
    assert (got.message_type, got.transaction_id) == ("m-retrieve-conf", None)
    assert said(got, "Message-ID") == name
    assert [part.data for part in got.parts] == [part.data for part in letter.parts]
    world.bob.respond(notification, "Retrieved")
    told = world.alice.pushed()
    assert (told.message_type, said(told, "X-Mms-Status")) == ("m-delivery-ind", "Retrieved")
    assert (said(told, "Message-ID"), told.to) == (name, (f"{BOB}/TYPE=PLMN",))
    world.bob.post(read_by_bob(name))
    read = world.alice.pushed()
    assert (read.message_type, said(read, "X-Mms-Read-Status")) == ("m-read-orig-ind", "Read")
    assert state(world) is State.READ


def test_deleted_unread(world: World, letter: Message) -> None:
    """The sender who asks whether a message was read learns that it was not."""
    name = str(said(world.alice.submit(letter), "Message-ID"))
    world.bob.fetch(world.bob.pushed())
    world.bob.post(read_by_bob(name, "Deleted without being read"))
    told = {one.message_type: one for one in (world.alice.pushed(), world.alice.pushed())}
    assert said(told["m-delivery-ind"], "X-Mms-Status") == "Retrieved"
    assert said(told["m-read-orig-ind"], "X-Mms-Read-Status") == "Deleted without being read"


def test_the_same_submission_gets_the_same_id(world: World, letter: Message) -> None:
    """A phone that saw no answer sends again, from several threads too; the other phone is notified once."""
    answers: list[object] = []

    def submit() -> None:
        answers.append(said(world.alice.submit(letter), "Message-ID"))

    threads = [threading.Thread(target=submit) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 5
    assert len(set(answers)) == 1
    world.bob.pushed()
    assert world.bob.hears_nothing()
    other = replace(letter, transaction_id="another")
    assert said(world.alice.submit(other), "Message-ID") not in answers


def test_who_defers_acknowledges(world: World, letter: Message) -> None:
    """Deferred is reported, the retrieval then has a transaction id, and M-Acknowledge.ind ends it."""
    notification = responded(world, letter, "Deferred")
    got = world.bob.fetch(notification)
    assert got.transaction_id == notification.transaction_id
    world.bob.acknowledge(got)
    assert said(world.alice.pushed(), "X-Mms-Status") == "Retrieved"
    assert state(world) is State.RETRIEVED


def test_who_never_acknowledges_has_it_all_the_same(world: World, letter: Message) -> None:
    """The last octet arrived: after a time Retrieved is reported, and the phone is not notified again."""
    world.alice.submit(letter)
    world.bob.fetch(world.bob.pushed())
    assert said(world.alice.pushed(), "X-Mms-Status") == "Retrieved"
    assert world.bob.hears_nothing()
    assert "no acknowledgement in time" in events(world)


@pytest.mark.parametrize("reset", [True, False], ids=["reset", "closed"])
def test_a_broken_transfer_is_offered_again(world: World, large_letter: Message, reset: bool) -> None:
    """A phone that breaks off may come back; only a whole transfer counts, though the kernel takes all."""
    world.alice.submit(large_letter)
    notification = world.bob.pushed()
    world.bob.break_off(notification, after=10_000, reset=reset)
    until(lambda: state(world) is State.NOTIFIED)
    assert "the transfer broke" in events(world)
    world.bob.fetch(notification)
    until(lambda: state(world) in (State.FETCHED, State.RETRIEVED))


def test_rejected_is_reported_and_the_message_is_gone(world: World, letter: Message) -> None:
    """The recipient does not want the message."""
    notification = responded(world, letter, "Rejected")
    gone = world.bob.fetch(notification)
    assert said(gone, "X-Mms-Retrieve-Status") == "Error-permanent-message-not-found"
    assert [part.content_type for part in gone.parts] == ["text/plain"]


def test_who_forbids_reports_is_not_reported(world: World, letter: Message) -> None:
    """X-Mms-Report-Allowed No: the centre knows, the sender is not told."""
    world.alice.submit(letter)
    notification = world.bob.pushed()
    world.bob.fetch(notification)
    world.bob.respond(notification, "Retrieved", allowed=False)
    assert state(world) is State.RETRIEVED
    assert world.alice.hears_nothing()


def test_a_phone_speaks_for_itself_alone(world: World, letter: Message) -> None:
    """Another number's answer to a notification is dropped."""
    world.alice.submit(letter)
    notification = world.bob.pushed()
    world.alice.respond(notification, "Rejected")
    until(lambda: state(world) is State.NOTIFIED)
    assert state(world) is State.NOTIFIED


@pytest.mark.parametrize("number", ["", f"{BOB}, +15550009"], ids=["no header", "two numbers"])
def test_nobody_reads_in_the_name_of_another(world: World, letter: Message, number: str) -> None:
    """Every recipient knows the Message-ID: without a number of the gateway, From in the PDU ends nothing."""
    name = said(world.alice.submit(letter), "Message-ID")
    notification = world.bob.pushed()
    other = Phone(number, world.centre.url, world.gateway)
    other.post(read_by_bob(str(name)))
    assert "the recipient read the message" not in events(world)
    assert world.bob.fetch(notification).parts


def test_a_number_without_plus_is_the_same(world: World, letter: Message) -> None:
    """Most gateways write an MSISDN without +: its phone is known, and its answers count."""
    Phone(ALICE[1:], world.centre.url, world.gateway).submit(letter)
    notification = world.bob.pushed()
    assert notification.sender == f"{ALICE}/TYPE=PLMN"
    Phone(BOB[1:], world.centre.url, world.gateway).respond(notification, "Rejected")
    assert state(world) is State.REJECTED
    assert said(world.alice.pushed(), "X-Mms-Status") == "Rejected"


def test_numbers_as_they_are_dialled(tmp_path: Path, gateway: Gateway, letter: Message) -> None:
    """A national recipient twice, and a gateway that writes a national number: one phone, and its own."""
    america = Numbers("1", trunk="1", international="011", digits=10)
    alice, bob = "+15550100001", "+15550100002"
    with running(config(tmp_path, gateway, numbers=america)) as centre:
        twice = letter.edited(to=["5550100002", "1 555 010-0002"])
        Phone("5550100001", centre.url, gateway).submit(twice)
        phone = Phone(bob, centre.url, gateway)
        notification = phone.pushed()
        assert notification.sender == f"{alice}/TYPE=PLMN"
        Phone("15550100002", centre.url, gateway).respond(notification, "Rejected")
        assert phone.hears_nothing(0.2)
        (delivery,) = centre.store.deliveries()
    assert (delivery.recipient, delivery.state) == (bob, State.REJECTED)


def test_the_sender_is_who_the_gateway_names(world: World, letter: Message) -> None:
    """From in the PDU is not believed."""
    world.alice.submit(replace(letter, sender="+15559999/TYPE=PLMN"))
    assert world.bob.pushed().sender == f"{ALICE}/TYPE=PLMN"


def test_a_hidden_sender_stays_hidden(world: World, letter: Message) -> None:
    """Neither notification nor message name the sender."""
    hidden = letter.edited(options=transcode.SendOptions(show_sender=False))
    world.alice.submit(hidden)
    notification = world.bob.pushed()
    assert notification.sender is None
    assert world.bob.fetch(notification).sender is None


def test_the_phone_gets_what_it_can_show(
    tmp_path: Path, world: World, large_letter: Message, shared: Path
) -> None:
    """A phone of 2005 with 50 KB gets 1 MB adapted once by its document, and never over its limit."""
    name = "communication-market.siemens.de__UAP.aspx_CF62_11.xml"
    document = (shared / "vectors" / "uaprof" / "url-known" / name).read_bytes()
    url = "http://phones.example/CF62.xml"
    FolderStore(tmp_path / "store" / "profiles")[url] = document
    world.centre.store.subscribe(Subscriber(BOB, "us-tmobile", url)).result()
    world.alice.submit(large_letter)
    notification = world.bob.pushed()
    status, headers, octets = world.bob.request("GET", location(notification))
    assert status == 200
    assert 45_000 < len(octets) == int(headers["content-length"]) <= 51_200
    assert world.bob.request("GET", location(notification))[2] == octets
    picture = next(part for part in transcode.read(octets).parts if part.content_type == "image/jpeg")
    with Image.open(io.BytesIO(picture.data)) as opened:
        assert max(opened.size) <= 640


def test_a_message_that_must_not_be_adapted_is_reported(world: World, large_letter: Message) -> None:
    """X-Mms-Adaptation-Allowed No, and a phone that takes 30 KB: the phone is told, and so is the sender."""
    world.centre.store.subscribe(Subscriber(BOB, "oma-image-basic")).result()
    world.alice.submit(large_letter.edited(headers=[("X-Mms-Adaptation-Allowed", False)]))
    answer = world.bob.fetch(world.bob.pushed())
    assert said(answer, "X-Mms-Retrieve-Status") == "Error-permanent-content-unsupported"
    assert said(world.alice.pushed(), "X-Mms-Status") == "Rejected"
    assert state(world) is State.REFUSED


def test_a_message_that_no_process_can_adapt_waits(
    tmp_path: Path, gateway: Gateway, large_letter: Message
) -> None:
    """Out of time: the phone is told to come again, and the message is neither lost nor fetched."""
    hasty = config(tmp_path, gateway, policy=Policy(wait_seconds=0.0))
    with running(hasty) as centre:
        alice, bob = (Phone(number, centre.url, gateway) for number in (ALICE, BOB))
        alice.submit(large_letter)
        notification = bob.pushed()
        # Android acknowledges whatever comes with 200.
        answer = bob.fetch(notification, status=503)
        assert said(answer, "X-Mms-Retrieve-Status") == "Error-transient-failure"
        (delivery,) = centre.store.deliveries()
        assert delivery.state is State.NOTIFIED
        assert "is not adapted within 0 s" in centre.store.trail(delivery.id)[-1].detail
    with running(config(tmp_path, gateway)) as centre:
        url = centre.url + urlsplit(location(notification)).path
        later = (*notification.headers[:-1], ("X-Mms-Content-Location", url))
        assert Phone(BOB, centre.url, gateway).fetch(replace(notification, headers=later)).parts


def test_parts_of_a_message_are_given(world: World, letter: Message) -> None:
    """HEAD and Range; a look is no retrieval, and the rest of a message is."""
    world.alice.submit(letter)
    url = location(world.bob.pushed())
    status, headers, nothing = world.bob.request("HEAD", url)
    assert (status, nothing) == (200, b"")
    size = int(headers["content-length"])
    assert state(world) is State.NOTIFIED
    status, headers, first = world.bob.request("GET", url, headers={"Range": "bytes=0-99"})
    assert (status, len(first), headers["content-range"]) == (206, 100, f"bytes 0-99/{size}")
    assert state(world) is State.FETCHING
    status, _, rest = world.bob.request("GET", url, headers={"Range": "bytes=100-"})
    assert (status, len(rest)) == (206, size - 100)
    assert transcode.read(first + rest).parts
    until(lambda: state(world) in (State.FETCHED, State.RETRIEVED))
    assert world.bob.request("GET", url, headers={"Range": "bytes=-10"})[2] == rest[-10:]
    assert world.bob.request("GET", url, headers={"Range": f"bytes={size}-"})[0] == 416


def test_a_range_that_gives_nothing_is_no_transfer(world: World, letter: Message) -> None:
    """Beyond the end: the message is offered again. The end alone is not the message."""
    world.alice.submit(letter)
    url = location(world.bob.pushed())
    assert world.bob.request("GET", url, headers={"Range": "bytes=99999999-"})[0] == 416
    assert state(world) is State.NOTIFIED
    assert world.bob.request("GET", url, headers={"Range": "Bytes=-10"})[0] == 206
    looked = world.bob.request("HEAD", url, headers={"Range": "bytes=0-9"})
    assert (looked[0], looked[1]["content-length"] != "10") == (200, True)
    assert world.bob.request("GET", url, headers={"Range": "bytes=100-199"})[0] == 206
    assert "the last octet reached the phone" not in events(world)
    status, _, whole = world.bob.request("GET", url, headers={"Range": "bytes=5-2"})
    assert (status, transcode.read(whole).message_type) == (200, "m-retrieve-conf")
    until(lambda: state(world) in (State.FETCHED, State.RETRIEVED))


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"to": ()}, "Error-permanent-message-format-corrupt"),
        ({"to": (f"{BOB}/TYPE=PLMN", "/TYPE=PLMN")}, "Error-permanent-message-format-corrupt"),
        ({"parts": ()}, "Error-permanent-message-format-corrupt"),
        ({"to": ("+49301234567/TYPE=PLMN",)}, "Error-permanent-sending-address-unresolved"),
        ({"to": tuple(f"+1555{n:04}/TYPE=PLMN" for n in range(101))}, "Error-permanent-service-denied"),
        ({"headers": (("X-Mms-Expiry", ("absolute", 1)),)}, "Error-permanent-message-format-corrupt"),
        (
            {"headers": (("X-Mms-Reply-Charging", "Requested"),)},
            "Error-permanent-reply-charging-not-supported",
        ),
        ({"version": "2.0"}, "Error-unsupported-message"),
        (
            {"headers": (("X-Mms-Delivery-Time", ("relative", 31 * DAY)),)},
            "Error-permanent-message-format-corrupt",
        ),
    ],
    ids=[
        "nobody",
        "an empty address",
        "no content",
        "no route",
        "too many",
        "expired",
        "free",
        "MMS 2",
        "too late",
    ],
)
def test_a_refusal_says_why(
    world: World, letter: Message, change: dict[str, tuple[object, ...]], status: str
) -> None:
    """Nothing is kept of a message that is refused."""
    answer = world.alice.submit(replace(letter, **change))  # type: ignore[arg-type]
    assert said(answer, "X-Mms-Response-Status") == status
    assert said(answer, "X-Mms-Response-Text")
    assert world.centre.store.deliveries() == []


def test_policies_of_the_door(tmp_path: Path, gateway: Gateway, letter: Message) -> None:
    """Blocked senders, refused types and a sender that is too fast get the word of the standard."""
    policy = Policy(
        blocked_senders=("+1555666*",), refused_types=("text/html",), sender_per_minute=1, sender_burst=2
    )
    html = replace(letter, parts=(*letter.parts, transcode.Part("text/html", b"<p>")))
    with running(config(tmp_path, gateway, policy=policy)) as centre:
        alice = Phone(ALICE, centre.url, gateway)
        assert (
            said(Phone("+15556660", centre.url, gateway).submit(letter), "X-Mms-Response-Status")
            == "Error-permanent-service-denied"
        )
        assert said(alice.submit(html), "X-Mms-Response-Status") == "Error-permanent-content-not-accepted"
        letters = [letter.edited(transaction_id=f"T{number}") for number in range(3)]
        answers = [alice.submit(one) for one in (*letters, letters[0])]
        statuses = [said(answer, "X-Mms-Response-Status") for answer in answers]
        assert statuses == ["Ok", "Ok", "Error-transient-failure", "Ok"]
        assert "next one in" in str(said(answers[2], "X-Mms-Response-Text"))
        assert len(centre.store.deliveries()) == 2


def test_unknown_recipients_are_reported_one_by_one(world: World, letter: Message) -> None:
    """Of two recipients the one without a route is named and reported; the other gets the message."""
    sent = world.alice.submit(replace(letter, to=(f"{BOB}/TYPE=PLMN", "+49301234567/TYPE=PLMN")))
    assert said(sent, "X-Mms-Response-Status") == "Ok"
    assert said(sent, "X-Mms-Response-Text") == "not served: +49301234567"
    world.bob.pushed()
    told = world.alice.pushed()
    assert (said(told, "X-Mms-Status"), told.to) == ("Rejected", ("+49301234567/TYPE=PLMN",))


def test_a_gateway_that_fails_is_tried_again(world: World, letter: Message) -> None:
    """503 passes; the phone is notified when the gateway is back."""
    world.gateway.status = 503
    world.alice.submit(letter)
    until(lambda: world.gateway.asked >= 2)
    world.gateway.status = 202
    world.bob.pushed()
    until(lambda: state(world) is State.NOTIFIED)


def test_a_wrong_password_of_the_gateway_costs_no_message(world: World, letter: Message) -> None:
    """403 says nothing of the number: the phone is notified when the operator has mended the account."""
    world.gateway.status = 403
    world.alice.submit(letter)
    until(lambda: world.gateway.asked >= 2)
    assert state(world) is State.PENDING
    world.gateway.status = 202
    world.bob.pushed()


def test_a_number_that_the_gateway_refuses_is_reported(world: World, letter: Message) -> None:
    """400 does not pass: the sender is told."""
    world.gateway.unknown.add(BOB)
    world.alice.submit(letter)
    until(lambda: state(world) is State.REFUSED)
    assert said(world.alice.pushed(), "X-Mms-Status") == "Rejected"


def test_a_message_that_nobody_fetches_expires(tmp_path: Path, gateway: Gateway, letter: Message) -> None:
    """The sender is told, and the address gives nothing any more."""
    whole = config(tmp_path, gateway, timers=Timers(retry=(0.2,), expiry=1.0))
    gateway.status = 503
    with running(whole) as centre:
        alice, bob = (Phone(number, centre.url, gateway) for number in (ALICE, BOB))
        alice.submit(letter)
        until(lambda: centre.store.deliveries()[0].state is State.EXPIRED)
        gateway.status = 202
        assert said(alice.pushed(), "X-Mms-Status") == "Expired"
        token = centre.store.deliveries()[0].token
        status, _, body = bob.request("GET", f"{centre.url}/m/{token}")
        assert status == 200
        assert said(transcode.read(body), "X-Mms-Retrieve-Status") == "Error-permanent-message-not-found"


def test_octets_that_somebody_deleted_are_told(tmp_path: Path, gateway: Gateway, letter: Message) -> None:
    """The message can't be delivered any more: its sender learns it, and the centre works on."""
    gateway.status = 503
    with running(config(tmp_path, gateway)) as centre:
        alice = Phone(ALICE, centre.url, gateway)
        name = said(alice.submit(letter), "Message-ID")
        for path in (tmp_path / "store" / "blobs").glob("??/??/*"):
            path.unlink()
        gateway.status = 202
        told = alice.pushed()
        assert (said(told, "X-Mms-Status"), said(told, "Message-ID")) == ("Rejected", name)
        assert "missing" in centre.store.trail(centre.store.deliveries()[0].id)[-1].detail


def test_what_was_accepted_survives_the_process(tmp_path: Path, gateway: Gateway, letter: Message) -> None:
    """A message that is accepted while the gateway is down is delivered after the next start."""
    gateway.status = 503
    with running(config(tmp_path, gateway)) as centre:
        assert said(Phone(ALICE, centre.url, gateway).submit(letter), "X-Mms-Response-Status") == "Ok"
    gateway.status = 202
    with running(config(tmp_path, gateway)) as centre:
        bob = Phone(BOB, centre.url, gateway)
        assert bob.fetch(bob.pushed()).parts


def test_a_late_delivery_has_time_to_be_fetched(world: World, letter: Message) -> None:
    """The longest life begins with the delivery, not before it."""
    held = letter.edited(options=transcode.SendOptions(delivery_time=30.0 * DAY - 60, expiry=60.0 * DAY))
    world.alice.submit(held)
    (delivery,) = world.centre.store.deliveries()
    assert delivery.deliver_at is not None
    assert delivery.expires_at - delivery.deliver_at == 30 * DAY


def test_what_the_disk_does_not_take_is_sent_again(world: World, letter: Message) -> None:
    """The database has no room: the phone is told to try later, and hears of no file."""
    with full_disk(world.centre):
        answer = world.alice.submit(letter)
    assert said(answer, "X-Mms-Response-Status") == "Error-transient-failure"
    assert "full" not in str(said(answer, "X-Mms-Response-Text"))
    assert said(world.alice.submit(letter), "X-Mms-Response-Status") == "Ok"


def test_a_gateway_in_a_socket_of_both_families(tmp_path: Path, gateway: Gateway, letter: Message) -> None:
    """An IPv4 gateway reaches a centre that listens on ::."""
    with running(config(tmp_path, gateway, listen=Listen(host="::", port=0))) as centre:
        url = f"http://127.0.0.1:{urlsplit(centre.url).port}"
        assert said(Phone(ALICE, url, gateway).submit(letter), "X-Mms-Response-Status") == "Ok"


def test_delivery_waits_for_its_time(world: World, letter: Message) -> None:
    """A delivery does not happen before its X-Mms-Delivery-Time."""
    held = letter.edited(options=transcode.SendOptions(delivery_time=2.0))
    begun = time.monotonic()
    world.alice.submit(held)
    until(lambda: state(world) is State.WAITING)
    world.bob.pushed()
    assert time.monotonic() - begun >= 1.5
