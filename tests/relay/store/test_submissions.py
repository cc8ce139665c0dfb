"""Messages of the API: one for an Idempotency-Key, pages of an account, and what is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.relay.made import BEGIN, envelope
from transcode.relay.buckets import Charge, Rate
from transcode.relay.model import Event
from transcode.relay.pseudonyms import Pseudonyms
from transcode.relay.retention import DAY, IDEMPOTENT
from transcode.relay.store import limits, retention, submissions
from transcode.relay.store.keys import find_key, keys, make_key, note_use, revoke_key
from transcode.relay.store.notices import Webhook, drop_webhook, failed, make_webhook, take, taken, webhooks
from transcode.relay.store.sqlite import SqlStore
from transcode.relay.store.submissions import Claim, Reused


def claim(name: str = "", fingerprint: str = "f", account: str = "shop") -> Claim:
    return Claim(account, name, fingerprint, "order", '[{"a":1}]')


def submitted(store: SqlStore, number: int, one: Claim, at: float = BEGIN) -> str:
    """The id that a request gets."""
    message = envelope(number, peer=f"api:{one.account}", fingerprint=str(number), received_at=at)
    return store.accept(message, ["+1"], claim=one).result().id


def webhooked(store: SqlStore, account: str, url: str, *told: str) -> Webhook:
    made = make_webhook(store, account, url, told, "c2VjcmV0", BEGIN, most=10)
    assert made is not None
    return made


def test_a_key_stands_for_one_request(store: SqlStore) -> None:
    """A key stands for three days, in its account; without one each request is a message."""
    first = submitted(store, 1, claim("k"))
    assert submitted(store, 2, claim("k")) == first
    assert submissions.earlier(store, claim("k"), BEGIN) == first
    for call in (partial(submitted, store, 3), partial(submissions.earlier, store, now=BEGIN)):
        with pytest.raises(Reused, match=first):
            call(claim("k", "other"))
    assert submitted(store, 4, claim("k", account="other")) != first
    assert submitted(store, 5, claim()) != submitted(store, 6, claim())
    assert submissions.earlier(store, claim(), BEGIN) == ""
    later = submitted(store, 7, claim("k", "other"), BEGIN + IDEMPOTENT)
    assert later != first
    assert submissions.earlier(store, claim("k", "other"), BEGIN + IDEMPOTENT) == later
    kept = submissions.submitted(store, "shop", first)
    assert kept == (first, "shop", "order", '[{"a":1}]', BEGIN)
    assert submissions.submitted(store, "other", first) is None


def test_a_request_at_once_elsewhere(again: Callable[[], SqlStore]) -> None:
    """Two processes get the same key at one moment."""
    one, two = again(), again()
    calls = [
        store.accept(envelope(number, fingerprint=str(number)), ["+1"], claim=claim("k"))
        for number, store in enumerate([one, two] * 10)
    ]
    assert len({call.result().id for call in calls}) == 1
    assert one.select("SELECT count(*) FROM message") == [(1,)]
    one.close()
    two.close()


def test_pages(store: SqlStore) -> None:
    """Messages of one moment are told apart by their ids."""
    ids = [submitted(store, number, claim(), BEGIN + number // 2) for number in range(5)]
    seen, before = [], None
    while True:
        page = submissions.page(store, "shop", before=before, reference="order", most=2)
        if not page:
            break
        seen += [one.message for one in page]
        before = (page[-1].made_at, page[-1].message)
    assert seen == ids[::-1]
    assert submissions.page(store, "shop", before=None, reference="x", most=2) == []


def test_what_names_people_is_forgotten(store: SqlStore) -> None:
    """The key and the account's own word go with the numbers, the row with the message."""
    webhook = webhooked(store, "shop", "http://x/")
    name = submitted(store, 1, claim("k"))
    (one,) = store.deliveries(name)
    store.apply(one.id, Event.CANCEL, at=BEGIN).result()
    store.retire(now=BEGIN + DAY).result()
    words = Pseudonyms(b"k" * 32)
    store.write(partial(retention.unname, until=BEGIN + DAY, most=10, pseudonyms=words)).result()
    assert submissions.submitted(store, "shop", name) == (name, "shop", "", "[]", BEGIN)
    assert submissions.earlier(store, claim("k"), BEGIN) == ""
    assert store.select("SELECT count(*) FROM notice WHERE webhook=?", (webhook.id,)) == [(1,)]
    store.write(partial(retention.forget, until=BEGIN + DAY, most=10)).result()
    for table in ("submission", "notice", "message"):
        assert store.select(f"SELECT count(*) FROM {table}") == [(0,)]


def test_an_account_has_some_webhooks(again: Callable[[], SqlStore]) -> None:
    """An account has no more webhooks than it may, also where several are made at once."""
    stores = again(), again()

    def made(number: int) -> Webhook | None:
        url = f"http://x/{number}"
        return make_webhook(stores[number % 2], "shop", url, (), "c2VjcmV0", BEGIN, most=3)

    with ThreadPoolExecutor(8) as pool:
        assert sum(one is not None for one in pool.map(made, range(8))) == 3
    assert len(webhooks(stores[0], "shop")) == 3
    for store in stores:
        store.close()


def test_notices(store: SqlStore) -> None:
    """Notices are written with the change; one at a time asks a webhook that fails, and others go on."""
    first = webhooked(store, "shop", "http://a/")
    second = webhooked(store, "shop", "http://b/", "canceled")
    webhooked(store, "other", "http://c/")
    for number in range(2):
        (delivery,) = store.deliveries(submitted(store, number, claim()))
        store.apply(delivery.id, Event.CANCEL, at=BEGIN).result()
        store.apply(delivery.id, Event.CANCEL, at=BEGIN).result()
    told = [take(store, now=BEGIN, lease=10).result() for _ in range(5)]
    assert told[4] is None
    found = [one for one in told if one is not None]
    assert sorted(one.webhook.id for one in found) == sorted([first.id, second.id] * 2)
    assert {(one.recipient, one.reference, one.status, one.state) for one in found} == {
        ("+1", "order", "canceled", "cancelled")
    }
    for one in found:
        if one.webhook.id == second.id:
            taken(store, one).result()
        else:
            assert failed(store, one, at=BEGIN, wait=5.0, pause=5.0).result()
    assert {one.id: one.failures for one in webhooks(store, "shop")} == {first.id: 1, second.id: 0}
    assert take(store, now=BEGIN + 4, lease=10).result() is None
    again = take(store, now=BEGIN + 5, lease=10).result()
    assert again is not None
    assert again.attempts == 1
    assert take(store, now=BEGIN + 6, lease=10).result() is None
    assert not failed(store, again, at=BEGIN + 86_400, wait=1.0, pause=1.0).result()
    assert drop_webhook(store, "shop", first.id)
    assert not drop_webhook(store, "shop", first.id)
    assert store.select("SELECT count(*) FROM notice") == [(0,)]


def test_a_notice_that_is_never_taken(store: SqlStore) -> None:
    """It holds up no other notice for long, and its last try is at the end of its day."""
    webhooked(store, "shop", "http://a/")
    for number in range(2):
        (delivery,) = store.deliveries(submitted(store, number, claim()))
        store.apply(delivery.id, Event.CANCEL, at=BEGIN + number).result()
    poison = take(store, now=BEGIN, lease=10).result()
    assert poison is not None
    assert failed(store, poison, at=BEGIN, wait=20_000.0, pause=10.0).result()
    other = take(store, now=BEGIN + 10, lease=10).result()
    assert other is not None
    assert other.id != poison.id
    taken(store, other).result()
    for tried, (at, wait) in enumerate(((20_000.0, 30_000.0), (50_000.0, 40_000.0), (86_400.0, 40_000.0))):
        assert take(store, now=BEGIN + at - 1, lease=10).result() is None
        again = take(store, now=BEGIN + at, lease=10).result()
        assert again is not None
        assert (again.id, again.webhook.failures) == (poison.id, tried)
        is_kept = failed(store, again, at=BEGIN + at, wait=wait, pause=1.0).result()
        assert is_kept is (at < 86_400)


def test_keys(store: SqlStore) -> None:
    key, secret = make_key(store, "shop", scopes=["webhooks"], senders=["+1", "+2*"], now=BEGIN)
    assert find_key(store, secret) == key
    note_use(store, key, BEGIN + 5)
    (revoked,) = revoke_key(store, key.id, BEGIN + 9)
    assert revoked == key._replace(used_at=BEGIN + 5, revoked_at=BEGIN + 9)
    assert keys(store) == [revoked]
    assert find_key(store, secret) is None


def test_a_bucket_is_looked_at(store: SqlStore) -> None:
    """Nothing is taken by looking."""
    charge = Charge("key 1", Rate(1, 1), 1)
    assert [limits.wait(store, charge, BEGIN) for _ in range(2)] == [0.0, 0.0]
    store.write(partial(limits.charge, charges=[charge], now=BEGIN)).result()
    assert limits.wait(store, charge, BEGIN) == pytest.approx(60)
