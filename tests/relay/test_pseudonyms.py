"""Words in the place of numbers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from transcode.errors import ConfigError
from transcode.relay.pseudonyms import WORD, Pseudonyms


def test_the_same_number_gives_the_same_word(tmp_path: Path) -> None:
    """Each process of a store gives the same word, another store another one; the key is the owner's."""
    first, again, other = (Pseudonyms.of(tmp_path / name) for name in ("a", "a", "b"))
    assert first.word("+15550001") == again.word("+15550001") != other.word("+15550001")
    assert first.word("+15550001") != first.word("+15550002")
    assert WORD.fullmatch(first.word("+15550001"))
    assert first.word(first.word("+15550001")) == first.word("+15550001")
    assert first.word("") == ""
    assert (tmp_path / "a" / "numbers.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["numbers.key"]


def test_one_key_for_many_that_begin_at_once(tmp_path: Path) -> None:
    """Whoever is first draws it."""
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: Pseudonyms.of(tmp_path).word("+1"), range(16)))
    assert len(set(made)) == 1


def test_a_file_that_is_no_key_is_named(tmp_path: Path) -> None:
    """Words of another key would be others."""
    (tmp_path / "numbers.key").write_bytes(b"short")
    with pytest.raises(ConfigError, match=r"numbers\.key"):
        Pseudonyms.of(tmp_path)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("to +15550001: busy", "+15550001"),
        ("15550001 is unknown", "15550001"),
        ("HTTP 503 for to=%2B15550001&", "%2B15550001"),
        ("<sms:+4915550001>", "+4915550001"),
        ("mail to joe.doe@example.org failed", "joe.doe@example.org"),
        ("GET /m/AbCdEf0123456789-_xyzQ", "AbCdEf0123456789-_xyzQ"),
        ("https://mms.example/p/AbCdEf0123456789-_xyzQ?x", "AbCdEf0123456789-_xyzQ"),
    ],
)
def test_texts_lose_their_numbers(text: str, hidden: str) -> None:
    """Texts lose numbers, addresses of mail and tokens; what is around them stays."""
    scrubbed = Pseudonyms(bytes(32)).scrubbed(text)
    assert hidden not in scrubbed
    before, after = text.split(hidden)
    assert scrubbed.startswith(before)
    assert scrubbed.endswith(after)


@pytest.mark.parametrize(
    "text", ["HTTP 503", "127.0.0.1:13013", "2026-11-30T12:00:00.123456Z", "error 421 4.7.0"]
)
def test_other_figures_stay(text: str) -> None:
    """Statuses, addresses and times are no numbers of phones."""
    assert Pseudonyms(bytes(32)).scrubbed(text) == text


def test_a_number_in_a_text_has_its_word() -> None:
    """So lines about one phone are found together."""
    words = Pseudonyms(bytes(32))
    assert words.scrubbed("to +15550001 now") == f"to {words.word('+15550001')} now"
