"""Photos that share one message: how its bytes are divided, and what that costs."""

from __future__ import annotations

import io
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import transcode
from bench import corpus, judge
from bench.timing import timed
from transcode.fit.medium import prepare
from transcode.media import image, scenes
from transcode.media.captions import caption
from transcode.media.source import Content

TITLE = "Slideshows: one limit for several photos"

LIMITS = (300_000, 600_000, 1_000_000)
BOX = (1440, 1080)

#: How many photos each mix has, and how far apart they stand in the corpus: no two mixes are alike.
MIXES = ((2, 1), (3, 5), (4, 1), (5, 5), (6, 1), (7, 5), (8, 1), (9, 5), (10, 1), (10, 5))

#: The quality of the first encoding by which peers judge what a picture needs (QUIK: 90).
FIRST_QUALITY = 90

#: Where the corpus is not at hand there is nothing to mix.
FEWEST_PHOTOS = 10

ROUNDS = 3

#: Frames of a clip, and how many a second.
FRAME = (480, 360)
FRAME_RATE = 25.0

Division = Callable[[Sequence[int], int], list[int]]


def equally(firsts: Sequence[int], room: int) -> list[int]:
    """The same for each, as AOSP does."""
    return [room // len(firsts)] * len(firsts)


def in_proportion(firsts: Sequence[int], room: int) -> list[int]:
    """In proportion to a first encoding, as QKSMS does; without its reserve of a tenth."""
    return [room * first // sum(firsts) for first in firsts]


def biggest_first(firsts: Sequence[int], room: int) -> list[int]:
    """The biggest first encoding shrinks until all fit, as in mms-engine; with steps of one byte."""
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
OURS = "transcode"


def run() -> dict[str, Any]:
    photos = corpus.photos()
    if len(photos) < FEWEST_PHOTOS:
        return {"rows": [], "cost": None}
    names = list(photos)
    rows = []
    for limit in LIMITS:
        profile = replace(
            transcode.find_profile("android-default"),
            max_message_bytes=limit,
            max_image_width=BOX[0],
            max_image_height=BOX[1],
        )
        for count, step in MIXES:
            chosen = [photos[names[(step * index + count) % len(names)]] for index in range(count)]
            rows.append({"limit": limit, "photos": count, **mix(chosen, profile)})
    return {
        "rows": rows,
        "cost": cost(list(photos.values())[:10]),
        "drawing": drawing(list(photos.values())[:5]),
    }


def mix(photos: list[bytes], profile: transcode.Profile) -> dict[str, Any]:
    """Scores of each photo by each way to divide one message's bytes, and the share of the limit used."""
    message = transcode.compose(photos, profile)
    made = [bytes(part.data) for part in message.parts if part.content_type.startswith("image/")]
    length = len(message.to_mm1(strict=False))
    room = profile.max_message_bytes - (length - sum(map(len, made)))
    originals = [judge.reference(photo, BOX) for photo in photos]
    firsts = [first(photo) for photo in originals]
    waiting = [prepare(Content("photo", photo), profile.limits()) for photo in photos]
    scores = {OURS: [judge.score(data, each) for data, each in zip(made, originals, strict=True)]}
    for name, divided in DIVISIONS.items():
        shares = divided(firsts, room)
        scores[name] = [
            judge.score(each.finish(share).data, original)
            for each, share, original in zip(waiting, shares, originals, strict=True)
        ]
    return {"used": length / profile.max_message_bytes, "scores": scores}


def first(original: Any) -> int:
    """The size of a first encoding, in bytes."""
    file = io.BytesIO()
    original.save(file, "JPEG", quality=FIRST_QUALITY)
    return len(file.getvalue())


def cost(photos: list[bytes]) -> dict[str, float]:
    """Milliseconds for one message of photos, and for the same photos fitted one by one to as many bytes."""
    profile = transcode.find_profile("android-default")
    limits = profile.limits()
    together, message = timed(lambda: transcode.compose(photos, profile), ROUNDS)
    shares = [len(part.data) for part in message.parts if part.content_type.startswith("image/")]

    def apart() -> None:
        for photo, share in zip(photos, shares, strict=True):
            transcode.fit(photo, replace(limits, max_bytes=share))

    return {"photos": len(photos), "together": together, "apart": timed(apart, ROUNDS)[0]}


def drawing(photos: list[bytes]) -> dict[str, Any]:
    """Seconds of a clip that are drawn in a second of processor time, on one thread."""
    stills = [image.open_still(Content("photo", photo)) for photo in photos]
    canvases = [scenes.canvas_of(still, *FRAME) for still in stills]
    words = caption("A caption of some words", *FRAME)
    shown = [scenes.Scene(canvas, 5.0, words) for canvas in canvases]
    seconds = sum(scene.seconds for scene in shown)
    spent, _ = timed(lambda: sum(1 for _ in scenes.render(shown, *FRAME, FRAME_RATE)), ROUNDS)
    return {"slides": len(shown), "frame": FRAME, "rate": FRAME_RATE, "times": 1e3 * seconds / spent}


def lines(stored: dict[str, Any]) -> list[str]:
    if not stored["rows"]:
        return ["There were not enough photos to mix."]
    table = [
        "| | " + " | ".join(f"{limit:,} B" for limit in LIMITS) + " |",
        "|---|" + "---|" * len(LIMITS),
    ]
    for name in (OURS, *DIVISIONS):
        cells = []
        for limit in LIMITS:
            scores = [row["scores"][name] for row in stored["rows"] if row["limit"] == limit]
            means = statistics.mean(statistics.mean(each) for each in scores)
            worst = statistics.mean(min(each) for each in scores)
            cells.append(f"{means:.1f} / {worst:.1f}")
        table.append(f"| {name} | {' | '.join(cells)} |")
    used = [row["used"] for row in stored["rows"]]
    found = stored["cost"]
    drawn = stored["drawing"]
    width, height = drawn["frame"]
    together, apart = found["together"], found["apart"]
    middle, least, most = statistics.median(used), min(used), max(used)
    return [
        f"{len(MIXES)} mixes of 2 to 10 photos in a box of {BOX[0]} x {BOX[1]}, each one message. The same",
        "engine makes the pictures; only the division of the bytes differs. SSIMULACRA2, means over the",
        "mixes: of a mix's mean / of its worst photo.",
        "",
        *table,
        "",
        f"Used of the limit: median {middle:.1%}, least {least:.1%}, most {most:.1%}.",
        "",
        f"A message of {found['photos']} photos takes {together:.0f} ms of processor time, the same fitted",
        f"one by one to as many bytes each {apart:.0f} ms: {together / apart:.2f} times as much.",
        "",
        f"As a clip, slides with captions are drawn {drawn['times']:.0f} times as fast as they are",
        f"shown, at {width} x {height} and {drawn['rate']:g} frames a second, on one thread, fades, pan and",
        "zoom included.",
    ]
