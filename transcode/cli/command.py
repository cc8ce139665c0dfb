"""Makes a command of a function: options, exit code, and one line for an error."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import traceback
import types
from copy import copy
from enum import Enum, IntEnum
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    NoReturn,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import typer

from transcode.cli.config import Config, ConfigFile, PrintConfig, loaded
from transcode.cli.general import Debug
from transcode.cli.given import running
from transcode.cli.schema import JsonSchema
from transcode.cli.show import print_error, print_json
from transcode.errors import (
    BudgetError,
    ConfigError,
    LimitsError,
    MessageError,
    MmsUnavailable,
    NotTakenError,
    OverwriteError,
    ProfileError,
    SuffixError,
    TranscodeError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


#: The arguments of options that the parser deals with.
_ENDING = ("config", "print_config", "json_schema")


class Exit(IntEnum):
    """The exit codes."""

    DONE = 0
    SOME_FAILED = 1
    USAGE = 2
    CANNOT_FIT = 3
    REFUSED = 4
    TRY_LATER = 5


class NothingFoundError(MessageError):
    """What was named is not there."""


#: The errors that a limit or a network's refusal causes.
CANNOT_FIT_ERRORS = (BudgetError, MmsUnavailable, NotTakenError)
#: The exit codes for people, with those of signals.
EXIT_CODES = (
    (Exit.DONE, "all done"),
    (Exit.SOME_FAILED, "some files failed, nothing was found, doctor misses a feature, or stdout is full"),
    (Exit.USAGE, "wrong usage"),
    (Exit.CANNOT_FIT, "the limit can't be met, or the network takes nothing of the kind"),
    (Exit.REFUSED, "a server did not accept the message, and will not"),
    (Exit.TRY_LATER, "a server did not accept the message now; the same command may succeed later"),
    (130, "stopped by Ctrl-C"),
    (141, "nobody read stdout to its end, as behind | head"),
    (143, "stopped by SIGTERM"),
)


def command(function: Callable[..., int]) -> Callable[..., NoReturn]:
    """Make a command of the parser of a function.

    An argument whose type is a dataclass becomes one option a field. The option --debug is added.
    An error is one line that names the file and the reason. Where the function has an argument as_json,
    and it is True, the error is an object on stdout too.
    """
    groups: dict[str, Any] = {
        name: hint for name, hint in _hints(function).items() if dataclasses.is_dataclass(hint)
    }

    @functools.wraps(function)
    def run(*, context: typer.Context, debug: bool, **values: Any) -> NoReturn:
        as_json = values.get("as_json", False)
        for name in _ENDING:
            values.pop(name, None)
        for name, group in groups.items():
            values[name] = group(
                **{field.name: values.pop(field.name) for field in dataclasses.fields(group)}
            )
        found = loaded(context)
        try:
            with running(context, found.path if isinstance(found, Config) else found):
                code = function(**values)
        except Exception as error:  # noqa: BLE001  (people get one line for any error)
            if debug:
                traceback.print_exc()
            known = isinstance(error, TranscodeError | OSError)
            line = str(error) if known else f"{type(error).__name__}: {error}"
            print_error(line)
            if as_json:
                print_json(**{"error": line, "error_type": type(error).__name__, **_fields(error)})
            code = _exit_code(error)
        raise typer.Exit(code)

    # A message centre has a --config of its own; the program's still takes the file with defaults of options.
    added = {
        **({} if "--config" in _declared(function) else {"config": (ConfigFile, None)}),
        "print_config": (PrintConfig, False),
        **({"json_schema": (JsonSchema, False)} if "as_json" in _hints(function) else {}),
        "debug": (Debug, False),
    }
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter("context", keyword, annotation=typer.Context),
        *_spread(function),
        *(
            inspect.Parameter(name, keyword, default=default, annotation=annotation)
            for name, (annotation, default) in added.items()
        ),
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run


def _spread(function: Callable[..., int]) -> Iterator[inspect.Parameter]:
    """The arguments of a function, with the fields of dataclasses in place of the dataclasses."""
    hints = _hints(function)
    for name, parameter in inspect.signature(function).parameters.items():
        if not dataclasses.is_dataclass(hints[name]):
            _name_choices(hints[name])
            yield parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
            continue
        inside = _hints(hints[name])
        for field in dataclasses.fields(hints[name]):
            (told,) = inside[field.name].__metadata__
            # The class names the group of its options in the help; another command has some in its own.
            told = copy(told)
            told.rich_help_panel = hints[name].panel
            annotation: Any = Annotated[get_args(inside[field.name])[0], told]
            _name_choices(annotation)
            yield inspect.Parameter(
                field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=annotation
            )


def _name_choices(annotation: Any) -> None:
    """Let the help and the manual page show the words that an option takes."""
    found = choices(annotation)
    for told in annotation.__metadata__:
        if found and told.metavar is None:
            told.metavar = "|".join(found)


def choices(annotation: Any) -> tuple[str, ...]:
    """The words that an option of this type takes; empty where it takes any."""
    base = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    for kind in get_args(base) if get_origin(base) in (Union, types.UnionType) else (base,):
        if get_origin(kind) is Literal:
            return tuple(map(str, get_args(kind)))
        if isinstance(kind, type) and issubclass(kind, Enum):
            return tuple(str(member.value) for member in kind)
    return ()


def _declared(function: Callable[..., object]) -> set[str]:
    """The names of options that a function declares by itself."""
    told = [one for hint in _hints(function).values() for one in getattr(hint, "__metadata__", ())]
    # Without a default of its own, an option's first name stands in its place until the parser is made.
    names = ((one.default, *(one.param_decls or ())) for one in told if hasattr(one, "param_decls"))
    return {name for declared in names for name in declared if isinstance(name, str)}


def _hints(of: Callable[..., object]) -> dict[str, Any]:
    """The types of arguments or fields, by name, with the parser's annotations."""
    return get_type_hints(of, include_extras=True)


def _exit_code(error: Exception) -> int:
    if isinstance(error, CANNOT_FIT_ERRORS):
        return Exit.CANNOT_FIT
    if isinstance(error, NothingFoundError):
        return Exit.SOME_FAILED
    if isinstance(
        error, ProfileError | ConfigError | LimitsError | MessageError | OverwriteError | SuffixError
    ):
        return Exit.USAGE
    return Exit.SOME_FAILED


def _fields(error: Exception) -> dict[str, object]:
    """The attributes of an error of the package, numbers and names."""
    return dict(vars(error)) if isinstance(error, TranscodeError) else {}
