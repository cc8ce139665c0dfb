"""The compiled modules and the packages, as they are found. Everything else stands in pyproject.toml.

Switches, by environment:
    TRANSCODE_DEBUG=1      no optimisation, bounds checks and assertions on
    TRANSCODE_SANITIZE=1   AddressSanitizer and UndefinedBehaviorSanitizer
"""

import os
import subprocess

from Cython.Build import cythonize
from setuptools import Extension, find_packages, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CompileError, LinkError

DEBUG = os.environ.get("TRANSCODE_DEBUG") == "1"
SANITIZE = os.environ.get("TRANSCODE_SANITIZE") == "1"

DIRECTIVES = {
    "language_level": "3",
    "boundscheck": DEBUG,
    "wraparound": False,
    "cdivision": True,
    "initializedcheck": DEBUG,
    "embedsignature": False,
}

# -O3, not the -O2 that some Pythons were built with: the same loops take three to
# four times as long without its vectoriser. Wider instructions are chosen by
# attributes on single functions, never by a flag for a file: a flag would reach
# every inline function that the file includes.
COMPILE = ["-O0", "-g", "-UNDEBUG"] if DEBUG else ["-O3", "-g0"]
COMPILE += [
    "-std=c11",
    "-Wall",
    "-Wextra",
    "-Wno-unused-function",
    "-Wno-sign-compare",
    "-Wno-missing-field-initializers",
]
LINK: list[str] = []
if SANITIZE:
    COMPILE += [
        "-g",
        "-fsanitize=address,undefined",
        "-fno-omit-frame-pointer",
        "-fno-sanitize-recover=undefined",
    ]
    LINK += ["-fsanitize=address,undefined"]

#: Module, libraries, and the headers that it is to be built anew for.
KERNELS = [
    ("cpu", [], ["cpu.h"]),
    ("jpeg", ["jpeg"], ["jpeg_turbo.h", "jpeg_scan.h", "jpeg_idct.h", "cpu.h"]),
    ("resample", [], ["resample_rows.h", "cpu.h"]),
    ("dct", [], ["dct_blocks.h", "dct_scans.h", "cpu.h"]),
    ("colour", [], ["colour_pixels.h", "cpu.h"]),
    ("blend", [], ["blend_rows.h", "cpu.h"]),
    ("pcm", [], ["pcm_loops.h", "cpu.h"]),
    ("score", [], ["score_rows.h", "cpu.h"]),
    ("gif", [], ["gif_lzw.h"]),
    ("linear_light", [], ["linear_light_rows.h"]),
    ("fields", [], ["wsp_fields.h"]),
    ("amr", ["opencore-amrnb", "opencore-amrwb"], ["amr_frames.h"]),
]

#: What a library's headers are called where they are packaged.
PACKAGES = {
    "jpeg": "libjpeg62-turbo-dev (Debian), libjpeg-turbo-devel (Fedora), jpeg-turbo (Homebrew)",
    "opencore-amrnb": "libopencore-amrnb-dev (Debian), opencore-amr-devel (Fedora), opencore-amr (Homebrew)",
    "opencore-amrwb": "libopencore-amrwb-dev (Debian), opencore-amr-devel (Fedora), opencore-amr (Homebrew)",
}


def found_version(library: str) -> str:
    """What pkg-config says of a library; empty where it knows nothing."""
    try:
        asked = subprocess.run(  # noqa: S603
            ["pkg-config", "--modversion", library],  # noqa: S607
            capture_output=True,
            text=True,
        )
    except OSError:
        return ""
    return asked.stdout.strip()


MACROS = {"amr": [("TRANSCODE_AMR_VERSION", f'"{found_version("opencore-amrnb")}"')]}


class Build(build_ext):
    """Compiles modules side by side, and names the packages that may be missing where one can't be built."""

    def finalize_options(self):
        super().finalize_options()
        # Not by setup(options=...): an editable installation forgets those.
        if self.parallel is None:
            self.parallel = True

    def build_extension(self, ext):
        try:
            super().build_extension(ext)
        except (CompileError, LinkError) as error:
            needed = "\n".join(f"    {name}: {PACKAGES[name]}" for name in ext.libraries)
            if not needed:
                raise
            raise BaseError(f"{ext.name} needs these libraries with their headers:\n{needed}") from error


setup(
    packages=[*find_packages(include=["transcode", "transcode.*"]), "transcode.profiles"],
    cmdclass={"build_ext": Build},
    ext_modules=cythonize(
        [
            Extension(
                f"transcode.kernels.{name}",
                [f"transcode/kernels/{name}.pyx"],
                libraries=libraries,
                define_macros=MACROS.get(name, []),
                depends=[f"transcode/kernels/{header}" for header in headers],
                extra_compile_args=COMPILE,
                extra_link_args=LINK,
            )
            for name, libraries, headers in KERNELS
        ],
        compiler_directives=DIRECTIVES,
        build_dir="build/cython",
    ),
)
