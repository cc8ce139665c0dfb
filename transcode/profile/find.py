"""Profiles by name: an id, a network code, Android's carrier id, a file, plain limits.

A shipped file is read when it is first needed, and only the entry asked for is parsed,
as parsing takes most of the time. The id names the file. ``codes.json`` and
``names.json``, which a script makes from the files, give the entries of a code or a name.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib import resources
from os import PathLike, fspath
from re import MULTILINE, fullmatch, sub
from re import search as find_first
from typing import TYPE_CHECKING, Any

from transcode.errors import ProfileError, ProfileNotFound
from transcode.model import Limits
from transcode.profile.model import UAPROF, Figures, Profile
from transcode.profile.read import profile_of, read_entries, read_user_file

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Origin", "find_profile", "narrowed", "near_ids", "origins", "routes", "search", "shipped_names"]

#: Names that an error suggests, at most.
SUGGESTIONS = 5

#: Found once: the first access to a package's files takes longer than a look-up.
_FOLDER = resources.files("transcode.profiles")


@dataclass(frozen=True, slots=True)
class Origin:
    """A source of figures.

    Attributes:
        tag: the name that figures use.
        what: the kind of source, in words.
        where: the place where the source was found.
        date: its date, ISO 8601, or None.
    """

    tag: str
    what: str
    where: str
    date: str | None


def find_profile(name: str | int | PathLike[str] | Limits | Profile) -> Profile:
    """The profile of that name.

    Args:
        name: an id (``"us-verizon"``, ``"oma-image-rich"``, ``"twilio:short_code:us-att"``),
            an MCC-MNC (``"311480"``, ``"311-480"``), Android's carrier id (``1839``, or
            ``"carrier:1839"``), a network's name as people write it (``"Verizon"``, ``"AT&T"``,
            ``"tmobile"``), with its country where several networks have it (``"vodafone de"``,
            ``"O2 Germany"``), or the path of a TOML file: a path object, or a string with a path separator
            or the ending ``.toml``. Limits give a profile of their numbers; a profile
            is returned unchanged. Where a network and virtual operators share a code or
            a name, the network is found.

    Raises:
        ProfileNotFound: no profile has the name, or several have; the error
            suggests similar names, or has the ids of all that have it.
        ProfileError: the file can't be read, or has an impossible value.
    """
    if isinstance(name, Profile):
        return name
    if isinstance(name, Limits):
        return Profile.from_limits(name)
    if isinstance(name, int) and not isinstance(name, bool):
        name = f"carrier:{name}"
    if not isinstance(name, str | PathLike):
        raise ProfileNotFound(repr(name))
    if isinstance(name, PathLike) or is_user_file(name):
        return read_user_file(fspath(name), find_profile)
    key = name.strip().lower()
    found = _lookup(key)
    if found is not None:
        return found
    named = _written(key)
    if len(named) == 1:
        return _entry(named[0])
    raise ProfileNotFound(name if key else repr(name), named or near_ids(key), ambiguous=bool(named))


@lru_cache(maxsize=4096)
def _written(key: str) -> tuple[str, ...]:
    """The ids of the networks that a name as people write it stands for."""
    if not key or _code(key) or key.startswith("carrier:"):
        return ()
    # Imported here: ids and codes are found without it.
    from transcode.profile.written_names import resolve

    return tuple(resolve(key, _names(), _countries()))


@cache
def _countries() -> dict[str, list[str]]:
    """The codes and names of each country, by its code."""
    found: dict[str, list[str]] = json.loads(_text("countries.json"))
    return found


def find_in_country(name: str, country: str) -> Profile:
    """The network of a name, as people write it, in one country.

    Args:
        name: the name, as in find_profile; ids, codes and files stand for one profile without a country.
        country: a code (ISO 3166-1 alpha-2, ``"uk"`` too) or a name, in English or the country's languages.

    Raises:
        ProfileNotFound: no network of the country has the name, or several have.
        ProfileError: there is no such country.
    """
    from transcode.profile.written_names import resolve

    code = country_code(country)
    there = {own: row for own, row in _names().items() if own.startswith(f"{code}-")}
    found = [own for own in resolve(name.strip().lower(), there, _countries()) if own in there]
    if len(found) == 1:
        return _entry(found[0])
    shown = f"{name} in {code.upper()}"
    near = found or [own for own in near_ids(name.strip().lower()) if own in there]
    raise ProfileNotFound(shown, near or _main_networks(there), ambiguous=bool(found))


def country_code(country: str) -> str:
    """The code of a country (ISO 3166-1 alpha-2, in small letters) by its code or a name.

    Raises:
        ProfileError: there is no such country.
    """
    from transcode.profile.written_names import folded

    wanted = folded(country)
    code = next((code for code, names in _countries().items() if wanted in names), None)
    if code is None:
        close = _close(wanted, [one for names in _countries().values() for one in names])
        raise ProfileError(country, f"no such country{f'; did you mean {close[0]}?' if close else ''}")
    return code


def _main_networks(rows: dict[str, list[str]]) -> list[str]:
    """The networks with the most codes."""
    networks = [own for own, (_, kind, *_) in rows.items() if kind == "network"]
    return sorted(networks, key=lambda own: (-len(rows[own]), own))[:SUGGESTIONS]


def names_one(name: str) -> bool:
    """Whether a name is an id, a code or a file, which stands for one profile whatever the country."""
    key = name.strip().lower()
    number = bool(fullmatch(r"(carrier:)?\d{1,6}|\d{3}-\d{2,3}", key))
    return number or is_user_file(name) or _stem(key) is not None


def is_user_file(name: str) -> bool:
    """Whether a name is the path of a user's own file."""
    return "/" in name or "\\" in name or name.endswith(".toml")


def narrowed(profile: Profile, bearer: str) -> Profile:
    """The profile for a slow network: a smaller message, the same rules.

    Args:
        profile: any.
        bearer: ``"gprs"`` or ``"edge"``; the sizes and their sources stand
            in classes.toml.

    Raises:
        ProfileNotFound: no such bearer.
    """
    slow = _lookup(f"bearer-{bearer.strip().lower()}")
    if slow is None:
        known = [own.removeprefix("bearer-") for own in _names() if own.startswith("bearer-")]
        raise ProfileNotFound(bearer, known)
    if slow.max_message_bytes >= profile.max_message_bytes:
        return profile
    figure = replace(slow.figures["max_message_bytes"], profile=slow.id)
    return replace(
        profile,
        max_message_bytes=slow.max_message_bytes,
        figures=Figures({**profile.figures, "max_message_bytes": figure}),
    )


def routes(provider: str, carrier: Profile | None = None) -> list[Profile]:
    """A messaging provider's account and its routes.

    Args:
        provider: the id, and the type of sender behind a colon: ``"twilio"``, ``"twilio:short_code"``.
        carrier: the network that the routes go to; a virtual operator has the routes of its
            host. None: any network.

    Returns:
        The account, if there is one, and the routes, ordered by id; empty when the provider
        or its type of sender is not known.
    """
    account, _, sender = provider.partition(":")
    own = [key for key in _names() if key.startswith(f"{account}:")]
    if sender and sender not in {key.split(":")[1] for key in own}:
        return []
    fitting = [
        key
        for key in own
        if key.split(":")[1] in (sender or key.split(":")[1], "any")
        and (carrier is None or _goes_to(key.split(":")[2], carrier))
    ]
    return [_entry(key) for key in ([account] if _is_account(account) else []) + fitting]


def _is_account(key: str) -> bool:
    return _names().get(key, ["", ""])[1] in ("account", "guideline")


def _goes_to(destination: str, carrier: Profile) -> bool:
    """Whether the last word of a route's id stands for the network, or may."""
    if not carrier.country and not carrier.mcc_mnc:
        # A floor, a class, plain limits: the network is not known.
        return True
    country = carrier.country.lower()
    if destination in ("any", carrier.id, country):
        return True
    if destination == "na":
        return country in ("us", "ca")
    return not set(carrier.mcc_mnc).isdisjoint(_names().get(destination, [])[2:])


def search(query: str = "") -> list[Profile]:
    """Shipped profiles with the query in id, name or MCC-MNC, ordered by id.

    Letters count in any case, accents and punctuation do not. A country may stand before or behind a name:
    ``"vodafone de"``. A query that none has, and that is a country, finds the networks of that country.
    """
    from transcode.profile.written_names import countries_of, folded

    wanted = query.strip().casefold()
    code = wanted.replace("-", "") if fullmatch(r"[\d-]+", wanted) else wanted
    key = folded(query)
    spelled = [("", _letters(key))]
    # AT&T is a network, and not one of Austria whose name has a T.
    if all(_letters(folded(name)) != spelled[0][1] for name, *_ in _names().values()):
        spelled += [(f"{at}-", _letters(rest)) for at, rest in countries_of(key, _countries())]

    def matches(own: str, name: str, codes: list[str]) -> bool:
        if wanted in own or wanted in name.casefold() or any(code in each for each in codes):
            return True
        # Of an id its country is no letter of its name: at-t-mobile-a is no AT&T.
        bare = own[3:] if own[2:3] == "-" else own
        texts = (_letters(bare), _letters(folded(name)))
        return spelled[0][1] == _letters(own) or any(
            own.startswith(country) and any(letters in text for text in texts)
            for country, letters in spelled
            if letters
        )

    found = [own for own, (name, _, *codes) in _names().items() if matches(own, name, codes)]
    if not found:
        at = {f"{code}-" for code, names in _countries().items() if key in names}
        found = [own for own in _names() if own[:3] in at]
    return [_entry(own) for own in found]


def country_names() -> dict[str, str]:
    """The name of each country that has networks, in English where it is known, by its code."""
    return {code: (names[1:] or names)[0].title() for code, names in _countries().items()}


def shipped_names() -> dict[str, str]:
    """The name of each shipped profile by its id, in the order of ids. No profile is parsed."""
    return {own: name for own, (name, *_) in _names().items()}


def origins(profile: Profile, key: str) -> list[Origin]:
    """The sources of a figure, as the profile's file explains them; a user's own file has none."""
    figure = profile.figures.get(key)
    if figure is None:
        return []
    stem = _stem(figure.profile or profile.id)
    told = _sources(stem) if stem else {UAPROF: _document(figure.profile or profile.id)}
    return [told[tag] for tag in figure.sources if tag in told]


def _document(where: str) -> Origin:
    """The document of a phone as a source."""
    return Origin(UAPROF, "the phone's own UAProf document", where, None)


@cache
def _names() -> dict[str, list[str]]:
    """Name, kind and network codes of each shipped profile, by id in order."""
    found: dict[str, list[str]] = json.loads(_text("names.json"))
    return found


def _code(key: str) -> str | None:
    """The digits of an MCC-MNC; None when the key is no MCC-MNC."""
    return key.replace("-", "") if fullmatch(r"\d{3}-?\d{2,3}", key) else None


def _owners(code: str) -> str | list[str]:
    """The id that has a network code or a carrier id; a list of ids where several have it."""
    # One line is parsed, not the whole file.
    found = find_first(rf'^"{code}":(.+?),?$', _text("codes.json"), MULTILINE)
    owners: str | list[str] = json.loads(found[1]) if found else []
    return owners


@lru_cache(maxsize=4096)
def _lookup(key: str) -> Profile | None:
    if _stem(key):
        return _entry(key)
    code = _code(key)
    number = key.removeprefix("carrier:")
    if code or fullmatch(r"\d{1,5}", number):
        # No country's code begins with 0 or 1 (ITU-T E.212), so few numbers could be both.
        found = (_owners(code) if code else None) or _owners(f"carrier:{number}")
        return _entry(found) if isinstance(found, str) else None
    own = _named(key) if key else None
    return _entry(own) if own else None


def _named(key: str) -> str | None:
    """The id of the only operator with a name.

    Rows of one network (``us-verizon``, ``us-verizon-2``) count as one; where the name
    is the beginning of another network's ("AT&T", "AT&T MX") no id is found.
    """
    text = _folded_names(key.isascii())
    # Only lines that may have the name are parsed.
    start = f":[{json.dumps(key, ensure_ascii=False)[:-1]}"
    found: dict[str, list[str]] = {}
    place = text.find(start)
    while place >= 0:
        line = text[text.rfind("\n", 0, place) + 1 : text.find("\n", place)]
        found |= json.loads(f"{{{line.rstrip(',')}}}")
        place = text.find(start, place + 1)
    networks = [own for own, entry in found.items() if entry[1] == "network"]
    ids = sorted(networks or [own for own, entry in found.items() if entry[1] == "mvno"])
    exact = any(found[own][0] == key for own in ids)
    return ids[0] if exact and all(own.startswith(ids[0]) for own in ids) else None


@cache
def _folded_names(ascii_only: bool) -> str:
    """The index of names in lower case. For a name in ASCII only ASCII is folded, which is quicker."""
    text = _text("names.json")
    return text.encode().lower().decode() if ascii_only else text.casefold()


def near_ids(key: str) -> list[str]:
    """Ids similar to a name that was not found, the likeliest first."""
    code = _code(key)
    if code is not None or key.startswith("carrier:"):
        found = _owners(code or key)
        return [found] if isinstance(found, str) else found or _close(code or key, _codes())
    # ISO 3166 keeps UK for the United Kingdom as well.
    words = {"gb" if word == "uk" else word for word in key.split()}
    named = _named_like(key) or [one for word in sorted(words) if len(word) > 3 for one in _named_like(word)]
    named.sort(
        key=lambda profile: (
            profile.country.lower() not in words,
            _letters(profile.id.partition("-")[2]) != _letters(key),
            not profile.name.casefold().startswith(key),
            profile.kind in ("mvno", "route", "client"),
            profile.figures["max_message_bytes"].confidence == "default only",
            -len(profile.mcc_mnc),
        )
    )
    owners = {word: own for own, (name, *_) in _names().items() for word in (name.casefold(), own)}
    close = [_main_row(owners[word]) for word in _close(key, owners)]
    # Routes of providers are asked for by a name with a colon.
    ids = dict.fromkeys(
        own for own in [profile.id for profile in named] + close if ":" in key or ":" not in own
    )
    return list(ids)[:SUGGESTIONS]


def _named_like(key: str) -> list[Profile]:
    """Profiles with the key in id or name, whatever the punctuation."""
    wanted = _letters(key)
    return [
        _entry(own)
        for own, (name, *_) in _names().items()
        if wanted and (wanted in _letters(own) or wanted in _letters(name.casefold()))
    ]


def _main_row(own: str) -> str:
    """The id of a network's first row: us-example for us-example-2."""
    main = sub(r"-\d+$", "", own)
    return main if main in _names() else own


def _letters(text: str) -> str:
    """A name without the characters that people write in several ways, as in T-Mobile and AT&T."""
    return "".join(filter(str.isalnum, text))


def _codes() -> Iterable[str]:
    found: dict[str, str | list[str]] = json.loads(_text("codes.json"))
    return found


def _close(key: str, words: Iterable[str]) -> list[str]:
    return get_close_matches(key, list(words), SUGGESTIONS)


def _stem(key: str) -> str | None:
    """The stem of the file that holds an id; None when no file does."""
    country = key.partition("-")[0]
    stems = ("providers",) if ":" in key else ("classes", "providers")
    if fullmatch(r"[a-z]{2}", country):
        stems = (country, *stems)
    return next((stem for stem in stems if key != "sources" and _slice(stem, key)), None)


@cache
def _text(file: str) -> str:
    """The text of a shipped file; empty when there is no such file."""
    try:
        return (_FOLDER / file).read_text("utf-8")
    except FileNotFoundError:
        return ""


def _slice(stem: str, key: str) -> str | None:
    """The lines of one entry of a shipped file; None when the file has no such entry.

    A test holds that no other line of the files begins with a bracket.
    """
    text = _text(f"{stem}.toml")
    start = text.find(f'\n["{key}"]\n' if ":" in key else f"\n[{key}]\n") + 1
    return text[start : text.find("\n[", start) + 1 or None] if start else None


@lru_cache(maxsize=2048)
def _entry(key: str) -> Profile:
    """One shipped profile.

    Raises:
        ProfileError: the index names an entry that no file has.
    """
    stem = _stem(key)
    text = _slice(stem, key) if stem else None
    if text is None:
        raise ProfileError(key, "is in the index, but in no file: make the index again")
    file = f"{stem}.toml"
    return profile_of(file, key, key, read_entries(file, text)[key], find_profile)


@cache
def _sources(stem: str) -> dict[str, Origin]:
    """The table of sources of a shipped file, by tag."""
    text = _slice(stem, "sources")
    table: dict[str, Any] = tomllib.loads(text)["sources"] if text else {}
    return {
        tag: Origin(tag, said["what"], said["where"], str(said["date"]) if "date" in said else None)
        for tag, said in table.items()
    }
