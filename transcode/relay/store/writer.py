"""One thread that writes to a SQLite database; calls that arrive together share one commit."""

from __future__ import annotations

import contextlib
import logging
import queue
import random
import threading
import time
from collections import deque
from concurrent.futures import Future, wait
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from transcode.relay.store.connection import CommitUnknown, Conflict

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from transcode.relay.store.connection import Connection

    #: A call's future, what the call returned, and why it failed.
    _Result: TypeAlias = tuple[Future[Any], Any, Exception | None]

__all__ = ["Writer"]

_LOG = logging.getLogger(__name__)

_Returned = TypeVar("_Returned")

#: The most calls that share a commit: each waits for all.
_MOST_TOGETHER = 256
#: After a large call, the part of its time in which only small ones are made where somebody has one, and the
#: most seconds of it. A person's message needs six calls one after another: each would wait for a large one.
_REST, _LONGEST_REST = 1.0, 1.0
#: Seconds without the end of any call after which a process that ends gives up the database, within the five
#: in which a command stops; and seconds between two looks.
_SILENT, _LOOK = 2.5, 0.5
#: How often a call is made again that meets other transactions, and the seconds of the first pause between.
_TRIES, _PAUSE = 8, 0.01


class _Call(NamedTuple):
    """What is to be done.

    Attributes:
        function: does it.
        future: of what the function returns.
        is_large: whether it writes many rows.
        is_durable: whether the disk must have what it wrote before the future is done.
    """

    function: Callable[[Connection], Any]
    future: Future[Any]
    is_large: bool
    is_durable: bool


class Writer:
    """Calls functions with the connection, in order, in one thread.

    Large calls wait for all others, and have a transaction each: nobody waits for more than one of them.
    While small ones come, they have half of the time.
    A future is done when the disk has what its function wrote. A function that raises costs the others
    nothing: its own writes are undone, and its future has the error. What a call wrote counts once: where
    nobody can say whether it counts, its future has CommitUnknown.

    Args:
        connection: a connection without transactions of its own (``isolation_level=None``), for any thread.
        committed: called after each commit with the seconds that it took; None: nobody wants to know.
        gave_up: called when the database is given up; None: nobody wants to know.
    """

    def __init__(
        self,
        connection: Connection,
        committed: Callable[[float], None] | None = None,
        gave_up: Callable[[], None] | None = None,
    ) -> None:
        self._connection = connection
        self._gave_up = gave_up
        self._told = committed
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._is_closed = self._is_given_up = False
        #: The calls that came, and those that ended.
        self._came = self._done = 0
        #: Why no transaction could be begun, since the calls at work came.
        self._fault: Exception | None = None
        self._thread = threading.Thread(target=self._serve, name="transcode-store", daemon=True)
        self._thread.start()

    def submit(
        self, call: Callable[[Connection], _Returned], *, large: bool = False, durable: bool = True
    ) -> Future[_Returned]:
        """Have a function called.

        Args:
            call: the function.
            large: whether it writes many rows.
            durable: False: a power cut may undo what it writes, until something durable is written after it.

        Raises:
            RuntimeError: the writer was closed.
        """
        future: Future[_Returned] = Future()
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the store is closed")
            self._calls.put(_Call(call, future, large, durable))
            self._came += 1
        return future

    def close(self) -> None:
        """Do what was submitted, take no more, and close the connection.

        A database that answers nothing for some seconds is given up: what waits for it fails.
        """
        with self._lock:
            was_closed, self._is_closed = self._is_closed, True
            if not was_closed:
                self._calls.put(None)

        def is_over(seconds: float) -> bool:
            self._thread.join(seconds)
            return not self._thread.is_alive()

        self._wait(is_over)
        # One that waits for a connection has a limit of its own.
        self._thread.join(_SILENT)

    def hurry(self) -> None:
        """Give up a database that answers nothing for some seconds, from now until the end."""
        threading.Thread(target=self._hurry, name="transcode-hurry", daemon=True).start()

    def _hurry(self) -> None:
        # Closed: close waits itself.
        with contextlib.suppress(RuntimeError):
            while True:
                asked = self.submit(lambda _: None, durable=False)
                self._wait(partial(_is_done, asked))
                self._thread.join(_LOOK)

    def _wait(self, is_over: Callable[[float], bool]) -> None:
        """Wait until something is over; give up where no call ends for some seconds."""
        done = self._done
        while not is_over(_SILENT):
            if done == self._done:
                self._give_up()
                return
            done = self._done

    def _give_up(self) -> None:
        """Have all calls fail."""
        with self._lock:
            if self._is_given_up:
                return
            self._is_closed = self._is_given_up = True
            self._calls.put(None)
        _LOG.warning(
            "the database does not answer: %d calls are given up; what workers have is taken again when its"
            " leases end",
            self._came - self._done,
        )
        self._connection.break_off()
        if self._gave_up is not None:
            self._gave_up()

    def _serve(self) -> None:
        large: deque[_Call] = deque()
        is_open = True
        # Before then, no large call begins; and what that will be when a small one comes.
        rests_until = rest_end = 0.0
        while is_open or large:
            calls: list[_Call] = []
            while is_open and len(calls) < _MOST_TOGETHER:
                rest = rests_until - time.monotonic() if large else None
                try:
                    found = self._calls.get(block=not calls and (rest is None or rest > 0), timeout=rest)
                except queue.Empty:
                    break
                if found is None:
                    is_open = False
                    break
                (large if found.is_large else calls).append(found)
                if found.is_durable and not found.is_large:
                    rests_until = rest_end
            self._together(calls)
            if large and (time.monotonic() >= rests_until or not is_open):
                begin = time.monotonic()
                self._together([large.popleft()])
                end = time.monotonic()
                rests_until, rest_end = 0.0, end + min(_REST * (end - begin), _LONGEST_REST)
        self._connection.close()

    def _together(self, calls: list[_Call]) -> None:
        begun = [call for call in calls if call.future.set_running_or_notify_cancel()]
        self._fault = None
        for future, result, failure in self._committed(begun) if begun else ():
            if failure is None:
                future.set_result(result)
            else:
                future.set_exception(failure)
        self._done += len(calls)

    def _committed(self, calls: list[_Call]) -> list[_Result]:
        """Make calls in one transaction; where that fails, in one each."""
        results: list[_Result] = []
        if self._is_given_up:
            return [(call.future, None, ConnectionAbortedError("the database is given up")) for call in calls]
        try:
            self._begin(calls)
        except Exception as error:  # noqa: BLE001  # another process holds the database
            self._fault = error
            return [(call.future, None, error) for call in calls]
        try:
            for call in calls:
                # What fails alone is undone with its transaction.
                returned = self._one(call) if len(calls) > 1 else (call.function(self._connection), None)
                results.append((call.future, *returned))
            begin = time.perf_counter()
            self._connection.commit()
        except CommitUnknown as error:
            # What is done again may be done twice.
            return [(call.future, None, error) for call in calls]
        except Conflict as error:
            self._undo()
            return self._parted(calls, len(results), error)
        except Exception as error:  # noqa: BLE001  # the disk is full
            self._undo()
            if len(calls) == 1:
                return [(calls[0].future, None, error)]
            # The smaller ones may have room.
            return self._each(calls)
        if self._told is not None:
            self._told(time.perf_counter() - begin)
        return results

    def _each(self, calls: list[_Call]) -> list[_Result]:
        """Make calls in a transaction each, as long as one can be begun: each may wait for a server long."""
        results: list[_Result] = []
        for call in calls:
            fault = self._fault
            results += self._committed([call]) if fault is None else [(call.future, None, fault)]
        return results

    def _begin(self, calls: list[_Call]) -> None:
        durable = any(call.is_durable for call in calls)
        self._connection.begin(durable=durable, patient=len(calls) == 1)

    def _undo(self) -> None:
        # A server that is gone has undone it, and can't be asked to.
        with contextlib.suppress(Exception):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _parted(self, calls: list[_Call], place: int, error: Conflict) -> list[_Result]:
        """Make calls whose transaction met another one: those before the one that waited, it, and the rest.

        Together they have locks in the order in which they came, so two groups may wait for each other.
        Alone, each has them in the order of all.
        """
        if len(calls) == 1:
            return self._again(calls[0], error)
        if place == len(calls):
            # The commit itself.
            return self._each(calls)
        parts = (calls[:place], calls[place : place + 1], calls[place + 1 :])
        return [result for part in parts if part for result in self._committed(part)]

    def _again(self, call: _Call, error: Conflict) -> list[_Result]:
        """Make one call until it meets nobody."""
        for number in range(_TRIES):
            # Each of two waits another time.
            time.sleep(_PAUSE * 2**number * random.random())  # noqa: S311
            try:
                self._begin([call])
                result = call.function(self._connection)
                self._connection.commit()
            except Conflict as again:
                self._undo()
                error = again
            except Exception as failure:  # noqa: BLE001
                self._undo()
                return [(call.future, None, failure)]
            else:
                return [(call.future, result, None)]
        return [(call.future, None, error)]

    def _one(self, call: _Call) -> tuple[Any, Exception | None]:
        self._connection.execute("SAVEPOINT one")
        try:
            result, failure = call.function(self._connection), None
        except Conflict:
            # The locks of the calls before it may be those that somebody waits for.
            raise
        except Exception as error:
            # A full disk undoes the whole transaction, whoever wrote what was too much.
            if not self._connection.in_transaction:
                raise
            self._connection.execute("ROLLBACK TO one")
            result, failure = None, error
        self._connection.execute("RELEASE one")
        return result, failure


def _is_done(future: Future[Any], seconds: float) -> bool:
    return bool(wait([future], seconds).done)
