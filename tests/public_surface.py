"""The public interface as text: every name, its arguments with defaults, and the members of classes.

``python -m tests.public_surface`` writes the text to the file with which tests/test_public.py compares it.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterator
from pathlib import Path

import transcode

FILE = Path(__file__).with_suffix(".txt")

#: Special methods that are part of the public interface.
OPERATORS = ("__bytes__", "__enter__", "__exit__", "__getitem__", "__iter__", "__len__")

#: Longest line of arguments in characters; longer signatures have one line per argument.
WIDTH = 100


def lines() -> list[str]:
    """All lines, in the order of ``transcode.__all__``."""
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
    """The members of a class that it or another class of the package defines."""
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
