"""The tables of providers in a configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.relay.provider import STORED
from transcode.errors import ConfigError
from transcode.relay.config import read_config

WHOLE = f"""
[mm7]
path = "/soap"
[[vasp]]
name = "weather"
vaspid = "W"
vasids = ["S"]
secret = "{STORED}"
addresses = ["192.0.2.0/24"]
short_codes = ["12345"]
senders = ["+15550000"]
may_relay = true
max_bytes = 300000
network = "us-tmobile"
max_recipients = 50
url = "https://weather.example/mm7"
user = "centre"
password = "p"
version = "5.3.0"
timeout = 5
lines = 2
"""


def test_a_whole_table(tmp_path: Path) -> None:
    """Each key is read, and the secrets are not shown."""
    path = tmp_path / "relay.toml"
    path.write_text(WHOLE)
    found = read_config(path)
    (vasp,) = found.vasp
    assert (found.mm7.path, vasp.name, vasp.short_codes, vasp.timeout) == (
        "/soap",
        "weather",
        ("12345",),
        5.0,
    )
    assert STORED not in repr(vasp)
    assert "password" not in repr(vasp)


@pytest.mark.parametrize(
    ("table", "key", "said"),
    [
        ('name = ""', "name", "a name"),
        ('name = "a:b"', "name", "colon"),
        ('name = "a"', "secret", "missing"),
        ('name = "a"\nsecret = "plain"', "secret", "argon2"),
        ('name = "a"\naddresses = ["here"]', "addresses[0]", "here"),
        ('name = "a"\naddresses = ["::1"]\nurl = "ftp://a"', "url", "http"),
        ('name = "a"\naddresses = ["::1"]\nshort_codes = ["1"]', "url", "missing"),
        ('name = "a"\naddresses = ["::1"]\nca = "/no/file"', "ca", "no file"),
        ('name = "a"\naddresses = ["::1"]\nversion = "7.1.0"', "version", "6.8.0"),
        ('name = "a"\naddresses = ["::1"]\nnetwork = "nowhere-land"', "network", "nowhere-land"),
        ('name = "a"\naddresses = ["::1"]\nlines = 0', "lines", "more than 0"),
        ('name = "a"\naddresses = ["::1"]\n[[vasp]]\nname = "a"\naddresses = ["::1"]', "name", "'a'"),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, table: str, key: str, said: str) -> None:
    path = tmp_path / "relay.toml"
    path.write_text(f"[[vasp]]\n{table}\n")
    with pytest.raises(ConfigError, match=said.replace(".", r"\.")) as error:
        read_config(path)
    assert error.value.key == f"vasp[{table.count('[[vasp]]')}].{key}"


def test_a_name_that_a_carrier_has(tmp_path: Path) -> None:
    """States and reports name next hops by one word."""
    path = tmp_path / "relay.toml"
    own = 'name = "a"\naddresses = ["192.0.2.1"]\n'
    path.write_text(
        f'[mm4]\ndomain = "a.example"\n[[peer]]\n{own}domain = "b.example"\nhost = "h"\n[[vasp]]\n{own}'
    )
    with pytest.raises(ConfigError, match="another provider or centre"):
        read_config(path)


@pytest.mark.parametrize("path", ["mm7", "/", "/a{b}", "/a?b"])
def test_a_path_that_is_none(tmp_path: Path, path: str) -> None:
    toml = tmp_path / "relay.toml"
    toml.write_text(f'[mm7]\npath = "{path}"\n')
    with pytest.raises(ConfigError, match="must be a path"):
        read_config(toml)
