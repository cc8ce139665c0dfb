"""Checks the values of headers before they are written; the writers of all forms share them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from transcode.model import HeaderValue

__all__ = ["CONTENT_CLASSES", "fits", "flag", "folded", "number", "pair", "text"]

#: Content classes in the order of their numbers in MM1 (OMA-TS-MMS_ENC-V1_3, 7).
CONTENT_CLASSES = (
    "text",
    "image-basic",
    "image-rich",
    "video-basic",
    "video-rich",
    "megapixel",
    "content-basic",
    "content-rich",
)


def folded(headers: Iterable[tuple[str, HeaderValue]]) -> dict[str, HeaderValue]:
    """Return the headers by name in lower case, because names ignore case; the last of equal names counts."""
    return {name.lower(): value for name, value in headers}


def fits(write: Callable[[HeaderValue], object], value: HeaderValue) -> bool:
    """Whether the writer of a header accepts a value, and does not raise ValueError."""
    try:
        write(value)
    except ValueError:
        return False
    return True


def text(value: HeaderValue | None) -> str:
    """Return the value as a text.

    Raises:
        ValueError: the value is not a text.
    """
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a text")
    return value


def number(value: HeaderValue | None, *, digits: int | None = None) -> int:
    """Return the value as a whole number; with digits, a number from 0 to 10**digits - 1.

    Raises:
        ValueError: the value is not such a number.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{value!r} is not a whole number")
    if digits is not None and not 0 <= value < 10**digits:
        raise ValueError(f"{value!r} is not a whole number from 0 up with at most {digits} digits")
    return value


def flag(value: HeaderValue | None) -> bool:
    """Return the value as True or False.

    Raises:
        ValueError: the value is neither True nor False.
    """
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither True nor False")
    return value


def pair(value: HeaderValue | None) -> tuple[str | int | bool, str | int | bool]:
    """Return the value as a tuple of two.

    Raises:
        ValueError: the value is not a tuple of two.
    """
    if not isinstance(value, tuple) or len(value) != 2:
        raise ValueError(f"{value!r} is not a pair")
    return value[0], value[1]
