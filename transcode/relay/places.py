"""The store of a configuration: rows in a file or on a server, octets in a folder or in a bucket."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING

from transcode.errors import ConfigError, MissingPackage
from transcode.relay.pseudonyms import Pseudonyms
from transcode.relay.store.blobs import FolderBlobs
from transcode.relay.store.common import shared_key
from transcode.relay.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from transcode.relay.config import Config
    from transcode.relay.store.blobs import Blobs
    from transcode.relay.store.sqlite import SqlStore

__all__ = ["open_blobs", "open_rows", "pseudonyms"]

_EXTRA = "relay-scaled"


def open_rows(config: Config) -> SqlStore:
    """Open the rows of a centre; make them where they are missing.

    Raises:
        MissingPackage: psycopg is not installed.
        ConfigError: the database server can't be reached, or lets nobody in.
        OSError: the folder can't be made.
        RuntimeError: a later version wrote the database.
    """
    if not config.database:
        return SqliteStore(config.store / "relay.sqlite", config.timers)
    try:
        import psycopg

        from transcode.relay.store.postgres import PostgresStore
    except ImportError as error:
        raise MissingPackage(error.name or "psycopg", "rows in PostgreSQL", extra=_EXTRA) from error
    try:
        return PostgresStore(config.database, config.timers)
    except psycopg.Error as error:
        raise ConfigError("database", " ".join(str(error).split())) from error


def pseudonyms(config: Config, store: SqlStore | None = None) -> Pseudonyms:
    """Return what makes words of numbers: the same words on all machines that share the rows.

    Args:
        config: the configuration.
        store: its rows; None: they are opened where they are needed.

    Raises:
        ConfigError: the key in the folder is none, or the database can't be reached.
        OSError: it can't be read or written.
    """
    if not config.database:
        return Pseudonyms.of(config.store)
    with contextlib.ExitStack() as ends:
        if store is None:
            store = ends.enter_context(contextlib.closing(open_rows(config)))
        return Pseudonyms.common(config.store, partial(shared_key, store))


def open_blobs(config: Config) -> Blobs:
    """Open the octets of a centre.

    Raises:
        MissingPackage: obstore is not installed.
        ConfigError: the address is none of a bucket.
    """
    if not config.bucket:
        return FolderBlobs(config.store / "blobs")
    try:
        from transcode.relay.store.bucket import Bucket
    except ImportError as error:
        raise MissingPackage(error.name or "obstore", "octets in a bucket", extra=_EXTRA) from error
    try:
        return Bucket(config.bucket)
    except ValueError as error:
        raise ConfigError("bucket", str(error)) from error
