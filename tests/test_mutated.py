"""Damaged files of every kind end in a result or in an error of this package, which names the file."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

import transcode
from tests.media import clips, sounds
from tests.media.pictures import photo, save
from transcode import preview
from transcode.errors import PduError, TranscodeError

#: Damaged copies of each file. Seeds are fixed: each run has the same.
COPIES = 4

LIMITS = transcode.Limits(20_000, 320, 240)
OLD_PHONE = transcode.Limits(15_000, 176, 144, formats=("image/jpeg", "video/3gpp", "audio/amr"))


def damaged(data: bytes, seed: int) -> bytes:
    """A copy with one to eight changes: octets, pieces lost, doubled or moved, or the end cut off."""
    draw = random.Random(seed)
    made = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 8))):
        at = draw.randrange(len(made))
        length = min(draw.choice((1, 2, 4, 16, 200)), len(made) - at)
        match draw.randrange(7):
            case 0:
                made[at] ^= 1 << draw.randrange(8)
            case 1:
                made[at : at + length] = draw.randbytes(length)
            case 2:
                made[at : at + length] = bytes([draw.choice((0, 0xFF, 0x7F, 0x80))]) * length
            case 3:
                del made[at : at + length]
            case 4:
                made[at:at] = made[at : at + length]
            case 5:
                other = draw.randrange(len(made))
                made[at : at + length] = made[other : other + length]
            case _:
                del made[max(1, at) :]
        if not made:
            return b"\0"
    return bytes(made)


def animation(kind: str) -> bytes:
    frames = [Image.fromarray(photo(40, 30, seed)) for seed in range(3)]
    file = io.BytesIO()
    frames[0].save(file, kind, save_all=True, append_images=frames[1:], duration=100, loop=0)
    return file.getvalue()


def with_alpha(kind: str) -> bytes:
    pixels = np.dstack([photo(40, 30), np.linspace(0, 255, 40 * 30).reshape(30, 40).astype(np.uint8)])
    return save(Image.fromarray(pixels, "RGBA"), kind)


def clip(form: str, codec: str = "libx264", *, sound: bool = True, pixels: str = "yuv420p") -> bytes:
    heard = sounds.sine(0.5) if sound else None
    return bytes(clips.clip(seconds=0.5, rate=10, sound=heard, form=form, codec=codec, pixels=pixels).data)


def recording(form: str, codec: str, rate: int = 44_100) -> bytes:
    return bytes(sounds.container(sounds.sine(0.5, rate), form=form, codec=codec).data)


def message() -> transcode.Message:
    pictures = [save(photo(40, 30)), animation("GIF")]
    profile = transcode.find_profile("oma-image-rich")
    return transcode.compose(
        pictures, profile, to=["+15555550100"], sender="+15555550101", subject="Né", text="a ü 😀"
    )


MEDIA: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: save(photo(40, 30)),
    "progressive": lambda: save(photo(40, 30), progressive=True),
    "exif": lambda: save(
        photo(40, 30), exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"
    ),
    "cmyk": lambda: save(Image.fromarray(photo(40, 30)).convert("CMYK")),
    "png": lambda: with_alpha("PNG"),
    "palette": lambda: save(Image.fromarray(photo(40, 30)).quantize(9), "PNG"),
    "apng": lambda: animation("PNG"),
    "gif": lambda: animation("GIF"),
    "webp": lambda: with_alpha("WEBP"),
    "webp-animated": lambda: animation("WEBP"),
    "tiff": lambda: save(photo(40, 30), "TIFF", compression="tiff_lzw"),
    "tiff-plain": lambda: with_alpha("TIFF"),
    "bmp": lambda: save(photo(40, 30), "BMP"),
    "mp4": lambda: clip("mp4"),
    "mov": lambda: clip("mov", "mjpeg", pixels="yuvj420p"),
    "mkv": lambda: clip("matroska", "libvpx-vp9", sound=False),
    "avi": lambda: clip("avi", "mpeg4", sound=False),
    "ts": lambda: clip("mpegts"),
    "flv": lambda: clip("flv", "flv1", sound=False),
    "wav": lambda: recording("wav", "pcm_s16le", 8000),
    "m4a": lambda: recording("ipod", "aac"),
    "adts": lambda: recording("adts", "aac"),
    "mp3": lambda: recording("mp3", "libmp3lame"),
    "ogg": lambda: recording("ogg", "libopus", 48_000),
    "flac": lambda: recording("flac", "flac"),
}

#: Real files, small ones: what can't be made in code here.
REAL = (
    "media/hostile/fuzz_heic_a.heic",
    "cases/alpha_noispe.avif",
    "cases/color_grid_alpha_nogrid.avif",
    "media/audio/sample_nb.amr",
    "media/audio/sample_wb.amr",
    "media/video/mpeg4_amr_5s.3gp",
)


@cache
def made(kind: str) -> bytes:
    return MEDIA[kind]()


def fitted(data: bytes, name: str) -> None:
    """Fit it as a file object, whose name every error has."""
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
    """Pictures, animations, clips and recordings."""
    fitted(made(kind), f"whole.{kind}")
    for seed in range(COPIES):
        fitted(damaged(made(kind), seed), f"damaged.{kind}")


@pytest.mark.parametrize("path", REAL)
def test_real_media(path: str, shared: Path) -> None:
    """The same of real files."""
    data = (shared / path).read_bytes()
    for seed in range(COPIES):
        fitted(damaged(data, seed), "damaged.real")


@pytest.mark.parametrize("form", ["mm1", "mm4", "mm7"])
def test_messages(form: str) -> None:
    """Messages in every form: read, converted, written again, shown."""
    one = message()
    if form == "mm1":
        octets = one.to_mm1()
    else:
        octets = one.to_mm4(date=0) if form == "mm4" else bytes(one.to_mm7(vaspid="a", vasid="b"))
    for seed in range(60):
        exercised(damaged(octets, seed))
        # Most of a message is media: the headers and the presentation get as many.
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
    """Of damaged pictures and sounds one that can't be shown ends the show in an error that is typed."""
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
