"""Words that a shell completes: ids of profiles and providers, countries, bearers. No profile is parsed."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Result = TypeVar("Result")

_BEARER = "bearer-"
#: How the script for bash asks for words, and hands over what was typed: a word a line, and which it is at.
_ASKED = ("_TRANSCODE_COMPLETE", "complete_bash")
_WORDS, _AT = "COMP_WORDS", "COMP_CWORD"


def profile_ids(incomplete: str) -> list[tuple[str, str]]:
    """Ids of networks and classes that begin with what was typed, and their names."""
    from transcode.profile.find import shipped_names

    return [
        (own, name)
        for own, name in shipped_names().items()
        if own.startswith(incomplete) and ":" not in own and not own.startswith(_BEARER)
    ]


def provider_ids(incomplete: str) -> list[str]:
    """Providers, and with the sender behind a colon: ``twilio``, ``twilio:short_code``."""
    from transcode.profile.find import shipped_names

    routes = [own.split(":") for own in shipped_names() if ":" in own]
    found = dict.fromkeys(
        word
        for provider, sender, *_ in routes
        for word in (provider, f"{provider}:{sender}" if sender != "any" else provider)
    )
    return sorted(word for word in found if word.startswith(incomplete))


def countries(incomplete: str) -> list[tuple[str, str]]:
    """Codes of countries, and their names."""
    from transcode.profile.find import country_names

    return [(code, name) for code, name in country_names().items() if code.startswith(incomplete.lower())]


def bearers(incomplete: str) -> list[str]:
    """Slow networks."""
    from transcode.profile.find import shipped_names

    known = (own.removeprefix(_BEARER) for own in shipped_names() if own.startswith(_BEARER))
    return [name for name in known if name.startswith(incomplete)]


def completing(run: Callable[[], Result]) -> Result:
    """Run the program; where bash asks for words, with the words as they were typed.

    Bash divides words at a colon and at an equals sign, and completes the last piece alone.
    """
    if os.environ.get(_ASKED[0]) != _ASKED[1] or _WORDS not in os.environ:
        return run()
    words, at, typed = undivided(os.environ[_WORDS].split("\n"), int(os.environ.get(_AT, "0")))
    os.environ |= {_WORDS: "\n".join(words), _AT: str(at)}
    offered = io.StringIO()
    try:
        with contextlib.redirect_stdout(offered):
            return run()
    finally:
        sys.stdout.write("".join(line.removeprefix(typed) for line in offered.getvalue().splitlines(True)))


def undivided(words: Sequence[str], at: int) -> tuple[list[str], int, str]:
    """Words as they were typed, of the pieces that bash makes of them.

    Args:
        words: the pieces.
        at: the number of the piece that is completed.

    Returns:
        The words, the number of the word that is completed, and what of it stands before the piece.
    """
    found: list[str] = []
    typed, place = "", 0
    for number, word in enumerate(words[: at + 1]):
        before = words[number - 1] if number else ""
        if word == "=" and before.startswith("--"):
            word = ""
        elif before == "=" and number > 1 and words[number - 2].startswith("--"):
            found.pop()
        elif number and (word == ":" or before == ":"):
            typed = found.pop() + (word if word == ":" else "")
            word = typed if word == ":" else typed + word
        else:
            typed = ""
        found.append(word)
        place = len(found) - 1
    return [*found, *words[at + 1 :]], place, typed
