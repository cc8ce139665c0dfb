"""Divide slides among messages when one message is too small for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["groups"]


def groups(
    needs: Sequence[int], room: int, *, files: Sequence[int] = (), max_files: int | None = None
) -> list[range]:
    """Divide slides, in order, into the fewest groups that fit, with the smallest possible largest group.

    Args:
        needs: the size of each slide in bytes.
        room: the bytes that a message has for slides. A larger slide gets its own group.
        files: the number of media of each slide.
        max_files: the largest number of media in a message; None: no limit.

    Returns:
        The slide indexes of each group, in order; empty if there are no slides.
    """
    files = files or [0] * len(needs)

    def filled(capacity: int) -> list[range]:
        found: list[range] = []
        first = used = count = 0
        for index, (need, own) in enumerate(zip(needs, files, strict=True)):
            is_full = used + need > capacity or (max_files is not None and count + own > max_files)
            if index > first and is_full:
                found.append(range(first, index))
                first, used, count = index, 0, 0
            used, count = used + need, count + own
        return [*found, range(first, len(needs))] if needs else []

    fewest = filled(room)
    low, high = 0, room
    while low < high:
        middle = (low + high) // 2
        if len(filled(middle)) > len(fewest):
            low = middle + 1
        else:
            high = middle
    return filled(high)
