"""Whose octets a folder or a bucket has: those of one store, which alone deletes any of them.

Its name stands in the database and beside the octets. A mark stands in both, too, and is another one every
hour. So a database of yesterday, such as a copy that somebody tries beside the one that goes on, is known by
its old mark: the octets of all that it has not heard of would be those of nobody.
"""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

from transcode.errors import ConfigError, OutputError
from transcode.relay.store.blobs import OWNER

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from transcode.relay.store.blobs import Blobs
    from transcode.relay.store.connection import Connection
    from transcode.relay.store.sqlite import SqlStore

__all__ = ["Ownership", "is_there", "owner_of", "owner_text"]

_LOG = logging.getLogger(__name__)

#: The rows of the database: the name, the mark, and the mark that is being written beside the octets.
_STORE, _MARK, _NEXT = "store", "mark", "next mark"
#: Seconds after which there is another mark, and after which one is that somebody began to write.
_HOUR, _PATIENCE = 3600.0, 600.0


class _Said(NamedTuple):
    """What the database says of itself.

    Attributes:
        name: the name of the store.
        mark, next_mark: the marks.
    """

    name: str = ""
    mark: str = ""
    next_mark: str = ""


def owner_text(name: str, mark: str) -> str:
    """Return what stands beside the octets."""
    return f"{name}\n{mark}\n"


def is_there(blobs: Blobs) -> bool:
    """Return whether the place of octets is there, so that what it lacks is gone."""
    try:
        return bool(blobs.read_owner())
    except OSError:
        return False


def owner_of(database: sqlite3.Connection) -> str:
    """Return what is to stand beside the octets of a copy of a database, or ``""``."""
    found = dict(
        database.execute("SELECT name, value FROM common WHERE name IN (?, ?)", (_STORE, _MARK)).fetchall()
    )
    return owner_text(found[_STORE], found.get(_MARK, "")) if _STORE in found else ""


class Ownership:
    """What rows and octets say of each other.

    Args:
        store, blobs: rows and octets.
    """

    def __init__(self, store: SqlStore, blobs: Blobs) -> None:
        self._store = store
        self._blobs = blobs
        self._last_doubt = ""

    def claim(self) -> None:
        """Have the octets belong to the store, if they belong to nobody.

        Raises:
            ConfigError: they belong to another store, or to one whose database this is not; or the store has
                messages, and these are not their octets.
            OutputError: its name can't be written.
        """
        is_new = not self._said().name
        if is_new:
            made = secrets.token_hex(16)
            self._store.write(lambda connection: _write(connection, _STORE, made, is_first=True)).result()
        said = self._said()
        try:
            name, _ = self._owner()
            has_messages = not name and bool(self._store.select("SELECT 1 FROM message WHERE kept=1 LIMIT 1"))
            has_octets = not name and is_new and not has_messages and self._blobs.has_any()
        except OSError as error:
            # Nothing is deleted before somebody can say.
            _LOG.warning("%s: whose octets these are can't be read: %s", self._blobs.place, error)
            return
        if name == said.name:
            return
        wrong = ""
        if name:
            wrong = f"has the octets of another store, {name}; each store needs a place of its own."
        elif has_octets:
            wrong = "has octets, and the database is new, so that all would be deleted; is it the right one?"
        elif has_messages and not is_new:
            wrong = "has not the octets of this store; is a disk missing, or is it another folder?"
        if wrong:
            right = f"If it is right all the same, write the line {said.name} into {OWNER} there"
            raise ConfigError(self._blobs.place, f"{wrong} {right}")
        self._blobs.write_owner(owner_text(said.name, said.mark))

    def is_proven(self, now: float) -> bool:
        """Return whether the store may delete octets: they are its own, and no later database has them.

        Args:
            now: the time, in seconds since 1970.
        """
        said = self._said()
        try:
            name, mark = self._owner()
            doubt = self._doubt(said, name, mark)
            if not doubt:
                self._renew(now, said.name, mark)
        except (OSError, OutputError) as error:
            doubt = str(error)
        if doubt and doubt != self._last_doubt:
            _LOG.warning("%s: no octets are deleted: %s", self._blobs.place, doubt)
        self._last_doubt = doubt
        return not doubt

    def _said(self) -> _Said:
        return _Said(*(_row(self._store.select, name) for name in (_STORE, _MARK, _NEXT)))

    def _owner(self) -> tuple[str, str]:
        name, _, mark = self._blobs.read_owner().partition("\n")
        return name.strip(), mark.strip()

    def _doubt(self, said: _Said, name: str, mark: str) -> str:
        """Return why the octets may be somebody else's, or ``""``."""
        if name != said.name:
            return f"they are those of {name or 'nobody'}, and this store is {said.name}"
        if mark and mark not in (said.mark, said.next_mark):
            return (
                "another database has them, or had, of which this one is an older copy; if none has any more,"
                f" take the second line out of {OWNER} there"
            )
        return ""

    def _renew(self, now: float, name: str, mark: str) -> None:
        """Write another mark, first into the database, then beside the octets; whoever stops in between."""
        if 0 <= now - _time(mark) < _HOUR:
            return
        made = f"{int(now)} {secrets.token_hex(4)}"

        def begin(connection: Connection) -> bool:
            connection.lock(OWNER)
            select = _selecting(connection)
            known, begun = _row(select, _MARK), _row(select, _NEXT)
            is_begun = begun not in (known, mark) and 0 <= now - _time(begun) < _PATIENCE
            if is_begun or mark not in ("", known, begun):
                # Another machine is at it, or was quicker.
                return False
            _write(connection, _MARK, mark)
            _write(connection, _NEXT, made)
            return True

        if self._store.write(begin).result():
            self._blobs.write_owner(owner_text(name, made))
            self._store.write(lambda connection: _write(connection, _MARK, made)).result()


def _time(mark: str) -> float:
    """Return when a mark was made; 0.0: it is none."""
    first = mark.partition(" ")[0]
    return float(first) if first.isdecimal() else 0.0


def _selecting(connection: Connection) -> Callable[[str, Sequence[str]], list[tuple[Any, ...]]]:
    return lambda statement, values: connection.execute(statement, values).fetchall()


def _row(select: Callable[[str, Sequence[str]], list[tuple[Any, ...]]], name: str) -> str:
    found = select("SELECT value FROM common WHERE name=?", (name,))
    return str(found[0][0]) if found else ""


def _write(connection: Connection, name: str, value: str, *, is_first: bool = False) -> None:
    """Write a row; the first one to do so alone, where that is said."""
    otherwise = "NOTHING" if is_first else "UPDATE SET value=excluded.value"
    connection.execute(f"INSERT INTO common VALUES (?, ?) ON CONFLICT (name) DO {otherwise}", (name, value))
