"""What people are told while a batch runs."""

from __future__ import annotations

import pytest

from transcode.batch import Standing, Working
from transcode.cli.batch_display import duration, line_of, shown


@pytest.mark.parametrize(
    ("standing", "line"),
    [
        (Standing(0, 142), "0 of 142"),
        (Standing(1_000, 12_000, seconds_left=4_000.0), "1,000 of 12,000, 67 min left"),
        (
            Standing(3, 9, seconds_left=12.4, bytes_in=31_400_000, bytes_out=812_000, failures=1, kept=2),
            "3 of 9, 12 s left, 31.4 MB to 812.0 KB, 1 failed, 2 kept",
        ),
        (Standing(9, 9, seconds_left=0.0, bytes_in=12, bytes_out=1), "9 of 9, 12 bytes to 1 byte"),
        (
            Standing(1, 2, working=(Working("in/a clip.mov", 3.0, 0.376), Working("in/b.jpg", 1.0))),
            "1 of 2, a clip.mov 38%",
        ),
        (Standing(1, 2, working=(Working("in/b.jpg", 1.0),)), "1 of 2, b.jpg"),
        (
            Standing(1, 2, working=(Working("in/\x1b[31m\nred.jpg", 1.0),)),
            "1 of 2, \N{REPLACEMENT CHARACTER}[31m red.jpg",
        ),
        (Standing(1, 2, working=(Working("x" * 90, 1.0),)), f"1 of 2, {'x' * 39}\N{HORIZONTAL ELLIPSIS}"),
    ],
)
def test_the_line(standing: Standing, line: str) -> None:
    """It has what is known; names of files steer no terminal."""
    assert line_of(standing) == line


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "1 s"), (99.4, "99 s"), (99.5, "2 min"), (5_000, "83 min"), (40_000, "11 h 7 min")],
)
def test_durations(seconds: float, text: str) -> None:
    """In seconds, minutes or hours."""
    assert duration(seconds) == text


def test_a_log_has_few_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One after half a minute, and then less and less often; none where nobody wants any."""
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    with shown(is_quiet=False) as display, shown(is_quiet=True) as quiet:
        for second in range(3_600):
            now = float(second)
            display.show(Standing(second, 3_600))
            quiet.show(Standing(second, 3_600))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[:4] == ["30 of 3,600", "90 of 3,600", "210 of 3,600", "450 of 3,600"]
    assert 6 < len(err.splitlines()) < 12
