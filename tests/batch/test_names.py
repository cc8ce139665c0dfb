"""The names of outputs: different on every file system, and inside the target."""

from __future__ import annotations

import os
from pathlib import PurePosixPath

import pytest

from transcode.batch.names import Name, Named, distinct, labels


def called(name: str, path: str, ending: str | None = "mms", number: int = 7) -> str:
    return str(Name(name).path(Named(PurePosixPath(path), number, "us-att"), ending))


def test_fields() -> None:
    """Each field is what it says; a file at the top has no folder, and braces may be doubled."""
    assert called("{folder}/{name}.{ext}", "a/b/c.tar.jpg") == "a/b/c.tar.jpg.mms"
    assert called("{folder}/{stem}.{ext}", "c.jpg") == "c.mms"
    assert called("{carrier}/{folder}-{number:04}-{suffix}.{ext}", "a/c.JPG") == "us-att/a-0007-JPG.mms"
    assert called("./{{{stem}}}.{ext}", "{x}.jpg") == "{{x}}.mms"
    assert called("{folder}/{stem}.{ext}", "a/b..jpg", None) == "a/b."
    assert called("{number}{name}", "a/no ending") == "7no ending"


@pytest.mark.parametrize("letter", ["x", "\u00fc", "\U0001f600", "\udc80"])
def test_long_names_are_cut(letter: str) -> None:
    """A name that has the most octets of a file system gets an ending, a mark and a number all the same."""
    whole = 254 // len(os.fsencode(letter))
    for ending in ("mms", None):
        name = Name("{name}.{ext}").path(Named(PurePosixPath(f"{letter * whole}q"), 1, ""), ending)
        assert 230 < len(os.fsencode(name)) <= 240
        assert set(str(name)) == {letter, *(".mms" if ending else "")}
        (_, second) = distinct([(name, f".{letter * 200}", ending)] * 2)
        assert len(os.fsencode(f"{second}.to-12.webp")) <= 255
    called = Name("{stem}-{stem}.{ext}").path(Named(PurePosixPath("y" * 150 + ".jpg"), 1, ""), "mms")
    assert str(called) == "y" * 150 + "-" + "y" * 85 + ".mms"


def ask(*paths: str, ending: str | None = None, suffix: str = ".jpg") -> list[str]:
    wanted = [(PurePosixPath(path), suffix, ending) for path in paths]
    return list(map(str, distinct(wanted)))


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        (["a", "a", "a", "b"], ["a", "a-jpg", "a-2", "b"]),
        # The third has its own name, though the second could have had it.
        (["a", "a", "a-jpg"], ["a", "a-2", "a-jpg"]),
        (["x/A", "X/a"], ["x/A", "X/a-jpg"]),
        (["caf\u00e9", "cafe\u0301"], ["caf\u00e9", "cafe\u0301-jpg"]),
        (["Stra\u00dfe", "STRASSE"], ["Stra\u00dfe", "STRASSE-jpg"]),
        # A file a.jpg and a folder a.jpg would be one.
        (["a", "a.jpg/b"], ["a-jpg", "a.jpg/b"]),
    ],
)
def test_no_two_are_alike(wanted: list[str], given: list[str]) -> None:
    """The first of several keeps its name, and case and the form of accents make no difference."""
    assert ask(*wanted) == given


def test_earlier_names_are_kept() -> None:
    """An output keeps the name that it had, though another would have it now; of another template, not."""

    def given(*earlier: str | None, ending: str | None = None) -> list[str]:
        behind = f".{ending}" if ending else ""
        wanted = [(PurePosixPath(f"x/a{behind}"), suffix, ending) for suffix in (".bmp", ".jpg")]
        known = {n: PurePosixPath(one) for n, one in enumerate(earlier) if one is not None}
        return list(map(str, distinct(wanted, known)))

    assert given(None, "x/a") == ["x/a-bmp", "x/a"]
    assert given(None, "x/a-jpg") == ["x/a", "x/a-jpg"]
    assert given("x/a-7", "x/a-7") == ["x/a-7", "x/a"]
    assert given("a", "x/b") == ["x/a", "x/a-jpg"]
    assert given(None, "x/a.mms", ending="mms") == ["x/a-bmp.mms", "x/a.mms"]
    assert given("x/a-2.eml", "x/a-3.mms", ending="mms") == ["x/a.mms", "x/a-3.mms"]


def test_names_with_endings() -> None:
    """The mark stands before the ending; the name of the source has its ending already."""
    assert ask("a.mms", "A.mms", ending="mms") == ["a.mms", "A-jpg.mms"]
    assert ask("a.jpg.mms", "A.jpg.mms", ending="mms") == ["a.jpg.mms", "A.jpg-2.mms"]
    assert ask("a.x", "A.x", ending="mms") == ["a.x", "A.x-jpg"]


def test_a_photo_and_its_clip_keep_their_stem() -> None:
    """They become files with different endings. An animation may become either."""
    wanted = [(PurePosixPath("a"), suffix, None) for suffix in (".heic", ".mov", ".gif")]
    assert list(map(str, distinct(wanted))) == ["a", "a", "a-gif"]


def test_labels_of_receivers() -> None:
    """They are names of folders, different without regard to case."""
    assert labels(["us-att", "US-ATT", "twilio:short_code", "../own file.toml", ""]) == [
        "us-att",
        "US-ATT-2",
        "twilio-short_code",
        "own-file.toml",
        "receiver",
    ]
