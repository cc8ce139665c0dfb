"""What the installation can do, and what it lacks."""

from __future__ import annotations

import base64
import hashlib
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

from transcode._version import __version__
from transcode.jobs.confinement import confinement

__all__ = ["Finding", "examine"]

#: Pillow's features: name, and the cost of each that is missing.
_FEATURES = {
    "littlecms2": ("LittleCMS", "colour profiles are ignored: Display P3 and CMYK pictures look wrong"),
    "webp": ("WebP", "WebP pictures are refused"),
    "libtiff": ("TIFF compression", "compressed TIFF pictures are refused"),
    "jpg": ("JPEG in Pillow", "CMYK JPEG pictures are refused"),
    "zlib": ("PNG", "PNG pictures are refused"),
    "freetype2": ("FreeType", "no text can be drawn on pictures"),
}


#: Packages that only an extra installs: name, extra, and what needs it.
_EXTRAS = (
    ("httpx", "send", "sending over HTTP"),
    ("uvicorn", "relay", "the message centre"),
    ("distributed", "cluster", "a batch on many machines"),
    ("prometheus-client", "metrics", "counting the jobs of an engine"),
    ("watchfiles", "watch", "watching a folder without --poll"),
    ("obstore", "remote", "batches from and into buckets"),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One part of the installation that was examined.

    Attributes:
        what: the name of the part.
        present: whether the part is there.
        found: its version, or what was found in its place.
        cost: what does not work without it.
        needed: whether a feature is missing without it; other parts save time, or are made up for.
    """

    what: str
    present: bool
    found: str
    cost: str = ""
    needed: bool = True


def examine() -> list[Finding]:
    """Examine the processor, the libraries and their features.

    A library that can't be loaded is a finding, not an error.
    """
    return [*_versions(), *_kernels(), *_pillow(), *_ffmpeg(), *_extras(), _confinement()]


def _versions() -> list[Finding]:
    findings = [
        Finding("mms-transcode", True, __version__),
        Finding("Python", True, f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
    ]
    try:
        import numpy as np
    except ImportError as error:
        return [*findings, Finding("NumPy", False, str(error), "nothing can be fitted")]
    return [*findings, Finding("NumPy", True, np.__version__)]


def _kernels() -> list[Finding]:
    cost = "nothing can be fitted: build the package anew"
    try:
        from transcode.kernels import cpu, jpeg
    except ImportError as error:
        return [Finding("kernels", False, str(error), cost)]
    return [
        Finding("libjpeg-turbo", True, jpeg.version()),
        Finding(
            "vector kernels",
            cpu.level() != "portable",
            f"{cpu.level()} of {', '.join(cpu.levels())}",
            "resampling and transforms take two to six times as long",
            needed=False,
        ),
    ]


def _pillow() -> list[Finding]:
    try:
        import PIL
        from PIL import _imaging, features
    except ImportError as error:
        return [Finding("Pillow", False, str(error), "only gray and YCbCr JPEG pictures are read")]
    findings = [_build(PIL.__version__, Path(str(_imaging.__file__))), _fixes(PIL.__version__)]
    for feature, (what, cost) in _FEATURES.items():
        there = bool(features.check(feature))
        found = str(features.version(feature) or "") if there else "not in this Pillow"
        findings.append(Finding(what, there, found, cost))
    return findings


def _build(number: str, library: Path) -> Finding:
    """Which Pillow runs.

    pip lets pillow and pillow-simd overwrite each other's files in silence, and lists both. The package whose
    record has the library's hash is the one that runs.
    """
    code = library.read_bytes()
    runs = next((name for name in ("pillow-simd", "pillow") if _is_of(name, library.name, code)), None)
    others = [f"{name} {_version(name)}" for name in ("pillow-simd", "pillow") if name != runs]
    beside = ", ".join(other for other in others if not other.endswith(" None"))
    return Finding(
        "Pillow", True, f"{runs or 'of unknown origin,'} {number}{f' over {beside}' if beside else ''}"
    )


def _is_of(package: str, name: str, code: bytes) -> bool:
    """Whether a package's record has a file of this name with the hash of these octets."""
    try:
        files = distribution(package).files or []
    except PackageNotFoundError:
        return False
    for file in files:
        if file.name == name and file.hash is not None:
            digest = hashlib.new(file.hash.mode, code).digest()
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == file.hash.value:
                return True
    return False


def _extras() -> list[Finding]:
    return [
        Finding(
            package,
            _version(package) is not None,
            _version(package) or "not installed",
            f"{what} does not work: pip install 'mms-transcode[{extra}]'",
            needed=False,
        )
        for package, extra, what in _EXTRAS
    ]


def _confinement() -> Finding:
    """What this kernel can keep the processes of an engine and a batch from."""
    found = confinement()
    return Finding(
        "confinement",
        found.is_whole,
        str(found),
        "a file that takes over its decoder may do what the program may",
        needed=False,
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _fixes(number: str) -> Finding:
    """Whether Pillow has the security fixes of 12.2, 12.3 and 13.0, by its version."""
    there = int(number.partition(".")[0]) >= 13
    cost = "faults that a picture can reach are guarded against before it is opened: see SECURITY.md"
    return Finding("fixes of Pillow 13.0", there, f"Pillow {number}", cost, needed=False)


def _ffmpeg() -> list[Finding]:
    try:
        import av
    except ImportError as error:
        return [Finding("PyAV", False, str(error), "no clips, no sound, no HEIC and AVIF pictures")]
    return [Finding("PyAV", True, f"{av.__version__}, FFmpeg {av.ffmpeg_version_info}"), *_codecs()]


def _codecs() -> list[Finding]:
    """The finding of each codec, tried with a tiny clip, picture or recording."""
    try:
        from transcode.media.trials import TRIALS
    except ImportError as error:
        return [Finding("codecs", False, str(error), "no codec could be tried")]
    findings = []
    for what, trial, cost in TRIALS:
        try:
            findings.append(Finding(what, True, trial()))
        except Exception as error:  # noqa: BLE001 - whatever a library raises is what was found
            findings.append(Finding(what, False, str(error) or type(error).__name__, cost))
    return findings
