"""What this installation can do, and what it misses."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import av
import PIL
from PIL import _imaging, features

from transcode._version import __version__
from transcode.kernels import cpu, jpeg

__all__ = ["Finding", "examine"]

#: VPMADDWD on 256-bit registers (Intel SDM: VEX.256.66.0F F5), with either VEX
#: prefix: the instruction that pillow-simd's resampling is made of with AVX2.
_AVX2 = re.compile(
    rb"\xc5[\x05\x0d\x15\x1d\x25\x2d\x35\x3d\x45\x4d\x55\x5d\x65\x6d\x75\x7d"
    rb"\x85\x8d\x95\x9d\xa5\xad\xb5\xbd\xc5\xcd\xd5\xdd\xe5\xed\xf5\xfd]\xf5"
)

#: By chance this many bytes look like one such instruction.
_CHANCE = 1 << 19

#: Decoders of PyAV's FFmpeg that pictures, clips and recordings will want.
_FFMPEG = {
    "hevc": "HEIC pictures and HEVC clips",
    "libdav1d": "AVIF pictures and AV1 clips",
    "libx264": "H.264 clips",
    "aac": "AAC sound",
    "libopencore_amrnb": "AMR-NB sound for old phones",
    "libmp3lame": "MP3 sound",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked for.

    Attributes:
        what: its name.
        present: whether it is there.
        found: its version, or what was found in its place.
        cost: what goes without it.
    """

    what: str
    present: bool
    found: str
    cost: str = ""


def examine() -> list[Finding]:
    """Look at the processor, the libraries and their features."""
    return [*_versions(), *_speed(), *_pillow(), *_codecs()]


def _versions() -> list[Finding]:
    return [
        Finding("mms-transcode", True, __version__),
        Finding("Python", True, f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        Finding("NumPy", True, version("numpy")),
        Finding("libjpeg-turbo", True, jpeg.version()),
        Finding("PyAV", True, f"{av.__version__}, FFmpeg {av.ffmpeg_version_info}"),
    ]


def _speed() -> list[Finding]:
    level = cpu.level()
    return [
        Finding(
            "vector kernels",
            level != "portable",
            f"{level} of {', '.join(cpu.levels())}",
            "resampling and transforms take two to four times as long",
        ),
        _pillow_build(),
    ]


def _pillow_build() -> Finding:
    distribution = "pillow-simd" if ".post" in PIL.__version__ else "pillow"
    if distribution == "pillow":
        return Finding(
            "pillow-simd",
            False,
            f"pillow {PIL.__version__}",
            "PNG, GIF, WebP, TIFF and BMP are reduced more slowly",
        )
    library = Path(str(_imaging.__file__)).read_bytes()
    avx2 = len(_AVX2.findall(library)) > 8 + 4 * len(library) / _CHANCE
    return Finding(
        "pillow-simd with AVX2",
        avx2,
        f"pillow-simd {PIL.__version__}{'' if avx2 else ', built for SSE4'}",
        "PNG, GIF, WebP, TIFF and BMP are reduced more slowly; build it with CC='cc -mavx2'",
    )


def _pillow() -> list[Finding]:
    wanted = {
        "littlecms2": ("LittleCMS", "colour profiles are ignored: Display P3 and CMYK pictures look wrong"),
        "webp": ("WebP", "WebP pictures are refused"),
        "libtiff": ("TIFF compression", "compressed TIFF pictures are refused"),
        "jpg": ("JPEG in Pillow", "CMYK JPEG pictures are refused"),
        "zlib": ("PNG", "PNG pictures are refused"),
        "freetype2": ("FreeType", "no text can be drawn on pictures"),
    }
    return [
        Finding(
            what,
            bool(features.check(feature)),
            str(features.version(feature) or "") if features.check(feature) else "not in this Pillow",
            cost,
        )
        for feature, (what, cost) in wanted.items()
    ]


def _codecs() -> list[Finding]:
    return [
        Finding(
            f"FFmpeg {name}",
            name in av.codecs_available,
            "" if name in av.codecs_available else "not in this FFmpeg",
            f"no {purpose}",
        )
        for name, purpose in _FFMPEG.items()
    ]
