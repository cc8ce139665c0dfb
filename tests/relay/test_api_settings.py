"""The configuration of the API."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from transcode.errors import ConfigError
from transcode.relay.config import read_config


def read(folder: Path, text: str) -> object:
    path = folder / "relay.toml"
    path.write_text(text)
    return read_config(path).api


def test_there_is_none_without_its_table(tmp_path: Path) -> None:
    assert read(tmp_path, "") is None
    assert read(tmp_path, "[api]\nmax_media = 3\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[api]\nnetwork = "none"', "api.network"),
        ("[api]\nmax_recipients = 0", "api.max_recipients"),
        ("[api]\nfetch_seconds = 0", "api.fetch_seconds"),
        ("[api]\nwebhook_seconds = 100_000", "api.webhook_seconds"),
        ("[api]\nmax_octets = 1", "api.max_octets"),
        ("[api]\n[timers]\nduplicate = 60\n[retention]\nnumber_days = 2", "retention.number_days"),
        ("[api]\n[timers]\nduplicate = 60\n[retention]\nevent_days = 2.9", "retention.event_days"),
        (
            '[api]\n[[vasp]]\nname = "a"\naddresses = ["127.0.0.1"]\n[[peer]]\nname = "api:shop"\n'
            'domain = "b.example"\nhost = "b.example"\nprefixes = ["+1"]\n[mm4]\ndomain = "a.example"\n',
            "'api:shop' is the name of an account",
        ),
    ],
)
def test_values_that_can_not_be(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(reason)):
        read(tmp_path, text)
