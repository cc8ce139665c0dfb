"""Webhooks: made through the API, told of changes, signed, tried again."""

from __future__ import annotations

import contextlib
import http.server
import itertools
import json
import queue
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.relay.api.conftest import Office
from tests.relay.api.test_messages import problem
from tests.relay.conftest import ALICE
from tests.relay.made import BEGIN, envelope
from tests.relay.phone import PATIENCE, Phone, until
from tests.relay.serving import Serving
from transcode.relay.api_settings import Api
from transcode.relay.model import Event
from transcode.relay.outlets.webhooks import Webhooks
from transcode.relay.signatures import is_signed
from transcode.relay.store import SqliteStore, notices
from transcode.relay.store.notices import make_webhook
from transcode.relay.store.submissions import Claim
from transcode.relay.timers import Timers


class Posted(NamedTuple):
    """A request to a webhook."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def change(self) -> dict[str, Any]:
        return dict(json.loads(self.body)["data"])


class Site(Serving):
    """A program of an account.

    Attributes:
        posts: what came, in order.
        status: what it answers.
    """

    def __init__(self) -> None:
        self.posts: queue.SimpleQueue[Posted] = queue.SimpleQueue()
        self.status = 204
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                site.posts.put(Posted(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(200 if self.path == "/good" else site.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(Handler)

    def next(self) -> Posted:
        """What comes next."""
        return self.posts.get(timeout=PATIENCE)


@pytest.fixture
def site() -> Iterator[Site]:
    with Site().running() as made:
        yield made


def made(shop: Office, url: str, **words: Any) -> dict[str, Any]:
    answer = shop.client.post("/v1/webhooks", json={"url": url, **words})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


@pytest.fixture
def clean(shop: Office) -> Iterator[None]:
    """No webhook is left for another test."""
    yield
    for one in shop.client.get("/v1/webhooks").json()["data"]:
        assert shop.client.delete(f"/v1/webhooks/{one['id']}").status_code == 204


@pytest.mark.usefixtures("clean")
def test_webhooks_are_made_listed_and_deleted(shop: Office) -> None:
    """The secret is shown once; what is another account's is not there."""
    one = made(shop, "https://example.com/a", statuses=["delivered", "failed", "delivered"])
    assert one["secret"].startswith("whsec_")
    (listed,) = shop.client.get("/v1/webhooks").json()["data"]
    assert listed == {name: value for name, value in one.items() if name != "secret"}
    assert listed["statuses"] == ["delivered", "failed"]
    stranger = {"Authorization": f"Bearer {shop.key('webhooks')}"}
    assert shop.client.get("/v1/webhooks", headers=stranger).json() == {"data": []}
    refused = shop.client.delete(f"/v1/webhooks/{one['id']}", headers=stranger)
    assert problem(refused) == (404, "not-found", [])
    for words, field in (
        ({"url": "http://:0/"}, "url"),
        ({"url": "http://x/", "statuses": ["x"]}, "statuses[0]"),
    ):
        wrong = shop.client.post("/v1/webhooks", json=words)
        assert problem(wrong) == (422, "invalid", [field])
    for number in range(9):
        made(shop, f"https://example.com/{number}")
    full = shop.client.post("/v1/webhooks", json={"url": "https://example.com/"})
    assert problem(full) == (422, "refused", [])


@pytest.mark.usefixtures("clean")
def test_each_change_of_status_is_told(shop: Office, site: Site) -> None:
    """Signed, in order; one that wants to hear of some statuses hears of those."""
    all_of_them = made(shop, f"http://{site.address}/all?x=1")
    phone = Phone("+15550051", shop.centre.url, shop.gateway)
    sent = shop.sent(to=[phone.number], text="x", client_reference="order 7")
    posts = [site.next(), site.next()]
    made(shop, f"http://{site.address}/some", statuses=["read"])
    phone.fetch(phone.pushed())
    posts.append(site.next())
    # Several requests are made at once.
    posts.sort(key=lambda post: str(json.loads(post.body)["created_at"]))
    assert [post.change["status"] for post in posts] == ["sending", "sent", "delivered"]
    assert posts[2].change == {
        "message_id": sent["id"],
        "to": phone.number,
        "status": "delivered",
        "state": "retrieved",
        "client_reference": "order 7",
    }
    assert posts[0].path == "/all?x=1"
    for post in posts:
        name, at, signed = (post.headers[f"webhook-{word}"] for word in ("id", "timestamp", "signature"))
        assert is_signed(all_of_them["secret"], name, at, signed, post.body, time.time())
        assert not is_signed("whsec_" + "A" * 32, name, at, signed, post.body, time.time())
        assert json.loads(post.body)["id"] == name
    until(lambda: not shop.centre.store.select("SELECT * FROM notice"))
    # No report waits for a door that the account does not have.
    assert shop.centre.store.select("SELECT * FROM report") == []


def cancelled(shop: Office) -> None:
    """A message that is cancelled before its time."""
    later = datetime.now(UTC) + timedelta(hours=1)
    sent = shop.sent(to=[ALICE], text="x", send_at=later.isoformat())
    assert shop.client.post(f"/v1/messages/{sent['id']}/cancel").status_code == 200


@pytest.mark.usefixtures("clean")
def test_what_fails_comes_again(shop: Office, site: Site) -> None:
    """It comes with the same id and a new signature; another webhook waits for none of it."""
    site.status = 500
    bad = made(shop, f"http://{site.address}/bad", statuses=["failed", "canceled"])
    cancelled(shop)
    first = site.next()
    made(shop, f"http://{site.address}/good", statuses=["canceled"])
    cancelled(shop)
    heard = [site.next()]
    while heard[-1].path != "/good":
        heard.append(site.next())
    site.status = 200
    until(lambda: not shop.centre.store.select("SELECT * FROM notice"))
    while not site.posts.empty():
        heard.append(site.next())
    again = [post for post in heard if post.headers["webhook-id"] == first.headers["webhook-id"]]
    assert again
    assert {post.body for post in again} == {first.body}
    until(lambda: not shop.centre.store.select("SELECT * FROM webhook WHERE failures>0"))
    (listed,) = (one for one in shop.client.get("/v1/webhooks").json()["data"] if one["id"] == bad["id"])
    assert listed["failures"] == 0


def test_a_day_and_private_hosts(tmp_path: Path, site: Site) -> None:
    """What nobody took for a day is given up; hosts of private networks are not asked by default."""
    with contextlib.closing(SqliteStore(tmp_path / "relay.sqlite")) as store:
        url = f"http://{site.address}/"
        assert make_webhook(store, "shop", url, (), "c2VjcmV0", BEGIN, most=1) is not None
        name = store.accept(envelope(1), ["+1"], claim=Claim("shop", "", "f", "", "[]")).result().id
        (delivery,) = store.deliveries(name)
        store.apply(delivery.id, Event.CANCEL, at=BEGIN).result()
        now = BEGIN
        tried = Webhooks(Api(), store, Timers(jitter=0.0), lambda: now)
        tries = []
        while store.select("SELECT * FROM notice"):
            assert tried.step()
            assert not tried.step()
            tries.append(now)
            ((probe_at,),) = store.select("SELECT probe_at FROM webhook")
            now = max([probe_at, *(due for (due,) in store.select("SELECT due FROM notice"))])
        waits = [after - before for before, after in itertools.pairwise(tries)]
        # As timers.retry says, at least each hour, until the day is over.
        assert waits[:6] == [10, 30, 120, 600, 3600, 3600]
        assert max(waits) == 3600
        assert tries[-2] < BEGIN + notices.KEPT <= tries[-1]
        assert site.posts.empty()
