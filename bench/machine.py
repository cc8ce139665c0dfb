"""Describe the machine, the software versions and the date of a measurement."""

from __future__ import annotations

import datetime
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import transcode
from bench.engines import program
from transcode.kernels import cpu

#: Packages whose versions are reported.
PACKAGES = (
    "pillow-simd",
    "pillow",
    "numpy",
    "av",
    "pyvips",
    "pyvips-binary",
    "opencv-python-headless",
    "pillow-heif",
    "python-messaging",
    "ssimulacra2",
    "zimtohrli",
)
#: Programs whose versions are reported, and the option that prints the version in the first line.
PROGRAMS = {"ffmpeg": "-version", "gifsicle": "--version", "magick|convert": "-version"}


def described() -> str:
    """The processor, the vector level of the kernels, versions and the date, as text."""
    versions = [f"Python {platform.python_version()}", f"transcode {transcode.__version__}"]
    for name in PACKAGES:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    versions += filter(None, (_program(names, option) for names, option in PROGRAMS.items()))
    day = datetime.datetime.now(datetime.UTC).date()
    return f"{processor()}, kernels as {cpu.level()}, {', '.join(versions)}, {day}"


def processor() -> str:
    """The model of the processor, or its architecture where the system does not tell."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.is_file() else []
    return next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")),
        platform.machine(),
    )


def package() -> str:
    """The folder of the package that is measured."""
    return str(Path(transcode.__file__).parent)


def _program(names: str, option: str) -> str | None:
    path = program(names)
    if path is None:
        return None
    told = subprocess.run([path, option], capture_output=True, text=True, check=False).stdout.split("\n")[0]
    words = told.removeprefix("Version: ").split()
    number = next((word for word in words if word[0].isdigit()), "")
    return f"{Path(path).name} {number}"
