"""A user's own file: read, extended, and refused by key and reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from transcode.errors import ProfileError, ProfileNotFound
from transcode.model import DEFAULT_FORMATS
from transcode.profile import Figure, find_profile

FOLDER = Path(__file__).parents[2] / "profiles"


@pytest.fixture
def own(tmp_path: Path) -> Callable[[str], Path]:
    """A file of that text."""

    def write(text: str) -> Path:
        path = tmp_path / "own.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_own_file(own: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain numbers do, the rest has defaults; the name may be a path object, a path or a file name."""
    path = own('[profile]\nname = "Mine"\nmax_message_bytes = 750000\nmax_seconds = 15\nturn = false\n')
    profile = find_profile(path)
    assert (profile.id, profile.name, profile.kind) == ("own", "Mine", "user")
    assert (profile.max_message_bytes, profile.max_seconds, profile.turn) == (750_000, 15.0, False)
    assert (profile.formats, profile.mms_enabled, profile.max_image_width) == (DEFAULT_FORMATS, True, None)
    assert profile.figures["max_message_bytes"] == Figure(750_000, ("user",), None, "the user's own")
    monkeypatch.chdir(path.parent)
    assert find_profile(str(path)) == find_profile("own.toml") == profile


def test_own_file_like_a_shipped_one(own: Callable[[str], Path]) -> None:
    """One entry of a shipped file, copied out, is the same profile."""
    text = (FOLDER / "us.toml").read_text("utf-8")
    found = re.search(r"^\[us-verizon\]\n(.+\n)+", text, re.MULTILINE)
    assert found
    assert find_profile(own(found[0])) == find_profile("us-verizon")


def test_own_file_that_extends(tmp_path: Path) -> None:
    """What a file does not say holds from the one it extends, and the figures say whose they are."""
    (tmp_path / "base.toml").write_text('[profile]\nextends = "us-att"\nmax_message_bytes = 900000\n')
    (tmp_path / "own.toml").write_text('[profile]\nextends = "base.toml"\nmax_image_width = 800\n')
    profile = find_profile(tmp_path / "own.toml")
    assert (profile.max_message_bytes, profile.max_image_width, profile.max_recipients) == (900_000, 800, 20)
    whose = [profile.bound_by(key) for key in ("max_message_bytes", "max_image_width", "max_recipients")]
    assert whose == ["base", "own", "us-att"]
    assert profile.kind == "user"


def test_files_that_extend_one_another(tmp_path: Path) -> None:
    """A circle ends in an error, and so does a base that nobody has."""
    (tmp_path / "a.toml").write_text('[profile]\nextends = "b.toml"\n')
    (tmp_path / "b.toml").write_text('[profile]\nextends = "a.toml"\n')
    with pytest.raises(ProfileError, match="extends itself"):
        find_profile(tmp_path / "a.toml")
    (tmp_path / "b.toml").write_text('[profile]\nextends = "us-veriz0n"\n')
    with pytest.raises(ProfileNotFound, match="us-verizon"):
        find_profile(tmp_path / "a.toml")


def test_own_file_is_read_anew(own: Callable[[str], Path]) -> None:
    """A change to the file is seen."""
    assert find_profile(own("[profile]\nmax_message_bytes = 1000\n")).max_message_bytes == 1_000
    assert find_profile(own("[profile]\nmax_message_bytes = 2000\n")).max_message_bytes == 2_000


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            "max_mesage_bytes = 5",
            r"\[profile\] max_mesage_bytes: unknown key; did you mean max_message_bytes\?",
        ),
        ("zzz = 5", r"\[profile\] zzz: unknown key$"),
        ("max_image_width = 0", "max_image_width: must be a whole number of at least 1, not 0"),
        ("max_image_width = -1", "max_image_width: .* not -1"),
        ("max_image_width = 12.5", r"max_image_width: .* not 12\.5"),
        ("max_image_width = true", "max_image_width: .* not True"),
        ('max_image_width = "640"', "max_image_width: .* not '640'"),
        ("max_image_width = { source = ['x'] }", "max_image_width: has no value"),
        ("max_image_width = { value = 5, sources = [] }", "max_image_width.sources: .*did you mean source"),
        ("max_image_width = { value = 5, source = 'x' }", "max_image_width.source: must be a list"),
        ("max_image_width = { value = 5, high = 5 }", "max_image_width.high: must be above the value, 5"),
        ("max_image_width = { value = 5, date = 2020 }", "max_image_width.date: must be a date"),
        ("mms_enabled = 1", "mms_enabled: must be true or false, not 1"),
        ("turn = { value = false, high = 2 }", "turn.high: unknown key"),
        ("name = ''", "name: must be a string that is not empty"),
        ("kind = 'provider'", "kind: must be one of network"),
        ("mcc_mnc = ['311 480']", "mcc_mnc: must be five or six digits"),
        ("mcc_mnc = [311480]", "mcc_mnc: must be a string"),
        ("formats = ['JPEG']", "formats: must be content types in lower case, not 'JPEG'"),
        ("formats = []", "formats: must name at least one"),
        ("max_seconds = 0", "max_seconds: must be a positive number, not 0"),
        ("max_seconds = nan", "max_seconds: must be a positive number, not nan"),
        ("carrier_id = 'x'", "carrier_id: must be a whole number"),
    ],
)
def test_own_file_that_is_wrong(own: Callable[[str], Path], line: str, reason: str) -> None:
    """File, entry, key and reason are named."""
    path = own(f"[profile]\nmax_message_bytes = 1000\n{line}\n")
    with pytest.raises(ProfileError, match=reason) as caught:
        find_profile(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert not isinstance(caught.value, ProfileNotFound)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[profile]\nname = 'x'\n", r"\[profile\] max_message_bytes: is required"),
        ("max_message_bytes = 1000\n", "max_message_bytes: stands outside a table"),
        ("[a]\nmax_message_bytes = 1\n[b]\nmax_message_bytes = 1\n", "holds 2 entries"),
        ("", "holds 0 entries"),
        ("[profile\n", "is not TOML: .*line 1"),
    ],
)
def test_own_file_of_another_shape(own: Callable[[str], Path], text: str, reason: str) -> None:
    """A file that is not one entry is refused, with the reason."""
    with pytest.raises(ProfileError, match=reason):
        find_profile(own(text))


def test_own_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file, a directory and octets that are no text are refused by path, not by name."""
    (tmp_path / "latin.toml").write_bytes(b'[profile]\nname = "\xe9"\n')
    for path, reason in [("none.toml", "No such file"), ("", "directory"), ("latin.toml", "not UTF-8")]:
        with pytest.raises(ProfileError, match=reason) as caught:
            find_profile(tmp_path / path)
        assert not isinstance(caught.value, ProfileNotFound)
