"""Engines, and the modules and programs that they need."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

#: This project's engine. Names of its variants begin with "transcode,".
OURS = "transcode"


@dataclass(frozen=True)
class Engine:
    """An engine that performs the tasks of a section.

    An engine is skipped, with a message, unless all ``modules`` can be imported and all ``programs`` exist.
    ``one|other`` names two alternative programs.
    """

    work: Callable[..., Any]
    modules: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()

    def missing(self) -> str:
        """The reason why the engine can't run; empty if it can."""
        reasons = [*map(_no_module, self.modules), *map(_no_program, self.programs)]
        return next(filter(None, reasons), "")


def is_ours(name: str) -> bool:
    return name.split(",")[0] == OURS


@cache
def _no_module(name: str) -> str:
    try:
        importlib.import_module(name)
    # An installed package may fail with any error, for example when a shared library is missing.
    except Exception as error:  # noqa: BLE001
        return f"{name} can't be imported: {error}"
    return ""


def _no_program(names: str) -> str:
    return "" if program(names) else f"no program {names.replace('|', ' or ')}"


@cache
def program(names: str) -> str | None:
    """The path of the first existing program of ``one|other``, or None."""
    return next(filter(None, map(shutil.which, names.split("|"))), None)


def module(name: str) -> bool:
    """Whether a package can be imported."""
    return not _no_module(name)
