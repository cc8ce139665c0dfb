"""The store of one machine: SQLite in WAL with every commit synced."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from transcode.relay import timers
from transcode.relay.model import Changed, Delivery, Envelope, Event, Route, State, Told, Trail
from transcode.relay.store import bulk, limits, mails, queue, releases, reports, retention, rows, submissions
from transcode.relay.store.additions import added
from transcode.relay.store.connection import SqliteConnection
from transcode.relay.store.occurrences import ROUTING, Occurrence, write_occurrences
from transcode.relay.store.readers import Readers
from transcode.relay.store.rows import Accepted, Report
from transcode.relay.store.schema import upgrade
from transcode.relay.store.watchers import Watchers
from transcode.relay.store.writer import Writer

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from transcode.relay.buckets import Charge
    from transcode.relay.model import Subscriber
    from transcode.relay.store.blobs import Blobs
    from transcode.relay.store.campaigns import Campaign
    from transcode.relay.store.connection import Connection
    from transcode.relay.store.releases import Released
    from transcode.relay.store.rows import Verdict
    from transcode.relay.store.watchers import Watcher

__all__ = ["SqlStore", "SqliteStore"]

_Returned = TypeVar("_Returned")

#: Seconds that a statement waits for another process that writes.
_BUSY = 30.0
#: The most recipients of a message that is written with others in one transaction.
_FEW = 20
#: The most occurrences that are: they take some milliseconds, and the disk more.
_SOME = 200


class SqlStore:
    """Messages, deliveries, reports and their trail in a database.

    Methods that write return a future; when it is done, the disk has what was written. Leases alone may be
    lost in a power cut, with the power of who had them. Methods that read return at once and see all that is
    done.

    Args:
        connection: what is written with.
        connect: makes a connection to read with.
        seconds: the seconds of each timer.
    """

    def __init__(
        self, connection: Connection, connect: Callable[[], Connection], seconds: timers.Timers | None = None
    ) -> None:
        self._timers = seconds or timers.Timers()
        self._readers = Readers(connect)
        self._watchers = Watchers()
        self._turns = queue.Turns()
        self._writer = Writer(connection, self._watchers.committed, self._readers.break_off)

    def close(self) -> None:
        """Write what was submitted, and close the database. One that answers nothing is given up."""
        self._writer.close()
        self._readers.close()

    def hurry(self) -> None:
        """Wait for no database from now on that answers nothing for some seconds: the process ends."""
        self._writer.hurry()

    def watch(self, watcher: Watcher) -> None:
        """Tell somebody of every change, when the disk has it."""
        self._watchers.add(watcher)

    # Writing

    def accept(
        self,
        envelope: Envelope,
        recipients: Sequence[str],
        *,
        trail: str = "",
        charges: Sequence[Charge] = (),
        claim: submissions.Claim | None = None,
    ) -> Future[Accepted]:
        """Keep a message, with a delivery for each recipient; octets must be kept before.

        The same submission again, from the same peer and sender with the same transaction id and fingerprint
        or octets, is found and given its first Message-ID. A mail of MM4 is known by its Message-ID;
        recipients that it did not have before are added.

        Args:
            envelope: the message.
            recipients: the addresses; each counts once.
            trail: what is said of it, for the trail.
            charges: what it costs. The same submission again costs nothing.
            claim: what an account of the API asks for; its Idempotency-Key stands for one message.

        Raises:
            ValueError: there are no recipients.
            Reused: the Idempotency-Key stands for another request; from the future.
        """
        if not recipients:
            raise ValueError("a message has at least one recipient")
        envelope = replace(envelope, fingerprint=envelope.fingerprint or envelope.blob)
        values = rows.stored(envelope, rows.ENVELOPE)
        names = (*rows.ENVELOPE, "open")
        to = list(dict.fromkeys(recipients))
        # Transaction ids are used again: some phones count from 1 after each start.
        since = envelope.received_at - self._timers.duplicate

        def write(connection: Connection) -> Accepted:
            known = submissions.claimed(connection, claim, envelope.received_at)
            known = known or mails.known_submission(connection, envelope, to, since)
            # A sweep of its octets at the same moment elsewhere.
            connection.lock(rows.OCTETS, shared=True)
            late = limits.charge(connection, charges, envelope.received_at) if known is None else None
            if known is None and late is None:
                bulk.insert(connection, "message", names, [(*values, len(to))])
                self._add(connection, envelope, to, trail)
                submissions.write(connection, envelope.id, claim, envelope.received_at)
                return Accepted(envelope.id, is_new=True)
            first, others = known or ("", [])
            mails.note_again(connection, envelope.blob, first, len(others))
            self._add(connection, replace(envelope, id=first), others, trail)
            return Accepted(first, is_new=False, wait=late[1] if late else 0.0)

        return self._watchers.submit(self._writer, write, large=len(to) > _FEW)

    def _add(self, connection: Connection, envelope: Envelope, recipients: Sequence[str], trail: str) -> None:
        for delivery in added(connection, envelope, recipients, trail, self._timers):
            self._watchers.note(Changed(delivery, delivery, "accepted", trail))

    def apply(
        self,
        delivery: int,
        event: Event,
        *,
        at: float,
        detail: str = "",
        verdict: Verdict | None = None,
        report_allowed: bool = True,
    ) -> Future[Delivery]:
        """Let something happen to a delivery; state, trail, report and the next time due are one transaction.

        Args:
            delivery: the number of the row.
            event: what happened.
            at: when.
            detail: what was said, for the trail.
            verdict: the router's word; it counts with ROUTED and HELD.
            report_allowed: False: the recipient forbids delivery reports, from now on.

        Raises:
            ValueError: the router's word is missing: nobody would take the delivery.
            LookupError: there is no such delivery, or it is requeued and its octets are kept no longer; from
                the future.
        """
        happened = (Occurrence(delivery, event, detail, verdict, report_allowed),)
        _check(happened)

        def write(connection: Connection) -> Delivery:
            (after,) = self._applied(connection, happened, at)
            if after is None:
                raise LookupError(f"there is no delivery {delivery}")
            return after

        return self._watchers.submit(self._writer, write)

    def apply_all(self, happened: Sequence[Occurrence], *, at: float) -> Future[list[Delivery | None]]:
        """Let things happen to deliveries; what all of them change is one transaction.

        Args:
            happened: what happened, in order.
            at: when.

        Returns:
            Each delivery afterwards; None where there is no such delivery.

        Raises:
            ValueError: a router's word is missing.
            LookupError: a delivery is requeued whose octets are kept no longer; from the future.
        """
        _check(happened)
        return self._watchers.submit(
            self._writer,
            partial(self._applied, happened=happened, at=at),
            large=len(happened) > _SOME,
        )

    def _applied(
        self, connection: Connection, happened: Sequence[Occurrence], at: float
    ) -> list[Delivery | None]:
        changes = write_occurrences(connection, happened, at, self._timers)
        for change in changes:
            if change is not None:
                self._watchers.note(change)
        return [None if change is None else change.after for change in changes]

    def take(
        self, route: Route | None, peer: str, *, now: float, lease: float
    ) -> Future[tuple[Delivery, Envelope] | None]:
        """Lease the delivery whose attempt is due first and that did not expire, or return None.

        What people send comes before campaigns, which have one of four takes and take turns. A next hop that
        failed five times in a row is tried once a minute.

        Args:
            route: the kind of the next hop; None: deliveries that need a route.
            peer: the name of the next hop.
            now: the time.
            lease: the seconds after which another worker may take it. An outcome ends the lease.
        """
        return self._writer.submit(
            partial(queue.take, turns=self._turns, route=route, peer=peer, now=now, lease=lease),
            durable=False,
        )

    def take_more(self, first: Delivery, most: int, *, now: float, lease: float) -> Future[list[Delivery]]:
        """Lease further deliveries of the message that was taken, behind the same next hop.

        Args:
            first: what take returned.
            most: the most deliveries.
            now, lease: as for take.
        """
        return self._writer.submit(
            partial(queue.take_more, first=first, most=most, now=now, lease=lease), durable=False
        )

    def ring(self, *, now: float, most: int = 1000) -> Future[int]:
        """Apply the events of timers that ran out, and return how many.

        Args:
            now: the time.
            most: the most deliveries and reports of one call, so that others come to write too.
        """

        def find(connection: Connection) -> list[Occurrence]:
            over = queue.overdue(connection, now, most)
            return over + reports.overdue(connection, now, most - len(over))

        return self.happen(find, at=now, large=True)

    def happen(
        self, find: Callable[[Connection], Sequence[Occurrence]], *, at: float, large: bool = False
    ) -> Future[int]:
        """Let happen what a function finds, in one transaction with what it writes; return how much it is.

        Args:
            find: returns deliveries and what happens to them.
            at: when.
            large: whether that may be much.
        """

        def write(connection: Connection) -> int:
            found = find(connection)
            self._applied(connection, found, at)
            return len(found)

        return self._watchers.submit(self._writer, write, large=large)

    def release(
        self,
        campaign: Campaign,
        chosen: Sequence[Released],
        *,
        paid: str,
        charges: Sequence[Charge] = (),
        at: float,
        due: float,
    ) -> Future[int]:
        """Make deliveries of recipients of a campaign; arguments and result are those of releases.release."""
        write = partial(
            releases.release,
            campaign=campaign,
            chosen=chosen,
            paid=paid,
            charges=charges,
            at=at,
            due=due,
            seconds=self._timers,
            note=self._watchers.note,
        )
        return self._watchers.submit(self._writer, write, large=True)

    def take_report(self, peer: str, *, now: float, lease: float) -> Future[Report | None]:
        """Lease the report that is due first, or return None.

        Args:
            peer: where the message came from: the peer of its envelope.
            now, lease: as for take.
        """
        return self._writer.submit(partial(reports.take, peer=peer, now=now, lease=lease), durable=False)

    def reported(self, report: Report, told: Told, *, at: float, detail: str = "") -> Future[int]:
        """Note what became of a report. Where it was given up, its delivery's trail says so.

        Args:
            report: the report.
            told: what became of it. After a failure another attempt follows unless message and report are
                old.
            at: the time.
            detail: what was said.
        """
        return self._told(partial(reports.note, report=report, told=told), at, detail)

    def report_answered(
        self, peer: str, transaction_id: str, told: Told, *, at: float, detail: str = ""
    ) -> Future[int]:
        """Note the answer of another centre to a report.

        Args:
            peer: the name of the centre.
            transaction_id: the id that its answer names.
            told: what it says.
            at: the time.
            detail: its words.

        Raises:
            LookupError: it waits for no answer of that id; from the future.
        """
        find = partial(reports.answered, peer=peer, named=transaction_id, told=told)
        return self._told(find, at, detail)

    def _told(self, find: Callable[..., Sequence[Occurrence]], at: float, detail: str) -> Future[int]:
        return self.happen(partial(find, at=at, detail=detail, seconds=self._timers), at=at)

    def keep_adapted(self, message: str, profile: str, blob: str) -> Future[bool]:
        """Remember the octets of a message that was adapted to a profile.

        Returns:
            Whether they are kept. The octets of a message that was given up meanwhile are left to sweep.
        """
        return self._writer.submit(
            partial(retention.keep_adapted, message=message, profile=profile, blob=blob)
        )

    def subscribe(self, subscriber: Subscriber) -> Future[None]:
        """Add a subscriber, or replace what is known of one."""

        def write(connection: Connection) -> None:
            connection.execute(
                f"INSERT INTO subscriber VALUES ({bulk.marks(rows.SUBSCRIBER)}) ON CONFLICT (number)"
                f" DO UPDATE SET {', '.join(f'{name}=excluded.{name}' for name in rows.SUBSCRIBER[1:])}",
                [getattr(subscriber, name) for name in rows.SUBSCRIBER],
            )

        return self._writer.submit(write)

    def retire(self, *, now: float, most: int = 1000) -> Future[int]:
        """Give up the octets of messages whose recipients all ended, after the time that they are kept.

        Rows and trail stay. sweep deletes the octets.

        Returns:
            The number of messages.
        """
        until = now - self._timers.keep
        return self.write(lambda connection: retention.retire(connection, until, most, now=now), large=True)

    def sweep(self, blobs: Blobs, *, most: int = 1000) -> Future[int]:
        """Delete octets that no message needs any more, and return how many.

        The files are deleted while nobody else writes. Who accepts a message puts its octets again after
        the row is written, so octets that were deleted in between are written anew.
        """
        return self.write(lambda connection: retention.sweep(connection, blobs, most), large=True)

    def write(self, call: Callable[[Connection], _Returned], *, large: bool = False) -> Future[_Returned]:
        """Call a function with the connection that writes.

        Args:
            call: the function.
            large: whether it may take long, and has a transaction of its own; else others that wait share it.
        """
        return self._writer.submit(call, large=large)

    # Reading

    def select(self, statement: str, values: Sequence[str | float | None] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a statement that only reads."""
        with self._readers.one() as reader:
            return reader.execute(statement, values).fetchall()

    def delivery(self, *, token: str = "", notification_id: str = "", number: int = 0) -> Delivery | None:
        """Return a delivery by its token, its notification's transaction id, or its number."""
        asked: tuple[str, str | int] = ("id=?", number)
        if token or notification_id:
            asked = ("token=?", token) if token else ("notification_id=?", notification_id)
        with self._readers.one() as reader:
            return rows.find_delivery(reader, *asked)

    def delivery_to(self, message: str, recipient: str) -> Delivery | None:
        """Return the delivery of a message to a recipient."""
        found = self.select("SELECT id FROM delivery WHERE message=? AND recipient=?", (message, recipient))
        return self.delivery(number=found[0][0]) if found else None

    def deliveries(self, message: str = "", *, recipient: str = "", most: int = 1_000_000) -> list[Delivery]:
        """Return the deliveries of a message, to a recipient, or all; newest first."""
        asked = {name: value for name, value in (("message", message), ("recipient", recipient)) if value}
        where = f" WHERE {' AND '.join(f'{name}=?' for name in asked)}" if asked else ""
        found = self.select(
            f"SELECT {', '.join(rows.DELIVERY)} FROM delivery{where} ORDER BY id DESC LIMIT ?",
            (*asked.values(), most),
        )
        return [rows.delivery(row) for row in found]

    def envelope(self, message: str, *, blob: str = "") -> Envelope:
        """Return a message's envelope; arguments and errors are those of rows.find_envelope."""
        with self._readers.one() as reader:
            return rows.find_envelope(reader, message, blob)

    def trail(self, delivery: int) -> list[Trail]:
        """Return what happened to a delivery, oldest first."""
        found = self.select(
            "SELECT at, before, after, event, detail FROM event WHERE delivery=? ORDER BY id", (delivery,)
        )
        return [Trail(at, State(before), State(after), *rest) for at, before, after, *rest in found]

    def adapted(self, message: str, profile: str) -> str | None:
        """Return the name of the octets of a message that was adapted to a profile."""
        found = self.select("SELECT blob FROM adapted WHERE message=? AND profile=?", (message, profile))
        return str(found[0][0]) if found else None

    def subscriber(self, number: str) -> Subscriber | None:
        """Return what is known of a receiver."""
        return self.subscribers([number]).get(number)

    def subscribers(self, numbers: Sequence[str]) -> dict[str, Subscriber]:
        """Return what is known of receivers, by number; of whom nothing is known is missing."""
        found = self.select(
            f"SELECT {', '.join(rows.SUBSCRIBER)} FROM subscriber WHERE number IN ({bulk.marks(numbers)})",
            numbers,
        )
        return {row[0]: rows.subscriber(row) for row in found}

    def counts(self) -> dict[State, int]:
        """Return how many deliveries are in each state."""
        counted = self.select("SELECT state, count(*) FROM delivery GROUP BY state")
        found = {State(state): count for state, count in counted}
        return {state: found.get(state, 0) for state in State}


class SqliteStore(SqlStore):
    """The rows in one file: SQLite in WAL with every commit synced.

    Args:
        path: the file; it is made where it is missing.
        seconds: the seconds of each timer.

    Raises:
        OSError: the folder can't be made.
        RuntimeError: a later version wrote the database.
    """

    def __init__(self, path: str | os.PathLike[str], seconds: timers.Timers | None = None) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        connection = _connected(path)
        try:
            upgrade(connection)
        except BaseException:
            connection.close()
            raise
        super().__init__(connection, lambda: _connected(path), seconds)


def _connected(path: str | os.PathLike[str]) -> SqliteConnection:
    connection = sqlite3.connect(
        path, timeout=_BUSY, isolation_level=None, check_same_thread=False, factory=SqliteConnection
    )
    connection.execute("PRAGMA journal_mode=WAL")
    # NORMAL would lose the last commits in a power cut, and they were acknowledged.
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    # What is given up is in no part of the file. Debian builds SQLite so, and others do not.
    connection.execute("PRAGMA secure_delete=ON")
    return connection


def _check(happened: Sequence[Occurrence]) -> None:
    for one in happened:
        if one.verdict is None and one.event in ROUTING:
            raise ValueError(f"{one.event!r} needs a verdict")
