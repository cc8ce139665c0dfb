"""The value: frozen, hashed, sent to workers, and never looser as limits."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcode.errors import LimitsError
from transcode.profile import Figure, Figures, Profile, find_profile, search

SHIPPED = search()


def test_travels_to_a_worker() -> None:
    """A profile is equal and hashed alike after pickling."""
    for profile in SHIPPED:
        again = pickle.loads(pickle.dumps(profile))
        assert again == profile
        assert hash(again) == hash(profile), profile.id


def test_cannot_be_changed() -> None:
    """A shared profile keeps its values and its provenance."""
    profile = find_profile("us-att")
    with pytest.raises(FrozenInstanceError):
        profile.max_message_bytes = 1  # type: ignore[misc]
    with pytest.raises(TypeError):
        profile.figures["max_message_bytes"] = Figure(1, (), None, "")  # type: ignore[index]
    assert Figures() == {}


@settings(deadline=None, max_examples=100)
@given(
    st.sampled_from(SHIPPED),
    st.integers(1, 1 << 40) | st.none(),
    st.booleans(),
    st.floats(0.1, 1e6, allow_nan=False),
)
def test_limits_are_never_looser(profile: Profile, max_bytes: int | None, turn: bool, seconds: float) -> None:
    """Whatever room is offered, a medium gets no more than the profile's message, box, time and formats."""
    profile = replace(profile, turn=turn, max_seconds=seconds)
    limits = profile.limits(max_bytes)
    most = min(profile.max_message_bytes, profile.max_file_bytes or profile.max_message_bytes)
    assert limits.max_bytes == min(max_bytes or most, most)
    assert (limits.max_width, limits.max_height) == (profile.max_image_width, profile.max_image_height)
    assert (limits.max_seconds, limits.turn) == (seconds, turn)
    assert limits.formats == profile.formats


@pytest.mark.parametrize("size", [0, -5])
def test_limits_without_room(size: int) -> None:
    """No room at all is refused, not taken for the whole message."""
    with pytest.raises(LimitsError):
        find_profile("us-att").limits(size)
