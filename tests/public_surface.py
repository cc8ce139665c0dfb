"""The public surface in lines: every name, its arguments with their defaults, and what each class has.

``python -m tests.public_surface`` writes it to the file that tests/test_public.py compares.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterator
from pathlib import Path

import transcode

FILE = Path(__file__).with_suffix(".txt")

#: Methods that others call by operators and statements.
OPERATORS = ("__bytes__", "__enter__", "__exit__", "__getitem__", "__iter__", "__len__")

#: The longest line of arguments; more have a line each.
WIDTH = 100


def lines() -> list[str]:
    """All of it, in the order of names."""
    return [line for name in transcode.__all__ for line in _entry(name, getattr(transcode, name))]


def _entry(name: str, value: object) -> Iterator[str]:
    if inspect.isclass(value):
        yield f"class {name}({', '.join(base.__name__ for base in value.__bases__ if base is not object)})"
        yield from _members(value)
    elif inspect.isfunction(value):
        yield from _call(name, value)
    elif typing.get_origin(value) is typing.Literal:
        yield f"{name}: one of"
        yield from (f"    {given!r}" for given in typing.get_args(value))
    elif name == "__version__":
        yield f"{name}: {type(value).__name__}"
    else:
        yield f"{name}: a type"


def _members(of: type) -> Iterator[str]:
    """What a class has of its own or from another class of the package."""
    owners = [owner for owner in of.__mro__ if owner.__module__.split(".")[0] == "transcode"]
    found = {name: value for owner in reversed(owners) for name, value in vars(owner).items()}
    for name in sorted(found):
        if name.startswith("_") and name not in ("__init__", *OPERATORS):
            continue
        value = found[name]
        if name == "__init__" and value.__module__.split(".")[0] != "transcode":
            continue  # typing's, of a protocol
        if isinstance(value, classmethod | staticmethod):
            yield from _call(f"    {type(value).__name__} {name}", value.__func__)
        elif inspect.isfunction(value):
            yield from _call(f"    {name}", value)
        else:
            # A field of a dataclass with slots, or a property: both are read as attributes.
            yield f"    {name}"


def _call(name: str, function: typing.Any) -> Iterator[str]:
    signature = inspect.signature(function)
    bare = [given.replace(annotation=given.empty) for given in signature.parameters.values()]
    line = f"{name}{signature.replace(parameters=bare, return_annotation=signature.empty)}"
    if len(line) <= WIDTH:
        yield line
        return
    indent = " " * (len(name) - len(name.lstrip()) + 8)
    yield f"{name}("
    is_bare = inspect.Parameter.VAR_POSITIONAL not in {given.kind for given in bare}
    for given in bare:
        if is_bare and given.kind is given.KEYWORD_ONLY:
            yield f"{indent}*"
            is_bare = False
        yield f"{indent}{given}"


if __name__ == "__main__":
    FILE.write_text("\n".join(lines()) + "\n", encoding="utf-8")
