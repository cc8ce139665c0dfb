"""The form of the database, and the way from an older form to it."""

from __future__ import annotations

import sqlite3
from importlib import resources

__all__ = ["FORM", "steps", "upgrade"]

#: The steps to the form of the store that this version knows, oldest first.
_STEPS = ("001.sql",)
#: The number of that form.
FORM = len(_STEPS)


def upgrade(connection: sqlite3.Connection) -> None:
    """Bring a database, a new one too, to the form that this version knows.

    Raises:
        RuntimeError: a later version wrote the database.
    """
    connection.execute("BEGIN EXCLUSIVE")
    (form,) = connection.execute("PRAGMA user_version").fetchone()
    for statement in steps(form):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version={FORM}")
    connection.execute("COMMIT")


def steps(form: int) -> list[str]:
    """Return the statements that bring a database from a form to that of this version.

    Args:
        form: the number; 0: the database is new.

    Raises:
        RuntimeError: a later version wrote the database.
    """
    if form > FORM:
        raise RuntimeError(f"the store has form {form}, and this version knows {FORM}")
    scripts = [resources.files(__package__).joinpath(name).read_text("utf-8") for name in _STEPS[form:]]
    return [statement for script in scripts for statement in _statements(script)]


def _statements(script: str) -> list[str]:
    """Return the statements of a script: executescript would commit in between."""
    found, lines = [], ""
    for line in script.splitlines(keepends=True):
        lines += line
        if sqlite3.complete_statement(lines):
            found.append(lines)
            lines = ""
    return found
