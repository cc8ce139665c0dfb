"""Run ``make test`` on other systems, Pythons and dependencies: ``make test-matrix``.

Each cell is a bare Debian in its own folder (debootstrap) with a copy of the committed tree, in which
``make test`` runs as for a user. The cell uses Debian's own Python if Debian has the version, else a copy of
a Python that pyenv built on this machine. A cell that can't be made is reported with the reason.
The module uses only the standard library, because it runs before the set-up of an environment.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

#: Debian packages that a cell needs to run make; the Makefile installs all other packages.
BASE = ("ca-certificates", "make")

#: Environment variables that configure the download of packages; cells get no other variables.
KEPT = re.compile(r"(?i)(https?|no|all|ftp)_proxy|PIP_(?!FIND_LINKS)\w+|SSL_CERT_FILE")


@dataclass(frozen=True)
class Cell:
    """One combination of a Debian release, a Python and dependencies.

    Attributes:
        suite: the name of the Debian release.
        python: the version of Python, such as ``"3.13"``.
        lowest: whether the cell has the lowest declared versions of dependencies, else the newest.
        stock: whether the cell has Pillow itself, else pillow-simd.
    """

    suite: str
    python: str
    lowest: bool = False
    stock: bool = False

    @property
    def dependencies(self) -> str:
        return f"{'lowest' if self.lowest else 'newest'}{'-pillow' if self.stock else ''}"

    @property
    def name(self) -> str:
        return f"{self.suite}-{self.python}-{self.dependencies}"


CELLS = (
    Cell("bookworm", "3.11"),
    Cell("bookworm", "3.11", lowest=True),
    Cell("bookworm", "3.12"),
    Cell("trixie", "3.13"),
    Cell("trixie", "3.13", lowest=True),
    Cell("trixie", "3.13", stock=True),
    Cell("forky", "3.14"),
)


class Unavailable(Exception):
    """A cell can't be made; the text has the reason."""


def constraints(project: dict[str, object]) -> list[str]:
    """Constraints for pip that pin every declared dependency at its lowest version.

    Args:
        project: the content of pyproject.toml.
    """
    tables: list[object] = [project["project"], project["build-system"], project["dependency-groups"]]
    wanted: list[str] = []
    for table in tables:
        wanted += _strings(table)
    # Without what stands in brackets: a constraint has no extras.
    plain = (re.sub(r"\[[\w,-]+\]", "", text) for text in wanted)
    found = (re.fullmatch(r"([\w.-]+)>=([\w.]+)(?:,<[\w.]+)?(\s*;.*)?", text) for text in plain)
    return sorted({f"{one[1]}=={one[2]}{(one[3] or '').rstrip()}" for one in found if one})


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for one in value.values() for text in _strings(one)]
    return [text for one in value for text in _strings(one)] if isinstance(value, list) else []


def outcome(log: str) -> str:
    """The summary line of pytest, or the last line that is not blank."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    closing = [line for line in lines if re.search(r"\d+ (passed|failed|errors?)\b.* in [\d.]+s", line)]
    if closing:
        return re.sub(r" in [\d.]+s.*", "", closing[-1].strip("= "))
    return lines[-1] if lines else "nothing was said"


def versions(log: str) -> str:
    """The versions of libraries that the cell printed."""
    found = re.findall(r"^versions: (.*)$", log, re.MULTILINE)
    return found[-1] if found else ""


SAY = (
    "import sys, av, numpy, PIL; "
    "print('versions:', sys.version.split()[0], '| PyAV', av.__version__, '| NumPy', numpy.__version__, "
    "'| Pillow', PIL.__version__)"
)


class Room:
    """The root folder of the system of one cell."""

    def __init__(self, folder: Path, cell: Cell) -> None:
        self.cell = cell
        self.folder = folder
        self._mounted: list[Path] = []

    def make(self) -> None:
        """Install the bare system if it is missing.

        Raises:
            Unavailable: debootstrap is missing or fails.
        """
        tool = shutil.which("debootstrap")
        if tool is None:
            raise Unavailable("there is no debootstrap")
        if (self.folder / "etc" / "debian_version").is_file():
            return
        scripts = Path("/usr/share/debootstrap/scripts")
        # Releases newer than debootstrap use its script for the unstable release.
        script = [] if (scripts / self.cell.suite).exists() else ["", str(scripts / "sid")]
        command = [
            tool,
            "--variant=minbase",
            f"--include={','.join(BASE)}",
            self.cell.suite,
            str(self.folder),
        ]
        if subprocess.run([*command, *script], capture_output=True).returncode:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise Unavailable(f"debootstrap can't make {self.cell.suite}")

    def fill(self, shared: Path | None) -> None:
        """Copy the committed tree and the package configuration, and mount the corpus."""
        # Mirrors of unreleased suites may have expired validity dates.
        (self.folder / "etc/apt/apt.conf.d/90matrix").write_text('Acquire::Check-Valid-Until "false";\n')
        for name in ("/etc/resolv.conf", "/etc/ssl/certs/ca-certificates.crt"):
            shutil.copyfile(name, f"{self.folder}{name}")
        tree = self.folder / "project"
        shutil.rmtree(tree, ignore_errors=True)
        tree.mkdir()
        archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True).stdout
        subprocess.run(["tar", "x", "-C", str(tree)], input=archive, check=True)
        if self.cell.lowest:
            pinned = constraints(tomllib.loads((tree / "pyproject.toml").read_text()))
            (self.folder / "lowest.txt").write_text("\n".join(pinned) + "\n")
        self._mount("proc", "-t", "proc", "proc")
        self._mount("dev", "--rbind", "/dev")
        if shared is not None:
            self._mount("shared", "--bind", "--options", "ro", str(shared))

    def _mount(self, name: str, *what: str) -> None:
        place = self.folder / name
        place.mkdir(exist_ok=True)
        subprocess.run(["mount", *what, str(place)], check=True, capture_output=True)
        self._mounted.append(place)
        # An unmount in the cell must not propagate to the host.
        subprocess.run(["mount", "--make-rslave", str(place)], check=True, capture_output=True)

    def close(self) -> None:
        """Unmount all mounts."""
        while self._mounted:
            subprocess.run(["umount", "--recursive", "--lazy", str(self._mounted.pop())], check=True)

    def run(self, command: str, log: Path) -> int:
        """Run a shell command in the cell, append its output to a file, and return its exit code."""
        kept = {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)}
        kept |= {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}
        kept["DEBIAN_FRONTEND"] = "noninteractive"
        if self.cell.lowest:
            kept["PIP_CONSTRAINT"] = "/lowest.txt"
        if "shared" in {place.name for place in self._mounted}:
            kept["TRANSCODE_SHARED"] = "/shared"
        with log.open("ab") as file:
            whole = ["chroot", str(self.folder), "/bin/sh", "-ec", command]
            return subprocess.run(
                whole, env=kept, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT
            ).returncode

    def python(self, log: Path) -> str:
        """Install the cell's Python, and return its command.

        Raises:
            Unavailable: neither Debian nor this machine has the version.
        """
        name = f"python{self.cell.python}"
        packages = f"{name} {name}-dev {name}-venv"
        if self.run(f"apt-get update; apt-get install -y --no-install-recommends {packages}", log) == 0:
            return name
        home = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
        built = sorted((home / "versions").glob(f"{self.cell.python}.*"))
        if not built:
            raise Unavailable(f"no Python {self.cell.python} in Debian's {self.cell.suite}, nor by pyenv")
        # The Python is built for its path. It needs these libraries if the release has them.
        place = self.folder / built[-1].relative_to("/")
        if not place.exists():
            shutil.copytree(built[-1], place, symlinks=True)
        self.run("apt-get install -y --no-install-recommends libssl3 libffi8 libsqlite3-0 libbz2-1.0", log)
        return str(built[-1] / "bin" / name)


def run_cell(
    cell: Cell, folder: Path, shared: Path | None, pytest: str, target: str = "test"
) -> tuple[str, str]:
    """Make a cell and run a target of make in it; return its versions and its outcome."""
    log = folder / f"{cell.name}.log"
    log.unlink(missing_ok=True)
    room = Room(folder / cell.name, cell)
    try:
        room.make()
        room.fill(shared)
        python = room.python(log)
        words = f"PYTHON={python} PYTEST={shlex.quote(pytest)}{' PILLOW=pillow' if cell.stock else ''}"
        status = room.run(f"cd /project; make {target} {words}", log)
        room.run(f"cd /project; .venv/bin/python -c {shlex.quote(SAY)}", log)
    except Unavailable as error:
        return "", f"not made: {error}"
    finally:
        room.close()
    text = log.read_text("utf-8", "replace")
    return versions(text), outcome(text) if status == 0 else f"FAILED ({status}): {outcome(text)}"


def table(rows: Iterable[tuple[Cell, str, str]]) -> str:
    """The outcome of each cell as a Markdown table."""
    lines = ["| Debian | dependencies | Python and libraries | make test |", "| --- | --- | --- | --- |"]
    for cell, said, ended in rows:
        what = said.replace(" | ", ", ") or cell.python
        lines.append(f"| {cell.suite} | {cell.dependencies} | {what} | {ended} |")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cells; return 1 if a test failed or a cell could not be made, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=main.__doc__)
    parser.add_argument(
        "cells", nargs="*", help=f"of {' '.join(cell.name for cell in CELLS)}; all by default"
    )
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "matrix")
    parser.add_argument("--pytest", default="", help="further arguments of pytest")
    parser.add_argument("--make", default="test", help="another target, such as 'bench QUICK=1'")
    asked = parser.parse_args(arguments)
    unknown = set(asked.cells) - {cell.name for cell in CELLS}
    if unknown:
        parser.error(f"no such cell: {', '.join(sorted(unknown))}")
    shared = Path(os.environ.get("TRANSCODE_SHARED") or ROOT.parent / "shared")
    known = shared if shared.is_dir() else None
    folder: Path = asked.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[Cell, str, str]] = []
    for cell in CELLS:
        if not asked.cells or cell.name in asked.cells:
            rows.append((cell, *run_cell(cell, folder, known, asked.pytest, asked.make)))
            (folder / "table.md").write_text(table(rows))
            sys.stdout.write(table(rows[-1:]).splitlines()[-1] + "\n")
            sys.stdout.flush()
    sys.stdout.write(f"\n{table(rows)}\nIts logs are in {folder}.\n")
    return int(any(not ended[:1].isdigit() for _, _, ended in rows))


if __name__ == "__main__":
    sys.exit(main())
