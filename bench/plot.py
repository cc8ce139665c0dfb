"""Draw a figure with two panels as SVG: curves of quality against bytes, and bars of time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

#: A palette for colour-blind readers (Okabe and Ito, 2008).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#999999")

_WIDTH, _HEIGHT = 980, 430
_TOP, _BOTTOM = 50, 350


def figure(curves: dict[str, list[tuple[float, float]]], bars: dict[str, dict[str, float]]) -> str:
    """The complete SVG file.

    Args:
        curves: for each engine the pairs of kilobytes and points of quality.
        bars: for each task the time of each engine in ms.
    """
    names = list(dict.fromkeys([*curves, *(name for task in bars.values() for name in task)]))
    colours = {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(names)}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif"'
        ' font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        *_curves(curves, colours),
        *_bars(bars, colours),
        *_legend(colours),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _text(x: float, y: float, words: str, anchor: str = "middle", **more: str) -> str:
    attributes = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in more.items())
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{attributes}>{escape(words)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str = "#ddd") -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def _curves(curves: dict[str, list[tuple[float, float]]], colours: dict[str, str]) -> Iterator[str]:
    left, right = 60, 430
    points = [point for curve in curves.values() for point in curve]
    if not points:
        return
    low = 10 * math.floor(min(y for _, y in points) / 10)
    high = 10 * math.ceil(max(y for _, y in points) / 10)
    least, most = min(x for x, _ in points) * 0.9, max(x for x, _ in points) * 1.1

    def place(x: float, y: float) -> tuple[float, float]:
        across = math.log(x / least) / math.log(most / least)
        return left + across * (right - left), _BOTTOM - (y - low) / (high - low) * (_BOTTOM - _TOP)

    yield _text((left + right) / 2, 25, "Mean SSIMULACRA2 in a box of 1440 x 1080", font_weight="bold")
    for value in range(low, high + 1, 10):
        y = place(least, value)[1]
        yield _line(left, y, right, y)
        yield _text(left - 6, y + 4, str(value), "end")
    for value in (30, 60, 120):
        x = place(value, low)[0]
        yield _line(x, _TOP, x, _BOTTOM)
        yield _text(x, _BOTTOM + 18, f"{value} kB")
    for name, curve in curves.items():
        places = [place(x, y) for x, y in sorted(curve)]
        track = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        yield f'<polyline points="{track}" fill="none" stroke="{colours[name]}" stroke-width="2"/>'
        for x, y in places:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colours[name]}"/>'


def _bars(bars: dict[str, dict[str, float]], colours: dict[str, str]) -> Iterator[str]:
    left, right = 510, 960
    values = [value for task in bars.values() for value in task.values()]
    low = 10.0
    high = max(10 * low, 10 ** math.ceil(math.log10(max(values))))

    def height(value: float) -> float:
        return max(math.log10(max(value, low) / low) / math.log10(high / low) * (_BOTTOM - _TOP), 0.5)

    yield _text((left + right) / 2, 25, "Milliseconds a photo, median, one thread", font_weight="bold")
    value = low
    while value <= high:
        yield _line(left, _BOTTOM - height(value), right, _BOTTOM - height(value))
        yield _text(left - 6, _BOTTOM - height(value) + 4, f"{value:,.0f}", "end")
        value *= 10
    step = (right - left) / len(bars)
    for number, (words, task) in enumerate(bars.items()):
        start, wide = left + number * step + 0.1 * step, 0.8 * step / len(task)
        for place, (name, ms) in enumerate(task.items()):
            x, tall = start + place * wide, height(ms)
            yield (
                f'<rect x="{x:.1f}" y="{_BOTTOM - tall:.1f}" width="{wide:.1f}" height="{tall:.1f}"'
                f' fill="{colours[name]}"/>'
            )
        box, _, cap = words.partition(", ")
        yield _text(left + (number + 0.5) * step, _BOTTOM + 18, box.partition(" x")[0])
        yield _text(left + (number + 0.5) * step, _BOTTOM + 34, cap, font_size="10")


def _legend(colours: dict[str, str]) -> Iterator[str]:
    step = (_WIDTH - 60) / len(colours)
    for number, (name, colour) in enumerate(colours.items()):
        x = 60 + number * step
        yield f'<rect x="{x:.1f}" y="{_HEIGHT - 30}" width="12" height="12" fill="{colour}"/>'
        yield _text(x + 17, _HEIGHT - 20, name, "start")
