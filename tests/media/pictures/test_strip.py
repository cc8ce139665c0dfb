"""PNG, GIF and WebP lose their metadata and nothing else."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from transcode.errors import SourceError
from transcode.media.pictures.strip import strip_gif, strip_png, strip_webp


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def png() -> bytes:
    """A PNG with text, EXIF, a time, transparency, and something after its end."""
    info = PngInfo()
    info.add_text("Comment", "here I live")
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    file = io.BytesIO()
    image = Image.fromarray(np.arange(48, dtype=np.uint8).reshape(6, 8))
    image.save(file, "PNG", pnginfo=info, exif=exif, transparency=3)
    data = file.getvalue()
    return data[:-12] + chunk(b"tIME", bytes(7)) + data[-12:] + b"trailer"


def gif() -> bytes:
    """An animated GIF that loops, with a comment, and something after its end."""
    frames = [Image.fromarray(np.full((5, 7), level, np.uint8)) for level in (0, 90, 200)]
    file = io.BytesIO()
    frames[0].save(
        file, "GIF", save_all=True, append_images=frames[1:], duration=[50, 60, 70], loop=0, comment=b"mine"
    )
    return file.getvalue() + b"trailer"


def webp() -> bytes:
    """A WebP with EXIF, XMP and a profile, and something after its end."""
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    file = io.BytesIO()
    image = Image.fromarray(np.arange(48 * 4, dtype=np.uint8).reshape(6, 8, 4))
    image.save(file, "WEBP", lossless=True, exif=exif, xmp=b"<mine/>", icc_profile=b"profile")
    return file.getvalue() + b"trailer"


def pixels(data: bytes) -> list[bytes]:
    image = Image.open(io.BytesIO(data))
    found = []
    for frame in range(getattr(image, "n_frames", 1)):
        image.seek(frame)
        found.append(image.convert("RGBA").tobytes() + str(image.info.get("duration")).encode())
    return found


def test_png() -> None:
    """Text, EXIF, time and trailer go, and are named; the pixels and their transparency stay."""
    clean, dropped = strip_png(png(), name="a.png")
    assert set(dropped) == {"text", "EXIF", "time", "data after the picture"}
    assert b"here I live" not in clean
    assert b"Maker" not in clean
    assert pixels(clean) == pixels(png())
    assert strip_png(clean, name="a.png") == (clean, ())


def test_gif() -> None:
    """Comment and trailer go, and are named; frames, timing and loop stay."""
    clean, dropped = strip_gif(gif(), name="a.gif")
    assert set(dropped) == {"comment", "data after the picture"}
    assert b"mine" not in clean
    assert pixels(clean) == pixels(gif())
    assert Image.open(io.BytesIO(clean)).info["loop"] == 0
    assert strip_gif(clean, name="a.gif") == (clean, ())


def test_webp() -> None:
    """EXIF, XMP, profile and trailer go, and are named; the pixels and their transparency stay."""
    clean, dropped = strip_webp(webp(), name="a.webp")
    assert set(dropped) == {"EXIF", "XMP", "ICC profile", "data after the picture"}
    for trace in (b"Maker", b"mine", b"profile"):
        assert trace not in clean
    found = Image.open(io.BytesIO(clean))
    assert not {"exif", "xmp", "icc_profile"} & set(found.info)
    assert pixels(clean) == pixels(webp())
    assert strip_webp(clean, name="a.webp") == (clean, ())


@pytest.mark.parametrize(("strip", "make"), [(strip_png, png), (strip_gif, gif), (strip_webp, webp)])
def test_every_truncation_is_told(strip, make) -> None:  # type: ignore[no-untyped-def]
    """A file cut inside a chunk or a block is refused, and the place is given."""
    whole = make().removesuffix(b"trailer")
    for length in range(len(whole)):
        try:
            clean, _ = strip(whole[:length], name="cut")
        except SourceError as error:
            assert error.offset is not None
        else:
            # A GIF cut between two blocks is whole, but for the frames that are gone.
            assert strip is strip_gif
            assert strip(whole, name="whole")[0].startswith(clean[:-1])


@settings(deadline=None)
@given(st.data())
def test_changed_octets(data: st.DataObject) -> None:
    """Changed octets end in a result or a SourceError."""
    strip, whole = data.draw(st.sampled_from([(strip_png, png()), (strip_gif, gif()), (strip_webp, webp())]))
    place = data.draw(st.integers(0, len(whole) - 1))
    broken = bytearray(whole)
    broken[place] = data.draw(st.integers(0, 255))
    try:
        clean, _ = strip(bytes(broken), name="broken")
    except SourceError:
        return
    assert len(clean) <= len(broken)


def test_corpus(shared: Path) -> None:
    """Real PNG, GIF and WebP files keep their pixels."""
    for path in sorted((shared / "media" / "image").iterdir()):
        strip = {".png": strip_png, ".gif": strip_gif, ".webp": strip_webp}.get(path.suffix)
        if strip is not None and path.stat().st_size < 300_000:
            data = path.read_bytes()
            clean, _ = strip(data, name=path.name)
            assert pixels(clean) == pixels(data), path.name
