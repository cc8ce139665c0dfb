"""Tables of TOML as frozen dataclasses, each key checked by the type of its field."""

from __future__ import annotations

import types
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from transcode.errors import ConfigError

__all__ = ["Tables"]

_Kind = TypeVar("_Kind")


class Tables:
    """Makes dataclasses of the tables of one TOML file.

    Args:
        source: the name of the file, for errors.
    """

    def __init__(self, source: str) -> None:
        self._source = source

    def value(self, kind: type[_Kind], values: object) -> _Kind:
        """Return the value of a whole file.

        Raises:
            ConfigError: a key is not known or missing, or has a value of another kind; the error names it.
        """
        made: _Kind = self._table(kind, values, "")
        return made

    def _table(self, kind: type[Any], values: object, key: str) -> Any:
        if not isinstance(values, dict):
            raise self._wrong(key, f"must be a table, not {values!r}")
        hints = get_type_hints(kind)
        known = {one.name: one for one in fields(kind)}
        for name in values:
            if name not in known:
                raise self._wrong(_key(key, name), f"is not known; known are {', '.join(known)}")
        for name, one in known.items():
            if name not in values and one.default is MISSING and one.default_factory is MISSING:
                raise self._wrong(_key(key, name), "is missing")
        return kind(
            **{name: self._value(hints[name], value, _key(key, name)) for name, value in values.items()}
        )

    def _value(self, hint: Any, value: object, key: str) -> Any:
        if isinstance(hint, types.UnionType):
            # A table that may be missing.
            hint = get_args(hint)[0]
        if is_dataclass(hint):
            return self._table(hint, value, key)  # type: ignore[arg-type]  # a class, not one of its values
        if get_origin(hint) is tuple:
            if not isinstance(value, list):
                raise self._wrong(key, f"must be a list, not {value!r}")
            (inner, _) = get_args(hint)
            return tuple(self._value(inner, one, f"{key}[{place}]") for place, one in enumerate(value))
        if hint is Path and isinstance(value, str):
            return Path(value)
        if hint is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
            raise self._wrong(key, f"must be {_WORDS[hint]}, not {value!r}")
        if isinstance(value, int | float) and not 0 <= value < float("inf"):
            raise self._wrong(key, f"must not be below 0 or infinite, but is {value!r}")
        return value

    def _wrong(self, key: str, reason: str) -> ConfigError:
        return ConfigError(self._source, reason, key=key or None)


_WORDS = types.MappingProxyType(
    {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
)


def _key(table: str, name: str) -> str:
    return f"{table}.{name}" if table else name
