"""What a phone gets that fetches a message again, in parts, or a message that there is not."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NoReturn

import pytest

import transcode
from tests.relay.conftest import ALICE, BOB, World, config
from tests.relay.phone import Gateway, Phone, location, until
from tests.relay.test_mm1 import said, state
from transcode.messages.message import Message
from transcode.relay.config import Listen, Policy
from transcode.relay.model import State, Subscriber
from transcode.relay.server import running


def fetched_in_parts(phone: Phone, url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """The rest of a message of which a phone has 1,000 octets."""
    return phone.request("GET", url, headers={"Range": "bytes=1000-", **headers})


def test_a_tag_names_the_octets(world: World, letter: Message) -> None:
    """The whole, a part and a look have one tag; a phone that deferred meanwhile gets another."""
    world.alice.submit(letter)
    notification = world.bob.pushed()
    url = location(notification)
    tags = {
        world.bob.request(method, url, headers=headers)[1]["etag"]
        for method, headers in (("GET", {}), ("HEAD", {}), ("GET", {"Range": "bytes=0-9"}))
    }
    assert len(tags) == 1
    world.alice.submit(letter.edited(subject="Another"))
    second = world.bob.pushed()
    whole = world.bob.request("GET", location(second))
    assert whole[1]["etag"] not in tags
    world.bob.respond(notification, "Deferred")
    assert tags == {world.bob.request("HEAD", url)[1]["etag"]}


def test_the_rest_is_of_the_same_octets(world: World, large_letter: Message) -> None:
    """The operator registers another phone in between: what was begun is ended as it was begun."""
    world.alice.submit(large_letter)
    url = location(world.bob.pushed())
    status, headers, first = world.bob.request("GET", url, headers={"Range": "bytes=0-999"})
    assert status == 206
    whole = int(headers["content-range"].partition("/")[2])
    world.centre.store.subscribe(Subscriber(BOB, "oma-image-basic")).result()
    # Without a condition, and with the tag: the rest. With another: the whole, as it is made now.
    for condition in ({}, {"If-Range": headers["etag"]}):
        status, again, rest = fetched_in_parts(world.bob, url, **condition)
        assert (status, again["etag"]) == (206, headers["etag"])
        assert len(first + rest) == whole
        assert transcode.read(first + rest).parts
    for other in ('"another"', "W/" + headers["etag"], "Mon, 30 Nov 2026 09:00:00 GMT"):
        status, again, octets = fetched_in_parts(world.bob, url, **{"If-Range": other})
        assert (status, len(octets) < 40_000) == (200, True)
        assert again["etag"] != headers["etag"]
        assert transcode.read(octets).parts


def test_a_transfer_that_broke_goes_on(world: World, large_letter: Message) -> None:
    """A transfer goes on, also where the phone deferred meanwhile and the whole would have another id."""
    world.alice.submit(large_letter)
    notification = world.bob.pushed()
    world.bob.break_off(notification, after=10_000, reset=True)
    until(lambda: state(world) is State.NOTIFIED)
    world.bob.respond(notification, "Deferred")
    status, headers, rest = fetched_in_parts(world.bob, location(notification))
    assert (status, headers["content-range"].partition("-")[0]) == (206, "bytes 1000")
    until(lambda: state(world) in (State.FETCHED, State.RETRIEVED))
    got = world.bob.fetch(notification)
    assert got.transaction_id == notification.transaction_id
    assert len(rest) + 1000 == int(headers["content-range"].partition("/")[2])


@pytest.mark.parametrize("method", ["delivery", "apply", "select"])
def test_what_the_database_does_not_answer_is_asked_again(
    world: World, letter: Message, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """The disk is full: the phone is told to come again, hears of no file, and gets its message later."""

    def full(*_: object, **__: object) -> NoReturn:
        raise sqlite3.OperationalError("database or disk is full")

    world.alice.submit(letter)
    notification = world.bob.pushed()
    with monkeypatch.context() as patched:
        patched.setattr(world.centre.store, method, full)
        answer = world.bob.fetch(notification, headers={"User-Agent": "phone/1"}, status=503)
        if method != "select":
            status, _, _ = world.bob.request("POST", world.centre.url, answered(notification))
            assert status == 503
    assert said(answer, "X-Mms-Retrieve-Status") == "Error-transient-failure"
    assert "full" not in str(answer.parts)
    assert world.bob.fetch(notification).message_type == "m-retrieve-conf"
    assert world.bob.fetch(notification).parts


def answered(notification: Message) -> bytes:
    """An M-NotifyResp.ind."""
    return Message(
        message_type="m-notifyresp-ind",
        transaction_id=notification.transaction_id,
        headers=(("X-Mms-Status", "Retrieved"),),
        content_type=None,
    ).to_mm1(strict=False)


def test_who_guesses_is_slowed_down(tmp_path: Path, gateway: Gateway, letter: Message) -> None:
    """A number that asks for what there is not waits; all others, who come from the same address, do not."""
    policy = Policy(wait_seconds=60, adapt_processes=1, wrong_tokens=3)
    with running(config(tmp_path, gateway, policy=policy)) as centre:
        alice, bob = (Phone(number, centre.url, gateway) for number in (ALICE, BOB))
        alice.submit(letter)
        url = location(bob.pushed())
        guesses = [f"{centre.url}/m/{'a' * length}" for length in (22, 21, 22, 22)]
        found = [alice.request("GET", guess)[:2] for guess in guesses]
        assert [status for status, _ in found] == [404, 404, 404, 429]
        assert int(found[-1][1]["retry-after"]) > 0
        assert alice.request("GET", url)[0] == 429
        # Without a number, the gateway stands for all phones: what is right is given, also after guesses.
        nobody = Phone("", centre.url, gateway)
        assert [nobody.request("GET", guess)[0] for guess in guesses] == [404, 404, 404, 429]
        assert nobody.request("GET", url)[0] == 200
        assert bob.request("GET", url)[0] == 200


def test_a_stranger_has_no_number(tmp_path: Path, gateway: Gateway) -> None:
    """Who comes past the gateway names itself as it likes, and is known by its address."""
    whole = config(
        tmp_path,
        gateway,
        listen=Listen(port=0, gateways=("192.0.2.0/24",)),
        policy=Policy(adapt_processes=1, wrong_tokens=2),
    )
    with running(whole) as centre:
        found = [
            Phone(f"+1555{number}", centre.url, gateway).request("GET", f"{centre.url}/m/{'a' * 22}")[0]
            for number in range(3)
        ]
    assert found == [404, 404, 429]
