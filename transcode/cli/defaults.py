"""Which options may have defaults outside the command line, and by which names.

One rule for all: the option ``--text-first`` of ``transcode message`` is ``text-first`` in the table
``[message]`` of the configuration file, and ``TRANSCODE_MESSAGE_TEXT_FIRST`` in the environment. At the top
of the file, and as ``TRANSCODE_TEXT_FIRST``, it is the default of every command that has the option.
"""

from __future__ import annotations

import inspect
import os
import types
from dataclasses import dataclass, fields
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from transcode.cli.given import Origin, origin_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    import typer

PREFIX = "TRANSCODE_"
#: Where the parser keeps the options of all commands.
_KNOWN = "transcode.options"

#: Options that name the files of one call, or end the call with an answer of their own.
_NEVER = {"output", "preview_to", "extract", "why", "export", "config", "print_config", "json_schema", "help"}

#: Variables with the prefix that are no options.
_NO_OPTIONS = {"CONFIG", "PASSWORD", "CPU", "SHARED", "SANITIZE"}

#: What a value may be, in words.
KINDS: dict[type, str] = {bool: "true or false", float: "a number", list: "a list of texts", str: "a text"}


@dataclass(frozen=True)
class Option:
    """An option of one command that may have a default.

    Attributes:
        command: the words of the command, such as ``"profiles show"``.
        key: its name in the file: the long option without the dashes.
        param: the parser's own record of it.
        kind: bool, float, list or str, as the file has it.
        is_path: whether its value is a path.
        is_shared: whether it may have a default for all commands, too.
        is_common: whether another command has it, too.
        takes_one: whether one value will do in place of a list: another command takes no more.
    """

    command: str
    key: str
    param: Any
    kind: type
    is_path: bool
    is_shared: bool
    is_common: bool
    takes_one: bool

    @property
    def variables(self) -> list[str]:
        """Its variables in the environment, the narrowest first."""
        own = f"{PREFIX}{_upper(self.command)}_{_upper(self.key)}"
        return [own, f"{PREFIX}{_upper(self.key)}"] if self.is_shared else [own]

    @property
    def variable(self) -> str | None:
        """The variable that has a value for it, if one has."""
        return next((name for name in self.variables if os.environ.get(name)), None)


def options_of(program: Any) -> dict[str, dict[str, Option]]:
    """The options of each command below a program by their keys, by the words of the command."""
    found = {
        # A message centre has a configuration of its own.
        command: {
            _key(param): (param, annotation)
            for param, annotation in _params(of)
            if not command.startswith("relay ")
        }
        for command, of in commands_of(program)
    }
    # A word that two commands understand differently, as --as, has no meaning at the top of a file.
    meanings: dict[str, list[str]] = {}
    kinds: dict[str, set[type]] = {}
    for own in found.values():
        for key, (param, annotation) in own.items():
            # One value and several of its kind have one meaning.
            single = tuple(
                get_args(kind)[0] if get_origin(kind) is list else kind for kind in _inner(annotation)
            )
            meanings.setdefault(key, []).append(f"{single} {param.default}")
            kinds.setdefault(key, set()).add(_kind(annotation))
    return {
        command: {
            key: Option(
                command,
                key,
                param,
                _kind(annotation),
                Path in _inner(annotation),
                len(set(meanings[key])) == 1 and param.name not in _own().get(command, ()),
                len(meanings[key]) > 1,
                _kind(annotation) is list and kinds[key] != {list},
            )
            for key, (param, annotation) in own.items()
        }
        for command, own in found.items()
    }


def options_for(context: typer.Context) -> dict[str, dict[str, Option]]:
    """The same for the program that is called, made once."""
    if _KNOWN not in context.meta:
        context.meta[_KNOWN] = options_of(context.find_root().command)
    found: dict[str, dict[str, Option]] = context.meta[_KNOWN]
    return found


def commands_of(group: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The commands below a group, with their words."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands_of(command, f"{path}{name} ")
        else:
            yield f"{path}{name}", command


def words_of(context: typer.Context) -> str:
    """The words of the command that is called, without the program's name."""
    return context.command_path.removeprefix(context.find_root().command_path).strip()


@cache
def _own() -> dict[str, set[str]]:
    """The options that a command takes from its own table and variables alone.

    Those of send change a finished message, where other commands fill in a new one; those of profiles say
    which profiles are asked for.
    """
    from transcode.cli.options import Envelope, Route

    return {
        "profiles search": {"country"},
        "send": {field.name for field in fields(Envelope)},
        "profiles show": {field.name for field in fields(Route)} - {"country"},
    }


def other_variables() -> list[str]:
    """The variables in the environment that have the prefix and may be those of options."""
    others = {PREFIX + name for name in _NO_OPTIONS}
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in others)


def read_environment(options: dict[str, Option]) -> None:
    """Let the parser read the variables of options; several values of one stand on a line each."""
    for option in options.values():
        values = partial(_lines if option.kind is list else _text, option)
        option.param.value_from_envvar = values


def name_variable(context: typer.Context, error: Any, options: dict[str, Option]) -> None:
    """Let a parser's error name the variable that has the wrong value, in place of the option."""
    param = getattr(error, "param", None)
    option = next((one for one in options.values() if one.param is param), None)
    if option is not None and origin_in(context, option.param.name) is Origin.ENVIRONMENT:
        error.param_hint = option.variable


def _text(option: Option, _: object) -> str | None:
    return None if option.variable is None else os.environ[option.variable]


def _lines(option: Option, _: object) -> list[str] | None:
    text = _text(option, None)
    return None if text is None else [line for line in text.splitlines() if line.strip()]


def _params(command: Any) -> Iterator[tuple[Any, object]]:
    """The options of a command that may have defaults, and their types."""
    hints = inspect.signature(command.callback).parameters
    for param in command.params:
        if param.param_type_name == "option" and param.name in hints and param.name not in _NEVER:
            yield param, hints[param.name].annotation


def _key(param: Any) -> str:
    return str(next(name for name in param.opts if name.startswith("--"))).removeprefix("--")


def _upper(words: str) -> str:
    return words.upper().replace("-", "_").replace(" ", "_")


def _inner(annotation: object) -> tuple[Any, ...]:
    """The types that an option may have, without None."""
    base = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    kinds = get_args(base) if get_origin(base) in (Union, types.UnionType) else (base,)
    return tuple(kind for kind in kinds if kind is not types.NoneType)


def _kind(annotation: object) -> type:
    (kind, *_) = _inner(annotation)
    if get_origin(kind) is list:
        return list
    if kind is bool:
        return bool
    return float if kind in (int, float) else str
