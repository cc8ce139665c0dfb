"""The operators' page of links: lists, counts and the take-down."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.made.pictures import photo, save
from tests.relay import made
from tests.relay.admin.conftest import Desk
from tests.relay.conftest import BOB
from transcode.relay.admin import links
from transcode.relay.model import State
from transcode.relay.server import Running
from transcode.relay.store import FolderBlobs, pages
from transcode.relay.store.pages import Page


def test_links_by_what_became_of_them(desk: Desk, page: Page) -> None:
    """How many there are of each, and who; no address opens a page, as its token does."""
    desk.enter()
    body = desk.ask("GET", "/links")[2]
    assert re.findall(r">([A-Z][a-z ]+) <strong>(\d+)<", body) == [
        ("Open", "2"),
        ("Viewed", "1"),
        ("Reported", "1"),
        ("Taken down", "0"),
        ("Deleted", "0"),
    ]
    assert body.count("<tr>") == 3
    reported = desk.ask("GET", "/links?show=reported")[2]
    assert (reported.count("<tr>"), BOB in reported) == (2, True)
    assert "&lt;b&gt;threat" in reported
    assert page.token not in body + reported
    assert "There is none" in desk.ask("GET", "/links?show=deleted")[2]
    assert desk.ask("GET", "/links?show=secret")[0] == 404


def test_older_links(desk: Desk, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long list goes on where it ended; a place of somebody's invention is the beginning."""
    desk.enter()
    monkeypatch.setattr(links, "_MOST", 1)
    first = desk.ask("GET", "/links")[2]
    found = re.search(r'href="([^"]+)">Older', first)
    assert found is not None
    second = desk.ask("GET", found[1].replace("&amp;", "&"))[2]
    assert (BOB in first, BOB in second, "Older" in second) == (False, True, False)
    assert desk.ask("GET", "/links?before=x%20y")[2].count("<tr>") == 2


def test_a_message_is_looked_at_where_abuse_was_reported(
    desk: Desk, centre: Running, page: Page, tmp_path: Path
) -> None:
    """In a page that is of no site; of no other message, and not when its octets are gone."""
    desk.enter()
    assert desk.ask("GET", f"/links/{page.delivery}")[0] == 422
    octets = made.letter(save(photo(64, 48)), BOB).to_mm1()
    blob = FolderBlobs(tmp_path / "store" / "blobs").put(octets)
    centre.store.write(lambda one: one.execute("UPDATE message SET blob=?", (blob,))).result()
    status, headers, body = desk.ask("GET", f"/links/{page.delivery}")
    assert (status, "From the top" in body) == (200, True)
    assert "sandbox allow-scripts" in headers["content-security-policy"]
    for number in ("4", "1", "99", "x"):
        assert desk.ask("GET", f"/links/{number}")[0] == 404


@pytest.mark.parametrize(("what", "ended"), [("page", [True, False]), ("message", [True, True])])
def test_a_take_down(desk: Desk, centre: Running, page: Page, what: str, ended: list[bool]) -> None:
    """Of one page, or of all pages of its message; the trail names who did it."""
    desk.enter()
    fields = {"guard": desk.guard, "delivery": "3", "what": what, "back": "/links?show=reported"}
    status, headers, _ = desk.ask("POST", "/takedown", fields)
    assert (status, headers["location"]) == (303, "/links?show=reported")
    after = [pages.of_delivery(centre.store, number) for number in (3, 4)]
    assert [one is not None and one.revoked_at is not None for one in after] == ended
    assert [one.state is State.CANCELLED for one in centre.store.deliveries(f"{2:032x}")[::-1]] == ended
    assert centre.store.trail(3)[-1].detail == "taken down by the operator, on the page"


def test_nobody_else_takes_down(desk: Desk, centre: Running, page: Page) -> None:
    """Neither a stranger, nor a form of another session, nor one that says what there is not."""
    fields = {"guard": "", "delivery": "3", "what": "page"}
    assert desk.ask("POST", "/takedown", fields)[1]["location"] == "/enter"
    desk.enter()
    assert desk.ask("POST", "/takedown", fields)[0] == 403
    fields["guard"] = desk.guard
    assert desk.ask("POST", "/takedown", fields, Origin="http://evil.example")[0] == 403
    for wrong in ({"what": "all"}, {"delivery": "x"}, {"delivery": "9" * 30}):
        assert desk.ask("POST", "/takedown", {**fields, **wrong})[0] == 400
    assert desk.ask("POST", "/takedown", {**fields, "delivery": "1"})[0] == 409
    found = pages.of_delivery(centre.store, 3)
    assert found is not None
    assert found.revoked_at is None
