"""Shows functions that take the keywords of another one with all of them, as ``help()`` does."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import griffe

#: The function that decorates such functions.
DECORATOR = "keywords_of"


class Signatures(griffe.Extension):
    """Completes signatures when the package is read: the order is Python's, the text the source's."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Complete the signatures of a package."""
        for module in (pkg, *_modules_of(pkg)):
            for function in module.functions.values():
                if not function.is_alias and _is_short(function):
                    _complete(function, module)


def _is_short(function: griffe.Function) -> bool:
    return any(str(given.value).startswith(f"{DECORATOR}(") for given in function.decorators)


def _modules_of(module: griffe.Module) -> list[griffe.Module]:
    below = [one for one in module.modules.values() if not one.is_alias]
    return below + [further for one in below for further in _modules_of(one)]


def _complete(function: griffe.Function, module: griffe.Module) -> None:
    (decorator,) = (one.value for one in function.decorators if str(one.value).startswith(DECORATOR))
    model = module[str(decorator).partition("(")[2].partition(",")[0].rstrip(")")]
    known = {**{one.name: one for one in model.parameters}, **{one.name: one for one in function.parameters}}
    shown = inspect.signature(getattr(importlib.import_module(module.path), function.name))
    function.parameters = griffe.Parameters(*(known[name] for name in shown.parameters))
    function.decorators.clear()
