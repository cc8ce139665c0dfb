"""A PostgreSQL server as Debian builds it, unpacked by the set-up, in a folder that is deleted."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

__all__ = ["TAKEN", "database", "server"]

#: What either database says to a row that must not be.
TAKEN = (sqlite3.IntegrityError, psycopg.IntegrityError)

_UNPACKED = Path(__file__).parents[3] / "build" / "peers"
#: PostgreSQL does not run as root.
_NOBODY = "nobody"
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


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Run a server; yield its address for libpq."""
    programs = _programs()
    if programs is None:
        if os.environ.get("CI"):
            raise AssertionError(f"the set-up unpacked no PostgreSQL into {_UNPACKED}")
        pytest.skip("PostgreSQL is unpacked on Debian alone")
    with tempfile.TemporaryDirectory(prefix="transcode-postgres-") as folder:
        if words := _user():
            os.chown(folder, words["user"], words["group"])
            programs = _copied(programs, Path(folder))
        here: dict[str, Any] = {"cwd": folder, "env": _environment(), **words}
        data = Path(folder, "data")
        subprocess.run(
            [
                programs / "initdb",
                "--no-sync",
                "--auth=trust",
                "--encoding=UTF8",
                "--username=tester",
                "--pgdata",
                data,
            ],
            check=True,
            capture_output=True,
            **here,
        )
        # No test cuts the power.
        options = f"-c fsync=off -c listen_addresses= -c unix_socket_directories={folder}"
        control: list[str | Path] = [
            programs / "pg_ctl",
            "--pgdata",
            data,
            "--log",
            Path(folder, "log"),
            "--wait",
        ]
        subprocess.run([*control, "--options", options, "start"], check=True, capture_output=True, **here)
        try:
            yield f"postgresql://tester@/postgres?host={folder}"
        finally:
            subprocess.run([*control, "--mode=immediate", "stop"], check=True, capture_output=True, **here)


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
