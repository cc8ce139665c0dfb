"""Profiles: what a network, a content class or a user's own route takes, with provenance.

The numbers are data, in TOML files that are installed as transcode.profiles; a
file is read when it is first needed, and kept. Sizes are bytes of the whole
encoded message, lengths pixels, times seconds.
"""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib import resources
from os import PathLike, fspath
from pathlib import Path
from re import fullmatch
from typing import Any

from transcode.errors import ProfileError, ProfileNotFound
from transcode.model import DEFAULT_CODECS, DEFAULT_FORMATS, Limits

__all__ = ["Figure", "Figures", "Profile", "find_profile", "search"]

KINDS = ("network", "mvno", "class", "floor", "user")

#: Keys of an entry, by the kind of value that they take.
TEXTS = ("name", "kind", "country", "mmsc")
LISTS = ("mcc_mnc", "mvno_match", "formats", "notes")
SIZES = ("max_message_bytes", "max_image_width", "max_image_height", "max_recipients", "max_subject_chars")
FLAGS = ("mms_enabled", "turn", "content_disposition_ok", "slide_duration_ok")
KEYS = (*TEXTS, *LISTS, *SIZES, *FLAGS, "carrier_id", "max_seconds")
FLAG_KEYS = ("value", "source", "date", "confidence")
SIZE_KEYS = (*FLAG_KEYS, "high")

SUGGESTIONS = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """One value of a profile, and who says so.

    Attributes:
        value: a size in the unit of its key, or a flag.
        sources: tags that the profile's file explains; ``("user",)`` in a user's own.
        date: the newest of the sources' dates, ISO 8601, a year alone if no more
            is known; None: undated.
        confidence: such as ``"documented"`` or ``"default only"``.
        high: the largest value that a source gives; None where they agree.
    """

    value: int
    sources: tuple[str, ...]
    date: str | None
    confidence: str
    high: int | None = None


class Figures(Mapping[str, Figure]):
    """Figures by key: a mapping that can't be changed, so profiles can be shared, hashed and sent."""

    __slots__ = ("_figures",)

    def __init__(self, figures: Mapping[str, Figure] | None = None) -> None:
        self._figures = dict(figures or {})

    def __getitem__(self, key: str) -> Figure:
        return self._figures[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._figures)

    def __len__(self) -> int:
        return len(self._figures)

    def __hash__(self) -> int:
        return hash(frozenset(self._figures.items()))

    def __repr__(self) -> str:
        return f"Figures({self._figures!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What one receiver takes.

    Attributes:
        id: such as ``"us-verizon"``.
        name: as shown to people.
        kind: ``"network"``, ``"mvno"`` (a virtual operator), ``"class"`` (an OMA
            content class, Android's defaults), ``"floor"`` (what fits all
            networks of a region) or ``"user"``.
        country: ISO 3166 two-letter code; empty when there is none.
        mcc_mnc: network codes, digits only.
        carrier_id: Android's number for the operator, or None.
        mvno_match: what tells a virtual operator from its host, as ``"gid1=53FF"``.
        mms_enabled: False where phone settings switch MMS off.
        max_message_bytes: the largest encoded message, in bytes.
        max_image_width, max_image_height: the box of a landscape picture, in
            pixels; None: nobody says.
        max_recipients: addresses in one message; None: not limited, or nobody says.
        max_subject_chars: characters in a subject; None: nobody says.
        formats: content types that the receiver shows.
        max_seconds: the longest video or sound, in seconds.
        progressive, max_video_width, max_video_height, max_frame_rate, codecs,
            h264_profile, h264_level: as in Limits.
        turn: whether a portrait picture uses the box turned.
        content_disposition_ok: whether parts may carry that header.
        slide_duration_ok: whether the sender's slide times are honoured.
        mmsc: address of the message centre, or None.
        notes: warnings for a person.
        figures: provenance of the values above, by their names.
    """

    id: str
    name: str
    kind: str = "user"
    country: str = ""
    mcc_mnc: tuple[str, ...] = ()
    carrier_id: int | None = None
    mvno_match: tuple[str, ...] = ()
    mms_enabled: bool = True
    max_message_bytes: int
    max_image_width: int | None = None
    max_image_height: int | None = None
    max_recipients: int | None = None
    max_subject_chars: int | None = None
    formats: tuple[str, ...] = DEFAULT_FORMATS
    max_seconds: float = 40.0
    progressive: bool = False
    max_video_width: int | None = None
    max_video_height: int | None = None
    max_frame_rate: float | None = None
    codecs: tuple[str, ...] = DEFAULT_CODECS
    h264_profile: str = "main"
    h264_level: str = "3.1"
    turn: bool = True
    content_disposition_ok: bool = True
    slide_duration_ok: bool = True
    mmsc: str | None = None
    notes: tuple[str, ...] = ()
    figures: Figures = field(default_factory=Figures)

    def limits(self, max_bytes: int | None = None) -> Limits:
        """Limits of one medium, never looser than the profile.

        Args:
            max_bytes: bytes that are free for the medium; None: the whole
                message's. More than the whole message's counts as that.

        Raises:
            LimitsError: max_bytes is not a positive number.
        """
        whole = self.max_message_bytes
        return Limits(
            max_bytes=whole if max_bytes is None else min(max_bytes, whole),
            max_width=self.max_image_width,
            max_height=self.max_image_height,
            max_seconds=self.max_seconds,
            formats=self.formats,
            turn=self.turn,
            progressive=self.progressive,
            max_video_width=self.max_video_width,
            max_video_height=self.max_video_height,
            max_frame_rate=self.max_frame_rate,
            codecs=self.codecs,
            h264_profile=self.h264_profile,
            h264_level=self.h264_level,
        )


def find_profile(name: str | PathLike[str]) -> Profile:
    """The profile of that name.

    Args:
        name: an id (``"us-verizon"``, ``"oma-image-rich"``), an MCC-MNC
            (``"311480"``, ``"311-480"``), or the path of a TOML file: a path
            object, or a string with a path separator or the ending ``.toml``.
            Where a network and virtual operators share a code, it is the network.

    Raises:
        ProfileNotFound: nothing goes by that name, or several virtual operators
            and no network have that code; the error suggests near names.
        ProfileError: the file can't be read or says something impossible.
    """
    if not isinstance(name, str | PathLike):
        raise ProfileNotFound(repr(name))
    if isinstance(name, PathLike) or "/" in name or "\\" in name or name.endswith(".toml"):
        return _read_user_file(fspath(name))
    key = name.strip().lower()
    found = _lookup(key)
    if found is None:
        raise ProfileNotFound(name, _near(key))
    return found


def search(query: str = "") -> list[Profile]:
    """Shipped profiles with the query in id, name or MCC-MNC, in any case, ordered by id."""
    wanted = query.strip().casefold()
    code = _code(wanted) or wanted
    return [
        profile
        for profile in _all()
        if wanted in profile.id
        or wanted in profile.name.casefold()
        or any(code in own for own in profile.mcc_mnc)
    ]


def _code(key: str) -> str | None:
    """The digits of an MCC-MNC; None when the key is none."""
    return key.replace("-", "") if fullmatch(r"\d{3}-?\d{2,3}", key) else None


@lru_cache(maxsize=4096)
def _lookup(key: str) -> Profile | None:
    code = _code(key)
    if code is None:
        return _by_id(key)
    found = _by_code(code)
    networks = [profile for profile in found if profile.kind == "network"] or found
    return networks[0] if len(networks) == 1 else None


def _by_id(key: str) -> Profile | None:
    """A profile by id, from the file of the country that the id begins with, or one that is no country's."""
    country = key.partition("-")[0]
    for stem in (country, *(stem for stem in _texts() if len(stem) != 2)):
        if stem in _texts() and key in _shelf(stem):
            return _shelf(stem)[key]
    return None


def _by_code(code: str) -> list[Profile]:
    """All profiles with an MCC-MNC."""
    # Parsing is what takes time, so a file that does not hold the code is not parsed.
    stems = [stem for stem, text in _texts().items() if f'"{code}"' in text]
    return [profile for stem in stems for profile in _shelf(stem).values() if code in profile.mcc_mnc]


def _near(key: str) -> list[str]:
    """Ids that come near a name that was not found, the likeliest first."""
    code = _code(key)
    if code is not None:
        return [profile.id for profile in _by_code(code)] or get_close_matches(
            code, {own: None for profile in _all() for own in profile.mcc_mnc}, SUGGESTIONS
        )
    named = [profile for profile in _all() if key and (key in profile.id or key in profile.name.lower())]
    named.sort(
        key=lambda profile: (
            key not in (profile.name.lower(), profile.id.partition("-")[2]),
            not profile.name.lower().startswith(key),
            profile.kind != "network",
            profile.figures["max_message_bytes"].confidence == "default only",
            -len(profile.mcc_mnc),
        )
    )
    ids = {word: profile.id for profile in _all() for word in (profile.name.lower(), profile.id)}
    close = [ids[word] for word in get_close_matches(key, ids, SUGGESTIONS)]
    return list(dict.fromkeys([profile.id for profile in named] + close))[:SUGGESTIONS]


@cache
def _texts() -> dict[str, str]:
    """The text of each shipped file by its stem."""
    files = (file for file in resources.files("transcode.profiles").iterdir() if file.name.endswith(".toml"))
    return {
        file.name.removesuffix(".toml"): file.read_text("utf-8")
        for file in sorted(files, key=lambda file: file.name)
    }


@cache
def _shelf(stem: str) -> dict[str, Profile]:
    """The profiles of one shipped file by id."""
    file = f"{stem}.toml"
    return {key: _profile(file, key, key, table) for key, table in _entries(file, _texts()[stem]).items()}


@cache
def _all() -> tuple[Profile, ...]:
    found = [profile for stem in _texts() for profile in _shelf(stem).values()]
    return tuple(sorted(found, key=lambda profile: profile.id))


def _read_user_file(path: str) -> Profile:
    try:
        text = Path(path).read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ProfileError(path, f"is not UTF-8 (at byte {error.start})") from error
    except (OSError, ValueError) as error:
        raise ProfileError(path, f"can't be read: {getattr(error, 'strerror', None) or error}") from error
    entries = _entries(path, text)
    if len(entries) != 1:
        raise ProfileError(
            path, f"holds {len(entries)} entries; a profile of your own is one, such as [profile]"
        )
    ((key, table),) = entries.items()
    return _profile(path, key, Path(path).stem if key == "profile" else key, table)


def _entries(file: str, text: str) -> dict[str, dict[str, Any]]:
    """The entries of a file, which are all its tables but the sources."""
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # Besides its own error the parser lets through those of numbers and of nesting.
        raise ProfileError(file, f"is not TOML: {error}") from error
    tables.pop("sources", None)
    for key, table in tables.items():
        if not isinstance(table, dict):
            raise ProfileError(file, f"{key}: stands outside a table; it belongs below [profile]")
    return tables


def _profile(file: str, key: str, name: str, table: dict[str, Any]) -> Profile:
    """A profile of one entry, checked.

    Args:
        file, key: the file and the entry's key, for errors.
        name: the id that the profile gets, and its name when it gives none.
        table: the entry.
    """
    figures: dict[str, Figure] = {}
    values: dict[str, Any] = {"name": name}
    try:
        if "max_message_bytes" not in table:
            raise _WrongError("max_message_bytes", "is required")
        for item, value in table.items():
            _known(item, KEYS)
            if item in SIZES or item in FLAGS:
                figures[item] = _figure(item, value)
                values[item] = figures[item].value
            else:
                values[item] = _plain(item, value)
    except _WrongError as error:
        raise ProfileError(file, f"[{key}] {error.key}: {error.reason}") from None
    return Profile(id=name, figures=Figures(figures), **values)


class _WrongError(Exception):
    """A key of an entry, and what is wrong with it."""

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
    """A figure from an inline table, or from a plain value of the user's."""
    if not isinstance(value, dict):
        return Figure(_number(key, value), ("user",), None, "the user's own")
    for item in value:
        _known(item, SIZE_KEYS if key in SIZES else FLAG_KEYS, f"{key}.")
    if "value" not in value:
        raise _WrongError(key, "has no value")
    number = _number(key, value["value"])
    high = _number(f"{key}.high", value["high"]) if "high" in value else None
    if high is not None and high <= number:
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


def _number(key: str, value: object) -> int:
    """A flag, or a whole number of at least 1, as the key asks."""
    if key in FLAGS:
        if isinstance(value, bool):
            return value
        raise _WrongError(key, f"must be true or false, not {value!r}")
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise _WrongError(key, f"must be a whole number of at least 1, not {value!r}")


def _plain(key: str, value: object) -> object:
    """A value that has no provenance of its own."""
    if key == "carrier_id":
        return _number(key, value)
    if key == "max_seconds":
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e6:
            raise _WrongError(key, f"must be a positive number, not {value!r}")
        return float(value)
    if key in TEXTS:
        text = _text(key, value)
        if key == "kind" and text not in KINDS:
            raise _WrongError(key, f"must be one of {', '.join(KINDS)}, not {text!r}")
        return text
    texts = _strings(key, value)
    for text in texts:
        if key == "mcc_mnc" and not fullmatch(r"\d{5,6}", text):
            raise _WrongError(key, f"must be five or six digits each, not {text!r}")
        if key == "formats" and not fullmatch(r"[a-z]+/[a-z0-9.+-]+", text):
            raise _WrongError(key, f"must be content types in lower case, not {text!r}")
    if key == "formats" and not texts:
        raise _WrongError(key, "must name at least one content type")
    return texts


def _text(key: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise _WrongError(key, f"must be a string that is not empty, not {value!r}")
    return value


def _strings(key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _WrongError(key, f"must be a list of strings, not {value!r}")
    return tuple(_text(key, item) for item in value)
