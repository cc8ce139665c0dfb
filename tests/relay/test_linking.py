"""The table of pages in a configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from transcode.errors import ConfigError
from transcode.relay.config import read_config
from transcode.relay.linking import Pages


def read(folder: Path, lines: str) -> Pages | None:
    path = folder / "relay.toml"
    path.write_text(lines)
    return read_config(path).pages


def test_what_there_is(tmp_path: Path) -> None:
    assert read(tmp_path, "") is None
    assert read(tmp_path, "[pages]\n") == Pages()
    lines = '[pages]\nurl = "https://m.example/x"\nsender = "CARRIER"\ndays = 3\n'
    assert read(tmp_path, lines) == Pages("https://m.example/x", 3.0, sender="CARRIER")


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('url = "m.example"', "url"),
        ('url = "https://m.example/?a="', "url"),
        ('url = "https://m.example/#"', "url"),
        ('abuse_url = "mailto:a@b"', "abuse_url"),
        ("days = 0", "days"),
        ("wrong_tokens = 0", "wrong_tokens"),
        ('language = "nl"', "language"),
        ('sender = "A long name of a sender"', "sender"),
        ("pages = 1", "pages"),
    ],
)
def test_what_can_not_be(tmp_path: Path, line: str, key: str) -> None:
    """Each error names its key."""
    with pytest.raises(ConfigError, match=rf"pages\.{key}"):
        read(tmp_path, f"[pages]\n{line}\n")
