"""The compiled modules and the packages, as they are found: each .pyx in transcode/kernels is a module.

Everything else stands in pyproject.toml.

Switches, by environment:
    TRANSCODE_DEBUG=1      no optimisation, bounds checks and assertions on
    TRANSCODE_SANITIZE=1   AddressSanitizer and UndefinedBehaviorSanitizer
"""

import os
import re
import subprocess
import sysconfig
import warnings
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, find_packages, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CompileError, LinkError

# setuptools says this of every editable installation, and pip shows it even when quiet.
warnings.filterwarnings("ignore", "Editable installation")

DEBUG = os.environ.get("TRANSCODE_DEBUG") == "1"
SANITIZE = os.environ.get("TRANSCODE_SANITIZE") == "1"

# Kernels use the stable ABI of Python 3.11 (abi3), so that one wheel is for this Python and all later ones.
# That costs no time. Measured against kernels for 3.11 alone, with Cython 3.3 on 2026-11-30: reading a PDU
# takes 0.5 % more instructions, writing one as many; importing all kernels takes 0.1 ms more, and fits of
# JPEG, HEIC and APNG 0.96 to 1.03 of the time, which is noise. A free-threaded Python has no stable ABI.
ABI3 = not sysconfig.get_config_var("Py_GIL_DISABLED")

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
    "-pthread",
    "-Wall",
    "-Wextra",
    "-Wno-unused-function",
    "-Wno-sign-compare",
    "-Wno-missing-field-initializers",
]
LINK = ["-pthread"]
if SANITIZE:
    COMPILE += [
        "-g",
        "-fsanitize=address,undefined",
        "-fno-omit-frame-pointer",
        "-fno-sanitize-recover=undefined",
    ]
    LINK += ["-fsanitize=address,undefined"]

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


def headers_of(source: Path) -> set[Path]:
    """The headers beside a source that it includes, those that they include among them."""
    names = re.findall(r'(?:cdef extern from|#include) "(\w+\.h)"', source.read_text(encoding="utf-8"))
    found = {source.with_name(name) for name in names}
    return found.union(*map(headers_of, found))


def kernels() -> list[Extension]:
    """An extension for each .pyx; the libraries that it needs stand at its top."""
    # Cython copies headers beside the C files, where they are found first. A copy of an earlier build would
    # hide a header that has changed and is not copied again.
    for copy in Path("build/cython").rglob("*.h"):
        copy.unlink()
    like_all = Extension(
        "transcode.kernels.*",
        ["transcode/kernels/*.pyx"],
        extra_compile_args=COMPILE,
        extra_link_args=LINK,
        define_macros=[("Py_LIMITED_API", "0x030B0000")] if ABI3 else [],
        py_limited_api=ABI3,
    )
    found = cythonize([like_all], compiler_directives=DIRECTIVES, build_dir="build/cython")
    for extension in found:
        source = Path("transcode/kernels", extension.name.rpartition(".")[2] + ".pyx")
        extension.depends = sorted({*extension.depends, *map(str, headers_of(source))})
        for library in extension.libraries:
            if version := found_version(library):
                macro = f"VERSION_OF_{library.upper().replace('-', '_')}"
                extension.define_macros.append((macro, f'"{version}"'))
    return found


class Build(build_ext):
    """Compiles modules side by side, and names the packages that may be missing where one can't be built."""

    def finalize_options(self):
        super().finalize_options()
        # Not by setup(options=...): an editable installation forgets those.
        if self.parallel is None:
            self.parallel = True

    def run(self):
        super().run()
        if not self.inplace:
            self.forget_former()

    def forget_former(self):
        """Delete what an earlier build left in the folder that a wheel is made of.

        A module that is gone would be in the wheel, and Python would import a kernel that was built for it
        alone in place of the new one.
        """
        modules = self.get_finalized_command("build_py").get_outputs(include_bytecode=0)
        made = {Path(path) for path in (*modules, *self.get_outputs())}
        for old in Path(self.build_lib, "transcode").rglob("*"):
            if old.is_file() and old not in made:
                old.unlink()

    def copy_extensions_to_source(self):
        super().copy_extensions_to_source()
        # Python would import a kernel that was built for it alone in place of the new one.
        if ABI3:
            for old in Path("transcode/kernels").glob("*.cpython-*.so"):
                old.unlink()

    def build_extension(self, ext):
        try:
            super().build_extension(ext)
        except (CompileError, LinkError) as error:
            needed = "\n".join(f"    {name}: {PACKAGES[name]}" for name in ext.libraries)
            if not needed:
                raise
            raise BaseError(f"{ext.name} needs these libraries with their headers:\n{needed}") from error


def description() -> str:
    """README.md for an index of packages, which has none of the files that relative links name.

    A link becomes its words and the name of the file, a picture its words.
    """
    text = Path("README.md").read_text(encoding="utf-8")
    text = re.sub(r"!\[([^]]+)\]\((?!https?://)[^)]+\)", r"\1.", text)
    return re.sub(r"\[([^]]+)\]\((?!https?://)([^)]+)\)", _named, text)


def _named(link: re.Match[str]) -> str:
    """``[Install](docs/install.md)`` as ``Install (docs/install.md)``; a file's own name alone."""
    words, target = link.groups()
    return target if target.endswith(words) else f"{words} ({target})"


setup(
    long_description=description(),
    long_description_content_type="text/markdown",
    packages=[*find_packages(include=["transcode", "transcode.*"]), "transcode.profiles"],
    cmdclass={"build_ext": Build},
    ext_modules=kernels(),
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if ABI3 else {},
)
