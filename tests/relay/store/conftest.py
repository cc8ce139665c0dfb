"""A store in a folder of its own, and the same on a server."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from transcode.relay.store import FolderBlobs
from transcode.relay.store.postgres import PostgresStore
from transcode.relay.store.sqlite import SqliteStore, SqlStore


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SqliteStore]:
    """A store in a file."""
    with contextlib.closing(SqliteStore(tmp_path / "relay.db")) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgres"])
def again(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], SqlStore]:
    """Opens one database, each time anew."""
    if request.param == "sqlite":
        return partial(SqliteStore, tmp_path / "relay.db")
    return partial(PostgresStore, request.getfixturevalue("database"))


@pytest.fixture
def store(again: Callable[[], SqlStore]) -> Iterator[SqlStore]:
    """A store in a file, and one on a server."""
    with contextlib.closing(again()) as made:
        yield made


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "blobs")
