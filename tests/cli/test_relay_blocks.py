"""``transcode relay``: whose messages a subscriber does not get."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from tests.cli.command import run
from transcode.cli.schema import schema


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    path = tmp_path / "relay.toml"
    path.write_text('store = "kept"\n')
    return path


def blocked(name: str, kept: Path, *words: str, code: int = 0) -> list[str]:
    done = run("relay", name, *words, "--config", kept, "--json")
    assert done.returncode == code
    (line,) = map(json.loads, done.stdout.splitlines())
    jsonschema.Draft202012Validator(schema(f"relay-{name}")).validate(line)
    assert line["number"] == words[0]
    found: list[str] = line["blocked"]
    return found


def test_who_is_blocked(kept: Path) -> None:
    assert blocked("block", kept, "+15550001") == []
    assert blocked("block", kept, "+15550001", "+1900*") == ["+1900*"]
    assert blocked("block", kept, "+15550001", "+15550009") == ["+15550009", "+1900*"]
    assert blocked("block", kept, "+15550002") == []
    assert blocked("unblock", kept, "+15550001", "+1900*") == ["+15550009"]
    assert blocked("unblock", kept, "+15550001", "+1900*", code=1) == ["+15550009"]


def test_numbers_as_they_are_dialled(kept: Path) -> None:
    """A national number and pattern are those of the country that the configuration names."""
    kept.write_text('store = "kept"\nnumbers.country = "49"\n')
    run("relay", "block", "0171 1234567", "0190*", "--config", kept)
    assert blocked("block", kept, "+491711234567") == ["+49190*"]
    done = run("relay", "unblock", "00491711234567", "0190*", "--config", kept)
    assert (done.returncode, done.stdout) == (0, "+491711234567: nobody blocked\n")


def test_for_people(kept: Path) -> None:
    assert run("relay", "block", "+15550001", "--config", kept).stdout == "+15550001: nobody blocked\n"
    said = run("relay", "block", "+15550001", "+1900*", "--config", kept).stdout
    assert said == "+15550001: +1900* blocked\n"
