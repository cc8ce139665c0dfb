"""Which files of a folder are wanted: patterns of their paths."""

from __future__ import annotations

import re
import unicodedata
from fnmatch import translate
from functools import cached_property
from typing import TYPE_CHECKING

from transcode.errors import LimitsError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import PurePath

__all__ = ["Glob", "Wanted"]

#: The part of a pattern that stands for any number of folders.
_ANY_FOLDERS = "**"


class Glob:
    """A pattern of paths below a folder: ``*.jpg``, ``raw/``, ``/2026/**/IMG_*``.

    ``*`` and ``?`` stand for letters of one name, ``[ab]`` for one of several, ``**`` for any number of
    folders. A pattern without a slash in it holds in every folder. One that a folder matches holds for all
    that is in the folder; one that ends in a slash, for folders alone. Case and the form of accents make no
    difference.

    Raises:
        LimitsError: the pattern is no text, is empty, or has the part ``..``.
    """

    def __init__(self, pattern: str) -> None:
        parts = _same(pattern).split("/") if isinstance(pattern, str) else []
        self._is_folder = len(parts) > 1 and not parts[-1]
        is_anchored = len([part for part in parts if part]) > 1 or (len(parts) > 1 and not parts[0])
        parts = [part for part in parts if part not in ("", ".")]
        if not parts or ".." in parts:
            raise LimitsError(f"a pattern of files must be a path below the folder, not {pattern!r}")
        self._parts = parts if is_anchored else [_ANY_FOLDERS, *parts]

    @cached_property
    def _tests(self) -> list[re.Pattern[str] | None]:
        return [None if part == _ANY_FOLDERS else re.compile(translate(part)) for part in self._parts]

    def matches(self, path: PurePath) -> bool:
        """Whether the pattern holds for a file, by its path below the folder."""
        names = [_same(name) for name in path.parts]
        # The numbers of parts of the pattern that the names so far may have used up.
        states = self._opened({0})
        for number, name in enumerate(names, 1):
            following = set()
            for state in states - {len(self._tests)}:
                test = self._tests[state]
                if test is None:
                    following.add(state)
                elif test.match(name):
                    following.add(state + 1)
            states = self._opened(following)
            is_file = number == len(names)
            if len(self._tests) in states and not (is_file and self._is_folder):
                return True
        return False

    def _opened(self, states: set[int]) -> set[int]:
        """The states with those behind parts that may stand for no folder at all."""
        for number, test in enumerate(self._tests):
            if test is None and number in states:
                states.add(number + 1)
        return states


class Wanted:
    """The files that one of include matches, if there are any, and none of exclude.

    Raises:
        LimitsError: a pattern will not do.
    """

    def __init__(self, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
        for name, given in (("include", include), ("exclude", exclude)):
            if isinstance(given, str) or not hasattr(given, "__iter__"):
                raise LimitsError(f"{name} must be several patterns, such as a list, not {given!r}")
        self._include, self._exclude = [*map(Glob, include)], [*map(Glob, exclude)]

    def has(self, path: PurePath) -> bool:
        """Whether a file is wanted, by its path below the folder."""
        if self._include and not any(glob.matches(path) for glob in self._include):
            return False
        return not self.excludes(path)

    def excludes(self, path: PurePath) -> bool:
        """Whether a file is one that is not wanted in any case, by its path below the folder."""
        return any(glob.matches(path) for glob in self._exclude)


def _same(text: str) -> str:
    """What texts have in common that differ in case or in the form of accents alone."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
