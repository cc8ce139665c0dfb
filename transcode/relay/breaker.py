"""When a next hop that fails is left alone, and when it is tried. Pure: the time is an argument."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["HEALTHY", "Health", "after", "granted", "is_open"]


class Health(NamedTuple):
    """How a next hop did.

    Attributes:
        failures: attempts in a row that failed.
        probe_at: when the next attempt is allowed; 0.0: at any time.
    """

    failures: int = 0
    probe_at: float = 0.0


#: What is known of a next hop that never failed.
HEALTHY = Health()


def is_open(health: Health) -> bool:
    """Return whether the hop failed so often that it is only probed."""
    return health.probe_at > 0.0


def granted(health: Health, now: float, pause: float) -> Health | None:
    """Ask for an attempt.

    Args:
        health: how the hop did.
        now: the time.
        pause: the seconds between two probes.

    Returns:
        What is known from now on, or None: the hop is left alone. A probe is granted to one who asks; if he
        never says how it ended, the next one is granted after the pause.
    """
    if not is_open(health):
        return health
    if now < health.probe_at:
        return None
    return health._replace(probe_at=now + pause)


def after(health: Health, now: float, *, failed: bool, most: int, pause: float) -> Health:
    """Return what is known after an attempt.

    Args:
        health: how the hop did before.
        now: the time.
        failed: whether the attempt failed so that another may succeed. A hop that refuses a message answers.
        most: the number of failures in a row after which the hop is only probed; 0: it is always tried.
        pause: the seconds between two probes.
    """
    if not failed:
        return HEALTHY
    failures = health.failures + 1
    if not most or failures < most:
        return Health(failures)
    # Attempts that were on their way together fail together: the first one sets the time.
    return Health(failures, health.probe_at if health.probe_at > now else now + pause)
