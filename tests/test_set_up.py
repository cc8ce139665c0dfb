"""Tests of setup.py, and of the scripts that install system packages for the set-up."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: Programs that the scripts expect on every system.
TOOLS = ("awk", "bash", "env", "find", "mkdir", "mktemp", "realpath", "rm", "sed", "sort", "tr", "wc")

SetUp = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def set_up(tmp_path: Path) -> SetUp:
    """A function that runs a script on a system with additional programs, by name and text."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in TOOLS:
        (folder / name).symlink_to(str(shutil.which(name)))

    def run(script: str, *words: str, **programs: str) -> subprocess.CompletedProcess[str]:
        for name, text in programs.items():
            path = folder / name.replace("_", "-")
            path.write_text(f"#!/bin/sh\n{text}\n")
            path.chmod(0o755)
        command = [str(ROOT / ".ci" / script), *words]
        return subprocess.run(
            command, env={"PATH": str(folder)}, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    return run


@pytest.mark.parametrize(("script", "words"), [("system-packages", ()), ("unpacked-packages", ("peers",))])
def test_off_debian(set_up: SetUp, tmp_path: Path, script: str, words: tuple[str, ...]) -> None:
    """Outside of Debian the set-up continues, and prints the packages to install."""
    done = set_up(script, *words, "postfix", "gcc")
    assert done.returncode == 0, done.stderr
    assert "no Debian system" in done.stderr
    assert "postfix gcc" in done.stderr
    assert not (tmp_path / "peers").exists()


@pytest.mark.parametrize(("script", "words"), [("system-packages", ()), ("unpacked-packages", ("peers",))])
def test_who_is_not_root_gets_the_command(set_up: SetUp, script: str, words: tuple[str, ...]) -> None:
    """A user who is not root gets the command to run, even without package lists."""
    done = set_up(
        script,
        *words,
        "postfix",
        id="echo 1000",
        dpkg_query="exit 1",
        apt_cache="exit 0",
        apt_get="echo 'E: Unable to locate package postfix' >&2; exit 100",
    )
    assert done.returncode == 1
    assert "sudo apt-get update" in done.stderr


def test_root_gets_the_lists_first(set_up: SetUp, tmp_path: Path) -> None:
    """Without package lists, root's run downloads the lists and asks apt again."""
    download = f"""\
case "$*" in
  *update*) : >{tmp_path}/lists;;
  *download*) [ -e {tmp_path}/lists ] && : >postfix_1.deb;;
esac"""
    done = set_up(
        "unpacked-packages",
        "peers",
        "postfix",
        id="echo 0",
        dpkg_query="exit 1",
        apt_cache=f"[ ! -e {tmp_path}/lists ] || printf 'postfix:\\n  Installed: (none)\\n  Candidate: 1\\n'",
        apt_get=download,
        dpkg='[ "$1" != --extract ] || : >"$3/unpacked"',
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "peers" / "unpacked").exists()


def test_make_test_names_all_packages_at_once(tmp_path: Path) -> None:
    """Who is not root is told the packages of set-up and tests at once, before anything is built."""
    for name in ("Makefile", ".ci/system-packages", ".ci/unpacked-packages"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in (*TOOLS, "make", "grep", "uname", "touch"):
        (folder / name).symlink_to(str(shutil.which(name)))
    for name, text in {"id": "echo 1000", "dpkg-query": "exit 1", "python3": "touch built"}.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    done = subprocess.run(
        ["make", "test"], env={"PATH": str(folder)}, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    (command,) = (line for line in done.stderr.splitlines() if "apt-get install" in line)
    assert {"libjpeg62-turbo-dev", "python3-venv", "tshark", "chromium"} <= set(command.split())
    assert not done.stdout
    assert not (tmp_path / "built").exists()
    assert not (tmp_path / ".venv").exists()


def test_the_other_pillow_takes_the_place_of_the_one(tmp_path: Path) -> None:
    """make PILLOW=... installs that Pillow also where the environment has the other, and only then."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    folder, stamps = tmp_path / "bin", tmp_path / ".venv" / "stamps"
    for made in (folder, stamps, tmp_path / ".ci", tmp_path / ".venv" / "bin"):
        made.mkdir(parents=True)
    for name in ("bash", "grep", "make", "rm", "touch", "uname"):
        (folder / name).symlink_to(str(shutil.which(name)))
    for name in ("pyproject.toml", "setup.py", ".ci/system-packages"):
        (tmp_path / name).touch()
    for name in ("system", "venv"):
        (stamps / name).touch()
    for name in ("pip", "python"):
        (tmp_path / ".venv" / "bin" / name).write_text('#!/bin/sh\necho "$0 $*"\n')
        (tmp_path / ".venv" / "bin" / name).chmod(0o755)
    seen = []
    for pillow in ("pillow-simd", "pillow", "pillow", "pillow-simd"):
        done = subprocess.run(
            ["make", "--silent", f"PILLOW={pillow}", ".venv/stamps/package"],
            env={"PATH": str(folder)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        # Pillow-SIMD is compiled before either is taken away.
        said = "".join(line for line in done.stdout.splitlines(keepends=True) if "pip wheel " not in line)
        seen.append(re.findall(r"uninstall.*(?= pillow pillow-simd)|(?<= )pillow\S*>=\S+", said))
    assert [words[-1:] for words in seen] == [
        ["pillow-simd>=12.1.1.post0"],
        ["pillow>=13"],
        [],
        ["pillow-simd>=12.1.1.post0"],
    ]
    assert all("--yes" in words[0] for words in seen if words)


def test_a_changed_header_is_compiled(tmp_path: Path) -> None:
    """No copy of a header from an earlier build is compiled in place of the header."""
    for name in ("setup.py", "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    folder = tmp_path / "transcode" / "kernels"
    copies = tmp_path / "build" / "cython" / "transcode" / "kernels"
    for made in (folder, copies, tmp_path / "transcode" / "profiles"):
        made.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder.parent / "__init__.py").touch()
    (folder / "one.pyx").write_text('cdef extern from "outer.h":\n    enum:\n        ONE\n\nNUMBER = ONE\n')
    (folder / "outer.h").write_text('#include "inner.h"\n')
    (folder / "inner.h").write_text("enum { ONE = 1 };\n")
    (copies / "inner.h").write_text("enum { ONE = 2 };\n")
    build = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    done = subprocess.run(build, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    code = "import transcode.kernels.one as one; print(one.NUMBER)"
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert told.stdout == "1\n"
