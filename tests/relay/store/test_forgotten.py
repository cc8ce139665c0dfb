"""What is left of a message when its time is over: nothing, in no file of the store."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from tests.relay.made import BEGIN, END, envelope
from tests.relay.store.routed import driven
from transcode.relay.device import Device
from transcode.relay.model import Event, Route
from transcode.relay.pseudonyms import Pseudonyms
from transcode.relay.retention import DAY, Retention
from transcode.relay.store import FolderBlobs, SqliteStore, pages
from transcode.relay.store.devices import keep_device
from transcode.relay.store.notices import make_webhook
from transcode.relay.store.rows import Verdict
from transcode.relay.store.submissions import Claim
from transcode.relay.store.tidying import Tidier
from transcode.relay.timers import Timers

LINK = Verdict(Event.ROUTED, Route.LINK, may_link=True)
SENDER, VIEWER, OTHER = "+155550001111", "+155550002222", "+155550003333"
#: What a message has of people, and of its own.
WORDS = ("Dear Ann", SENDER, VIEWER, OTHER, "order of Ann", "key of Ann", "Phone of Ann", "picture of Ann")


def found(folder: Path) -> set[str]:
    """Those of the words that any file of the store has."""
    octets = b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
    return {word for word in WORDS if word.encode() in octets}


def sent(store: SqliteStore, blobs: FolderBlobs) -> None:
    """A message of the API, which one recipient viewed and deleted, and which another one never opened."""
    kept = envelope(
        sender=SENDER,
        subject="Dear Ann",
        blob=blobs.put(b"picture of Ann"),
        delivery_report=False,
        read_report=False,
        peer="api:shop",
    )
    claim = Claim("shop", "key of Ann", "f", "order of Ann", "[]")
    make_webhook(store, "shop", "http://127.0.0.1:1/", (), "c2VjcmV0", BEGIN, most=1)
    name = store.accept(kept, [VIEWER, OTHER], claim=claim).result().id
    made = [driven(store, one, Event.LINK_ACCEPTED, verdict=LINK) for one in store.deliveries(name)[::-1]]
    first, second = (pages.make(store, one.id, at=BEGIN, expires_at=END).result() for one in made)
    store.apply(made[0].id, Event.VIEWED, at=BEGIN, detail="Phone of Ann").result()
    store.keep_adapted(name, "page 1 small", blobs.put(b"picture of Ann, smaller")).result()
    pages.report(store, first, at=BEGIN, reason="other").result()
    pages.delete(store, first.token, at=BEGIN).result()
    assert pages.revoke(store, at=BEGIN, token=second.token).result() == 1
    store.apply(made[1].id, Event.CANCEL, at=BEGIN, detail=f"of {OTHER}").result()
    keep_device(store, VIEWER, Device(agent="Phone of Ann"), BEGIN).result()


def tidied(store: SqliteStore, blobs: FolderBlobs, day: float) -> None:
    tidier = Tidier(store, blobs, Retention(), Pseudonyms(bytes(32)), Timers())
    while tidier.step(BEGIN + day * DAY):
        pass


def test_nothing_is_left(tmp_path: Path) -> None:
    """Octets and subject go first, then numbers, then rows; free pages of the database have none of it."""
    folder = tmp_path / "store"
    blobs = FolderBlobs(folder / "blobs")
    steps: tuple[tuple[float, set[str]], ...] = (
        (0.0, set(WORDS)),
        (1.0, set(WORDS) - {"Dear Ann", "picture of Ann"}),
        (30.0, {"Phone of Ann"}),
        (90.0, set()),
    )
    for day, left in steps:
        # Closed, so that the log of writes is in the file.
        with closing(SqliteStore(folder / "relay.sqlite")) as store:
            if not day:
                sent(store, blobs)
            tidied(store, blobs, day)
        assert found(folder) == left, day
    with closing(SqliteStore(folder / "relay.sqlite")) as store:
        for table in ("message", "delivery", "event", "page", "adapted", "submission", "notice", "device"):
            assert store.select(f"SELECT count(*) FROM {table}") == [(0,)], table
