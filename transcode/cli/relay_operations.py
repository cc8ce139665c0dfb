"""``transcode relay``: what operators do with a store, also while a message centre runs on it."""

from __future__ import annotations

import contextlib
import csv
import io
import re
import secrets
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from transcode.cli.command import Exit, command
from transcode.cli.options import Json
from transcode.cli.relay_store import RelayConfig, clock, configuration, opened, shown
from transcode.cli.show import answer, print_json, print_line, print_remark
from transcode.errors import ConfigError, MessageError, MissingPackage
from transcode.jobs.files import streamed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from transcode.relay.store.backup import Copied

__all__ = ["backup", "expire", "export", "peers", "restore", "secret"]

#: Cells that programs for tables take for formulas. A number in international form is none.
_FORMULA = re.compile(r"(?!\+[0-9]+\Z)[=+\-@\t\r]")
#: The octets of the table that are written at once.
_PIECE = 1_000_000

_Table = Annotated[Path, typer.Argument(metavar="FILE", help="The table, as CSV; - prints it.")]
_Target = Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the copy is, or will be.")]
_Copy = Annotated[Path, typer.Argument(metavar="FOLDER", help="The copy.")]
_Time = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="As 2026-11-01 or 2026-11-01T12:00+01:00; UTC if no zone is named."),
]


@command
def peers(*, relay_config: RelayConfig = None, as_json: Json = False) -> Exit:
    """Show the next hops that deliveries wait for: how many wait, how many failed, since when, and why."""
    from transcode.relay.store.operations import waiting

    known = configuration(relay_config).hops
    with opened(relay_config) as store:
        found = waiting(store, known)
    if as_json:
        for hop in found:
            print_json(**hop._asdict())
        return Exit.DONE
    if not found:
        print_remark("nothing waits for an attempt, and no next hop is known")
        return Exit.DONE
    table = Table(
        "next hop", "waiting", "failed", "due first", "only probed until", "reason", box=None, pad_edge=False
    )
    for place in (1, 2):
        table.columns[place].justify = "right"
    for hop in found:
        name = " ".join(filter(None, (hop.route or "a route is looked for", hop.peer)))
        table.add_row(
            name, f"{hop.waiting:,}", f"{hop.failed:,}", *map(_moment, (hop.oldest, hop.probe_at)), hop.reason
        )
    answer().print(table)
    return Exit.DONE


def _moment(at: float | None) -> str:
    return clock(at) if at else ""


@command
def expire(*, relay_config: RelayConfig = None, as_json: Json = False) -> Exit:
    """End the deliveries whose time is over, now; a centre that runs does so by itself."""
    from transcode.relay.store.operations import expire as expired

    count = 0
    with opened(relay_config) as store:
        for delivery in expired(store, now=time.time(), detail="by the operator"):
            count += 1
            if as_json:
                print_json(**shown(delivery))
            else:
                print_line(f"{delivery.message} to {delivery.recipient}: {delivery.state}")
    if not count:
        print_remark("nothing has expired")
    return Exit.DONE


@command
def export(
    file: _Table,
    *,
    since: _Time = None,
    until: _Time = None,
    relay_config: RelayConfig = None,
    as_json: Json = False,
) -> Exit:
    """Write a table of all that happened, a line for each event of a recipient: for billing."""
    from transcode.relay.store.operations import Happened, events

    begin, end = _seconds("--since", since, 0.0), _seconds("--until", until, float("inf"))
    is_printed = str(file) == "-"
    if is_printed and as_json:
        raise MessageError("--json prints what was written; a table that is printed too needs a FILE")
    count = 0
    with opened(relay_config) as store, _written(file, is_printed=is_printed) as write:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(Happened._fields)
        for one in events(store, since=begin, until=end):
            writer.writerow([_iso(one.at), *map(_cell, one[1:-1]), _iso(one.received_at)])
            count += 1
            if text.tell() > _PIECE:
                _flush(text, write)
        _flush(text, write)
    if as_json:
        print_json(file=str(file), events=count)
    elif not is_printed:
        print_line(f"{file}: {count:,} events")
    return Exit.DONE


@command
def backup(folder: _Target, *, relay_config: RelayConfig = None, as_json: Json = False) -> Exit:
    """Copy the store, also while a centre runs on it; into an older copy, what is new alone."""
    from transcode.relay.store.backup import back_up

    return _told(folder, back_up(_folder(relay_config), folder), as_json=as_json)


@command
def restore(folder: _Copy, *, relay_config: RelayConfig = None, as_json: Json = False) -> Exit:
    """Make the store of a copy; there must be none yet, and no centre may run."""
    from transcode.relay.store.backup import restore as restored

    store = _folder(relay_config)
    return _told(store, restored(folder, store), as_json=as_json)


@command
def secret(*, as_json: Json = False) -> Exit:
    """Make the hash of a secret for a configuration: of the line that is piped in, else of a new secret."""
    try:
        from transcode.relay.secrets import hashed
    except ImportError as error:
        raise MissingPackage(error.name or "argon2", "hashes of secrets", extra="relay") from error
    given = "" if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    made = given or secrets.token_urlsafe(24)
    try:
        stored = hashed(made)
    except ValueError as error:
        raise MessageError(str(error)) from error
    if as_json:
        print_json(hash=stored, **({} if given else {"secret": made}))
        return Exit.DONE
    if not given:
        print_line(f"secret: {made}")
    print_line(f"hash: {stored}")
    return Exit.DONE


def _folder(relay_config: Path | None) -> Path:
    """Return the folder of a store.

    Raises:
        ConfigError: rows or octets are elsewhere.
    """
    config = configuration(relay_config)
    for key in ("database", "bucket"):
        if getattr(config, key):
            raise ConfigError(str(relay_config or "relay.toml"), "is copied by its own tools", key=key)
    return config.store


def _told(folder: Path, copied: Copied, *, as_json: bool) -> Exit:
    if as_json:
        print_json(folder=str(folder), **copied._asdict())
    else:
        print_line(
            f"{folder}: {copied.messages:,} messages, {copied.files:,} files of octets, {copied.new:,} new"
        )
        for name in copied.damaged:
            print_remark(f"octets {name} are missing or damaged")
    return Exit.SOME_FAILED if copied.damaged else Exit.DONE


def _seconds(option: str, text: str | None, usual: float) -> float:
    if text is None:
        return usual
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise MessageError(f"{option}: {text!r} is no time of ISO 8601") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _cell(value: object) -> object:
    """Return a value that programs for tables show and do not calculate: senders choose addresses."""
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


@contextlib.contextmanager
def _written(file: Path, *, is_printed: bool) -> Iterator[Callable[[str], object]]:
    if is_printed:
        yield sys.stdout.write
        return
    with streamed(file) as out:
        yield lambda text: out.write(text.encode())


def _flush(text: io.StringIO, write: Callable[[str], object]) -> None:
    write(text.getvalue())
    text.seek(0)
    text.truncate()
