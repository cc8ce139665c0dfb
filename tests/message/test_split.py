"""Slides over messages: as few as will do, filled evenly."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from transcode.message.split import groups

NEEDS = st.lists(st.integers(1, 100), max_size=12)


@given(NEEDS, st.integers(1, 200), st.one_of(st.none(), st.integers(1, 5)))
def test_groups(needs: list[int], room: int, most: int | None) -> None:
    """All slides once and in order; each group has room, or is one slide; never too many files."""
    found = groups(needs, room, files=[1] * len(needs), max_files=most)
    assert [index for group in found for index in group] == list(range(len(needs)))
    for group in found:
        assert len(group) == 1 or sum(needs[index] for index in group) <= room
        assert most is None or len(group) <= most
    # Two neighbours that would go together are one group: there are not twice as many as needed.
    assert len(found) <= max(1, 2 * -(-sum(needs) // room)) + (0 if most is None else len(needs))


def test_even() -> None:
    """The messages are the fewest possible, and none is much fuller than the others."""
    assert groups([10] * 6, 50) == [range(3), range(3, 6)]
    assert groups([10] * 6, 60) == [range(6)]
    assert groups([90, 10, 10], 50) == [range(1), range(1, 3)]
    assert groups([], 50) == []
