"""Statements that write many rows at once.

A statement for each row would cost its own calls into the database, and in Python a wait for the interpreter
after each of them. The values are bound: no text of a statement holds one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from transcode.relay.store.connection import Connection

__all__ = ["insert", "marks", "update"]

#: The most values of a statement: SQLite takes 32,766, PostgreSQL 65,535.
_MOST_VALUES = 10_000


def insert(
    connection: Connection,
    table: str,
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    returning: Sequence[str] = (),
) -> list[Any]:
    """Write new rows.

    Args:
        connection: the database.
        table: the name of the table.
        names: the columns.
        rows: the values of each row.
        returning: columns of the written rows that are returned, in any order of the rows.
    """
    end = f" RETURNING {', '.join(returning)}" if returning else ""
    found = []
    for part, values in _parts(rows):
        statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES {_lists(len(part), len(names))}{end}"
        written = connection.execute(statement, values)
        if returning:
            found += written.fetchall()
    return found


def update(
    connection: Connection,
    table: str,
    types: Mapping[str, str],
    rows: Sequence[Sequence[Any]],
) -> None:
    """Give rows new values.

    Args:
        connection: the database.
        table: the name of the table.
        types: the columns with their types; the first one is the key.
        rows: the values of each row, each key once.
    """
    key, *others = types
    assigned = ", ".join(f"{name}=new.{name}" for name in others)
    # PostgreSQL takes the types of a list of rows from the first one.
    first = ", ".join(f"CAST(? AS {kind})" for kind in types.values())
    for part, values in _parts(rows):
        others_of = f", {_lists(len(part) - 1, len(types))}" if len(part) > 1 else ""
        connection.execute(
            f"WITH new ({', '.join(types)}) AS (VALUES ({first}){others_of})"
            f" UPDATE {table} SET {assigned} FROM new WHERE {table}.{key}=new.{key}",
            values,
        )


def marks(values: Sequence[Any]) -> str:
    """Return the places of values in a statement."""
    return ", ".join("?" * len(values))


def _lists(rows: int, columns: int) -> str:
    one = f"({', '.join('?' * columns)})"
    return ", ".join([one] * rows)


def _parts(rows: Sequence[Sequence[Any]]) -> Iterator[tuple[Sequence[Sequence[Any]], list[Any]]]:
    """Yield as many rows as one statement takes, and their values in a row."""
    most = max(1, _MOST_VALUES // len(rows[0])) if rows else 1
    for start in range(0, len(rows), most):
        part = rows[start : start + most]
        yield part, [value for row in part for value in row]
