"""Nobody sends through a message centre who has no right to: from each door to each next hop."""

from __future__ import annotations

import contextlib
import smtplib
import time
from collections.abc import Iterator
from typing import NamedTuple

import httpx
import pytest

from tests.relay import carriers
from tests.relay.conftest import ALICE, BOB, config
from tests.relay.phone import PATIENCE, Gateway, Phone, until
from tests.relay.provider import STORED, Provider, status, vasp
from tests.relay.test_mm1 import said
from transcode.messages.message import Message
from transcode.relay.api_settings import Api
from transcode.relay.peers import Peer
from transcode.relay.server import Running, running
from transcode.relay.store.keys import make_key
from transcode.wire.deliveries import forwarded

#: A number of this centre, of two other carriers, a short code of a provider, and a number of nobody.
HERE, THERE, ELSEWHERE, CODE, NOBODY = BOB, "+16660001", "+17770001", "54321", "+49301234567"


class World(NamedTuple):
    """A centre with two carriers and three providers, none of which takes anything."""

    centre: Running
    gateway: Gateway
    host: str


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    door = carriers.mm4("a")
    accounts = (
        vasp(),
        vasp("relaying", may_relay=True),
        vasp("served", short_codes=(CODE,), url="http://127.0.0.1:1/"),
    )
    # Nothing listens there.
    peers = (
        carriers.peer("b", door, port=1),
        Peer("c", "mms.c.example", prefixes=("+1777",), host=door.host, port=1, user_in="c", secret=STORED),
    )
    with Gateway().running() as gateway:
        folder = tmp_path_factory.mktemp("no-relay")
        made = config(folder, gateway, vasp=accounts, mm4=door, peer=peers, api=Api(compose_processes=1))
        with running(made) as centre:
            yield World(centre, gateway, door.host)


def by_phone(world: World, letter: Message, to: str, number: str = ALICE) -> bool:
    """Whether a submission of a phone is taken."""
    answer = Phone(number, world.centre.url, world.gateway).submit(letter.edited(to=[to]))
    return said(answer, "X-Mms-Response-Status") == "Ok"


def by_provider(world: World, letter: Message, to: str, name: str, secret: str = "") -> bool:
    """Whether a submission of a provider is taken."""
    offer = letter.edited(to=[to], sender="12345").converted("mm7-submit-req")
    provider = Provider(f"{world.centre.url}/mm7", name, *[secret] * bool(secret))
    if secret:
        made = offer.to_mm7()
        return provider.request(made.body, dict(made.headers))[0] == 200
    return status(provider.ask(offer)) == 1000


def by_key(world: World, to: str, *scopes: str) -> bool:
    """Whether a request of the API is taken."""
    _, key = make_key(world.centre.store, "shop", scopes=scopes, senders=[ALICE], now=time.time())
    words = {"to": [to], "text": "x"}
    headers = {"Authorization": f"Bearer {key}"}
    answer = httpx.post(f"{world.centre.url}/v1/messages", json=words, headers=headers, timeout=PATIENCE)
    return answer.status_code == 201


def by_mail(world: World, letter: Message, to: str, source: str = "127.0.0.1") -> bool:
    """Whether a message that carrier b forwards is taken."""
    name = f"to-{to}-from-{source}"
    message = letter.edited(to=[to], sender="+16660009")
    mail = forwarded(message, transaction_id=name, message_id=name, date=1, system="system@mms.b.example")
    mailbox = f"{to}/TYPE=PLMN@mms.a.example"
    with (
        smtplib.SMTP(world.host, world.centre.mm4_port, timeout=30, source_address=(source, 0)) as line,
        contextlib.suppress(smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused),
    ):
        line.sendmail("system@mms.b.example", [mailbox], mail.to_mm4(strict=False))
    return world.centre.store.select("SELECT 1 FROM message WHERE peer_message_id=?", (name,)) == [(1,)]


@pytest.mark.parametrize(
    ("to", "is_taken"), [(HERE, True), (THERE, True), (ELSEWHERE, True), (CODE, True), (NOBODY, False)]
)
def test_a_phone_reaches_whom_anybody_serves(world: World, letter: Message, to: str, is_taken: bool) -> None:
    assert by_phone(world, letter, to) is is_taken


@pytest.mark.parametrize("to", [HERE, THERE, CODE])
def test_nobody_without_a_number(world: World, letter: Message, to: str) -> None:
    """The gateway names no phone."""
    assert not by_phone(world, letter, to, number="")


@pytest.mark.parametrize(
    ("to", "is_taken"), [(HERE, True), (THERE, False), (ELSEWHERE, False), (CODE, False), (NOBODY, False)]
)
def test_a_provider_reaches_the_phones_of_this_centre(
    world: World, letter: Message, to: str, is_taken: bool
) -> None:
    assert by_provider(world, letter, to, "weather") is is_taken


@pytest.mark.parametrize(
    ("to", "is_taken"), [(HERE, True), (THERE, True), (ELSEWHERE, True), (CODE, True), (NOBODY, False)]
)
def test_a_provider_that_may_reaches_others(world: World, letter: Message, to: str, is_taken: bool) -> None:
    assert by_provider(world, letter, to, "relaying") is is_taken


@pytest.mark.parametrize("to", [HERE, THERE, CODE])
def test_a_provider_with_a_wrong_secret(world: World, letter: Message, to: str) -> None:
    assert not by_provider(world, letter, to, "relaying", "guessed")


@pytest.mark.parametrize(
    ("to", "is_taken"), [(HERE, True), (THERE, False), (ELSEWHERE, False), (CODE, False), (NOBODY, False)]
)
def test_a_key_reaches_the_phones_of_this_centre(world: World, to: str, is_taken: bool) -> None:
    assert by_key(world, to, "messages:write") is is_taken


@pytest.mark.parametrize(
    ("to", "is_taken"), [(HERE, True), (THERE, True), (ELSEWHERE, True), (CODE, True), (NOBODY, False)]
)
def test_a_key_with_that_scope_reaches_others(world: World, to: str, is_taken: bool) -> None:
    """The router lets it pass, too."""
    assert by_key(world, to, "messages:write", "messages:relay") is is_taken
    if is_taken:
        (newest,) = world.centre.store.deliveries(recipient=to, most=1)
        until(lambda: world.centre.store.deliveries(newest.message)[0].route is not None)
        assert world.centre.store.deliveries(newest.message)[0].state != "refused"


@pytest.mark.parametrize("to", [THERE, ELSEWHERE, CODE, NOBODY])
def test_a_carrier_reaches_no_other(world: World, letter: Message, to: str) -> None:
    """A carrier reaches only the phones of this centre."""
    assert by_mail(world, letter, HERE)
    assert not by_mail(world, letter, to)


@pytest.mark.parametrize("to", [HERE, THERE, CODE])
def test_a_stranger_reaches_nobody_by_mail(world: World, letter: Message, to: str) -> None:
    """An address that is no carrier's."""
    assert not by_mail(world, letter, to, source="127.0.0.9")


def test_a_message_to_both(world: World, letter: Message) -> None:
    """Where some recipients are allowed, the others are refused by the router too."""
    offer = letter.edited(to=[HERE, THERE], sender="12345", subject="both").converted("mm7-submit-req")
    answer = Provider(f"{world.centre.url}/mm7").ask(offer)
    assert (status(answer), said(answer, "Details")) == (1100, THERE)
    name = str(said(answer, "MessageID"))
    (refused,) = [one for one in world.centre.store.deliveries(name) if one.recipient == THERE]
    until(lambda: world.centre.store.deliveries(name, recipient=THERE)[0].state == "refused")
    assert "may not send" in world.centre.store.trail(refused.id)[-1].detail
