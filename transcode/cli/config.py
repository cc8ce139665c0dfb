"""The configuration file: defaults of options in TOML, checked as a whole before any is used."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from transcode.cli.defaults import KINDS, Option, options_for, words_of
from transcode.cli.general import GENERAL
from transcode.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: The variable that names the file.
VARIABLE = "TRANSCODE_CONFIG"
#: Where the parser keeps the chosen file, and what was in it, for the program and its command.
_CHOSEN = "transcode.config.chosen"
_LOADED = "transcode.config.loaded"
#: The most bytes of a configuration file that are read.
_MAX_BYTES = 1 << 20
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)| \(at end of document\)")
_TABLE = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]")
_ASSIGNED = re.compile(r"\s*([\w.\"'\s-]+?)\s*=")


@dataclass(frozen=True)
class Config:
    """A configuration file that was read and checked.

    Attributes:
        path: its path.
        values: for each command, ``""`` for all, the values by key, as the parser takes them.
        lines: the number of the line of each key, where it was found.
    """

    path: Path
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    lines: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def place(self, option: Option) -> tuple[str, str] | None:
        """The table and key that have a value for an option, its command's own before those of all."""
        for table in (option.command, "") if option.is_shared else (option.command,):
            if option.key in self.values.get(table, ()):
                return table, option.key
        return None

    def defaults(self, options: Mapping[str, Option]) -> dict[str, Any]:
        """The values of a command's options by the parser's names."""
        found: dict[str, Any] = {}
        for option in options.values():
            place = self.place(option)
            if place is not None:
                value = self.values[place[0]][place[1]]
                found[option.param.name] = [value] if option.takes_one and isinstance(value, str) else value
        return found


def default_path() -> Path | None:
    """The path of the user's configuration file, whether it is there or not."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    try:
        # The standard has a relative path ignored.
        folder = Path(base) if Path(base).is_absolute() else Path.home() / ".config"
    except RuntimeError:
        return None
    return folder / "transcode" / "config.toml"


def choose(context: typer.Context, path: Path | None) -> Path | None:
    """Keep the file that ``--config`` names, on the program or on its command, which goes first.

    A command then has the file's values as its defaults.

    Raises:
        ConfigError: the file can't be read, or sets what can't be set. ``transcode doctor`` says it itself.
    """
    if context.resilient_parsing:
        return path
    if path is not None:
        context.meta[_CHOSEN] = path
    if context.parent is None:
        return path
    words = words_of(context)
    try:
        config = _load(context)
    except ConfigError as error:
        if words != "doctor":
            raise
        context.meta[_LOADED] = error
        return path
    context.meta[_LOADED] = config
    context.default_map = {} if config is None else config.defaults(options_for(context)[words])
    return path


def loaded(context: typer.Context) -> Config | ConfigError | None:
    """The configuration that a command uses, or what is wrong with it."""
    found: Config | ConfigError | None = context.meta.get(_LOADED)
    return found


def _load(context: typer.Context) -> Config | None:
    """The configuration in the file that was chosen; None where there is no file.

    The user's own file may be missing, a file that was named may not.
    """
    named: Path | None = context.meta.get(_CHOSEN)
    if named is None and os.environ.get(VARIABLE):
        named = Path(os.environ[VARIABLE]).expanduser()
    path = named or default_path()
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        if named is None and isinstance(error, FileNotFoundError | NotADirectoryError):
            return None
        raise ConfigError(str(path), f"can't be read: {getattr(error, 'strerror', None) or error}") from error
    return read(path, data, options_for(context), context)


def read(
    path: Path, data: bytes, options: Mapping[str, Mapping[str, Option]], context: typer.Context
) -> Config:
    """The configuration in the octets of a file.

    Raises:
        ConfigError: the octets are no TOML, or name no option, or have a value of another type.
    """
    if len(data) > _MAX_BYTES:
        raise ConfigError(str(path), f"larger than {_MAX_BYTES:,} bytes")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError(str(path), "not UTF-8 text", line=line) from error
    try:
        tree = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = _AT_LINE.search(str(error))
        line_number = int(found[1]) if found and found[1] else None
        raise ConfigError(str(path), _AT_LINE.sub("", str(error)), line=line_number) from error
    lines = dict(_lines(text))
    values: dict[str, dict[str, Any]] = {}
    for table, key, value in _entries(tree, options):
        try:
            option = _option(table, key, options)
            values.setdefault(table, {})[key] = _checked(option, value, path, context)
        except ValueError as error:
            whole = ".".join((*table.split(), key))
            raise ConfigError(str(path), str(error), key=whole, line=lines.get((table, key))) from error
    return Config(path, values, lines)


def _entries(
    tree: Mapping[str, Any], options: Mapping[str, object], table: str = ""
) -> Iterator[tuple[str, str, Any]]:
    """Table, key and value of each entry; a table that is none of a command is an entry, too."""
    for key, value in tree.items():
        below = f"{table} {key}".strip()
        if isinstance(value, dict) and any(f"{one} ".startswith(f"{below} ") for one in options):
            yield from _entries(value, options, below)
        else:
            yield table, key, value


def _checked(option: Option, value: object, path: Path, context: typer.Context) -> object:
    """The value of a key, as the parser takes it.

    Raises:
        ValueError: what is wrong.
    """
    if option.takes_one and isinstance(value, str):
        value = [value]
    if option.kind is list:
        fits = isinstance(value, list) and all(isinstance(one, str) for one in value)
    elif option.kind is float:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
    else:
        fits = isinstance(value, option.kind)
    if not fits:
        raise ValueError(f"must be {KINDS[option.kind]}")
    taken: object = str(value) if option.kind is float else value

    def found(text: str) -> str:
        is_file = option.is_path or _is_file(option.key, text)
        return str(path.absolute().parent / Path(text).expanduser()) if is_file else text

    if isinstance(taken, str):
        taken = found(taken)
    elif isinstance(taken, list):
        taken = [found(one) for one in taken]
    try:
        option.param.process_value(context, taken)
    except Exception as error:
        if not hasattr(error, "message"):
            raise
        raise ValueError(str(error.message).rstrip(".")) from None
    return taken


def _option(table: str, key: str, options: Mapping[str, Mapping[str, Option]]) -> Option:
    """An option that a key stands for; at the top, of any command.

    Raises:
        ValueError: there is none, or it may not stand there.
    """
    if table:
        known = options.get(table, {})
        if key in known:
            return known[key]
        words, where = [*known, *(one.split()[-1] for one in options if one.startswith(f"{table} "))], table
    else:
        having = {command: own[key] for command, own in options.items() if key in own}
        shared = [option for option in having.values() if option.is_shared]
        if shared:
            return min(shared, key=lambda option: option.takes_one)
        if having:
            tables = " or ".join(f"[{command.replace(' ', '.')}]" for command in having)
            raise ValueError(f"differs between commands; it belongs into {tables}")
        words = sorted({*options, *(key for own in options.values() for key in own)})
        where = "any command"
    near = get_close_matches(key, words, 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ValueError(f"no option of {where} that may have a default{hint}")


def _is_file(key: str, value: str) -> bool:
    """Whether an option that takes other words too has the path of a file."""
    from transcode.profile.find import is_user_file

    return (key == "carrier" and is_user_file(value)) or (key == "device" and "://" not in value)


def _lines(text: str) -> Iterator[tuple[tuple[str, str], int]]:
    """The lines in which keys are assigned, by table and key; lines of longer texts may be among them."""
    table: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        head, assigned = _TABLE.match(line), _ASSIGNED.match(line)
        if head is not None:
            table = _parts(head[1])
            yield (" ".join(table[:-1]), table[-1]), number
        elif assigned is not None:
            *below, key = [*table, *_parts(assigned[1])]
            yield (" ".join(below), key), number


def _parts(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in dotted.split(".")]


ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        is_eager=True,
        callback=choose,
        help="The file with defaults of options; else TRANSCODE_CONFIG or ~/.config/transcode/config.toml.",
        rich_help_panel=GENERAL,
    ),
]
PrintConfig = Annotated[
    bool,
    typer.Option(
        "--print-config",
        help="Show the value of each option and where it comes from, as a configuration file, and stop.",
        rich_help_panel=GENERAL,
    ),
]
