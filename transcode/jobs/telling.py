"""What a job tells of itself while it is done, to whoever waits for it, in this process or another one."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["about", "listen", "tell", "teller"]

#: Seconds between two things that are told: people read no faster.
_EVERY = 0.2

#: Who hears what is told in this process, and what it is about. A process does one such job at a time.
_listener: Callable[[str, object], object] | None = None
_about: str | None = None
_told = 0.0


def listen(listener: Callable[[str, object], object] | None) -> None:
    """Have a function called with what jobs of this process tell, each with what it is about."""
    global _listener
    _listener = listener


@contextlib.contextmanager
def about(name: str) -> Iterator[None]:
    """What is told inside is about this; its begin is told too, as None."""
    global _about, _told
    if _listener is None:
        yield
        return
    _about, _told = name, time.monotonic()
    _listener(name, None)
    try:
        yield
    finally:
        _about = None


def tell(value: object) -> None:
    """Tell something, unless something was told just now."""
    global _told
    if _listener is None or _about is None or (now := time.monotonic()) < _told + _EVERY:
        return
    _told = now
    _listener(_about, value)


def teller() -> Callable[[object], None] | None:
    """tell(), where anybody hears it."""
    return None if _listener is None or _about is None else tell
