"""Who may ask the API for what: keys, scopes, accounts, rates; and addresses that are none."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest

from tests.relay.api.conftest import SHOP, Office, office
from tests.relay.api.test_messages import problem
from tests.relay.conftest import ALICE
from tests.relay.phone import Gateway, until
from transcode.relay.api.operations import OPERATIONS, Operation
from transcode.relay.api.problems import KINDS
from transcode.relay.api_settings import Api
from transcode.relay.store.keys import SCOPES, find_key, keys, revoke_key


def ask(shop: Office, operation: Operation, key: str, name: str = "0" * 32) -> httpx.Response:
    """Make a request of an operation."""
    return shop.client.request(
        operation.method,
        operation.path.format(id=name),
        json={} if operation.takes else None,
        headers={"Authorization": key},
    )


@pytest.mark.parametrize("operation", OPERATIONS, ids=[one.name for one in OPERATIONS])
def test_each_operation_needs_its_scope(shop: Office, operation: Operation) -> None:
    """All other scopes together do not do, and a stranger learns nothing but that."""
    others = tuple(scope for scope in SCOPES if scope != operation.scope)
    refused = ask(shop, operation, f"Bearer {shop.key(f'not-{operation.name}', others)}")
    assert problem(refused) == (403, "forbidden", [])
    assert operation.scope in refused.headers["www-authenticate"]
    allowed = ask(shop, operation, f"Bearer {shop.key(f'only-{operation.name}', (operation.scope,))}")
    assert allowed.status_code in (200, 404, 422)
    for wrong in ("", "Bearer", "Bearer x", "Basic bW1r", "Bearer mmk_000000000000_x"):
        stranger = ask(shop, operation, wrong)
        assert problem(stranger) == (401, "unauthorized", [])
        assert stranger.headers["www-authenticate"].startswith("Bearer")


def test_a_key_is_its_secret(shop: Office) -> None:
    """The id of a key with another secret is nobody's."""
    key = shop.key("secret")
    assert find_key(shop.centre.store, key) is not None
    for wrong in (key[:-1], key + "x", key.replace("mmk", "abc"), key.upper(), "mmk__", "\ud800"):
        assert find_key(shop.centre.store, wrong) is None
    stored = shop.centre.store.select("SELECT * FROM api_key")
    assert not any(key.rpartition("_")[2] in str(row) for row in stored)


def test_a_revoked_key(shop: Office) -> None:
    key = shop.key("revoked")
    headers = {"Authorization": f"Bearer {key}"}
    assert shop.client.get("/v1/messages", headers=headers).status_code == 200
    used = next(one for one in keys(shop.centre.store) if one.name == "revoked")
    # Nobody waits for the note.
    until(lambda: [one for one in keys(shop.centre.store) if one.id == used.id and one.used_at])
    assert [one.name for one in revoke_key(shop.centre.store, "revoked", time.time())] == ["revoked"]
    assert revoke_key(shop.centre.store, used.id, time.time()) == []
    assert problem(shop.client.get("/v1/messages", headers=headers)) == (401, "unauthorized", [])


def test_another_account_sees_nothing(shop: Office) -> None:
    """It sees neither message nor page, and can't cancel; another key of the account sees it all."""
    mine = shop.sent(to=[ALICE], text="mine")
    other, second = shop.key("stranger"), shop.key("second", account="shop")
    for method, path in (("GET", ""), ("POST", "/cancel")):
        address = f"/v1/messages/{mine['id']}{path}"
        refused = shop.client.request(method, address, headers={"Authorization": f"Bearer {other}"})
        assert problem(refused) == (404, "not-found", [])
    page = shop.client.get("/v1/messages", headers={"Authorization": f"Bearer {other}"})
    assert page.json() == {"data": [], "next": None}
    seen = shop.client.get(f"/v1/messages/{mine['id']}", headers={"Authorization": f"Bearer {second}"})
    assert seen.json()["id"] == mine["id"]


def test_numbers_of_a_key(shop: Office) -> None:
    """Where they are patterns, the sender must be named."""
    key = shop.key("many", senders=("+1555000*",))
    assert problem(shop.send(key=key, to=[ALICE], text="x")) == (422, "invalid", ["from"])
    sent = shop.send(key=key, to=[ALICE], text="x", **{"from": SHOP})
    assert sent.json()["from"] == SHOP
    refused = shop.send(key=key, to=[ALICE], text="x", **{"from": "+15551"})
    assert problem(refused) == (403, "forbidden", ["from"])


def test_rates(tmp_path: Path, gateway: Gateway, shop: Office) -> None:
    """A key has a rate of recipients, and all have one of requests."""
    key = shop.key("slow", per_minute=1, burst=1)
    assert shop.send(key=key, to=[ALICE], text="x").status_code == 201
    refused = shop.send(key=key, to=[ALICE], text="x")
    assert problem(refused) == (429, "rate", [])
    assert 0 < int(refused.headers["retry-after"]) <= 61
    with office(tmp_path, gateway, api=Api(requests_per_minute=2, compose_processes=1)) as busy:
        answers = [busy.client.get("/v1/messages") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert problem(answers[2]) == (429, "rate", [])


def test_addresses_that_are_none(shop: Office) -> None:
    assert problem(shop.client.get("/v1/nothing")) == (404, "not-found", [])
    wrong = shop.client.put("/v1/messages")
    assert problem(wrong) == (405, "method", [])
    assert wrong.headers["allow"] == "POST, GET, HEAD"


def test_heads(shop: Office) -> None:
    """What can be read has a head, without the content."""
    head, whole = shop.client.head("/v1/webhooks"), shop.client.get("/v1/webhooks")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == whole.headers["content-length"]


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_problems_are_told(shop: Office, kind: str) -> None:
    """The address that is the type of a problem says what it is, without a key."""
    told = httpx.get(f"{shop.centre.url}/v1/problems/{kind}")
    assert told.json()["title"] == KINDS[kind].title
    assert told.headers["x-content-type-options"] == "nosniff"


def test_without_an_api(world: object, tmp_path: Path) -> None:
    """A configuration without the table has no such address."""
    answer = httpx.post(f"{world.centre.url}/v1/messages", json={})  # type: ignore[attr-defined]
    assert answer.status_code == 404
