"""Texts with fields, such as ``Hello {name}``: each recipient has its own."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MissingField", "field_name", "field_names", "filled", "has_fields"]

#: A name in braces, as columns of tables have them: words of any alphabet, with single blanks or hyphens
#: between, of ASCII letters, digits and _ alone. Behind a bar, what stands there where the field is missing.
_FIELD = re.compile(r"\{(?=[^{}|]{1,64}[|}])([^\W\d](?:[ -]?[^\s\x00-/:-@\[-^`{-\x7f])*)(?:\|([^{}]*))?\}")


class MissingField(ValueError):
    """A recipient lacks a field that the text names."""


def field_name(written: str) -> str:
    """Return the name of a column as fields have it: some systems write a letter and its accent as two."""
    return unicodedata.normalize("NFC", written.strip())


def field_names(template: str) -> tuple[str, ...]:
    """Return the names of the fields of a text, each once."""
    return tuple(dict.fromkeys(field_name(found[1]) for found in _FIELD.finditer(template)))


def filled(template: str, fields: Mapping[str, str]) -> str:
    """Return a text with the fields of a recipient, by the names that field_name() returns.

    Raises:
        MissingField: the recipient lacks one, or it is empty, and the text has nothing in its place.
    """

    def value(found: re.Match[str]) -> str:
        name = field_name(found[1])
        given = fields.get(name, "") or found[2]
        if given is None:
            raise MissingField(f"has no field {name}")
        return given

    return _FIELD.sub(value, template)


def has_fields(text: str | None) -> bool:
    """Return whether a text has names of fields."""
    return text is not None and _FIELD.search(text) is not None
