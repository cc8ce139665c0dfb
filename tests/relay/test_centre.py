"""The rules between doors and store, where two things happen at once."""

from __future__ import annotations

import contextlib
from pathlib import Path

from tests.relay.made import BEGIN
from tests.relay.store.routed import accepted, driven
from tests.relay.store.test_changes import replaced
from transcode.relay.centre import Centre
from transcode.relay.config import Config
from transcode.relay.model import Event, State
from transcode.relay.route import Router
from transcode.relay.store import Blobs, SqliteStore
from transcode.relay.store.changes import Replacement


def test_what_changed_since_the_phone_asked(tmp_path: Path) -> None:
    """The content that it gets is the one when it begins to fetch, and of a message that is gone nothing."""
    blobs = Blobs(tmp_path / "blobs")
    old, new = blobs.put(b"old"), blobs.put(b"new")
    with contextlib.closing(SqliteStore(tmp_path / "relay.db")) as store:
        centre = Centre(Config(), store, blobs, Router([]), lambda: BEGIN)
        first, second = accepted(store, to=("+1", "+2"), blob=old)
        for one in (first, second):
            driven(store, one, Event.PUSH_ACCEPTED)
            asked = centre.asked(one.token)
            assert isinstance(asked, tuple)
            assert asked[1].blob == old
        replaced(store, first, Replacement(old, new, 3, False, None))
        begun = centre.begun(first, "phone")
        assert isinstance(begun, tuple)
        assert (begun[0].state, begun[1].blob) == (State.FETCHING, new)
        replaced(store, first, Replacement(new, old, 3, False, None))
        again = centre.begun(first, "phone")
        assert isinstance(again, tuple)
        assert again[1].blob == new
        store.apply(second.id, Event.CANCEL, at=BEGIN).result()
        assert centre.begun(second, "phone") == "the message was cancelled"
