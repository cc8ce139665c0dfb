"""Profiles read from TOML: the entries of a file, checked key by key.

The places of shipped files are not known here. Sizes are bytes of the whole encoded
message, lengths pixels, times seconds.
"""

from __future__ import annotations

import contextlib
import datetime
import tomllib
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from re import fullmatch
from typing import TYPE_CHECKING, Any

from transcode.errors import ProfileError
from transcode.model import H264_PROFILES
from transcode.profile.model import (
    FIGURES,
    FLAGS,
    LEVELS,
    RATES,
    SETS,
    SIZES,
    Figure,
    Figures,
    Profile,
    Value,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SCHEMA", "profile_of", "read_entries", "read_user_file"]

KINDS = (
    "network",
    "mvno",
    "class",
    "floor",
    "bearer",
    "account",
    "route",
    "guideline",
    "client",
    "device",
    "user",
)

#: Keys of an entry without provenance, by the kind of their value.
TEXTS = ("name", "kind", "country", "mmsc", "mms_off_reason", "counts", "transcodes")
LISTS = ("mcc_mnc", "mvno_match", "notes")
KEYS = (*TEXTS, *LISTS, *FIGURES, "carrier_id")
FIGURE_KEYS = ("value", "source", "date", "confidence")
SIZE_KEYS = (*FIGURE_KEYS, "high")

#: All keys that an entry may have.
SCHEMA = frozenset((*KEYS, "extends"))

#: The longest chain of files that extend one another.
_DEEPEST = 8


def read_entries(file: str, text: str) -> dict[str, dict[str, Any]]:
    """The entries of a file: all tables but the one of sources."""
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # Besides its own error the parser raises Python's errors of numbers and of nesting.
        raise ProfileError(file, f"is not TOML: {error}") from error
    tables.pop("sources", None)
    for key, table in tables.items():
        if not isinstance(table, dict):
            raise ProfileError(file, f"{key}: stands outside a table; it belongs below [profile]")
    return tables


def user_files(path: str) -> list[Path]:
    """A user's own file, and the files that it extends. Faults of a file are told when it is read."""
    files = [Path(path)]
    for file in files:
        with contextlib.suppress(OSError, ValueError, RecursionError):
            tables = tomllib.loads(file.read_text("utf-8"))
            bases = (table.get("extends") for table in tables.values() if isinstance(table, dict))
            found = (file.parent / base for base in bases if isinstance(base, str) and base.endswith(".toml"))
            files += (base for base in found if base not in files and len(files) < _DEEPEST)
    return files


def read_user_file(path: str, find: Callable[[str], Profile], seen: tuple[Path, ...] = ()) -> Profile:
    """The one profile of a user's own file.

    Args:
        path: the file's path.
        find: gives a shipped profile by its name.
        seen: the files whose extends led to the file.
    """
    here = Path(path)
    try:
        text = here.read_text("utf-8")
        resolved = here.resolve()
    except UnicodeDecodeError as error:
        raise ProfileError(path, f"is not UTF-8 (at byte {error.start})") from error
    except (OSError, ValueError) as error:
        raise ProfileError(path, f"can't be read: {getattr(error, 'strerror', None) or error}") from error
    if resolved in seen or len(seen) >= _DEEPEST:
        raise ProfileError(path, "extends itself, or too many files extend one another")
    entries = read_entries(path, text)
    if len(entries) != 1:
        raise ProfileError(
            path, f"holds {len(entries)} entries; a profile of your own is one, such as [profile]"
        )
    ((key, table),) = entries.items()

    def base(name: str) -> Profile:
        if not name.endswith(".toml"):
            return find(name)
        return read_user_file(str(here.parent / name), find, (*seen, resolved))

    return profile_of(path, key, here.stem if key == "profile" else key, table, base)


def profile_of(
    file: str, key: str, name: str, table: dict[str, Any], base: Callable[[str], Profile]
) -> Profile:
    """The profile of one entry, checked.

    Args:
        file, key: the file and the entry's key, for errors.
        name: the id that the profile gets, and its name when the entry gives none.
        table: the entry.
        base: gives the profile that an entry extends.

    Raises:
        ProfileError: the entry has an impossible value.
    """
    figures: dict[str, Figure] = {}
    values: dict[str, Any] = {"name": name}
    try:
        for item in table:
            _known(item, (*KEYS, "extends"))
        if "extends" in table:
            _inherit(base(_text("extends", table["extends"])), values, figures)
        elif "max_message_bytes" not in table:
            raise _WrongError("max_message_bytes", "is required")
        for item, value in table.items():
            if item == "extends":
                continue
            if item in FIGURES:
                figures[item] = _figure(item, value)
                values[item] = figures[item].value
            else:
                values[item] = _plain(item, value)
    except _WrongError as error:
        raise ProfileError(file, f"[{key}] {error.key}: {error.reason}") from None
    return Profile(id=name, figures=Figures(figures), **values)


def _inherit(parent: Profile, values: dict[str, Any], figures: dict[str, Figure]) -> None:
    """Take all values of another profile but its id, kind and figures, and the figures with its id."""
    own = ("id", "kind", "figures")
    for item in fields(Profile):
        if item.name not in own:
            values[item.name] = getattr(parent, item.name)
    for key, figure in parent.figures.items():
        whose = figure.profile or parent.id
        figures[key] = Figure(
            figure.value, figure.sources, figure.date, figure.confidence, figure.high, whose
        )


class _WrongError(Exception):
    """A fault of an entry: the key, and the reason."""

    def __init__(self, key: str, reason: str) -> None:
        self.key = key
        self.reason = reason
        super().__init__(key, reason)


def _known(key: str, keys: tuple[str, ...], inside: str = "") -> None:
    if key not in keys:
        near = get_close_matches(key, keys, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise _WrongError(inside + key, f"unknown key{hint}")


def _figure(key: str, value: object) -> Figure:
    """A figure of an inline table, or of a plain value in a user's file."""
    if not isinstance(value, dict):
        return Figure(_value(key, value), ("user",), None, "the user's own")
    for item in value:
        _known(item, SIZE_KEYS if key in SIZES else FIGURE_KEYS, f"{key}.")
    if "value" not in value:
        raise _WrongError(key, "has no value")
    number = _value(key, value["value"])
    high = _number(f"{key}.high", value["high"]) if "high" in value else None
    if high is not None and isinstance(number, int) and high <= number:
        raise _WrongError(f"{key}.high", f"must be above the value, {number}")
    day = value.get("date")
    if day is not None and not isinstance(day, str | datetime.date):
        raise _WrongError(f"{key}.date", f"must be a date, not {day!r}")
    return Figure(
        number,
        _strings(f"{key}.source", value.get("source", ["user"])),
        None if day is None else str(day),
        _text(f"{key}.confidence", value.get("confidence", "the user's own")),
        high,
    )


def _value(key: str, value: object) -> Value:
    """The value of a figure, checked by the kind of its key."""
    if key in FLAGS:
        if isinstance(value, bool):
            return value
        raise _WrongError(key, f"must be true or false, not {value!r}")
    if key in RATES:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e6:
            raise _WrongError(key, f"must be a positive number, not {value!r}")
        return float(value)
    if key in LEVELS:
        text = _text(key, value)
        if key == "h264_profile" and text not in H264_PROFILES:
            raise _WrongError(key, f"must be one of {', '.join(H264_PROFILES)}, not {text!r}")
        if key == "h264_level" and not fullmatch(r"[1-6](\.[0-3])?|1b", text):
            raise _WrongError(key, f"must be a level such as 3.1, not {text!r}")
        return text
    if key in SETS:
        return _words(key, value)
    return _number(key, value)


def _number(key: str, value: object) -> int:
    """A whole number of at least 1."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise _WrongError(key, f"must be a whole number of at least 1, not {value!r}")


def _words(key: str, value: object) -> tuple[str, ...]:
    """Content types, codecs or charsets in lower case."""
    texts = _strings(key, value)
    for text in texts:
        if key == "formats" and not fullmatch(r"[a-z]+/[a-z0-9.+-]+", text):
            raise _WrongError(key, f"must be content types in lower case, not {text!r}")
        if text != text.lower():
            raise _WrongError(key, f"must be names in lower case, not {text!r}")
    if key == "formats" and not texts:
        raise _WrongError(key, "must name at least one content type")
    return texts


def _plain(key: str, value: object) -> object:
    """A value without provenance."""
    if key == "carrier_id":
        return _number(key, value)
    if key in TEXTS:
        text = _text(key, value)
        if key == "kind" and text not in KINDS:
            raise _WrongError(key, f"must be one of {', '.join(KINDS)}, not {text!r}")
        return text
    texts = _strings(key, value)
    for text in texts:
        if key == "mcc_mnc" and not fullmatch(r"\d{5,6}", text):
            raise _WrongError(key, f"must be five or six digits each, not {text!r}")
    return texts


def _text(key: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise _WrongError(key, f"must be a string that is not empty, not {value!r}")
    return value


def _strings(key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _WrongError(key, f"must be a list of strings, not {value!r}")
    return tuple(_text(key, item) for item in value)
