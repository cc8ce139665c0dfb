"""The clients: what they send, what they get, and what they do again."""

from __future__ import annotations

import asyncio
import http.server
import json
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import transcode.relay
from tests.made.pictures import photo, save
from tests.relay.api.conftest import Office
from tests.relay.conftest import ALICE
from tests.relay.serving import Serving
from transcode.errors import TransportError
from transcode.relay import asking as module
from transcode.relay.api import schema
from transcode.relay.client import ApiProblem, AsyncClient, Client, WrongSignature, verify
from transcode.relay.signatures import signature

PICTURE = save(photo(80, 60), quality=90)


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WAIT", 0.001)


@pytest.fixture
def client(shop: Office) -> Iterator[Client]:
    with Client(shop.centre.url, shop.key("client", account="client")) as made:
        yield made


def test_all_that_it_does(client: Client, tmp_path: Path) -> None:
    """Messages with files, by JSON, listed by pages, cancelled; webhooks."""
    path = tmp_path / "a.jpg"
    path.write_bytes(PICTURE)
    later = datetime.now(UTC) + timedelta(hours=1)
    first = client.send(
        [ALICE], text="x", media=[path, PICTURE], send_at=later, read_report=True, priority="low"
    )
    assert [one.source for one in first.media] == ["media[0]", "media[1]"]
    assert first.send_at == later.replace(microsecond=0)
    second = client.send(ALICE, text="y", idempotency_key="same", client_reference="mine")
    assert client.send(ALICE, text="y", idempotency_key="same", client_reference="mine") == second
    third = client.send(ALICE, text="z", sender=second.sender, validity_period=600)
    assert [one.id for one in client.messages(page_size=1)] == [third.id, second.id, first.id]
    assert [one.id for one in client.messages(client_reference="mine")] == [second.id]
    assert client.cancel(first.id).recipients[0].status == "canceled"
    seen = client.message(first.id).recipients[0]
    assert isinstance(seen.trail, list)
    assert next(step.status for step in seen.trail) == "accepted"
    hook = client.create_webhook("https://example.com/a", ["read"])
    assert str(hook.secret).startswith("whsec_")
    assert [one.id for one in client.webhooks()] == [hook.id]
    client.delete_webhook(hook.id)
    assert client.webhooks() == []


def test_the_same_with_asyncio(shop: Office) -> None:
    async def everything() -> None:
        async with AsyncClient(shop.centre.url, shop.key("async")) as client:
            sent = await asyncio.gather(*(client.send(ALICE, text=str(one)) for one in range(3)))
            listed = [one.id async for one in client.messages(page_size=2)]
            assert sorted(listed) == sorted(one.id for one in sent)
            shown = await client.message(sent[0].id)
            assert shown.recipients[0].to == ALICE
            with pytest.raises(ApiProblem):
                await client.cancel("../messages")
            hook = await client.create_webhook("https://example.com/a")
            assert [one.id for one in await client.webhooks()] == [hook.id]
            await client.delete_webhook(hook.id)
            formed = await client.send([ALICE], media=[PICTURE], text_first=True)
            assert formed.media[0].size == len(PICTURE)

    asyncio.run(everything())


def test_problems(client: Client, shop: Office) -> None:
    """They name type, field and limit, and travel between processes."""
    with pytest.raises(ApiProblem, match="no route serves") as caught:
        client.send([ALICE, "+49301234567"], text="x")
    problem = caught.value.problem
    assert (problem.type, problem.errors[0].field) == ("/v1/problems/refused", "to[1]")
    assert (caught.value.status, caught.value.temporary) == (422, False)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.problem) == (str(caught.value), problem)
    with pytest.raises(TransportError), Client("http://127.0.0.1:1", "mmk_x", retries=1) as nobody:
        nobody.send(ALICE, text="x")


class Flaky(Serving):
    """A centre that fails as it is told.

    Attributes:
        script: what it answers: statuses, and 0 for an end of the connection.
        keys: the Idempotency-Keys that came.
    """

    def __init__(self, *script: int, answer: bytes = b"{}") -> None:
        self.script = list(script)
        self.keys: list[str | None] = []
        flaky = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"] or 0))
                flaky.keys.append(self.headers["Idempotency-Key"])
                status = flaky.script.pop(0)
                if not status:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Retry-After", "0")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_DELETE = do_POST

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(Handler)


SENT: dict[str, object] = {
    "id": "0" * 32,
    "from": "+1",
    "subject": "",
    "client_reference": "",
    "created_at": "2026-01-01T00:00:00Z",
    "send_at": None,
    "expires_at": "2026-01-01T00:00:00Z",
    "size": 1,
    "media": [],
    "recipients": [],
}


def test_tries_have_one_key() -> None:
    """After 503, a lost answer and 500 the same request comes again."""
    with Flaky(503, 0, 500, 201, answer=json.dumps(SENT).encode()).running() as site:
        with Client(f"http://{site.address}/", "k") as client:
            assert client.send("+1", text="x").id == SENT["id"]
        assert len(site.keys) == 4
        assert len(set(site.keys)) == 1
        assert site.keys[0]


@pytest.mark.parametrize(
    ("script", "made", "status"),
    [([400], 1, 400), ([503] * 4, 4, 503), ([502], 1, 502), ([429, 502], 2, 502)],
)
def test_what_is_not_done_again(script: list[int], made: int, status: int) -> None:
    """What is refused for good, what failed often, and a webhook that may be there already."""
    with Flaky(*script).running() as site, Client(f"http://{site.address}", "k") as client:
        with pytest.raises(ApiProblem) as caught:
            client.create_webhook("https://example.com/")
        assert (len(site.keys), caught.value.status) == (made, status)
    with Flaky(0).running() as site, Client(f"http://{site.address}", "k") as client:
        with pytest.raises(TransportError):
            client.create_webhook("https://example.com/")
        assert len(site.keys) == 1


def test_what_was_deleted_is_deleted() -> None:
    """Where the answer was lost, the next try finds nothing; of what never was it is told."""
    with Flaky(0, 404).running() as site, Client(f"http://{site.address}", "k") as client:
        client.delete_webhook("a")
        assert len(site.keys) == 2
    with (
        Flaky(404).running() as site,
        Client(f"http://{site.address}", "k") as client,
        pytest.raises(ApiProblem),
    ):
        client.delete_webhook("a")


def test_an_answer_of_somebody_else() -> None:
    with (
        Flaky(201, answer=b"<html>").running() as site,
        Client(f"http://{site.address}", "k") as client,
        pytest.raises(TransportError, match="none of the API"),
    ):
        client.send("+1", text="x")


def test_campaigns(client: Client, tmp_path: Path) -> None:
    """Both clients make, fill, start, hold, end and list them."""
    path = tmp_path / "rows.csv"
    path.write_text(f"to,name\n{ALICE},A\nx,B\n")
    words: dict[str, Any] = {
        "text": "Hi {name}",
        "start_at": datetime.now(UTC) + timedelta(hours=1),
        "pace": {"per_second": 5},
    }
    first = client.create_campaign(path, media=[PICTURE], idempotency_key="c", **words)
    assert client.create_campaign(path, media=[PICTURE], idempotency_key="c", **words) == first
    assert (first.status, first.pace.per_second, first.progress.failures) == ("draft", 5, {"invalid": 1})
    added = client.add_campaign_recipients(first.id, [{"to": "+15550002", "name": "Zoë"}])
    assert (added.rows, added.accepted, added.first_row) == (1, 1, 3)
    assert client.estimate_campaign(first.id).refused == {"invalid": 1}
    assert client.start_campaign(first.id).status == "scheduled"
    assert client.pause_campaign(first.id).status == "paused"
    assert client.resume_campaign(first.id).status == "scheduled"
    rows = list(client.campaign_recipients(first.id, page_size=2))
    assert [(one.row, one.to) for one in rows] == [(1, ALICE), (2, "x"), (3, "+15550002")]
    assert [one.reason for one in client.campaign_recipients(first.id, status="failed")] == ["invalid"]

    async def others() -> list[str]:
        async with AsyncClient(client._url, client._headers["Authorization"].split()[1]) as other:
            later = words["start_at"]
            second = await other.create_campaign(b'{"to": "+15550003"}', text="x", start_at=later)
            assert (await other.add_campaign_recipients(second.id, path)).rejected == 1
            assert [one.row async for one in other.campaign_recipients(second.id)] == [1, 2, 3]
            assert (await other.estimate_campaign(second.id)).refused == {"invalid": 1}
            for act in (other.start_campaign, other.pause_campaign, other.resume_campaign):
                await act(second.id)
            assert (await other.cancel_campaign(second.id)).status in ("canceling", "canceled")
            assert (await other.campaign(second.id)).id == second.id
            return [one.id async for one in other.campaigns(page_size=1)]

    found = asyncio.run(others())
    assert found == [one.id for one in client.campaigns()]
    assert found[1:] == [first.id]
    client.cancel_campaign(first.id)


def test_verify() -> None:
    """What a centre signed is a notice; all else is refused."""
    change = {"message_id": "0" * 32, "to": "+1", "status": "read", "state": "read", "client_reference": ""}
    told = {"id": "n", "type": "message.status", "created_at": "2026-01-01T00:00:00Z", "data": change}
    body, secret, now = json.dumps(told).encode(), "whsec_c2VjcmV0", int(time.time())
    headers = {
        "Webhook-Id": "n",
        "webhook-timestamp": str(now),
        "WEBHOOK-SIGNATURE": signature(secret, "n", now, body),
    }
    assert verify(secret, headers, body).data.status == "read"
    notice = verify(secret, headers, body, now=now + 299.0)
    assert isinstance(notice, schema.Notice)
    assert notice.data.to == "+1"
    signed = {**headers, "WEBHOOK-SIGNATURE": signature(secret, "n", now, b"{}")}
    for wrong in (
        (secret, headers, body + b" ", None),
        (secret, {}, body, None),
        (secret, headers, body, now + 301.0),
        ("whsec_AAAA", headers, body, None),
        (secret, signed, b"{}", None),
    ):
        with pytest.raises(WrongSignature):
            verify(*wrong[:3], now=wrong[3])


def test_the_package_has_them() -> None:
    """They are loaded when they are asked for, without the rest of a centre."""
    assert transcode.relay.Client is Client
    assert set(transcode.relay.__all__) == {"ApiProblem", "AsyncClient", "Client", "WrongSignature", "verify"}
    with pytest.raises(AttributeError, match="nothing"):
        _ = transcode.relay.nothing
    code = (
        "import sys, transcode, transcode.relay; assert 'httpx' not in sys.modules;"
        " from transcode.relay import Client; assert 'httpx' in sys.modules;"
        " print(*{'starlette', 'uvicorn', 'argon2', 'numpy', 'av'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "\n"
