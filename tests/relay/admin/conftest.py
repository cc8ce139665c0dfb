"""A centre with pages for operators, whose work stands still, so that what waits goes on waiting."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from tests.made.pictures import photo, save
from tests.relay import made
from tests.relay.conftest import ALICE, BOB, config
from tests.relay.phone import PATIENCE, Gateway
from tests.relay.store.test_campaigns import NEW
from transcode.relay.admin_listener import Admin
from transcode.relay.model import Envelope, Event, Route
from transcode.relay.secrets import hashed
from transcode.relay.server import Running, running
from transcode.relay.store import FolderBlobs, SqlStore, campaigns, pages, progress, recipients
from transcode.relay.store.campaigns import Action
from transcode.relay.store.pages import Page
from transcode.relay.store.recipients import Row, Sorted
from transcode.relay.store.releases import Released
from transcode.relay.store.rows import Verdict
from transcode.relay.store.submissions import Claim

SECRET = "open sesame"
#: What a stranger's server said.
SAID = "451 <script>alert(1)</script>"


class Desk:
    """An operator's browser, as far as headers go.

    Attributes:
        cookie: what the centre set.
        guard: what forms of the session repeat.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.cookie = self.guard = ""

    def ask(
        self, method: str, path: str, fields: dict[str, str] | None = None, **headers: str
    ) -> tuple[int, dict[str, str], str]:
        """The status, the headers in lower case and the body of an answer."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=PATIENCE)
        given = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, None if fields is None else urlencode(fields), given)
            answer = connection.getresponse()
            body = answer.read().decode()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body
        finally:
            connection.close()

    def enter(self, secret: str = SECRET) -> int:
        """Give the secret; the status of the answer."""
        status, headers, _ = self.ask("POST", "/enter", {"secret": secret})
        if status == 303:
            self.cookie = headers["set-cookie"].partition(";")[0]
            found = re.search(r'name="guard" value="([^"]+)"', self.ask("GET", "/")[2])
            assert found is not None
            self.guard = found[1]
        return status

    def change(self, action: str, delivery: str, **others: str) -> tuple[int, dict[str, str], str]:
        """Send the form of a button."""
        fields = {"guard": self.guard, "action": action, "delivery": delivery, "back": "/", **others}
        return self.ask("POST", "/change", fields)


@pytest.fixture(autouse=True)
def shared_processes() -> None:
    """A centre has processes of its own here: one of them lets all others go before."""


@pytest.fixture(scope="session")
def stored() -> str:
    """The hash of the secret."""
    return hashed(SECRET)


def fill(store: SqlStore, blobs: FolderBlobs) -> None:
    """Two messages to Bob and Alice: one failed towards another centre, the others wait for a route."""
    now = time.time()
    blob = blobs.put(b"octets")
    for number in (1, 2):
        envelope = Envelope(f"{number:032x}", "mm1", ALICE, f"T{number}", blob, 6, now, now + 100_000)
        store.accept(envelope, [BOB, ALICE]).result()
    store.apply(1, Event.ROUTED, at=now, verdict=Verdict(Event.ROUTED, Route.PEER, "north")).result()
    store.apply(1, Event.ATTEMPT_FAILED, at=now, detail=SAID).result()


@pytest.fixture
def centre(tmp_path: Path, gateway: Gateway, stored: str) -> Iterator[Running]:
    """A centre that neither takes nor delivers anything."""
    made = config(tmp_path, gateway, admin=Admin(port=0, secret=stored, min_free_bytes=1), roles=())
    with running(made) as centre:
        fill(centre.store, FolderBlobs(tmp_path / "store" / "blobs"))
        yield centre


@pytest.fixture
def desk(centre: Running) -> Desk:
    """A browser of somebody who did not give the secret."""
    return Desk(centre.admin_url)


@pytest.fixture
def page(centre: Running) -> Page:
    """The page of a message to Bob, of which abuse was reported; Alice has one too."""
    store, now = centre.store, time.time()
    verdict = Verdict(Event.ROUTED, Route.LINK, may_link=True)
    for number in (3, 4):
        store.apply(number, Event.ROUTED, at=now, verdict=verdict).result()
        store.apply(number, Event.LINK_ACCEPTED, at=now).result()
        pages.make(store, number, at=now + number, expires_at=now + 1000).result()
    made = pages.of_delivery(store, 3)
    assert made is not None
    pages.view(store, made.token, at=now).result()
    pages.report(store, made, at=now, reason="<b>threat</b>").result()
    return made


@pytest.fixture
def campaign(centre: Running, tmp_path: Path) -> str:
    """A campaign that runs: of seven rows two wait, three were released, and two failed."""
    blobs, store, now = FolderBlobs(tmp_path / "store" / "blobs"), centre.store, time.time()
    octets = made.letter(save(photo(800, 600), quality=90), BOB).to_mm1()
    message = Envelope(
        *(f"{7:032x}", "mm1", ALICE, "", blobs.put(octets), len(octets), now, now + 100_000),
        subject="Spring <b>sale</b>",
        peer="api:shop",
    )
    name, _, _ = store.write(
        lambda one: campaigns.begin(one, message, Claim("shop", "k", "f", "", "[]"), NEW)
    ).result()
    rows = [
        *(Row(f"+1555100000{number}") for number in range(6)),
        Row("nobody", reason="invalid", detail="no number"),
    ]
    store.write(lambda one: recipients.add(one, name, rows, now, reader="me")).result()
    store.write(lambda one: recipients.loaded(one, name, "me")).result()
    campaigns.set_state(store, name, Action.START, now)
    found = [Sorted(number, "local", "us-att" if number < 4 else "us-verizon") for number in range(1, 6)]
    found.append(Sorted(6, carrier="us-att", reason="opted_out", detail=progress.REASONS["opted_out"]))
    store.write(lambda one: recipients.sort(one, name, found, now)).result()
    released = campaigns.campaign(store, name)
    assert released is not None
    verdict = Verdict(Event.ROUTED, Route.LOCAL)
    chosen = [Released(number, f"+1555100000{number - 1}", "us-att", None, verdict) for number in (1, 2, 3)]
    store.release(released, chosen, paid='{"total": 1}', at=now, due=now + 1).result()
    for number, events in (
        (5, (Event.PUSH_ACCEPTED,)),
        (6, (Event.PUSH_ACCEPTED, Event.FETCH_BEGUN, Event.ACKNOWLEDGED)),
    ):
        for event in events:
            store.apply(number, event, at=now).result()
    return name
