"""The languages of pages and links: a catalogue of gettext each, in this folder.

A catalogue that is added is found by its name, such as ``nl.po``; nothing else names it.
"""

from __future__ import annotations

import re
from importlib import resources

__all__ = ["LANGUAGES", "accepted"]

#: The languages, by the names of their catalogues.
LANGUAGES = tuple(
    sorted(
        entry.name.removesuffix(".po")
        for entry in resources.files(__package__).iterdir()
        if entry.name.endswith(".po")
    )
)
_RANGE = re.compile(r"([A-Za-z]{1,8})(?:-[A-Za-z0-9]{1,8})*|\*")
_QUALITY = re.compile(r"q=([01](?:\.[0-9]{0,3})?)")
#: The most languages of a request that are read.
_MOST_ASKED = 20


def accepted(header: str, usual: str) -> str:
    """Return the name of the language that a browser asks for.

    Args:
        header: the value of Accept-Language (RFC 9110, 12.5.4), or ``""``.
        usual: the language where it asks for none that there is.
    """
    asked = []
    for place, one in enumerate(header.split(",")[:_MOST_ASKED]):
        tag, _, rest = one.strip().partition(";")
        found = _RANGE.fullmatch(tag.strip())
        quality = _QUALITY.fullmatch(rest.strip()) if rest else None
        value = float(quality[1]) if quality else 1.0
        if found is None or (rest and quality is None) or not value:
            continue
        name = (found[1] or "").lower()
        if not name or name in LANGUAGES:
            asked.append((-value, place, name or usual))
    return min(asked)[2] if asked else usual
