"""A PostgreSQL server as Debian builds it, unpacked by the set-up, in a folder that is deleted."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

__all__ = ["TAKEN", "Server", "database", "server", "serving"]

#: What either database says to a row that must not be.
TAKEN = (sqlite3.IntegrityError, psycopg.IntegrityError)

_UNPACKED = Path(__file__).parents[3] / "build" / "peers"
#: PostgreSQL does not run as root.
_NOBODY = "nobody"
#: Seconds that a server may take to start.
_LONGEST_START = 60.0
_numbers = count()


@cache
def _programs() -> Path | None:
    """The folder of the programs; None off Debian, where the set-up unpacks none."""
    found = sorted(_UNPACKED.glob("usr/lib/postgresql/*/bin/initdb"))
    return found[-1].parent if found else None


def _environment() -> dict[str, str]:
    libraries = [str(path) for path in _UNPACKED.glob("usr/lib/*-linux-gnu")]
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(libraries), "LC_ALL": "C", "HOME": "/nonexistent"}


def _user() -> dict[str, Any]:
    """The user of the programs, as words of subprocess."""
    if os.geteuid():
        return {}
    nobody = pwd.getpwnam(_NOBODY)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}


class Server:
    """A server that may be killed.

    Args:
        folder: where it is, an empty folder.
        programs: the folder of its programs.
        syncs: whether commits wait for the disk.

    Attributes:
        url: its address for libpq.
    """

    def __init__(self, folder: Path, programs: Path, *, syncs: bool) -> None:
        self.url = f"postgresql://tester@/postgres?host={folder}"
        words = _user()
        if words:
            os.chown(folder, words["user"], words["group"])
            programs = _copied(programs, folder)
        self._here: dict[str, Any] = {"cwd": folder, "env": _environment(), **words}
        self._data = folder / "data"
        initdb: list[str | Path] = [
            programs / "initdb",
            "--no-sync",
            "--auth=trust",
            "--encoding=UTF8",
            "--username=tester",
        ]
        self._run([*initdb, "--pgdata", self._data])
        self._control: list[str | Path] = [
            programs / "pg_ctl",
            "--pgdata",
            self._data,
            "--log",
            folder / "log",
            "--wait",
        ]
        self._options = f"-c fsync={'on' if syncs else 'off'} -c listen_addresses="
        self._options += f" -c unix_socket_directories={folder}"

    def start(self) -> None:
        """Start it, also after a kill: what is left of the one before ends by itself, and is waited for."""
        end = time.monotonic() + _LONGEST_START
        while True:
            try:
                self._run([*self._control, "--options", self._options, "start"])
            except subprocess.CalledProcessError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """Kill the process that has started all others, with SIGKILL: they end, and nobody tidies up."""
        os.kill(int((self._data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    def stop(self) -> None:
        """End it without tidying up."""
        self._run([*self._control, "--mode=immediate", "stop"])

    def _run(self, words: Sequence[str | Path]) -> None:
        subprocess.run(words, check=True, capture_output=True, **self._here)


@contextlib.contextmanager
def serving(*, syncs: bool = False) -> Iterator[Server]:
    """Run a server that may be killed.

    Args:
        syncs: whether commits wait for the disk; no test cuts the power.
    """
    programs = _programs()
    if programs is None:
        if os.environ.get("CI"):
            raise AssertionError(f"the set-up unpacked no PostgreSQL into {_UNPACKED}")
        pytest.skip("PostgreSQL is unpacked on Debian alone")
    with tempfile.TemporaryDirectory(prefix="transcode-postgres-") as folder:
        made = Server(Path(folder), programs, syncs=syncs)
        made.start()
        try:
            yield made
        finally:
            made.stop()


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Run a server; yield its address for libpq."""
    with serving() as made:
        yield made.url


def _copied(programs: Path, folder: Path) -> Path:
    """Copy the programs to where everybody can read them: the clone may be in a folder of root's own."""
    root = folder / "programs"
    version = programs.parent.name
    for part in (f"usr/lib/postgresql/{version}", f"usr/share/postgresql/{version}"):
        shutil.copytree(_UNPACKED / part, root / part, symlinks=True)
    return root / "usr/lib/postgresql" / version / "bin"


def database(url: str) -> str:
    """Make an empty schema in a server, which is quicker than a database; return its address."""
    name = f"relay{next(_numbers)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
    return f"{url}&options=-csearch_path%3D{name}"
