"""The sdist and the wheel that `make wheel` makes: what is in them, and the wheel in an empty environment."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

import transcode
from tests.made.pictures import photo, save

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.xdist_group("wheel")

#: Folders of the tree that an sdist has, whole.
GRAFTED = (".ci", "bench", "docs", "licenses", "man", "profiles", "tests", "transcode")

#: Endings of what is made, not written.
MADE = (".so", ".pyc")

#: What runs in the empty environment: it fits each file into a number of bytes, and says what came out.
FIT = """
import hashlib, sys, transcode
for path in sys.argv[1:]:
    print(hashlib.sha256(transcode.fit(path, transcode.Limits(20_000, 320, 240)).data).hexdigest())
print(transcode.__file__)
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an sdist and a wheel. The kernels in use are not compiled again."""
    folder = tmp_path_factory.mktemp("wheel")
    built = folder / "build"
    shutil.copytree(ROOT / "build" / "cython", built / "cython", copy_function=shutil.copyfile)
    kernels = (
        built / f"lib.{sysconfig.get_platform()}-{sys.implementation.cache_tag}" / "transcode" / "kernels"
    )
    kernels.mkdir(parents=True)
    for library in (ROOT / "transcode" / "kernels").glob(f"*{sysconfig.get_config_var('EXT_SUFFIX')}"):
        shutil.copyfile(library, kernels / library.name)
    command = [str(ROOT / ".ci" / "wheel"), sys.executable, str(folder / "dist"), str(built)]
    environment = os.environ | {"CC": "no-compiler-is-needed", "PYTHONWARNINGS": "default"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "dist"


def test_the_sdist_is_complete(dist: Path) -> None:
    """It has every file of the tree that is not made: sources, tests with their data, benchmarks, scripts."""
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    written = {
        str(path.relative_to(ROOT))
        for folder in GRAFTED
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and not path.name.endswith(MADE)
    }
    written |= {path.name for path in ROOT.glob("*.md")} | {
        ".dockerignore",
        "Dockerfile",
        "LICENSE",
        "MANIFEST.in",
        "Makefile",
        "pyproject.toml",
        "setup.py",
    }
    assert written <= names
    assert not [name for name in names if name.endswith(MADE)]


def test_the_wheel_carries_its_libraries_and_their_licences(dist: Path) -> None:
    """libjpeg-turbo and opencore-amr are inside, their licences too, and no source of a kernel."""
    (wheel,) = dist.glob("*.whl")
    assert "manylinux" in wheel.name
    names = zipfile.ZipFile(wheel).namelist()
    inside = [Path(name).name.partition("-")[0] for name in names if ".libs/" in name and ".so" in name]
    assert sorted(inside) == ["libjpeg", "libopencore", "libopencore"]
    licences = {
        Path(name).name for name in names if ".dist-info/licenses/" in name and not name.endswith("/")
    }
    assert licences == {"LICENSE", "libjpeg-turbo.txt", "opencore-amr.txt"}
    assert not [name for name in names if name.endswith((".pyx", ".h", ".c"))]
    assert "transcode/py.typed" in names
    assert any(name.startswith("transcode/profiles/") for name in names)


def test_an_index_of_packages_shows_no_dead_links(dist: Path) -> None:
    """The long description is the README; it names files in place of links, and has no picture."""
    (wheel,) = dist.glob("*.whl")
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    metadata = message_from_bytes(archive.read(name))
    assert metadata["Description-Content-Type"] == "text/markdown"
    described = metadata.get_payload()
    assert isinstance(described, str)
    assert not re.search(r"\]\((?!https?://)", described)
    assert "Install (docs/pages/install.md) tells" in described
    assert "| CONTRIBUTING.md, CHANGELOG.md |" in described
    readme = (ROOT / "README.md").read_text("utf-8")
    assert described.count("\n") == readme.count("\n") - 2
    assert metadata["Version"] == transcode.__version__


def test_the_wheel_in_an_empty_environment(dist: Path, tmp_path: Path) -> None:
    """Without a compiler pip installs it, from wheels alone; with Pillow itself it gives the same bytes."""
    files = {
        "photo.jpg": save(photo(640, 480)),
        "photo.png": save(photo(640, 480), "PNG"),
        "loop.gif": save(photo(200, 150), "GIF"),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    paths = [str(tmp_path / name) for name in files]
    venv.create(tmp_path / "empty")
    programs = tmp_path / "empty" / "bin"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment["PATH"] = str(programs)
    python = str(programs / "python")
    (wheel,) = dist.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--python", python, "--quiet", "--disable-pip-version-check"]
    install = ["install", "--no-compile", "--only-binary", ":all:", str(wheel)]
    for command in ([*pip, *install], [python, "-I", "-W", "error", "-c", FIT, *paths]):
        done = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    *hashes, place = done.stdout.splitlines()
    assert Path(place).is_relative_to(tmp_path / "empty")
    limits = transcode.Limits(20_000, 320, 240)
    assert hashes == [hashlib.sha256(transcode.fit(path, limits).data).hexdigest() for path in paths]
    said = subprocess.run(
        [programs / "transcode", "doctor"], env=environment, capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stderr
    assert "pillow-simd" not in said.stdout
