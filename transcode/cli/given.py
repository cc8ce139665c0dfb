"""Where the values of the running command's options came from.

A value of the command line may be refused. A default of the environment or of the configuration file that
does not go with the command line is set aside instead: nobody asked for it in this call.
"""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from contextvars import ContextVar
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import typer

    from transcode.errors import ConfigError


class Origin(IntEnum):
    """Where a value came from; the higher one wins."""

    BUILT_IN = 0
    FILE = 1
    ENVIRONMENT = 2
    COMMAND_LINE = 3

    @property
    def words(self) -> str:
        """The name as people read it, such as "command line"."""
        return self.name.lower().replace("_", " ")


_ORIGINS = {
    "DEFAULT": Origin.BUILT_IN,
    "DEFAULT_MAP": Origin.FILE,
    "ENVIRONMENT": Origin.ENVIRONMENT,
    "COMMANDLINE": Origin.COMMAND_LINE,
}

_Group = TypeVar("_Group")


@dataclasses.dataclass(frozen=True)
class _Run:
    """The command that runs: the origin of each option by each of its names; its configuration file."""

    origins: Mapping[str, Origin]
    config: Path | ConfigError | None


_RUN: ContextVar[_Run | None] = ContextVar("run", default=None)


def origin_in(context: typer.Context, name: str) -> Origin:
    """The origin of a parsed option, by the parser's name of it."""
    source = context.get_parameter_source(name)
    return Origin.BUILT_IN if source is None else _ORIGINS.get(source.name, Origin.COMMAND_LINE)


@contextmanager
def running(context: typer.Context, config: Path | ConfigError | None) -> Iterator[None]:
    """Keep what is known of the options while a command runs."""
    params: Any = context.command.params
    origins = {
        name: origin_in(context, param.name)
        for param in params
        for name in (param.name, *param.opts, *param.secondary_opts)
    }
    token = _RUN.set(_Run(origins, config))
    try:
        yield
    finally:
        _RUN.reset(token)


def origin(name: str) -> Origin:
    """The origin of an option, by ``--its-name`` or the name of its argument.

    Outside a command all values are the caller's own, as those of a command line are.
    """
    run = _RUN.get()
    return Origin.COMMAND_LINE if run is None else run.origins.get(name, Origin.COMMAND_LINE)


def is_given(name: str) -> bool:
    """Whether the command line gave an option."""
    return origin(name) is Origin.COMMAND_LINE


def given_only(group: _Group) -> _Group:
    """A group of options with the values of the command line alone."""
    defaults = {
        field.name: field.default
        for field in dataclasses.fields(group)  # type: ignore[arg-type]
        if not is_given(field.name)
    }
    return dataclasses.replace(group, **defaults)  # type: ignore[type-var]


def config_in_use() -> Path | ConfigError | None:
    """The configuration file of the running command; what is wrong with it; None where there is none."""
    run = _RUN.get()
    return None if run is None else run.config
