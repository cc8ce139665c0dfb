"""Octets that are being read at all doors."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from transcode.relay.ports.in_flight import InFlight


def test_there_is_room_or_none() -> None:
    """What had no room is not counted, and what is released makes room."""
    count = InFlight(100)
    assert count.take(60)
    assert not count.take(41)
    assert count.take(40)
    count.release(60)
    assert count.take(60)
    assert not count.take(1)


def test_doors_in_several_threads() -> None:
    """Each octet is counted once, whoever counts at the same time."""
    count = InFlight(1000)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: count.take(1), range(3000)))
    assert taken.count(True) == 1000
