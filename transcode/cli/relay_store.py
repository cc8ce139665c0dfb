"""The store of a message centre as ``transcode relay`` opens it, and deliveries as its commands show them."""

from __future__ import annotations

import contextlib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from transcode.errors import ConfigError, MissingPackage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transcode.relay.config import Config
    from transcode.relay.model import Delivery
    from transcode.relay.store import SqlStore

__all__ = ["RelayConfig", "clock", "configuration", "normal", "opened", "shown"]

RelayConfig = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="The configuration; relay.toml here, if it is there."),
]
#: What is read where no other file is named.
_USUAL = Path("relay.toml")


def configuration(path: Path | None) -> Config:
    """Read the configuration that was named, or the usual one.

    Raises:
        ConfigError: it can't be read, or has what can't be set.
        MissingPackage: the extra is not installed.
    """
    try:
        from transcode.relay.config import Config, read_config
    except ImportError as error:
        raise MissingPackage(error.name or "argon2", "a message centre", extra="relay") from error

    if path is None and not _USUAL.exists():
        return Config()
    return read_config(path or _USUAL)


def normal(path: Path | None, number: str) -> str:
    """Return a number as the rows of a configuration have it; a Message-ID stays as it is."""
    return configuration(path).numbers.normal(number)


@contextlib.contextmanager
def opened(path: Path | None, *, make: bool = False) -> Iterator[SqlStore]:
    """Open the store of a configuration for the time of a ``with`` block.

    Raises:
        ConfigError: there is none, and none is to be made.
    """
    from transcode.relay.places import open_rows

    config = configuration(path)
    database = config.store / "relay.sqlite"
    if not make and not config.database and not database.exists():
        raise ConfigError(str(database), "is no store: no centre of this configuration ran here")
    store = open_rows(config)
    try:
        yield store
    finally:
        store.close()


def shown(delivery: Delivery) -> dict[str, object]:
    """Return a delivery without its token, which opens the message."""
    return {
        "id": delivery.message,
        "recipient": delivery.recipient,
        "state": delivery.state,
        "route": delivery.route,
        "changed_at": delivery.changed_at,
        "expires_at": delivery.expires_at,
        "attempts": delivery.attempts,
        "due": delivery.due,
        "due_event": delivery.due_event,
    }


def clock(at: float) -> str:
    """Return a time in the zone of this machine."""
    return datetime.fromtimestamp(at).astimezone().isoformat(" ", "milliseconds")
