"""What phones said of themselves, and what they were given."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from transcode.relay.device import Device

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from transcode.relay.store.sqlite import SqlStore

__all__ = ["Seen", "give", "given", "keep_device", "seen_device"]


class Seen(NamedTuple):
    """A phone as it was seen last.

    Attributes:
        device: what it said.
        at: when, in seconds since 1970.
    """

    device: Device
    at: float


def seen_device(store: SqlStore, number: str) -> Seen | None:
    """Return what a phone said of itself when it fetched last, or None."""
    found = store.select("SELECT document, differences, agent, seen_at FROM device WHERE number=?", (number,))
    for document, differences, agent, at in found:
        return Seen(Device(document, tuple(json.loads(differences)), agent), at)
    return None


def keep_device(store: SqlStore, number: str, device: Device, at: float) -> Future[object]:
    """Remember what a phone said of itself."""
    values = (number, device.document, json.dumps(device.differences), device.agent, at)
    return _write(
        store,
        "INSERT INTO device VALUES (?, ?, ?, ?, ?) ON CONFLICT (number) DO UPDATE SET"
        " document=excluded.document, differences=excluded.differences, agent=excluded.agent,"
        " seen_at=excluded.seen_at",
        values,
    )


def given(store: SqlStore, delivery: int) -> str:
    """Return the tag of the octets that a phone was given last, or ``""``."""
    found = store.select("SELECT tag FROM given WHERE delivery=?", (delivery,))
    return str(found[0][0]) if found else ""


def give(store: SqlStore, delivery: int, tag: str) -> Future[object]:
    """Remember the octets that a phone is given."""
    return _write(
        store,
        "INSERT INTO given VALUES (?, ?) ON CONFLICT (delivery) DO UPDATE SET tag=excluded.tag",
        (delivery, tag),
    )


def _write(store: SqlStore, statement: str, values: Sequence[str | float]) -> Future[object]:
    return store.write(lambda connection: connection.execute(statement, values))
