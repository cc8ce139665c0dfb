"""Damaged files of every kind give a result, or an error of this package that names the file."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import av
import pytest

import transcode
from tests.fuzz.doors import LIMITS, OLD_PHONE
from tests.fuzz.mutations import damaged
from tests.fuzz.seeds import MEDIA, MESSAGES, REAL
from transcode import preview
from transcode.errors import PduError, TranscodeError

#: Number of damaged copies of each file. Seeds are fixed, so each run has the same copies.
COPIES = 4


@cache
def made(kind: str) -> bytes:
    return MEDIA[kind]()


def fitted(data: bytes, name: str) -> None:
    """Fit the data as a file object, and check that an error has its name."""
    for limits in (LIMITS, OLD_PHONE):
        file = io.BytesIO(data)
        file.name = name
        try:
            rendition = transcode.fit(file, limits)
        except TranscodeError as error:
            assert str(error).startswith(name)
            assert "\n" not in str(error)
        else:
            assert len(rendition.data) <= limits.max_bytes


@pytest.mark.parametrize("kind", sorted(MEDIA))
def test_media(kind: str) -> None:
    """Damaged generated pictures, animations, clips and recordings end in a result or an error."""
    fitted(made(kind), f"whole.{kind}")
    for seed in range(COPIES):
        fitted(damaged(made(kind), seed), f"damaged.{kind}")


@pytest.mark.parametrize("path", REAL)
def test_real_media(path: str, shared: Path) -> None:
    """Damaged real files end in a result or an error."""
    data = (shared / path).read_bytes()
    for seed in range(COPIES):
        fitted(damaged(data, seed), "damaged.real")


@pytest.mark.parametrize("form", ["mm1", "mm4", "mm7"])
def test_messages(form: str) -> None:
    """Damaged messages in every form are read, converted, written again and shown."""
    octets = MESSAGES[form]()
    for seed in range(60):
        exercised(damaged(octets, seed))
        # Most octets of a message are media, so the damage is limited to headers and presentation.
        exercised(damaged(octets[:1_200], seed) + octets[1_200:])


def exercised(octets: bytes) -> None:
    try:
        found = transcode.read(octets)
    except PduError as error:
        assert error.offset >= 0
        return
    calls: tuple[Callable[[], Any], ...] = (
        found.to_mm1,
        lambda: found.to_mm1(strict=False),
        lambda: found.to_mm4(date=0, strict=False),
        lambda: found.to_mm7(vaspid="a", vasid="b", strict=False),
        lambda: found.converted("mm4-forward-req"),
        lambda: found.converted("mm7-submit-req"),
        lambda: found.converted("m-retrieve-conf"),
        found.content_class,
        found.to_media,
        lambda: preview.page(octets),
    )
    for call in calls:
        try:
            call()
        except TranscodeError as error:
            assert "\n" not in str(error)


def test_slideshows() -> None:
    """A slideshow of damaged pictures and sounds gives a clip or a typed error."""
    profile = transcode.find_profile("world")
    for seed in range(3):
        slides = [transcode.Slide(made("jpeg"), audio=damaged(made("wav"), seed), duration=1.0)]
        try:
            shown = transcode.slideshow_clip([*slides, damaged(made("jpeg"), seed)], profile, max_bytes=9_000)
        except TranscodeError as error:
            assert "\n" not in str(error)
        else:
            with av.open(io.BytesIO(shown.data)) as container:
                assert container.streams.video
