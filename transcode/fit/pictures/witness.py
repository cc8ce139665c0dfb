"""Who else wants to see the pictures that are fitted: a report shows them without a second decode."""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from transcode.media.pictures.still import Reduced

__all__ = ["shown", "witnessed"]

_WITNESS: ContextVar[Callable[[Reduced], object] | None] = ContextVar("_WITNESS", default=None)


@contextlib.contextmanager
def witnessed(call: Callable[[Reduced], object]) -> Iterator[None]:
    """Have a function called with each picture that this context reduces, before it is encoded."""
    token = _WITNESS.set(call)
    try:
        yield
    finally:
        _WITNESS.reset(token)


def shown(picture: Reduced) -> Reduced:
    """Show a reduced picture to who wants to see it, and return it."""
    call = _WITNESS.get()
    if call is not None:
        call(picture)
    return picture
