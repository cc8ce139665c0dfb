"""Values are checked before they are written, whatever the form."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from transcode.model import HeaderValue
from transcode.wire import values


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (values.text, ""),
        (values.number, -1),
        (partial(values.number, digits=3), 999),
        (values.flag, False),
        (values.pair, (1, "a")),
    ],
)
def test_right_values_come_back(check: Callable[[HeaderValue | None], object], value: HeaderValue) -> None:
    """What is right is given back as it is."""
    assert check(value) == value


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (values.text, 1),
        (values.text, None),
        (values.number, True),
        (values.number, "1"),
        (partial(values.number, digits=3), 1_000),
        (partial(values.number, digits=3), -1),
        (values.flag, 1),
        (values.pair, (1, 2, 3)),
        (values.pair, "ab"),
    ],
)
def test_wrong_values_are_refused(
    check: Callable[[HeaderValue | None], object], value: HeaderValue | None
) -> None:
    """What is not, is named."""
    with pytest.raises(ValueError, match=r"is no|is neither"):
        check(value)


def test_a_value_fits_a_writer() -> None:
    """A value fits where the writer raises no ValueError; other errors are none of the value's."""
    assert values.fits(values.text, "a")
    assert not values.fits(values.text, 1)
    assert values.fits(values.flag, False)


def test_names_are_folded() -> None:
    """The last of several counts."""
    assert values.folded([("Date", 1), ("X-Own", "a"), ("DATE", 2)]) == {"date": 2, "x-own": "a"}
