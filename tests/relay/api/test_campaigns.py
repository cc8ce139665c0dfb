"""Campaigns through the API: made, started, paused, ended; who gets what, and why others get nothing."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import httpx
import pytest

from tests.made.pictures import photo, save
from tests.relay.api.conftest import SHOP, Office
from tests.relay.api.test_messages import problem
from tests.relay.api.test_webhooks import Site
from tests.relay.conftest import ALICE, BOB
from tests.relay.phone import Phone, until
from transcode.relay.api.schema import CampaignNotice, Notice
from transcode.relay.client import verify
from transcode.relay.store import campaigns, limits, optouts, recipients

SPRING = "{name|You}, spring!"
PICTURE = save(photo(160, 120), quality=90)
CAROL, DAVE, EVE, NOBODY = "+15550003", "+15550004", "+15550005", "+4930000"
#: What is not there of one campaign is not in another one's way.
FAST = {"per_second": 1000}


def made(
    shop: Office, *, rows: str | bytes = "", idempotency: str = "", key: str = "", **words: Any
) -> httpx.Response:
    """Ask for a campaign with a picture and rows of recipients."""
    headers = {"Idempotency-Key": idempotency} if idempotency else {}
    headers |= {"Authorization": f"Bearer {key}"} if key else {}
    data = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in words.items()}
    files: list[Any] = [("media", ("a.jpg", io.BytesIO(PICTURE)))]
    if rows:
        octets = rows if isinstance(rows, bytes) else rows.encode()
        files.append(("recipients", ("rows.csv", io.BytesIO(octets))))
    return shop.client.post(
        "/v1/campaigns", data={"pace": json.dumps(FAST), **data}, files=files, headers=headers
    )


def begun(shop: Office, **words: Any) -> dict[str, Any]:
    """A campaign that is made."""
    answer = made(shop, **words)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def seen(shop: Office, name: str) -> dict[str, Any]:
    return dict(shop.client.get(f"/v1/campaigns/{name}").json())


def listed(shop: Office, name: str, **words: Any) -> list[dict[str, Any]]:
    answer = shop.client.get(f"/v1/campaigns/{name}/recipients", params=words)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


def done(shop: Office, name: str, word: str) -> httpx.Response:
    return shop.client.post(f"/v1/campaigns/{name}/{word}")


def ended(shop: Office, name: str) -> dict[str, Any]:
    """A campaign that is over."""
    until(lambda: seen(shop, name)["status"] in ("completed", "canceled"))
    return seen(shop, name)


def test_an_estimate(shop: Office) -> None:
    """Messages, octets and minutes before the start, what the network's phones get, and who gets nothing."""
    name = begun(
        shop, rows=f"to\n{ALICE}\n{BOB}\n{NOBODY}\nnonsense\n", pace=json.dumps({"per_second": 0.1})
    )["id"]
    until(lambda: "us-tmobile" in seen(shop, name)["progress"]["by_carrier"])
    until(lambda: shop.client.get(f"/v1/campaigns/{name}/estimate").json()["size"])
    found = shop.client.get(f"/v1/campaigns/{name}/estimate").json()
    (carrier,) = found["carriers"]
    assert (carrier["route"], carrier["carrier"], carrier["recipients"]) == ("local", "us-tmobile", 2)
    assert 0 < carrier["size"] <= carrier["limit"]
    assert (found["messages"], found["unsorted"], found["size"]) == (2, 0, 2 * carrier["size"])
    assert found["refused"] == {"unroutable": 1, "invalid": 1}
    assert found["minutes"] == pytest.approx(20 / 60, abs=0.05)
    assert found["begins_at"] < found["ends_at"]
    assert shop.client.get(f"/v1/campaigns/{'0' * 32}/estimate").status_code == 404
    assert done(shop, name, "cancel").status_code == 200


def test_each_gets_its_own_text(shop: Office) -> None:
    """From one request to the phones: one picture for all, a text for each, a reason for everybody else."""
    optouts.opt_out(shop.centre.store, DAVE, at=1.0, word="stop", seconds=shop.centre.store._timers).result()
    limits.block(shop.centre.store, EVE, SHOP).result()
    rows = (
        "to;name;city\n"
        f"{ALICE};Zoë 中;Rome\n"
        f"{BOB};;Oslo\n"
        f"{BOB};again;Oslo\n"
        "nonsense;x;y\n"
        f"{CAROL};a\n"
        f"{DAVE};Dave;x\n"
        f"{EVE};Eve;x\n"
        f"{NOBODY};x;x\n"
        f'{CAROL};"open;x\n'
    )
    sent = begun(shop, rows=rows, text="Hello {name|friend} in {city}!", subject=SPRING, client_reference="s")
    assert (sent["status"], sent["from"], sent["subject"]) == ("draft", SHOP, SPRING)
    assert sent["progress"]["total"] == 9
    name = sent["id"]
    # Nobody is written to before the start; where they are is found out.
    until(lambda: "us-tmobile" in seen(shop, name)["progress"]["by_carrier"])
    phones = [Phone(number, shop.centre.url, shop.gateway) for number in (ALICE, BOB)]
    assert phones[0].hears_nothing(0.1)
    assert done(shop, name, "start").json()["status"] == "running"
    texts = ("Hello Zoë 中 in Rome!", "Hello friend in Oslo!")
    for phone, text, subject in zip(phones, texts, ("Zoë 中, spring!", "You, spring!"), strict=True):
        told = phone.pushed()
        got = phone.fetch(told)
        assert [part.text for part in got.parts if part.content_type == "text/plain"] == [text]
        (picture,) = (part for part in got.parts if part.content_type == "image/jpeg")
        assert bytes(picture.data) == PICTURE
        assert (told.subject, got.subject) == (subject, subject)
    over = ended(shop, name)
    assert over["status"] == "completed"
    assert over["progress"]["failures"] == {
        "duplicate": 1,
        "invalid": 3,
        "opted_out": 1,
        "blocked": 1,
        "unroutable": 1,
    }
    until(lambda: seen(shop, name)["progress"]["by_status"].get("delivered") == 2)
    dead = listed(shop, name, status="failed")
    assert {one["row"]: one["reason"] for one in dead} == {
        3: "duplicate",
        4: "invalid",
        5: "invalid",
        6: "opted_out",
        7: "blocked",
        8: "unroutable",
        9: "invalid",
    }
    assert "2 cells" in dead[2]["detail"]
    (first,) = listed(shop, name, limit=1)
    assert (first["to"], first["fields"], first["carrier"]) == (
        ALICE,
        {"city": "Rome", "name": "Zoë 中"},
        "us-tmobile",
    )
    # One adaptation, whatever the texts are.
    kept = shop.centre.store.select("SELECT count(*) FROM adapted WHERE message=?", (name,))
    assert kept == [(1,)]
    # It is no message of the lists of messages.
    assert shop.client.get(f"/v1/messages/{name}").status_code == 404
    optouts.forgive(shop.centre.store, DAVE).result()
    limits.unblock(shop.centre.store, EVE, SHOP).result()


def test_paused_resumed_and_cancelled(shop: Office) -> None:
    """Who was not told stays so until the campaign goes on; an end is for the rest of them."""
    rows = "".join(f'{{"to": "+1555010{number:04}"}}\n' for number in range(300))
    name = begun(shop, rows=rows, start="true", pace={"per_second": 20})["id"]
    until(lambda: seen(shop, name)["progress"]["by_status"].get("sent", 0) >= 5)
    assert done(shop, name, "pause").json()["status"] == "paused"
    time.sleep(0.3)
    before = seen(shop, name)["progress"]["by_status"]
    time.sleep(0.5)
    assert seen(shop, name)["progress"]["by_status"] == before
    assert before["queued"] > 200
    assert problem(done(shop, name, "start"))[:2] == (409, "too-late")
    assert done(shop, name, "resume").json()["status"] == "running"
    until(lambda: seen(shop, name)["progress"]["by_status"]["sent"] > before["sent"])
    assert done(shop, name, "cancel").status_code == 200
    over = ended(shop, name)
    assert over["status"] == "canceled"
    assert done(shop, name, "cancel").json()["status"] == "canceled"
    counts = over["progress"]["by_status"]
    assert {*counts} <= {"sent", "canceled"}
    assert sum(counts.values()) == 300
    assert over["progress"]["failures"] == {"canceled": counts["canceled"]}
    assert problem(done(shop, name, "resume"))[:2] == (409, "too-late")


def test_the_end_is_told(shop: Office) -> None:
    """A webhook hears of each recipient as of a message's, and of the end; both are signed."""
    with Site().running() as site:
        words = {"url": f"http://{site.address}/", "statuses": ["sent"]}
        hook = shop.client.post("/v1/webhooks", json=words).json()
        name = begun(shop, rows=f"to\n{CAROL}\nx\n", start="true", client_reference="spring")["id"]
        told: list[Notice | CampaignNotice] = []
        while len(told) < 2:
            post = site.next()
            notice = verify(hook["secret"], post.headers, post.body)
            # The campaign of the test before may end only now.
            if not isinstance(notice, CampaignNotice) or notice.data.campaign_id == name:
                told.append(notice)
        ended(shop, name)
        (status,) = (one for one in told if isinstance(one, Notice))
        assert (status.data.message_id, status.data.to, status.data.status) == (name, CAROL, "sent")
        (end,) = (one for one in told if isinstance(one, CampaignNotice))
        assert (end.data.campaign_id, end.data.status, end.data.client_reference) == (
            name,
            "completed",
            "spring",
        )
        assert (end.data.progress.by_status, end.data.progress.failures) == (
            {"failed": 1, "sent": 1},
            {"invalid": 1},
        )
        shop.client.delete(f"/v1/webhooks/{hook['id']}")


def test_recipients_in_parts(shop: Office) -> None:
    """A draft takes more recipients; the longest text of all has its room. Then it takes none."""
    answer = shop.client.post(
        "/v1/campaigns",
        json={
            "text": "Hi {name}",
            "recipients": [{"to": ALICE, "fields": {"name": "A"}}, {"to": "x"}],
            "pace": {
                "per_second": 5,
                "quiet_hours": {"begin": "21:00", "end": "08:00", "time_zone": "Europe/Berlin"},
            },
        },
    )
    assert answer.status_code == 201, answer.text
    name = answer.json()["id"]
    assert answer.headers["location"] == f"/v1/campaigns/{name}"
    assert answer.json()["pace"]["quiet_hours"]["end"] == "08:00"
    more = f"to,name\n{BOB},{'é' * 300}\n{CAROL},{'x' * 15_000}\n{ALICE},again\n"
    path = f"/v1/campaigns/{name}/recipients"
    told = shop.client.post(path, content=more, headers={"Content-Type": "text/csv"})
    assert told.json() == {"rows": 3, "accepted": 1, "rejected": 2, "first_row": 3}
    assert [one["reason"] for one in listed(shop, name, status="failed")] == [
        "invalid",
        "too_long",
        "duplicate",
    ]
    campaign = campaigns.campaign(shop.centre.store, name)
    assert campaign is not None
    assert (campaign.text_chars, campaign.text_octets) == (303, 603)
    assert campaign.size > 603
    for body, kind, expected in (
        ("name\nx\n", "text/csv", (422, "invalid", ["recipients"])),
        ("x", "image/png", (415, "media-type", [])),
    ):
        answer = shop.client.post(path, content=body, headers={"Content-Type": kind})
        assert problem(answer) == expected
    done(shop, name, "cancel")
    ended(shop, name)
    assert problem(shop.client.post(path, content=more, headers={"Content-Type": "text/csv"}))[:2] == (
        409,
        "too-late",
    )


def test_a_text_that_nobody_made_room_for(shop: Office) -> None:
    """Who adds recipients may die before the message has room for their texts; then the start makes it."""
    name = begun(shop, text="\ufeffHi {name}", rows=f"to,name\n{ALICE},A\n")["id"]
    fields = '{"name":"' + "x" * 500 + '"}'
    row = recipients.Row(BOB, fields, chars=504, octets=506)
    shop.centre.store.write(lambda one: recipients.add(one, name, [row], time.time())).result()
    assert done(shop, name, "start").json()["status"] == "running"
    phone = Phone(BOB, shop.centre.url, shop.gateway)
    (text,) = (one.text for one in phone.fetch(phone.pushed()).parts if one.content_type == "text/plain")
    assert text.endswith("Hi " + "x" * 500)
    ended(shop, name)


def test_once_for_a_key(shop: Office) -> None:
    """The same request again is the same campaign; another one with its key is none."""
    first = begun(shop, rows=f"to\n{ALICE}\n", idempotency="k1", client_reference="once")
    assert begun(shop, rows=f"to\n{ALICE}\n", idempotency="k1", client_reference="once")["id"] == first["id"]
    other = made(shop, rows=f"to\n{BOB}\n", idempotency="k1", client_reference="once")
    assert problem(other)[:2] == (422, "idempotency")
    assert problem(shop.send(idempotency="k1", to=[BOB], text="x"))[:2] == (422, "idempotency")
    found = shop.client.get("/v1/campaigns", params={"client_reference": "once"}).json()
    assert [one["id"] for one in found["data"]] == [first["id"]]
    second = begun(shop, client_reference="once")["id"]
    page = shop.client.get("/v1/campaigns", params={"client_reference": "once", "limit": 1}).json()
    assert [one["id"] for one in page["data"]] == [second]
    page = shop.client.get(
        "/v1/campaigns", params={"client_reference": "once", "limit": 1, "after": page["next"]}
    ).json()
    assert ([one["id"] for one in page["data"]], page["next"]) == ([first["id"]], None)


def test_the_pace_of_a_slow_key(shop: Office) -> None:
    """It is the most that a campaign of the key may ask for, and the usual one of who asks for none."""
    key = shop.key("slow", campaign_per_second=5.0)
    assert problem(made(shop, key=key, pace={"per_second": 6})) == (422, "invalid", ["pace.per_second"])
    assert made(shop, key=key, pace={}).json()["pace"]["per_second"] == 5
    assert made(shop, key=key, pace={"per_second": 4}).json()["pace"]["per_second"] == 4


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"pace": {"per_second": 5000}}, (422, "invalid", ["pace.per_second"])),
        (
            {"pace": {"warm_up": [{"recipients": 5, "per_second": 1}] * 2}},
            (422, "invalid", ["pace.warm_up[1].recipients"]),
        ),
        (
            {"pace": {"quiet_hours": {"begin": "21:00", "end": "08:00", "time_zone": "x"}}},
            (422, "invalid", ["pace.quiet_hours.time_zone"]),
        ),
        (
            {"pace": {"quiet_hours": {"begin": "21:00", "end": "21:00"}}},
            (422, "invalid", ["pace.quiet_hours"]),
        ),
        ({"pace": "["}, (422, "invalid", ["pace"])),
        ({"from": "+15559999"}, (403, "forbidden", ["from"])),
        ({"start_at": "2100-01-01T00:00:00Z"}, (422, "invalid", ["start_at"])),
        ({"expires_at": "2020-01-01T00:00:00Z"}, (422, "invalid", ["expires_at"])),
        ({"colour": "red"}, (422, "invalid", ["colour"])),
        ({"rows": "number\n1\n", "idempotency": "k2"}, (422, "invalid", ["recipients"])),
    ],
)
def test_what_is_no_campaign(shop: Office, words: dict[str, Any], expected: object) -> None:
    """What is wrong has its field, and nothing is left of it."""
    before = shop.centre.store.select("SELECT count(*) FROM campaign")
    assert problem(made(shop, **words)) == expected
    assert shop.centre.store.select("SELECT count(*) FROM campaign") == before


def test_nobody_elses(shop: Office) -> None:
    """A campaign is its account's, and each request has its scope."""
    name = begun(shop)["id"]
    other = {"Authorization": f"Bearer {shop.key('stranger')}"}
    for path in (f"/v1/campaigns/{name}", f"/v1/campaigns/{name}/recipients"):
        assert problem(shop.client.get(path, headers=other))[:2] == (404, "not-found")
    for word in ("start", "pause", "resume", "cancel"):
        answer = shop.client.post(f"/v1/campaigns/{name}/{word}", headers=other)
        assert problem(answer)[:2] == (404, "not-found")
    assert shop.client.get("/v1/campaigns", headers=other).json()["data"] == []
    sender = shop.key("sender", scopes=("messages:write", "messages:read"))
    assert problem(made(shop, key=sender))[:2] == (403, "forbidden")
    done(shop, name, "cancel")
