"""``--print-config``: the value of each option and where it comes from, as TOML or as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from transcode.cli.config import Config, loaded
from transcode.cli.defaults import options_for, other_variables
from transcode.cli.given import Origin, origin_in
from transcode.cli.show import print_json, safe
from transcode.errors import ConfigError, address_without_password

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from transcode.cli.defaults import Option

_PRINT = "--print-config"
#: Where the parser keeps that the option stood before the command.
_ASKED = "transcode.config.asked"
_HIDDEN = "***"


@dataclass(frozen=True)
class Setting:
    """The value that an option has.

    Attributes:
        command: the words of the command; ``""`` for all that have the option.
        option: the option.
        value: the value, None where it has none; a password in it is hidden.
        is_whole: whether nothing is hidden.
        origin: where it comes from, in words.
        where: the variable, or the file and its line; None for others.
    """

    command: str
    option: Option
    value: Any
    is_whole: bool
    origin: str
    where: str | None


def ask(context: typer.Context) -> None:
    """Let the command that the program calls print its values and end."""
    context.meta[_ASKED] = True


def prints_config(context: typer.Context, command: Any, arguments: Sequence[str]) -> bool:
    """Whether --print-config is among the arguments of a command, or before it."""
    if context.meta.get(_ASKED):
        return True
    # A parse of its own, where the words are there: they may be the value of another option.
    return _PRINT in arguments and bool(
        command.make_parser(context).parse_args(args=list(arguments))[0].get("print_config")
    )


def print_all(context: typer.Context, *, as_json: bool) -> None:
    """Print the values of all commands, as they are without arguments."""
    program: Any = context.command
    settings: list[Setting] = []
    for words, own in options_for(context).items():
        command, inner = program, context
        for word in words.split():
            command = command.commands[word]
            inner = typer.Context(command, info_name=word, parent=inner)
        # Nothing is parsed but the environment and the file.
        command.read_defaults(inner, own)
        settings += settings_of(inner, own, alone=False)
    print_settings(settings, context, as_json=as_json)


def settings_of(context: typer.Context, options: Mapping[str, Option], *, alone: bool) -> list[Setting]:
    """The values of a command's options after its arguments were parsed.

    Args:
        context: that of the command.
        options: the options.
        alone: whether the command is the only one: then no value is one of all commands.
    """
    config = loaded(context)
    if isinstance(config, ConfigError):
        raise config
    return [_setting(context, option, config, alone=alone) for option in options.values()]


def _setting(context: typer.Context, option: Option, config: Config | None, *, alone: bool) -> Setting:
    source = origin_in(context, option.param.name)
    where, is_general = None, source is Origin.BUILT_IN
    if source is Origin.ENVIRONMENT:
        where = option.variable
        is_general = where != option.variables[0]
    elif source is Origin.FILE and config is not None and (place := config.place(option)) is not None:
        line = config.lines.get(place)
        where = f"{config.path}{'' if line is None else f', line {line}'}"
        is_general = not place[0]
    plain = _plain(context.params.get(option.param.name))
    if option.takes_one and isinstance(plain, list) and len(plain) == 1:
        (plain,) = plain
    value = _without_secrets(option.key, plain)
    is_of_all = is_general and option.is_shared and option.is_common and not alone
    command = "" if is_of_all else option.command
    return Setting(command, option, value, value == plain, source.words, where)


def _plain(value: Any) -> Any:
    """A parsed value as TOML and JSON have it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, list | tuple):
        return [str(one) for one in value] or None
    return value


def _without_secrets(key: str, value: Any) -> Any:
    """A value without passwords: those of addresses, and all values of headers of HTTP."""
    if key == "http-header":
        return value and [f"{name}: {_HIDDEN}" for name, *_ in (one.partition(":") for one in value)]
    return address_without_password(value) if isinstance(value, str) and "@" in value else value


def print_settings(settings: Iterable[Setting], context: typer.Context, *, as_json: bool) -> None:
    """Print values: one a line, those of all commands first, then a table for each command."""
    # Of an option of all commands one line is enough.
    known = {(one.command, one.option.key): one for one in settings}
    if as_json:
        for one in known.values():
            print_json(
                command=one.command or None,
                option=one.option.key,
                value=one.value,
                hidden=not one.is_whole,
                origin=one.origin,
                where=one.where,
            )
        return
    for line in _toml(list(known.values()), loaded(context)):
        typer.echo(safe(line).replace("\n", " "))


def _toml(settings: Sequence[Setting], config: Config | ConfigError | None) -> Iterator[str]:
    yield f"# {config.path if isinstance(config, Config) else 'no configuration file'}"
    known = {name for one in settings for name in one.option.variables}
    for name in other_variables():
        if name not in known:
            yield f"# {name} in the environment is the variable of no option"
    for command in dict.fromkeys(["", *(one.command for one in settings)]):
        own = [one for one in settings if one.command == command]
        if command:
            yield from ("", f"[{command.replace(' ', '.')}]")
        yield from map(_line, own)


def _line(setting: Setting) -> str:
    key = setting.option.key
    if setting.value is None:
        return f"# {key}: not set"
    where = setting.origin if setting.where is None else f"{setting.origin}: {setting.where}"
    line = f"{key} = {_written(setting.value)}"
    if not setting.is_whole:
        return f"# {line}  # {where}; a password is not shown"
    return f"{line}  # {where}"


def _written(value: Any) -> str:
    """A value in TOML, whose texts are those of JSON, with a code for each letter that can't be seen."""
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    letters = json.dumps(value, ensure_ascii=False)
    return "".join(one if one.isprintable() else f"\\U{ord(one):08x}" for one in letters)
