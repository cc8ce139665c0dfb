"""The pages of operators: what they show, what they change, and for whom."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.browser import Page, browsing
from tests.relay.admin.conftest import SAID, SECRET, Desk
from tests.relay.conftest import BOB, config
from tests.relay.phone import PATIENCE, Gateway, until
from transcode.relay.admin import entrance
from transcode.relay.admin_listener import Admin
from transcode.relay.model import State
from transcode.relay.secrets import Verifier
from transcode.relay.server import Running, running
from transcode.relay.store.keys import make_key


def test_nobody_sees_anything_without_the_secret(desk: Desk) -> None:
    """Every page asks for it; a wrong one, or a cookie of somebody's invention, gives nothing."""
    for method, path in (
        ("GET", "/"),
        ("GET", "/waiting"),
        ("GET", "/keys"),
        ("GET", f"/trail?number={quote(BOB)}"),
        ("POST", "/change"),
    ):
        for desk.cookie in ("", "transcode_operator=guess"):
            status, headers, body = desk.ask(method, path, {} if method == "POST" else None)
            assert (status, headers["location"], body) == (303, "/enter", "")
    status, _, body = desk.ask("POST", "/enter", {"secret": "open"})
    assert status == 403
    assert "not the secret" in body
    assert desk.ask("POST", "/enter", {"secret": "x" * 5000})[0] == 403
    assert desk.enter() == 303


def test_who_guesses_waits(desk: Desk) -> None:
    """After five wrong ones, with the right one too: or it would tell which one is right."""
    for _ in range(5):
        assert desk.enter("wrong") == 403
    status, headers, body = desk.ask("POST", "/enter", {"secret": SECRET})
    assert status == 429
    assert 1 <= int(headers["retry-after"]) <= 31
    assert "Too many" in body


def test_strangers_lock_no_operator_out(tmp_path: Path, gateway: Gateway, stored: str) -> None:
    """However many addresses guess, through a proxy too, another address gets in, and a session stays."""
    admin = Admin(port=0, secret=stored, proxies=("127.0.0.1",), min_free_bytes=1)
    with running(config(tmp_path, gateway, admin=admin, roles=())) as centre:
        desk = Desk(centre.admin_url)
        assert desk.enter() == 303

        def entered(secret: str, address: str) -> int:
            return desk.ask("POST", "/enter", {"secret": secret}, X_Forwarded_For=address)[0]

        assert {entered("wrong", f"198.51.100.{place}") for place in range(40)} == {403}
        assert [entered("wrong", "198.51.100.1") for _ in range(5)] == [403] * 4 + [429]
        assert entered(SECRET, "198.51.100.1") == 429
        assert entered(SECRET, "203.0.113.2") == 303
        assert desk.ask("GET", "/")[0] == 200


def test_secrets_are_verified_one_after_the_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of them costs one thread, and what waits is bounded."""
    begun, going, at_once = threading.Semaphore(0), threading.Event(), list[int]()

    def verify(_self: Verifier, _stored: str, _presented: str) -> bool:
        at_once.append(1)
        begun.release()
        going.wait(PATIENCE)
        at_once.pop()
        assert not at_once
        return False

    monkeypatch.setattr(Verifier, "verify", verify)
    monkeypatch.setattr(entrance, "_MOST_WAITING", 3)
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(desk.ask, "POST", "/enter", {"secret": f"wrong {n}"}) for n in range(4)]
        assert begun.acquire(timeout=PATIENCE)
        until(lambda: any(one.done() for one in waiting))
        going.set()
        assert sorted(one.result()[0] for one in waiting) == [403, 403, 403, 429]


def test_the_cookie_is_for_this_site_alone(desk: Desk) -> None:
    """No script reads it, and no other site sends it."""
    cookie = desk.ask("POST", "/enter", {"secret": SECRET})[1]["set-cookie"].lower()
    for word in ("httponly", "samesite=strict", "path=/"):
        assert word in cookie
    assert "secure" not in cookie


def test_keys_of_the_api(desk: Desk, centre: Running) -> None:
    """Keys are shown without their secrets; what an operator named them is text."""
    desk.enter()
    assert "There is none" in desk.ask("GET", "/keys")[2]
    _, secret = make_key(centre.store, "shop", scopes=["messages:write"], senders=["+1555<*"], now=1.0)
    body = desk.ask("GET", "/keys")[2]
    assert "+1555&lt;*" in body
    assert "1970-01-01 00:00:01" in body
    assert secret.rpartition("_")[2] not in body


def test_who_waits_and_why(desk: Desk) -> None:
    """The page shows next hops and failures, and what a stranger's server said as text."""
    desk.enter()
    body = desk.ask("GET", "/")[2]
    assert "peer north" in body
    assert "a route is looked for" in body
    assert "451 &lt;script&gt;alert(1)&lt;/script&gt;" in body
    assert SAID not in body
    assert "pending <strong>1</strong>" in body
    waiting = desk.ask("GET", "/waiting?route=peer&peer=north")[2]
    assert (waiting.count("<tr>"), BOB in waiting) == (2, True)
    assert "Nothing waits" in desk.ask("GET", "/waiting?route=peer&peer=south")[2]


def test_a_trail(desk: Desk) -> None:
    """A number and a Message-ID lead to a trail; a number that nobody has leads to none."""
    desk.enter()
    by_number = desk.ask("GET", f"/trail?number={quote(BOB)}")[2]
    assert by_number.count("<article>") == 2
    assert "attempt failed, another may succeed: 451" in by_number
    assert desk.ask("GET", f"/trail?number={1:032x}")[2].count("<article>") == 2
    assert "No message" in desk.ask("GET", "/trail?number=%2B999")[2]
    assert desk.ask("GET", "/trail")[0] == 200


def test_an_operator_cancels_and_requeues(desk: Desk, centre: Running) -> None:
    """The operator is led back to the page, and the trail names who did it."""
    desk.enter()
    status, headers, _ = desk.change("cancel", "1", back="/waiting?route=peer")
    assert (status, headers["location"]) == (303, "/waiting?route=peer")
    assert centre.store.deliveries()[-1].state is State.CANCELLED
    assert centre.store.trail(1)[-1].detail == "by the operator, on the page"
    assert desk.change("requeue", "1")[0] == 303
    assert centre.store.deliveries()[-1].state is State.ACCEPTED
    assert desk.change("requeue", "99")[0] == 409
    for action, delivery in (("delete", "1"), ("cancel", "x"), ("cancel", "9" * 30)):
        assert desk.change(action, delivery)[0] == 400


@pytest.mark.parametrize(
    "back", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:1"]
)
def test_nobody_is_led_elsewhere(desk: Desk, back: str) -> None:
    """A link of somebody else's making ends on the overview."""
    desk.enter()
    assert desk.change("cancel", "1", back=back)[1]["location"] == "/"


def test_other_sites_change_nothing(desk: Desk, centre: Running) -> None:
    """A request without the guard of the session, or from a page elsewhere, changes nothing."""
    desk.enter()
    for guard in ("", "guess", desk.guard[:-1]):
        assert desk.change("cancel", "1", guard=guard)[0] == 403
    fields = {"guard": desk.guard, "action": "cancel", "delivery": "1"}
    assert desk.ask("POST", "/change", fields, Origin="http://evil.example")[0] == 403
    assert desk.ask("POST", "/change", fields, Sec_Fetch_Site="cross-site")[0] == 403
    assert desk.ask("POST", "/enter", {"secret": SECRET}, Origin="null")[0] == 403
    assert desk.ask("GET", "/change")[0] == 405
    assert desk.ask("POST", "/leave", {"guard": "guess"})[0] == 403
    assert centre.store.deliveries()[-1].state is State.PENDING


def test_who_leaves_is_out(desk: Desk) -> None:
    """The cookie of before gives nothing any more."""
    desk.enter()
    assert desk.ask("POST", "/leave", {"guard": desk.guard})[1]["location"] == "/enter"
    assert desk.ask("GET", "/")[0] == 303


def test_without_a_secret_there_are_no_pages(tmp_path: Path, gateway: Gateway) -> None:
    """There is not even a page that asks for it."""
    with running(config(tmp_path, gateway, admin=Admin(port=0), roles=())) as centre:
        desk = Desk(centre.admin_url)
        for path in ("/", "/enter"):
            status, _, body = desk.ask("GET", path)
            assert (status, "admin.secret" in body) == (403, True)
        assert desk.ask("POST", "/enter", {"secret": ""})[0] == 403


def test_in_a_browser(centre: Running, tmp_path: Path) -> None:
    """An operator enters, looks and cancels: nothing is cut off, refused, or from elsewhere."""
    cancel = (
        "[...document.querySelectorAll('.changes button')].find(one => one.textContent == 'Cancel').click()"
    )
    with browsing(tmp_path) as browser:
        page = Page(browser, centre.admin_url, (390, 844), watched=True)
        page.value(f"document.querySelector('#secret').value = '{SECRET}'")
        page.value("document.querySelector('.enter button').click()")
        page.until("document.querySelector('h1')?.textContent === 'Overview'")
        for width in (390, 1280):
            page.resize(width, 844)
            assert page.value("document.documentElement.scrollWidth") == width
        page.value(cancel)
        page.until("document.querySelector('main')?.textContent.includes('Nothing failed')")
        page.command("Page.navigate", url=f"{centre.admin_url}/trail?number={quote(BOB)}")
        page.until("document.querySelector('h1')?.textContent.startsWith('Trail')")
        for width in (390, 1280):
            page.resize(width, 844)
            assert page.value("document.documentElement.scrollWidth") == width
        told = [one for one in page.problems() if not one.startswith(centre.admin_url)]
    assert told == []
    assert centre.store.deliveries()[-1].state is State.CANCELLED
