"""A centre with an API, a phone, and keys."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from tests.relay.conftest import _Processes, config
from tests.relay.phone import PATIENCE, Gateway, until
from transcode.jobs.isolated import Isolated
from transcode.relay.api import composing
from transcode.relay.api_settings import Api
from transcode.relay.server import Running, running
from transcode.relay.store import SqlStore
from transcode.relay.store.keys import SCOPES, make_key

SHOP = "+15550007"


class Office(NamedTuple):
    """A centre, and an account that may do everything with it."""

    centre: Running
    gateway: Gateway
    client: httpx.Client

    def key(self, name: str = "other", scopes: tuple[str, ...] = tuple(SCOPES), **values: Any) -> str:
        """A further key."""
        senders = values.pop("senders", (SHOP,))
        return make_key(self.centre.store, name, scopes=scopes, senders=senders, now=time.time(), **values)[1]

    def send(self, *, key: str = "", idempotency: str = "", **words: Any) -> httpx.Response:
        """Post a message."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        headers |= {"Idempotency-Key": idempotency} if idempotency else {}
        return self.client.post("/v1/messages", json=words, headers=headers)

    def sent(self, **words: Any) -> dict[str, Any]:
        """Post a message that is taken."""
        answer = self.send(**words)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def seen(self, name: str) -> dict[str, Any]:
        """A message with its trails."""
        return dict(self.client.get(f"/v1/messages/{name}").json())


@contextlib.contextmanager
def office(folder: Any, gateway: Gateway, **values: Any) -> Iterator[Office]:
    """Run a centre with an API."""
    settings = values.pop("api", Api(allow_private=True, compose_processes=1, compose_seconds=PATIENCE))
    with running(config(folder, gateway, api=settings, **values)) as centre:
        _, secret = make_key(
            centre.store, "shop", scopes=tuple(SCOPES), senders=(SHOP,), now=time.time(), per_minute=0
        )
        headers = {"Authorization": f"Bearer {secret}"}
        with httpx.Client(base_url=centre.url, headers=headers, timeout=PATIENCE) as client:
            yield Office(centre, gateway, client)


@pytest.fixture(scope="session", autouse=True)
def composing_processes(processes: Isolated) -> Iterator[None]:
    """All centres compose in the processes that adapt."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(composing, "Isolated", lambda *_, **__: _Processes(processes))
        yield


@pytest.fixture(scope="session")
def shared_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A centre that the tests of all files share: each takes a second to start and to stop."""
    with Gateway().running() as gateway, office(tmp_path_factory.mktemp("office"), gateway) as made:
        yield made


@pytest.fixture
def shop(shared_office: Office) -> Iterator[Office]:
    """That centre. Phones of the next test have the same numbers, and hear nothing of this one."""
    yield shared_office
    store = shared_office.centre.store
    until(lambda: not _has_attempts(store))
    # Nobody answers at the addresses of its webhooks any more, which the log would say in other tests.
    store.write(lambda connection: connection.execute("DELETE FROM webhook")).result()
    shared_office.gateway.forget()


def _has_attempts(store: SqlStore) -> bool:
    found = store.select(
        "SELECT 1 FROM delivery WHERE due<=? AND due_event IS NULL LIMIT 1", (time.time() + 0.5,)
    )
    return bool(found)
