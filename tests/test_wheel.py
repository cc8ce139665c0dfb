"""The sdist and the wheel that `make wheel` makes: what is in them, and the wheel in an empty environment."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

import transcode
from tests import wheel_trial

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.xdist_group("wheel")

#: Folders of the tree that an sdist has, whole.
GRAFTED = (".ci", "bench", "docs", "licenses", "man", "profiles", "tests", "transcode")

#: Endings of what is made, not written.
MADE = (".so", ".pyc")

#: What builds of former versions left in the folder that is used again.
FORMER = (
    "transcode/former.py",
    "transcode/kernels/former.abi3.so",
    "transcode/kernels/dct.cpython-311-x86_64-linux-gnu.so",
)


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
    for library in (ROOT / "transcode" / "kernels").glob("*.abi3.so"):
        shutil.copyfile(library, kernels / library.name)
    for name in FORMER:
        (kernels.parents[1] / name).touch()
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


def test_the_wheel_has_nothing_of_former_builds(dist: Path) -> None:
    """It has the modules and kernels of this tree, though the folder of the build had others."""
    (wheel,) = dist.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert not names & set(FORMER)
    kernels = {f"transcode/kernels/{path.stem}.abi3.so" for path in ROOT.glob("transcode/kernels/*.pyx")}
    assert {name for name in names if name.startswith("transcode/") and name.endswith(".so")} == kernels


def test_an_index_of_packages_shows_no_dead_links(dist: Path) -> None:
    """The long description is the README; it names files in place of links, and has words for the picture."""
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
    assert described.count("\n") == readme.count("\n")
    assert "\nLeft: Pillow in a loop" in described
    assert metadata["Version"] == transcode.__version__


def test_the_wheel_in_an_empty_environment(dist: Path, tmp_path: Path) -> None:
    """Without a compiler pip installs it, from wheels alone; with Pillow itself it gives the same bytes."""
    (wheel,) = dist.glob("*.whl")
    said = wheel_trial.trial(wheel, sys.executable, tmp_path)
    assert said["python"] == platform.python_version()


def test_one_wheel_is_for_all_pythons(dist: Path) -> None:
    """Every kernel keeps to the stable ABI of the oldest Python that the package takes."""
    (wheel,) = dist.glob("*.whl")
    oldest = re.search(r'requires-python = ">=3\.(\d+)"', (ROOT / "pyproject.toml").read_text())
    assert oldest
    assert f"-cp3{oldest[1]}-abi3-manylinux" in wheel.name
    done = subprocess.run(
        [sys.executable, "-m", "abi3audit", "--strict", "--report", str(wheel)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
