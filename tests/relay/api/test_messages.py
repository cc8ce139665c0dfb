"""Messages through the API: sent, seen, listed, cancelled."""

from __future__ import annotations

import gzip
import io
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PIL import Image

from tests.made.pictures import photo, save
from tests.relay.api.conftest import SHOP, Office
from tests.relay.conftest import ALICE, BOB, full_disk
from tests.relay.maker import Maker
from tests.relay.phone import Phone, until
from transcode.jobs.isolated import JobLost
from transcode.relay.api.composing import Composer
from transcode.relay.api.media import fetched
from transcode.relay.api.problems import ApiError
from transcode.relay.api_settings import Api
from transcode.relay.retention import IDEMPOTENT

PICTURE = save(photo(160, 120), quality=90)
CAROL = "+15550003"


@pytest.fixture(scope="module")
def maker() -> Iterator[Maker]:
    """A server of media."""
    with Maker().running() as made:
        made.documents["/a.jpg"] = PICTURE
        made.documents["/page.html"] = b"<html>not a picture</html>"
        yield made


def statuses(shop: Office, name: str) -> list[str]:
    return [one["status"] for one in shop.seen(name)["recipients"]]


def problem(answer: Any) -> tuple[int, str, list[str]]:
    """Status, kind and fields of a problem."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    told = answer.json()
    assert told["status"] == answer.status_code
    return (
        answer.status_code,
        told["type"].rpartition("/")[2],
        [one["field"] for one in told.get("errors", ())],
    )


def test_a_message_goes_the_whole_way(shop: Office, maker: Maker) -> None:
    """A request reaches the phone with its text and its picture; the trail tells each step."""
    bob = Phone(BOB, shop.centre.url, shop.gateway)
    sent = shop.sent(
        to=[BOB],
        text="Grüße",
        subject="Hello",
        client_reference="order 7",
        priority="high",
        media_urls=[f"{maker.url}/a.jpg"],
    )
    assert (sent["from"], sent["subject"], sent["client_reference"]) == (SHOP, "Hello", "order 7")
    assert sent["media"] == [
        {"source": "media_urls[0]", "content_type": "image/jpeg", "size": len(PICTURE), "notes": []}
    ]
    assert [(one["to"], one["status"]) for one in sent["recipients"]] == [(BOB, "accepted")]
    got = bob.fetch(bob.pushed())
    assert (got.sender, got.subject) == (f"{SHOP}/TYPE=PLMN", "Hello")
    assert [part.text for part in got.parts if part.content_type == "text/plain"] == ["Grüße"]
    (picture,) = (part for part in got.parts if part.content_type == "image/jpeg")
    assert bytes(picture.data) == PICTURE
    until(lambda: statuses(shop, sent["id"]) == ["delivered"])
    (recipient,) = shop.seen(sent["id"])["recipients"]
    assert [step["status"] for step in recipient["trail"]] == [
        "accepted",
        "sending",
        "sent",
        "sent",
        "sent",
        "delivered",
    ]
    # What the phone says of itself is its own.
    assert not any(step["detail"] for step in recipient["trail"])


@pytest.mark.parametrize("group", [False, True])
def test_recipients_see_each_other_in_a_group_alone(shop: Office, group: bool) -> None:
    phone = Phone(CAROL, shop.centre.url, shop.gateway)
    sent = shop.sent(to=[ALICE, CAROL, ALICE], text="to many", group=group)
    assert [one["to"] for one in sent["recipients"]] == [ALICE, CAROL]
    got = phone.fetch(phone.pushed())
    others = (*got.to, *got.cc, *got.bcc)
    assert (f"{ALICE}/TYPE=PLMN" in others) is group


def test_a_form_with_files(shop: Office) -> None:
    """Lists are fields that come several times; other values are texts; numbers may have blanks."""
    png = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(png, "PNG")
    answer = shop.client.post(
        "/v1/messages",
        data={
            "to": [f"+1 ({ALICE[2:5]}) {ALICE[5:]}", CAROL],
            "text": "two",
            "read_report": "true",
            "validity_period": "3600",
        },
        files=[
            ("media", ("a.jpg", PICTURE, "image/jpeg")),
            ("media", ("b.png", png.getvalue(), "image/png")),
        ],
    )
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert answer.headers["location"] == f"/v1/messages/{made['id']}"
    assert [one["source"] for one in made["media"]] == ["media[0]", "media[1]"]
    assert [one["to"] for one in made["recipients"]] == [ALICE, CAROL]
    envelope = shop.centre.store.envelope(made["id"])
    assert (envelope.read_report, envelope.delivery_report) == (True, True)
    assert envelope.expires_at == pytest.approx(envelope.received_at + 3600, abs=1)
    assert (envelope.peer, envelope.form) == ("api:shop", "mm1")


def test_the_same_request_again(shop: Office) -> None:
    """The answer is the same, whatever became of the message meanwhile, and the phone hears of it once."""
    phone = Phone("+15550041", shop.centre.url, shop.gateway)
    words: dict[str, Any] = {"to": [phone.number], "text": "once", "media_urls": []}
    first = shop.send(idempotency="again-1", **words)
    phone.fetch(phone.pushed())
    until(lambda: statuses(shop, first.json()["id"]) == ["delivered"])
    again = shop.send(idempotency="again-1", **dict(reversed(words.items())))
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["location"] == first.headers["location"]
    other = shop.send(idempotency="again-1", **{**words, "text": "twice"})
    assert problem(other) == (422, "idempotency", [])
    # Another account's key is another one, and so is no key at all.
    assert shop.send(key=shop.key("again"), idempotency="again-1", **words).json()["id"] != first.json()["id"]
    assert shop.sent(**words)["id"] != shop.sent(**words)["id"]


def test_the_same_request_at_once(shop: Office) -> None:
    """One message comes of them."""
    words: dict[str, Any] = {"to": [ALICE], "text": "at once", "idempotency": "at-once"}
    with ThreadPoolExecutor(6) as pool:
        answers = [one.result() for one in [pool.submit(shop.send, **words) for _ in range(6)]]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1


def test_a_key_for_three_days(shop: Office) -> None:
    """Then it stands for another request."""
    first = shop.sent(to=[ALICE], text="old", idempotency="days")
    old = time.time() - IDEMPOTENT - 1
    shop.centre.store.write(
        lambda connection: connection.execute(
            "UPDATE submission SET made_at=? WHERE message=?", (old, first["id"])
        )
    ).result()
    assert shop.sent(to=[ALICE], text="new", idempotency="days")["id"] != first["id"]


def test_cancel(shop: Office) -> None:
    """A message that waits for its time is cancelled, once; one that was fetched is not."""
    at = datetime.now(UTC) + timedelta(hours=1)
    sent = shop.sent(to=[ALICE], text="later", send_at=at.isoformat(), validity_period=600)
    assert datetime.fromisoformat(sent["send_at"]) == at.replace(microsecond=0)
    until(lambda: statuses(shop, sent["id"]) == ["scheduled"])
    assert sent["expires_at"] > sent["send_at"]
    for _ in range(2):
        answer = shop.client.post(f"/v1/messages/{sent['id']}/cancel")
        assert (answer.status_code, answer.json()["recipients"][0]["status"]) == (200, "canceled")
    phone = Phone("+15550042", shop.centre.url, shop.gateway)
    other = shop.sent(to=[phone.number], text="now")
    phone.fetch(phone.pushed())
    assert problem(shop.client.post(f"/v1/messages/{other['id']}/cancel")) == (409, "too-late", [])


def test_pages(shop: Office) -> None:
    """The newest first, each once."""
    mine = {"Authorization": f"Bearer {shop.key('lister')}"}
    ids = [
        shop.client.post("/v1/messages", json={"to": [ALICE], "text": str(one)}, headers=mine).json()["id"]
        for one in range(5)
    ]
    seen: list[list[str]] = []
    after: str | None = ""
    while after is not None:
        words: dict[str, str | int] = {"limit": 2, "after": after}
        page = shop.client.get("/v1/messages", params=words, headers=mine).json()
        seen.append([one["id"] for one in page["data"]])
        after = page["next"]
    assert seen == [ids[:2:-1], ids[2:0:-1], ids[:1]]
    assert shop.client.get("/v1/messages?client_reference=none", headers=mine).json()["data"] == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"to": []}, (422, "invalid", ["to"])),
        ({"to": [BOB, "x y"]}, (422, "invalid", ["to[1]"])),
        ({"to": [f"{BOB}\n"]}, (422, "invalid", ["to[0]"])),
        ({"to": [BOB, "1" * 20]}, (422, "invalid", ["to[1]"])),
        ({"to": [BOB] * 3 + [f"+1555{one}" for one in range(1000, 1101)]}, (422, "invalid", ["to"])),
        ({"to": [BOB], "body": "x"}, (422, "invalid", ["body"])),
        ({"to": [BOB], "text": None}, (422, "invalid", ["text"])),
        ({"to": [BOB], "media_urls": ["http://x/"] * 11}, (422, "invalid", ["media_urls"])),
        ({"to": [BOB], "send_at": "2026-01-01T00:00:00"}, (422, "invalid", ["send_at"])),
        ({"to": [BOB], "send_at": "2999-01-01T00:00:00Z"}, (422, "invalid", ["send_at"])),
        ({"to": [BOB], "send_at": "0001-01-01T00:00:00Z"}, (422, "invalid", ["send_at"])),
        (
            {"to": [BOB], "send_at": "9999-12-31T23:59:59Z", "validity_period": 600},
            (422, "invalid", ["send_at"]),
        ),
        (
            {"to": [BOB], "send_at": "2026-01-01T00:00:00Z", "validity_period": 600},
            (422, "invalid", ["validity_period"]),
        ),
        ({"to": [BOB], "validity_period": 59}, (422, "invalid", ["validity_period"])),
        ({"to": [BOB], "profile": "nobody"}, (422, "invalid", ["profile"])),
        ({"to": [BOB], "profile": "/etc/passwd"}, (422, "invalid", ["profile"])),
        ({"to": [BOB], "profile": "pyproject.toml"}, (422, "invalid", ["profile"])),
        (
            {"to": [BOB], "message_class": "auto", "delivery_report": True},
            (422, "invalid", ["message_class"]),
        ),
        ({"to": [BOB], "from": ALICE}, (403, "forbidden", ["from"])),
        ({"to": [BOB, "+49301234567", "54321"]}, (422, "refused", ["to[1]", "to[2]"])),
        ({"to": [BOB], "text": "x" * 5_100_000}, (422, "media", ["media"])),
    ],
)
def test_what_can_not_be(shop: Office, words: dict[str, Any], expected: tuple[int, str, list[str]]) -> None:
    assert problem(shop.send(**{"text": "x", **words})) == expected


def test_limits_are_named(shop: Office) -> None:
    told = shop.send(to=[f"+1555{one}" for one in range(1000, 1101)], text="x").json()
    assert told["errors"] == [{"field": "to", "detail": "has 101 recipients, at most 100", "limit": 100}]


@pytest.mark.parametrize(
    ("content", "kind", "expected"),
    [
        (b'{"to"', "application/json", (400, "malformed")),
        (b"[]", "application/json", (422, "invalid")),
        (b"\xff", "application/json", (400, "malformed")),
        (b"to=1", "application/x-www-form-urlencoded", (415, "media-type")),
        (b"", "", (415, "media-type")),
        (b"--x", "multipart/form-data", (400, "malformed")),
        (b"--x\r\nfoo", "multipart/form-data; boundary=x", (400, "malformed")),
        (
            b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nb\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            (422, "invalid"),
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="media"; filename="a"\r\n\r\nb',
            "multipart/form-data; boundary=x",
            (400, "malformed"),
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="media"\r\n\r\nb\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            (422, "invalid"),
        ),
    ],
    ids=range(10),
)
def test_what_can_not_be_read(shop: Office, content: bytes, kind: str, expected: tuple[int, str]) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = shop.client.post("/v1/messages", content=content, headers=headers)
    assert problem(answer)[:2] == expected


def test_a_request_that_is_compressed(shop: Office) -> None:
    """It is no failure of the centre's, which a client would wait for."""
    for path, taken in (("/v1/messages", b'{"to": []}'), ("/v1/webhooks", b'{"url": "http://x/"}')):
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        answer = shop.client.post(path, content=gzip.compress(taken), headers=headers)
        assert problem(answer) == (415, "media-type", [])
        assert answer.headers["accept-encoding"] == "identity"


def test_a_form_with_too_many_files(shop: Office) -> None:
    """Its limit is named, as that of addresses is."""
    files = [("media", (f"{number}.jpg", PICTURE)) for number in range(11)]
    answer = shop.client.post("/v1/messages", data={"to": BOB}, files=files)
    assert problem(answer) == (422, "invalid", ["media"])
    assert answer.json()["errors"][0]["limit"] == 10


@pytest.mark.parametrize(
    ("path", "text"),
    [("/none.jpg", "HTTP status 404"), ("/page.html", "is not a picture"), (":0/", "no http or https")],
)
def test_media_that_can_not_be_had(shop: Office, maker: Maker, path: str, text: str) -> None:
    answer = shop.send(to=[BOB], media_urls=[f"{maker.url}/a.jpg", f"{maker.url}{path}"])
    assert problem(answer) == (422, "media", ["media_urls[1]"])
    assert text in answer.json()["detail"]


def test_media_on_this_machine_and_of_many_octets(maker: Maker) -> None:
    """By default only public hosts are asked; all media of a message share one limit."""
    url = f"{maker.url}/a.jpg"
    with pytest.raises(ApiError, match="which is no public address") as caught:
        fetched([url], 10_000, Api(), lambda _: True)
    assert [(one.field, one.limit) for one in caught.value.problem.errors] == [("media_urls[0]", None)]
    room, private = len(PICTURE) + 500, Api(allow_private=True)
    assert [bytes(one.octets) for one in fetched([url], room, private, lambda _: True)] == [PICTURE]
    with pytest.raises(ApiError) as caught:
        fetched([url] * 2, room, private, lambda _: True)
    assert [(one.field, one.limit) for one in caught.value.problem.errors] == [("media_urls[1]", room)]
    with pytest.raises(ApiError) as caught:
        fetched([url], room, private, lambda _: False)
    assert (caught.value.status, caught.value.problem.errors) == (503, [])


def test_a_request_that_is_too_large(shop: Office) -> None:
    most = Api().max_request_bytes
    answer = shop.client.post("/v1/messages", data={"to": BOB}, files={"media": b"x" * most})
    assert problem(answer) == (413, "too-large", ["the request"])
    assert answer.json()["errors"][0]["limit"] == most


def test_composing_that_takes_too_long(shop: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    lost: Future[Any] = Future()
    lost.set_exception(JobLost("took longer than 60 seconds"))
    monkeypatch.setattr(Composer, "begin", lambda *_: lost)
    answer = shop.send(to=[BOB], text="x")
    assert problem(answer) == (422, "media", ["media"])
    assert "took longer" in answer.json()["detail"]


def test_a_full_disk(shop: Office) -> None:
    with full_disk(shop.centre):
        answer = shop.send(to=[BOB], text="x")
    assert problem(answer) == (500, "failed", [])
    assert answer.headers["retry-after"]


def test_the_size_of_a_profile(shop: Office) -> None:
    """The size that is asked for, and that of a slow network, hold; without a profile they say nothing."""
    noise = save(Image.effect_noise((800, 600), 90).convert("RGB"), quality=95)
    for words, most in (({"bearer": "gprs"}, 102_400), ({"profile_size": "recommended"}, 300_000)):
        answer = shop.client.post(
            "/v1/messages",
            data={"to": ALICE, "profile": "world", **words},
            files={"media": ("a.jpg", noise)},
        )
        assert answer.status_code == 201, answer.text
        assert 0.9 * most < answer.json()["size"] <= most
        assert problem(shop.send(to=[ALICE], text="x", **words)) == (422, "invalid", [*words])


def test_a_profile_of_the_sender(shop: Office) -> None:
    """Its limit holds, and the answer tells what was done for it."""
    noise = save(Image.effect_noise((1600, 1200), 90).convert("RGB"), quality=95)
    assert len(noise) > 1_000_000
    answer = shop.client.post(
        "/v1/messages", data={"to": ALICE, "profile": "world"}, files={"media": ("a.jpg", noise)}
    )
    assert answer.status_code == 201, answer.text
    assert 250_000 < answer.json()["size"] <= 300_000
