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
