"""Photos that share one message: quality by the division of its bytes, and its processor time."""

from __future__ import annotations

import io
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import pytest
from PIL import Image

import transcode
from bench import corpus, judge, size
from bench.engines import OURS
from bench.stored import ABSENT, Row, nested, of
from transcode.fit.medium import prepare
from transcode.media.film import scenes
from transcode.media.film.captions import caption
from transcode.media.pictures.openers import open_still
from transcode.media.source.inputs import Input

TITLE = "Slideshows: one limit for several photos"

LIMITS = (300_000, 600_000, 1_000_000)
BOX = (1440, 1080)

#: Number of photos of each mix, and the step between them in the list of photos. All mixes differ.
MIXES = ((2, 1), (3, 5), (4, 1), (5, 5), (6, 1), (7, 5), (8, 1), (9, 5), (10, 1), (10, 5))

#: JPEG quality of the first encoding from which rivals estimate the need of a picture (QUIK: 90).
FIRST_QUALITY = 90

ROUNDS = 3

#: Frame size of a clip in pixels, and its frame rate in frames/s.
FRAME = (480, 360)
FRAME_RATE = 25.0

Division = Callable[[Sequence[int], int], list[int]]


def equally(firsts: Sequence[int], room: int) -> list[int]:
    """Equal shares, as in AOSP."""
    return [room // len(firsts)] * len(firsts)


def in_proportion(firsts: Sequence[int], room: int) -> list[int]:
    """Shares in proportion to a first encoding, as in QKSMS, but without its reserve of 10%."""
    return [room * first // sum(firsts) for first in firsts]


def biggest_first(firsts: Sequence[int], room: int) -> list[int]:
    """Shares by shrinking the largest first encoding until all fit, as in mms-engine, to the byte."""
    shares: dict[int, int] = {}
    left = room
    for done, index in enumerate(sorted(range(len(firsts)), key=lambda index: firsts[index])):
        shares[index] = min(firsts[index], left // (len(firsts) - done))
        left -= shares[index]
    return [shares[index] for index in range(len(firsts))]


DIVISIONS: dict[str, Division] = {
    "equal shares (AOSP)": equally,
    "in proportion to a first encoding (QKSMS)": in_proportion,
    "the biggest shrinks first (mms-engine)": biggest_first,
}
TOGETHER, APART = "transcode, one message", "transcode, one by one"


def mixes() -> list[str]:
    """The names of the mixes for which there are enough photos."""
    enough = [f"{count} photos, step {step}" for count, step in MIXES if count <= len(corpus.names())]
    return size.some(enough, 2)


def photos(mix: str) -> list[str]:
    """The names of the photos of a mix."""
    count, step = (int(word) for word in mix.replace(",", "").split() if word.isdigit())
    names = corpus.names()
    return [names[(step * index + count) % len(names)] for index in range(count)]


@lru_cache(maxsize=1)
def composed(mix: str, limit: int) -> tuple[list[bytes], int]:
    """Our renditions of a mix, and the length of the message in bytes."""
    message = transcode.compose([corpus.photo(name) for name in photos(mix)], _profile(limit))
    made = [bytes(part.data) for part in message.parts if part.content_type.startswith("image/")]
    return made, len(message.to_mm1(strict=False))


@lru_cache(maxsize=1)
def originals(mix: str) -> list[Image.Image]:
    return [judge.reference(corpus.photo(name), BOX) for name in photos(mix)]


def _profile(limit: int) -> transcode.Profile:
    profile = transcode.find_profile("android-default")
    return replace(profile, max_message_bytes=limit, max_image_width=BOX[0], max_image_height=BOX[1])


@pytest.mark.parametrize("engine", [OURS, *DIVISIONS])
@pytest.mark.parametrize("mix", mixes())
@pytest.mark.parametrize("limit", [f"{limit:,} B" for limit in size.some(LIMITS, 2)])
def test_slideshow(measure: Any, limit: str, mix: str, engine: str) -> None:
    """Scores of each photo for each division of a message's bytes; our engine encodes all photos."""
    most = int(limit.removesuffix(" B").replace(",", ""))
    data = [corpus.photo(name) for name in photos(mix)]
    made, length = composed(mix, most)
    if engine == OURS:
        measure(lambda: transcode.compose(data, _profile(most)))
    else:
        room = most - (length - sum(map(len, made)))
        made = measure(lambda: divided(data, most, room, DIVISIONS[engine]))
    scores = [judge.score(one, original) for one, original in zip(made, originals(mix), strict=True)]
    measure.tell(scores=scores)
    if engine == OURS:
        measure.tell(bytes=length, share=length / most)


def divided(data: list[bytes], limit: int, room: int, divide: Division) -> list[bytes]:
    """The renditions of one message with a division of its bytes by a rival's rule."""
    limits = _profile(limit).limits()
    waiting = [prepare(Input("photo", each), limits) for each in data]
    shares = divide([first(judge.reference(each, BOX)) for each in data], room)
    return [each.encode(share).data for each, share in zip(waiting, shares, strict=True)]


def first(original: Image.Image) -> int:
    """The size of a first encoding in bytes."""
    file = io.BytesIO()
    original.save(file, "JPEG", quality=FIRST_QUALITY)
    return len(file.getvalue())


@pytest.mark.parametrize("engine", [TOGETHER, APART])
def test_cost(measure: Any, engine: str) -> None:
    """The time of one message of photos, and of the same photos fitted one by one to the same sizes."""
    data = [corpus.photo(name) for name in size.some(corpus.names()[:10], 4, 2)]
    profile = transcode.find_profile("android-default")
    limits = profile.limits()
    message = transcode.compose(data, profile)
    shares = [len(part.data) for part in message.parts if part.content_type.startswith("image/")]

    def apart() -> None:
        for photo, share in zip(data, shares, strict=True):
            transcode.fit(photo, replace(limits, max_bytes=share))

    measure(apart if engine == APART else lambda: transcode.compose(data, profile), rounds=ROUNDS)
    measure.tell(photos=len(data))


def test_drawing(measure: Any) -> None:
    """The time to render the frames of a slideshow clip on one thread."""
    data = [corpus.photo(name) for name in size.some(corpus.names()[:5], 3)]
    stills = [open_still(Input("photo", each)) for each in data]
    canvases = [scenes.canvas_of(still, *FRAME) for still in stills]
    words = caption("A caption of some words", *FRAME)
    shown = [scenes.Scene(canvas, 5.0, words) for canvas in canvases]
    measure(lambda: sum(1 for _ in scenes.render(shown, *FRAME, FRAME_RATE)), rounds=ROUNDS)
    measure.tell(seconds=sum(scene.seconds for scene in shown))


def lines(rows: Sequence[Row]) -> list[str]:
    limits = nested(of(rows, "slideshow"), "limit", "engine", "mix")
    table = ["| | " + " | ".join(limits) + " |", "|---|" + "---|" * len(limits)]
    table += [
        f"| {name} | {' | '.join(_cell(engines.get(name)) for engines in limits.values())} |"
        for name in (OURS, *DIVISIONS)
    ]
    used = [row.told["share"] for row in rows if "share" in row.told]
    found = nested(of(rows, "cost"), "engine")
    together, apart = found[TOGETHER]["ms"], found[APART]["ms"]
    drawn = of(rows, "drawing")[0]
    times = 1e3 * drawn.told["seconds"] / (drawn.ms or 1)
    width, height = FRAME
    middle, least, most = statistics.median(used), min(used), max(used)
    count = len({row.given["mix"] for row in of(rows, "slideshow")})
    return [
        f"{count} mixes of 2 to 10 photos in a box of {BOX[0]} x {BOX[1]}, each as one message. The same",
        "engine encodes the pictures; only the division of the bytes differs. SSIMULACRA2, averaged over the",
        "mixes: mean of a mix / worst photo of a mix.",
        "",
        *table,
        "",
        f"Share of the limit: median {middle:.1%}, smallest {least:.1%}, largest {most:.1%}.",
        "",
        f"A message of {found[APART]['photos']} photos takes {together:.0f} ms of processor time. The same",
        f"photos fitted one by one to the same sizes take {apart:.0f} ms; ratio {together / apart:.2f}.",
        "",
        f"Slides with captions are rendered as video {times:.0f} times faster than real time, at",
        f"{width} x {height} and {FRAME_RATE:g} frames/s on one thread, with fades, pan and",
        "zoom.",
    ]


def _cell(mixes: dict[str, Any] | None) -> str:
    if not mixes:
        return ABSENT
    scores = [row["scores"] for row in mixes.values()]
    means = statistics.mean(statistics.mean(each) for each in scores)
    worst = statistics.mean(min(each) for each in scores)
    return f"{means:.1f} / {worst:.1f}"
