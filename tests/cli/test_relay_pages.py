"""``transcode relay takedown``, and pages in the trail."""

from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.command import run
from tests.relay.made import envelope
from tests.relay.store.routed import driven
from transcode.cli.schema import schema
from transcode.relay.model import Event, Route, State
from transcode.relay.store import SqliteStore, pages
from transcode.relay.store.rows import Verdict

LINK = Verdict(Event.ROUTED, Route.LINK, may_link=True)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    path = tmp_path / "relay.toml"
    path.write_text('store = "kept"\n')
    return path


@pytest.fixture
def tokens(kept: Path) -> list[str]:
    """Of a message to three people, of whom the last has no page."""
    now = time.time()
    with closing(SqliteStore(kept.parent / "kept" / "relay.sqlite")) as store:
        made = store.accept(envelope(received_at=now, expires_at=now + 9_000), ["+1", "+2", "+3"]).result()
        found = []
        for one in store.deliveries(made.id)[:0:-1]:
            driven(store, one, Event.LINK_ACCEPTED, at=now, verdict=LINK)
            found.append(pages.make(store, one.id, at=now, expires_at=now + 9_000).result().token)
        pages.view(store, found[0], at=now).result()
    return found


def told(kept: Path, name: str, *words: str) -> list[dict[str, Any]]:
    done = run("relay", name, *words, "--config", kept, "--json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    for line in lines:
        jsonschema.Draft202012Validator(schema(f"relay-{name}")).validate(line)
    return lines


def states(kept: Path) -> list[State]:
    with closing(SqliteStore(kept.parent / "kept" / "relay.sqlite")) as store:
        return [one.state for one in store.deliveries()[::-1]]


def test_a_message_is_taken_down(kept: Path, tokens: list[str]) -> None:
    """All its pages, and what waits for its other recipients."""
    name = f"{0:032x}"
    assert told(kept, "takedown", name) == [{"id": name, "pages": 2, "recipients": 3, "cancelled": 3}]
    assert states(kept) == [State.CANCELLED] * 3
    assert told(kept, "takedown", name)[0]["pages"] == 0


def test_a_message_to_many_is_taken_down(kept: Path) -> None:
    """It is cancelled for each of them, as a message to two is."""
    now = time.time()
    with closing(SqliteStore(kept.parent / "kept" / "relay.sqlite")) as store:
        many = [f"+1555{number:07}" for number in range(1001)]
        name = store.accept(envelope(received_at=now, expires_at=now + 9_000), many).result().id
    assert told(kept, "takedown", name)[0]["cancelled"] == 1001


@pytest.mark.parametrize("form", ["{}", "https://m.example/p/{}"])
def test_a_page_is_taken_down(kept: Path, tokens: list[str], form: str) -> None:
    """A token or an address names the page; the other recipients keep theirs."""
    said = run("relay", "takedown", form.format(tokens[0]), "--config", kept)
    assert said.stdout == f"{0:032x}: pages taken down: 1; recipients: 1, cancelled: 1\n"
    assert states(kept) == [State.CANCELLED, State.LINKED, State.ACCEPTED]


def test_what_there_is_not(kept: Path, tokens: list[str]) -> None:
    for given in ("x", "A" * 22):
        done = run("relay", "takedown", given, "--config", kept)
        assert (done.returncode, "no such message or page" in done.stderr) == (1, True)


def test_the_trail_has_the_page(kept: Path, tokens: list[str]) -> None:
    """How often it was viewed, and its end; not its token, which opens the message."""
    (line,) = told(kept, "trail", "+1")
    assert line["page"]["views"] == 1
    assert told(kept, "trail", "+3")[0]["page"] is None
    told(kept, "takedown", tokens[0])
    said = run("relay", "trail", "+1", "--config", kept).stdout
    assert "1 views, last" in said
    assert "taken down" in said
    assert tokens[0] not in said
