"""Metrics and health over HTTP."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.relay.admin.conftest import Desk
from tests.relay.conftest import World, config
from tests.relay.phone import Gateway, Phone, until
from transcode.messages.message import Message
from transcode.relay import gauges
from transcode.relay.admin_listener import Admin
from transcode.relay.server import running


def values(desk: Desk) -> dict[str, float]:
    """All series and what they have."""
    status, headers, body = desk.ask("GET", "/metrics")
    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=")
    found = {}
    for family in text_string_to_metric_families(body):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name.removeprefix('transcode_relay_')}{{{labels}}}"] = sample.value
    return found


def test_health(tmp_path: Path, gateway: Gateway) -> None:
    """Alive is not ready: without room the centre says so, and goes on."""
    for least, status in ((1, 200), (2**62, 503)):
        made = config(tmp_path / str(least), gateway, admin=Admin(port=0, min_free_bytes=least))
        with running(made) as centre:
            desk = Desk(centre.admin_url)
            assert desk.ask("GET", "/healthz")[0] == 200
            found, _, body = desk.ask("GET", "/readyz")
        told = json.loads(body)
        assert (found, told["ready"]) == (status, status == 200)
        assert list(told["checks"]) == ["disk", "space", "database", "writer", "lanes"]
        assert told["checks"]["lanes"] == "ok"


def test_a_message_is_counted_and_timed(tmp_path: Path, gateway: Gateway, letter: Message) -> None:
    """A message counts from the door to the phone; what is refused counts by its reason."""
    with running(config(tmp_path, gateway, admin=Admin(port=0))) as centre:
        desk = Desk(centre.admin_url)
        before = values(desk)
        alice, bob = (Phone(number, centre.url, gateway) for number in ("+15550001", "+15550002"))
        alice.submit(letter)
        Phone("", centre.url, gateway).submit(letter)
        notification = bob.pushed()
        assert bob.fetch(notification).parts
        bob.respond(notification, "Retrieved")
        alice.request("GET", f"{centre.url}/nowhere/{'x' * 50}")
        until(lambda: centre.store.deliveries()[0].state == "retrieved")
        until(
            lambda: values(desk)["step_seconds_count{step=fetch}"] > before["step_seconds_count{step=fetch}"]
        )
        after = values(desk)
    grown = {name: after[name] - before.get(name, 0) for name in after}
    for name in (
        "accepted_total{door=mm1}",
        "refused_total{door=mm1,reason=denied}",
        "events_total{event=accepted}",
        "events_total{event=push_accepted}",
        "states_entered_total{state=retrieved}",
        "step_seconds_count{step=adapt}",
        "step_seconds_count{step=push}",
        "step_seconds_count{step=fetch}",
    ):
        assert grown[name] == 1, name
    assert grown["step_seconds_count{step=accept}"] == 2
    assert grown["commit_seconds_count{}"] >= 5
    assert grown["http_answers_total{door=mm1,status=2xx}"] >= 4
    assert grown["http_answers_total{door=other,status=4xx}"] == 1
    assert after["store_free_bytes{}"] > 0
    assert after["bytes_in_flight{}"] == 0
    assert after["process_open_fds{}"] > 0
    # A stranger makes no series.
    assert set(after) - set(before) <= {
        "http_answers_total{door=mm1,status=2xx}",
        "http_answers_total{door=other,status=4xx}",
        "waiting{peer=,route=none}",
        "waiting_failed{peer=,route=none}",
        "oldest_due_seconds{peer=,route=none}",
        "only_probed{peer=,route=none}",
    }


def test_the_doors_of_phones_have_no_pages(world: World) -> None:
    """Operators have a listener of their own, and only where it is configured."""
    assert world.centre.admin_url == ""
    for path in ("/metrics", "/readyz", "/enter"):
        assert world.alice.request("GET", f"{world.centre.url}{path}")[0] == 404


def test_nothing_is_kept_or_framed(desk: Desk) -> None:
    """Every answer says so to browsers; no script runs."""
    for path in ("/metrics", "/healthz", "/enter", "/nowhere", "/style.css"):
        headers = desk.ask("GET", path)[1]
        assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self';")
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1:1", 200), ("localhost", 200), ("[::1]:99", 200), ("evil.example", 403)],
)
def test_names_that_lead_here_give_no_page(desk: Desk, host: str, status: int) -> None:
    """A page of evil.example, whose name leads to this machine, would be of the same site."""
    assert desk.ask("GET", "/enter", Host=host)[0] == status
    assert desk.ask("GET", "/healthz", Host=host)[0] == 200


@pytest.mark.parametrize("part", ["database", "writer"])
def test_a_part_that_is_silent(
    tmp_path: Path, gateway: Gateway, stored: str, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that stalls: it is named in time, and what needs it not is told all the same."""
    monkeypatch.setattr(gauges, "_FRESH", 0.0)
    released = threading.Event()
    admin = Admin(port=0, secret=stored, min_free_bytes=1, patience=0.3)
    with running(config(tmp_path, gateway, admin=admin, roles=())) as centre:
        desk = Desk(centre.admin_url)
        desk.enter()
        if part == "database":
            centre.store.select = lambda *_: released.wait() and []  # type: ignore[assignment, method-assign]
        else:
            centre.store.write(lambda _: released.wait())
        try:
            status, _, body = desk.ask("GET", "/readyz")
            checks = json.loads(body)["checks"]
            assert (status, checks[part]) == (503, f"{part}: no answer within 0.3 seconds")
            assert desk.ask("GET", "/healthz")[0] == 200
            if part == "writer":
                assert desk.change("cancel", "1")[0] == 503
                return
            status, _, body = desk.ask("GET", "/metrics")
            assert status == 200
            assert 'transcode_relay_answers_in_time{part="database"} 0.0' in body
            assert "transcode_relay_deliveries" not in body
            assert "transcode_relay_events_total" in body
            for path in ("/", "/waiting"):
                status, _, body = desk.ask("GET", path)
                assert status == 503
                assert "database: no answer within 0.3 seconds" in body
        finally:
            released.set()
