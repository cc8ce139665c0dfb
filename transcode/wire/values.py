"""What a header's value must be before it is written: the checks and words that all forms share."""

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
    """Headers by their names in lower case, for names are the same in any case; the last of a name counts."""
    return {name.lower(): value for name, value in headers}


def fits(write: Callable[[HeaderValue], object], value: HeaderValue) -> bool:
    """Whether a header's writer takes a value; it raises ValueError where it does not."""
    try:
        write(value)
    except ValueError:
        return False
    return True


def text(value: HeaderValue | None) -> str:
    """A text.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def number(value: HeaderValue | None, *, digits: int | None = None) -> int:
    """A whole number; with digits, one of 0 and up that has no more of them.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{value!r} is no whole number")
    if digits is not None and not 0 <= value < 10**digits:
        raise ValueError(f"{value!r} is no whole number of 0 and up with at most {digits} digits")
    return value


def flag(value: HeaderValue | None) -> bool:
    """True or False.

    Raises:
        ValueError: it is neither.
    """
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither True nor False")
    return value


def pair(value: HeaderValue | None) -> tuple[str | int | bool, str | int | bool]:
    """A value of two.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, tuple) or len(value) != 2:
        raise ValueError(f"{value!r} is no pair")
    return value[0], value[1]
