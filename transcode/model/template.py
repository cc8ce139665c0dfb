"""Texts with fields, such as ``Hello {name}``: each recipient has its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MissingField", "field_names", "filled", "has_fields"]

#: A name in braces; behind a bar, what stands there where a recipient has no such field.
_FIELD = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]{0,63})(?:\|([^{}]*))?\}")


class MissingField(ValueError):
    """A recipient lacks a field that the text names."""


def field_names(template: str) -> tuple[str, ...]:
    """Return the names of the fields of a text, each once."""
    return tuple(dict.fromkeys(found[1] for found in _FIELD.finditer(template)))


def filled(template: str, fields: Mapping[str, str]) -> str:
    """Return a text with the fields of a recipient.

    Raises:
        MissingField: the recipient lacks one, or it is empty, and the text has nothing in its place.
    """

    def value(found: re.Match[str]) -> str:
        given = fields.get(found[1], "") or found[2]
        if given is None:
            raise MissingField(f"has no field {found[1]}")
        return given

    return _FIELD.sub(value, template)


def has_fields(text: str | None) -> bool:
    """Return whether a text has names of fields."""
    return text is not None and _FIELD.search(text) is not None
