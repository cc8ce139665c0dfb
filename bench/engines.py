"""Engines, and what they need to be there."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

#: This project's engine; its variants begin with the same word.
OURS = "transcode"


@dataclass(frozen=True)
class Engine:
    """One that does the work of a group.

    ``modules`` must import and ``programs`` be found (of ``one|other`` one is enough), or the engine is
    named and passed over.
    """

    work: Callable[..., Any]
    modules: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()

    def missing(self) -> str:
        """Why it can't run; empty where it can."""
        reasons = [*map(_no_module, self.modules), *map(_no_program, self.programs)]
        return next(filter(None, reasons), "")


def is_ours(name: str) -> bool:
    return name.split(",")[0] == OURS


@cache
def _no_module(name: str) -> str:
    try:
        importlib.import_module(name)
    # A package that is there may fail in any way, its libraries' absence among them.
    except Exception as error:  # noqa: BLE001
        return f"{name} can't be imported: {error}"
    return ""


def _no_program(names: str) -> str:
    return "" if program(names) else f"no program {names.replace('|', ' or ')}"


@cache
def program(names: str) -> str | None:
    """The path of the first of some programs, ``one|other``, that is there."""
    return next(filter(None, map(shutil.which, names.split("|"))), None)


def module(name: str) -> bool:
    """Whether a package can be imported."""
    return not _no_module(name)
