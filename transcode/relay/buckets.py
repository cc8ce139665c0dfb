"""How fast somebody may send, as token buckets. Pure: the time is an argument."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Charge", "Rate", "spent"]

_MINUTE = 60.0
#: The longest debt of a bucket, in seconds, for clocks that went back.
_LONGEST_DEBT = 86_400.0


class Rate(NamedTuple):
    """How fast somebody may send, as a token bucket: a recipient costs a token.

    Attributes:
        per_minute: recipients a minute; 0: as many as come.
        burst: recipients at once, after a pause that was long enough.
    """

    per_minute: float
    burst: float


class Charge(NamedTuple):
    """What a submission costs in one bucket.

    Attributes:
        bucket: the name of the bucket, such as ``"sender +15550001"``.
        rate: how fast it fills.
        cost: the recipients.
    """

    bucket: str
    rate: Rate
    cost: int


def spent(full_at: float, rate: Rate, cost: int, now: float) -> tuple[float, float]:
    """Take tokens out of a bucket.

    A bucket is one number: when it will be full. One token is enough for a message to any number of
    recipients; the bucket is then in debt, and the next message waits for longer.

    Args:
        full_at: when the bucket will be full; one that is full already has any time before ``now``.
        rate: how fast it fills, which may have been another one before.
        cost: the tokens to take.
        now: the time.

    Returns:
        When the bucket will be full now, and the seconds to wait; 0.0: the tokens were taken. Where the wait
        is longer, nothing was taken.
    """
    if rate.per_minute <= 0:
        return full_at, 0.0
    token = _MINUTE / rate.per_minute
    room = token * max(rate.burst, 1.0)
    full_at = min(max(full_at, now), now + room + _LONGEST_DEBT)
    wait = full_at + token - (now + room)
    if wait > 0:
        return full_at, wait
    return full_at + token * cost, 0.0
