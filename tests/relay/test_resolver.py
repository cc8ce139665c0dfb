"""A file that knows the network of a number."""

from __future__ import annotations

from pathlib import Path

import pytest

from transcode.errors import ConfigError
from transcode.relay.resolver import ResolverFile

TEXT = """\
# prefix,MCC-MNC
+1,310410
+1555,310260
15550001,310012

+49, 26201
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "numbers.csv"
    made.write_text(TEXT)
    return made


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("+15550001", "310012"),
        ("+155500012", "310012"),
        ("+15550002", "310260"),
        ("+1212", "310410"),
        ("+49301234567", "26201"),
        ("+33140000000", ""),
        ("", ""),
    ],
)
def test_the_longest_prefix(path: Path, number: str, code: str) -> None:
    assert ResolverFile(path).resolve(number) == code


def test_a_file_that_changes(path: Path) -> None:
    """It is read again; a wrong one changes nothing, and is complained of once."""
    resolver = ResolverFile(path)
    path.write_text("+33,20801\n")
    assert resolver.resolve("+33140000000") == "20801"
    assert resolver.resolve("+15550001") == ""
    path.write_text("+33,nothing at all\n")
    assert resolver.resolve("+33140000000") == "20801"
    path.unlink()
    assert resolver.resolve("+33140000000") == "20801"
    path.write_text("+33,208010\n")
    assert resolver.resolve("+33140000000") == "208010"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("+33,20801\n+1;310260\n", "line 2: must be"),
        ("+1,310-260\n", "line 1"),
        ("+,310260\n", "line 1"),
        ("prefix,mccmnc\n", "line 1"),
        ("+1,310260,us\n", "line 1"),
    ],
)
def test_a_wrong_file(path: Path, text: str, said: str) -> None:
    path.write_text(text)
    with pytest.raises(ConfigError, match=said) as found:
        ResolverFile(path)
    assert found.value.key == "resolver.file"
    assert str(path) in str(found.value)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        ResolverFile(tmp_path / "numbers.csv")
    (tmp_path / "numbers.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="decode"):
        ResolverFile(tmp_path / "numbers.csv")
