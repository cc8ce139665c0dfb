"""Statements of many rows, whatever their number."""

from __future__ import annotations

from unittest import mock

import pytest

from tests.relay.made import BEGIN
from tests.relay.store.routed import accepted
from transcode.relay.store import bulk
from transcode.relay.store.connection import Connection
from transcode.relay.store.sqlite import SqlStore

#: Columns of answers, with their types.
TYPES = {"id": "BIGINT", "due": "DOUBLE PRECISION", "peer": "TEXT", "attempts": "BIGINT"}


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7])
def test_parts(store: SqlStore, count: int) -> None:
    """Rows that one statement can't take are written by several."""

    def write(connection: Connection) -> list[object]:
        names = ("peer", "name", "recipient", "mail", "made_at", "due")
        rows = [("b", f"{number}", "r", "m", 1.0, float(number)) for number in range(count)]
        with mock.patch.object(bulk, "_MOST_VALUES", 3 * len(names)):
            written = bulk.insert(connection, "answer", names, rows, returning=("name", "id"))
            numbers = dict(written)
            changes = [(numbers[f"{number}"], number + 0.5, f"p{number}", number) for number in range(count)]
            bulk.update(connection, "answer", TYPES, changes)
        return connection.execute("SELECT name, due, peer, attempts FROM answer ORDER BY due").fetchall()

    found = store.write(write).result()
    assert found == [(f"{number}", number + 0.5, f"p{number}", number) for number in range(count)]


def test_a_value_that_is_missing_in_some(store: SqlStore) -> None:
    """A value may be missing in the first row too, from which PostgreSQL takes the types."""
    one, two, three = accepted(store, to=("+1", "+2", "+3"))

    def write(connection: Connection) -> None:
        rows = [(one.id, None, "x"), (two.id, BEGIN, None), (three.id, BEGIN + 2**-20, None)]
        types = {"id": "BIGINT", "lease_until": "DOUBLE PRECISION", "due_event": "TEXT"}
        bulk.update(connection, "delivery", types, rows)

    store.write(write).result()
    found = store.select("SELECT lease_until, due_event FROM delivery ORDER BY id")
    assert found == [(None, "x"), (BEGIN, None), (BEGIN + 2**-20, None)]
