"""Numbers that were found by measuring say what they are."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, fields, replace

import numpy as np
import pytest

from transcode.model.tuning import Tool

TOOL = Tool("bench/tune_nothing.py", "photos")


@dataclass(frozen=True, slots=True, eq=False)
class Tuning:
    share: float = TOOL.tuned(0.5, "A share.", unit="share of the limit")
    table: np.ndarray[tuple[int], np.dtype[np.int64]] = TOOL.tuned(
        np.arange(3),
        "A table.",
        unit="levels",
    )


def test_fields_say_what_they_are() -> None:
    about = {each.name: dict(each.metadata) for each in fields(Tuning)}
    assert about["share"] == {
        "what": "A share.",
        "unit": "share of the limit",
        "tool": "bench/tune_nothing.py",
        "corpus": "photos",
    }
    assert about["table"]["unit"] == "levels"


def test_values_are_those_in_use_and_others_by_replace() -> None:
    """Arrays may be values; one value changes and the others stay."""
    tuning = Tuning()
    assert tuning.share == 0.5
    other = replace(tuning, share=0.7)
    assert other.share == 0.7
    assert other.table is tuning.table
    with pytest.raises(FrozenInstanceError):
        tuning.share = 1.0  # type: ignore[misc]
