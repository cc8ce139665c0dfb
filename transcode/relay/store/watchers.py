"""Who is told of changes, when the disk has them: metrics and logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from transcode.relay.model import Changed
    from transcode.relay.store.connection import Connection
    from transcode.relay.store.writer import Writer

__all__ = ["Watcher", "Watchers"]

_Returned = TypeVar("_Returned")


class Watcher(Protocol):
    """Somebody who is told. What is called delays all that write."""

    def changed(self, changes: Sequence[Changed]) -> None:
        """Hear of the changes of one call, in order."""

    def committed(self, seconds: float) -> None:
        """Hear of a commit, and how long it took."""


class Watchers:
    """Those who watch a store."""

    def __init__(self) -> None:
        self._all: list[Watcher] = []
        #: The changes of the call that is at work. Only the thread that writes has to do with them.
        self._changes: list[Changed] = []

    def add(self, watcher: Watcher) -> None:
        """Tell somebody of what happens from now on."""
        self._all.append(watcher)

    def note(self, change: Changed) -> None:
        """Note a change of the call that is at work."""
        self._changes.append(change)

    def committed(self, seconds: float) -> None:
        """Tell of a commit."""
        for watcher in self._all:
            watcher.committed(seconds)

    def submit(
        self, writer: Writer, call: Callable[[Connection], _Returned], *, large: bool = False
    ) -> Future[_Returned]:
        """Have a writer call a function that notes changes, and tell of them when the disk has them."""
        changes: list[Changed] = []

        def noted(connection: Connection) -> _Returned:
            # A call is made again where another one of its transaction failed.
            changes.clear()
            self._changes = changes
            return call(connection)

        def tell(done: Future[_Returned]) -> None:
            if changes and not done.cancelled() and done.exception() is None:
                for watcher in self._all:
                    watcher.changed(changes)

        future = writer.submit(noted, large=large)
        if self._all:
            future.add_done_callback(tell)
        return future
