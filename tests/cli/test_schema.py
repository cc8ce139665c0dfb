"""The schema of ``--json``: each command keeps to its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.command import COMMANDS, run
from tests.made import clips
from tests.made.sounds import container, sine
from transcode.cli.schema import schema

TO = ("--carrier", "us-att", "--to", "+15555550100")


@pytest.fixture
def media(picture: Path, tmp_path: Path) -> dict[str, str]:
    """Inputs by the words that stand for them."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(picture.read_bytes())
    (folder / "b.wav").write_bytes(container(sine(1.0)).data)
    (folder / "c.mp4").write_bytes(clips.clip(seconds=2).data)
    (folder / "d.txt").write_text("hello")
    assert run("message", picture, *TO, "--expiry", "3d", "-o", tmp_path / "m.mms").returncode == 0
    files = {"JPEG": "a.jpg", "WAV": "b.wav", "CLIP": "c.mp4"}
    return {
        "FOLDER": str(folder),
        "MMS": str(tmp_path / "m.mms"),
        "OUT": str(tmp_path / "out"),
        **{word: str(folder / name) for word, name in files.items()},
    }


def lines(name: str, *words: str) -> list[dict[str, Any]]:
    """The objects that a command prints, each as its schema says."""
    done = run(*words, "--json")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    validator = jsonschema.Draft202012Validator(schema(name))
    for one in found:
        errors = [error.message for error in validator.iter_errors(one)]
        assert errors == [], (one, errors)
    return found


@pytest.mark.parametrize(
    ("words", "key", "count"),
    [
        ("fit JPEG -o OUT.jpg --max-bytes 20000", "bytes", 1),
        ("fit JPEG WAV -o OUT --max-bytes 20000", "kept", 2),
        ("fit WAV -o OUT.m4a --max-bytes 20000", "seconds", 1),
        ("fit CLIP -o OUT.mp4 --max-bytes 20000", "seconds", 1),
        ("message JPEG CLIP --text Hi -o OUT --carrier us-att --to +15555550100", "limit", 1),
        ("message JPEG -o OUT --carrier us-att --to +15555550100 --as media", "form", 1),
        ("slideshow JPEG -o OUT --carrier us-att --to +15555550100", "reports", 1),
        ("slideshow JPEG -o OUT.mp4 --carrier us-att --as clip", "seconds", 1),
        ("batch FOLDER OUT --carrier us-att --jobs 1", "elapsed_seconds", 4),
        ("batch FOLDER OUT --carrier us-att --dry-run", "elapsed_seconds", 5),
        ("adapt MMS -o OUT --carrier world", "form", 1),
        ("preview MMS -o OUT.html --carrier us-att", "limit", 1),
        ("send MMS --to +15555550199 --url http://127.0.0.1/ --dry-run", "server", 1),
        ("send MMS --sender +15555550199 --smtp 127.0.0.1:1 --domain mms.example", "temporary", 1),
        ("inspect MMS", "parts", 1),
        ("profiles search cricket", "max_message_bytes", 2),
        ("profiles show us-att JPEG", "bound", 1),
        ("profiles show us-att --provider twilio:short_code", "sources", 1),
        ("profiles diff na world", "key", 1),
        ("doctor", "cost", None),
    ],
)
def test_what_is_printed_is_what_the_schema_says(
    media: dict[str, str], words: str, key: str, count: int | None
) -> None:
    """What is printed has the schema's keys, no more and no fewer, each of its type."""
    parts = [word.partition(".") for word in words.split()]
    given = [media.get(word, word) + dot + ending for word, dot, ending in parts]
    name = "-".join(given[:2]) if given[0] == "profiles" else given[0]
    found = lines(name, *given)
    assert len(found) == count if count is not None else len(found) > 5
    assert all(key in one for one in found)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_a_schema(command: tuple[str, ...]) -> None:
    """It is valid, refers to nothing that is not in it, and the command prints it."""
    shown = json.loads(run(*command, "--json-schema").stdout)
    jsonschema.Draft202012Validator.check_schema(shown)
    assert shown == schema("-".join(command))
    assert shown["anyOf"][0]["$ref"].rpartition("/")[2] in shown["$defs"]


def test_errors_have_a_schema_too(media: dict[str, str]) -> None:
    """A limit that can't be met: the numbers of the error, in bytes."""
    (found,) = lines("fit", "fit", media["JPEG"], "-o", media["OUT"], "--max-bytes", "99")
    assert (found["error_type"], found["limit"]) == ("BudgetError", 99)


def test_a_wrong_key_is_seen() -> None:
    """The schemas are strict: what they do not name is an error."""
    validator = jsonschema.Draft202012Validator(schema("profiles-diff"))
    assert validator.is_valid({"key": "a", "a": 1, "b": None})
    assert not validator.is_valid({"key": "a", "a": 1, "b": None, "c": 2})
    assert not validator.is_valid({"key": "a", "a": 1})


def test_one_thing_has_one_name() -> None:
    """Sizes are bytes, the cap of a size is limit, inputs are source, results output, durations seconds."""
    names = {
        key
        for command in COMMANDS
        for part in schema("-".join(command))["$defs"].values()
        for key in part.get("properties", ())
    }
    others = {
        "size",
        "length",
        "duration",
        "max_bytes",
        "message_bytes",
        "target",
        "path",
        "mime_type",
        "type",
    }
    assert not names & others
    assert {"bytes", "limit", "source", "output", "seconds", "width", "height", "content_type"} <= names
