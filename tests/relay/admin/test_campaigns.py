"""The operators' pages of campaigns: what they show, what they change, and for whom."""

from __future__ import annotations

import re
import time
from pathlib import Path
from urllib.parse import quote

import pytest

import transcode
from tests.made.pictures import photo, save
from tests.relay.admin.conftest import Desk
from tests.relay.conftest import BOB
from transcode.relay.admin import campaigns as pages
from transcode.relay.admin import charts
from transcode.relay.own_text import stand_in
from transcode.relay.server import Running
from transcode.relay.store import FolderBlobs, campaigns
from transcode.relay.store.campaigns import CampaignState, Moment
from transcode.relay.store.sqlite import SqlStore


def shown(desk: Desk, path: str) -> str:
    """A page as text, without its marks."""
    status, _, body = desk.ask("GET", path)
    assert status == 200
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_there_is_none(desk: Desk) -> None:
    """And one of a name that nobody has, or that is none, is not there."""
    desk.enter()
    assert "There is none" in shown(desk, "/campaigns")
    for name in ("0" * 32, "x", "..%2f..%2fkeys"):
        for page in ("", "/estimate", "/recipients", "/preview"):
            assert desk.ask("GET", f"/campaigns/{name}{page}")[0] == 404


def test_campaigns_and_their_progress(desk: Desk, campaign: str) -> None:
    """How far each is; what a sender wrote is text."""
    desk.enter()
    found = shown(desk, "/campaigns")
    assert "Spring &lt;b&gt;sale&lt;/b&gt;" in found
    assert "1 delivered, 1 sent, 1 sending, 2 queued, 2 failed" in found
    one = shown(desk, f"/campaigns/{campaign}")
    assert "Spring &lt;b&gt;sale&lt;/b&gt;: running" in one
    assert "3 of 7 recipients were released" in one
    assert "us-verizon 2" in one
    assert "the recipient opted out us-att 1" in one
    assert "30 a second" in one
    bars = re.findall(
        r'<rect class="is-([a-z]+)" x="[0-9.]+" y="0" width="([0-9.]+)"', desk.ask("GET", "/campaigns")[2]
    )
    assert [kind for kind, _ in bars] == ["delivered", "sent", "sending", "queued", "failed"]
    assert sum(float(width) for _, width in bars) == pytest.approx(1000, abs=0.1)


def test_over_time(desk: Desk, campaign: str, centre: Running) -> None:
    """Who was sent it, has it, and failed, by the minute; the longer it takes, the longer each step."""
    desk.enter()
    now = int(time.time() // 60)
    assert "2 sent, 1 delivered, 1 failed" in desk.ask("GET", f"/campaigns/{campaign}")[2]
    centre.store.write(
        lambda one: one.executemany(
            "INSERT INTO campaign_minute VALUES (?, ?, ?, ?)",
            [(campaign, now - 100 - minute, "sent", 30) for minute in range(250)],
        )
    ).result()
    step, moments = campaigns.moments(centre.store, campaign, charts.STEPS, charts.MOST_STEPS)
    assert step == 10
    assert {one.minute % 10 for one in moments} == {0}
    assert sum(one.recipients for one in moments if one.kind == "sent") == 7502
    found = shown(desk, f"/campaigns/{campaign}")
    assert "Over time 50 a minute" in found
    assert "The numbers, by 10 minutes From Sent Delivered Failed" in found


def test_curves() -> None:
    """Each step is as long as the others, and as high as its recipients a minute; nothing is 0."""
    found = charts.over_time(2, [Moment(10, "failed", 1), Moment(10, "sent", 8), Moment(14, "sent", 2)])
    assert found is not None
    assert (found.step, found.begins_at, found.ends_at, found.most) == (2, 600.0, 960.0, 5.0)
    assert [(one.kind, one.recipients) for one in found.curves] == [
        ("sent", 10),
        ("delivered", 0),
        ("failed", 1),
    ]
    assert found.curves[0].path == "M0 199V40.6H333.3V199.0H666.7V159.4H1000.0"
    assert found.rows == [
        (600.0, [("sent", 8), ("delivered", 0), ("failed", 1)]),
        (840.0, [("sent", 2), ("delivered", 0), ("failed", 0)]),
    ]
    assert charts.over_time(1, []) is None


def test_dead_letters(desk: Desk, campaign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who failed, with the reason; a long list goes on where it ended."""
    desk.enter()
    failed = shown(desk, f"/campaigns/{campaign}/recipients?status=failed")
    assert "the recipient opted out" in failed
    assert "the row can't be used: no number" in failed.replace("&#39;", "'")
    assert BOB not in failed
    monkeypatch.setattr(pages, "_MOST", 1)
    body = desk.ask("GET", f"/campaigns/{campaign}/recipients?status=failed")[2]
    more = re.search(r'href="([^"]+)">More', body)
    assert more is not None
    rest = desk.ask("GET", more[1].replace("&amp;", "&"))[2]
    assert (body.count("<tr>"), rest.count("<tr>"), "More" in rest) == (2, 2, False)
    for wrong in ("status=secret", "after=x"):
        assert desk.ask("GET", f"/campaigns/{campaign}/recipients?{wrong}")[0] == 404


def test_pause_resume_and_cancel(desk: Desk, centre: Running, campaign: str) -> None:
    """By buttons that its state allows, and by nobody else."""
    store = centre.store

    def press(action: str, **others: str) -> tuple[int, str]:
        fields = {
            "guard": desk.guard,
            "action": action,
            "campaign": campaign,
            "back": f"/campaigns/{campaign}",
        }
        status, headers, _ = desk.ask("POST", "/campaign", {**fields, **others})
        return status, headers.get("location", "")

    assert press("pause") == (303, "/enter")
    desk.enter()
    for other, status in (
        ({"guard": "guess"}, 403),
        ({"action": "start"}, 400),
        ({"campaign": "x"}, 400),
        ({"campaign": "0" * 32}, 409),
    ):
        assert press(**{"action": "pause", **other})[0] == status
    assert state(store, campaign) == CampaignState.RUNNING
    buttons = re.compile(r"<button>(Pause|Resume|Cancel for good)</button>")
    for action, after, offered in (
        ("pause", CampaignState.PAUSED, ["Resume", "Cancel for good"]),
        ("resume", CampaignState.RUNNING, ["Pause", "Cancel for good"]),
        ("cancel", CampaignState.CANCELING, []),
    ):
        assert press(action) == (303, f"/campaigns/{campaign}")
        assert state(store, campaign) == after
        assert buttons.findall(desk.ask("GET", f"/campaigns/{campaign}")[2]) == offered


def state(store: SqlStore, name: str) -> str:
    found = campaigns.campaign(store, name)
    assert found is not None
    return found.state


def test_the_estimate(desk: Desk, campaign: str) -> None:
    """What is left, who gets nothing, and the message as the phones of a carrier get it, within its limit."""
    desk.enter()
    path = f"/campaigns/{campaign}"
    preview = f"{path}/preview?hop=local&carrier={quote('us-verizon')}"
    status, headers, body = desk.ask("GET", preview)
    assert status == 200
    assert "<h2>Parts</h2>" in body
    policy = headers["content-security-policy"]
    assert ("sandbox" in policy, "frame-ancestors 'self'" in policy, "'self'; script" in policy) == (
        True,
        True,
        False,
    )
    found = shown(desk, f"{path}/estimate")
    assert "Messages 2 " in found
    assert re.search(r"us-verizon local 2 recipients; [0-9,]+ octets of at most [0-9,]+", found)
    assert "the recipient opted out 1" in found
    assert "frame-src 'self'" in desk.ask("GET", f"{path}/estimate")[1]["content-security-policy"]


def test_a_preview_has_the_text_of_a_recipient(
    desk: Desk, centre: Running, campaign: str, tmp_path: Path
) -> None:
    """The first one's; where nobody has what it names, the text as it was written. No stand-in is seen."""
    desk.enter()
    composed = transcode.compose(
        save(photo(64, 48)), transcode.find_profile("us-att"), to=[BOB], text=stand_in(20, 22)
    )
    blob = FolderBlobs(tmp_path / "store" / "blobs").put(composed.to_mm1())

    def changed(statement: str, *values: str) -> None:
        centre.store.write(lambda one: one.execute(statement, values)).result()

    changed("UPDATE message SET blob=? WHERE id=?", blob, campaign)
    changed("UPDATE campaign SET template='Hello {name}!' WHERE id=?", campaign)
    path = f"/campaigns/{campaign}/preview?carrier=us-att&hop="
    for hop in ("local", "link"):
        body = desk.ask("GET", path + hop)[2]
        assert ("Hello {name}!" in body, "~~~" in body) == (True, False)
    changed("UPDATE campaign_recipient SET fields=? WHERE number=2", '{"name": "Zoë"}')
    body = desk.ask("GET", path + "local")[2]
    assert ("Hello Zoë!" in body, "~~~" in body) == (True, False)


def test_a_version_that_can_not_be(desk: Desk, centre: Running, campaign: str) -> None:
    """Is told with its reason: the octets of a campaign that is over may be gone."""
    desk.enter()
    store = centre.store
    store.write(
        lambda one: one.execute("UPDATE message SET blob=? WHERE id=?", ("f" * 64, campaign))
    ).result()
    status, _, body = desk.ask("GET", f"/campaigns/{campaign}/preview?hop=local&carrier=us-att")
    assert (status, body.startswith("it can't be shown")) == (422, True)
    assert "us-verizon local 2 recipients" in shown(desk, f"/campaigns/{campaign}/estimate")
