"""Small valid files of every kind, which damaged ones grow from: made in code, else real ones."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

import transcode
from tests.made import clips, heifs, sounds
from tests.made.pictures import photo, save

__all__ = ["MEDIA", "MESSAGES", "PHONE", "REAL", "animation", "message", "real"]

#: A phone's document, with what its limits come from (UAProf, the MMS characteristics).
PHONE = b"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:prf="http://www.openmobilealliance.org/tech/profiles/UAPROF/ccppschema-20021212#"
 xmlns:mms="http://www.openmobilealliance.org/tech/profiles/MMS/ccppschema-20010111#">
<rdf:Description rdf:ID="Phone"><prf:component><rdf:Description rdf:ID="HardwarePlatform">
<prf:Vendor>Maker</prf:Vendor><prf:Model>One</prf:Model><prf:ScreenSize>240x320</prf:ScreenSize>
</rdf:Description></prf:component><prf:component><rdf:Description rdf:ID="MmsCharacteristics">
<mms:MmsMaxMessageSize>307200</mms:MmsMaxMessageSize><mms:MmsMaxImageResolution>640x480</mms:MmsMaxImageResolution>
<mms:MmsCcppAccept><rdf:Bag><rdf:li>image/jpeg</rdf:li><rdf:li>video/3gpp</rdf:li></rdf:Bag></mms:MmsCcppAccept>
</rdf:Description></prf:component></rdf:Description></rdf:RDF>
"""

#: An EXIF block whose orientation is 6.
_TURNED = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"


def animation(kind: str) -> bytes:
    """Three pictures that loop."""
    frames = [Image.fromarray(photo(40, 30, seed)) for seed in range(3)]
    file = io.BytesIO()
    frames[0].save(file, kind, save_all=True, append_images=frames[1:], duration=100, loop=0)
    return file.getvalue()


def _with_alpha(kind: str) -> bytes:
    pixels = np.dstack([photo(40, 30), np.linspace(0, 255, 40 * 30).reshape(30, 40).astype(np.uint8)])
    return save(Image.fromarray(pixels, "RGBA"), kind)


def _clip(form: str, codec: str = "libx264", *, sound: bool = True, pixels: str = "yuv420p") -> bytes:
    heard = sounds.sine(0.3) if sound else None
    options = {"x265-params": "log-level=none:pools=none:frame-threads=1"} if codec == "libx265" else None
    draw = clips.moving(128, 96) if codec == "h263" else clips.moving(64, 48)
    made = clips.clip(
        draw, seconds=0.4, rate=10, sound=heard, form=form, codec=codec, pixels=pixels, options=options
    )
    return bytes(made.data)


def _recording(form: str, codec: str, rate: int = 44_100) -> bytes:
    return bytes(sounds.container(sounds.sine(0.3, rate), form=form, codec=codec).data)


def _heic(*, tiled: bool) -> bytes:
    colour = heifs.coded(photo(64, 64))
    if not tiled:
        alpha = heifs.coded(photo(64, 64)[..., 0], heifs.auxiliary(), auxl=[1])
        return heifs.heif({1: colour, 2: alpha})
    return heifs.heif({1: heifs.grid(2, 1, 120, 60, [2, 3]), 2: colour, 3: heifs.coded(photo(64, 64, 2))})


def message() -> transcode.Message:
    """Two pictures and a text."""
    pictures = [save(photo(40, 30)), animation("GIF")]
    profile = transcode.find_profile("oma-image-rich")
    return transcode.compose(
        pictures, profile, to=["+15555550100"], sender="+15555550101", subject="Né", text="a ü 😀"
    )


MEDIA: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: save(photo(40, 30)),
    "progressive": lambda: save(photo(40, 30), progressive=True),
    "exif": lambda: save(photo(40, 30), exif=_TURNED),
    "cmyk": lambda: save(Image.fromarray(photo(40, 30)).convert("CMYK")),
    "png": lambda: _with_alpha("PNG"),
    "palette": lambda: save(Image.fromarray(photo(40, 30)).quantize(9), "PNG"),
    "apng": lambda: animation("PNG"),
    "gif": lambda: animation("GIF"),
    "webp": lambda: _with_alpha("WEBP"),
    "webp-animated": lambda: animation("WEBP"),
    "tiff": lambda: save(photo(40, 30), "TIFF", compression="tiff_lzw"),
    "tiff-plain": lambda: _with_alpha("TIFF"),
    "bmp": lambda: save(photo(40, 30), "BMP"),
    "heic": lambda: _heic(tiled=False),
    "heic-tiled": lambda: _heic(tiled=True),
    "mp4": lambda: _clip("mp4"),
    "hevc": lambda: _clip("mp4", "libx265"),
    "3gp": lambda: _clip("3gp", "h263"),
    "mov": lambda: _clip("mov", "mjpeg", pixels="yuvj420p"),
    "mkv": lambda: _clip("matroska", "libvpx-vp9", sound=False),
    "webm": lambda: _clip("webm", "libvpx", sound=False),
    "avi": lambda: _clip("avi", "mpeg4", sound=False),
    "ts": lambda: _clip("mpegts"),
    "flv": lambda: _clip("flv", "flv1", sound=False),
    "wav": lambda: _recording("wav", "pcm_s16le", 8000),
    "m4a": lambda: _recording("ipod", "aac"),
    "adts": lambda: _recording("adts", "aac"),
    "mp3": lambda: _recording("mp3", "libmp3lame"),
    "ogg": lambda: _recording("ogg", "libopus", 48_000),
    "flac": lambda: _recording("flac", "flac"),
    "caf": lambda: _recording("caf", "pcm_s16be", 8000),
    "aiff": lambda: _recording("aiff", "pcm_s16be", 8000),
    "amr": lambda: b"#!AMR\n" + sounds.amr_frames(sounds.words(0.6), dtx=True),
    "amr-3gp": lambda: bytes(sounds.amr_in_3gp(sounds.amr_frames(sounds.words(0.6))).data),
}

MESSAGES: dict[str, Callable[[], bytes]] = {
    "mm1": lambda: message().to_mm1(),
    "mm4": lambda: message().to_mm4(date=0),
    "mm7": lambda: bytes(message().to_mm7(vaspid="a", vasid="b")),
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

#: Further seeds for long runs: by folder, the endings of names and the largest size in octets.
_MORE = (
    ("cases", (".avif",), 2_500),
    ("media/image", (".png", ".gif", ".webp", ".tif", ".jpg", ".bmp"), 4_200),
    ("cases/wire", (".mms", ".eml", ".http", ".push", ".bin"), 6_000),
    ("vectors/pdu", (".mms", ".MMS", ".conf", ".bin", ".ind"), 4_000),
    ("vectors/mm4", (".eml", ".mail"), 6_000),
    ("vectors/mm7", (".xml", ".http", ".soap", ".txt"), 6_000),
    ("vectors-fresh", (".mms", ".eml", ".push", ".ind"), 4_000),
    ("vectors/uaprof/url-known", ("",), 7_000),
)


def real() -> Iterator[tuple[str, bytes]]:
    """Files of the shared corpus by their paths there; none where there is no corpus."""
    folder = Path(os.environ.get("TRANSCODE_SHARED") or Path(__file__).parents[3] / "shared")
    if not (folder / "media" / "MANIFEST.csv").is_file():
        return
    named = [folder / path for path in REAL]
    for under, endings, most in _MORE:
        found = sorted(path for path in (folder / under).rglob("*") if path.name.endswith(endings))
        named += [path for path in found if path.is_file() and 0 < path.stat().st_size <= most]
    for path in dict.fromkeys(named):
        yield path.relative_to(folder).as_posix(), path.read_bytes()
