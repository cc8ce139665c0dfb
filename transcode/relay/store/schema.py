"""The form of the database, and the way from an older form to it."""

from __future__ import annotations

import sqlite3
from importlib import resources

__all__ = ["upgrade"]

#: The steps to the form of the store that this version knows, oldest first.
_STEPS = ("001.sql",)


def upgrade(connection: sqlite3.Connection) -> None:
    """Bring a database, a new one too, to the form that this version knows.

    Raises:
        RuntimeError: a later version wrote the database.
    """
    connection.execute("BEGIN EXCLUSIVE")
    (form,) = connection.execute("PRAGMA user_version").fetchone()
    if form > len(_STEPS):
        raise RuntimeError(f"the store has form {form}, and this version knows {len(_STEPS)}")
    for name in _STEPS[form:]:
        script = resources.files(__package__).joinpath(name).read_text("utf-8")
        for statement in _statements(script):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version={len(_STEPS)}")
    connection.execute("COMMIT")


def _statements(script: str) -> list[str]:
    """Return the statements of a script: executescript would commit in between."""
    found, lines = [], ""
    for line in script.splitlines(keepends=True):
        lines += line
        if sqlite3.complete_statement(lines):
            found.append(lines)
            lines = ""
    return found
