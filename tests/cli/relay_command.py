"""A store for the commands of ``transcode relay``, and what they print."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema

from tests.cli.command import run
from transcode.cli.schema import schema
from transcode.relay.store import SqliteStore


def configured(folder: Path, more: str = "") -> tuple[Path, SqliteStore]:
    """A configuration below a folder, and its store, which is new and open."""
    path = folder / "relay.toml"
    path.write_text(f'store = "kept"\n{more}')
    return path, SqliteStore(folder / "kept" / "relay.sqlite")


def lines(name: str, *words: str | Path) -> list[dict[str, object]]:
    """What a command prints, each line as its schema says."""
    found = [json.loads(line) for line in run(*words, "--json").stdout.splitlines()]
    for one in found:
        jsonschema.Draft202012Validator(schema(name)).validate(one)
    return found
