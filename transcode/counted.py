"""A number with its noun, as people write it."""

from __future__ import annotations

__all__ = ["counted"]


def counted(number: float, noun: str, plural: str = "") -> str:
    """Return a number and its noun in the right number: ``1 file``, ``1,200 files``.

    Args:
        number: the number.
        noun: the noun for 1.
        plural: the noun for other numbers; empty: with an s.
    """
    digits = f"{number:,}" if isinstance(number, int) else f"{number:,g}"
    return f"{digits} {noun if number == 1 else plural or f'{noun}s'}"
