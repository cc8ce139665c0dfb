"""Messages adapted to the phone that asks: each made once for a message and a profile, in a child process."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import transcode
from transcode.errors import ProfileError
from transcode.jobs.isolated import Isolated, JobLost
from transcode.jobs.job_limits import JobLimits
from transcode.jobs.processors import available
from transcode.message.adapted_headers import refuse_change
from transcode.profile.store import FolderStore
from transcode.profile.uaprof import MAX_DOCUMENT_BYTES, profile_url, read_uaprof
from transcode.relay.accepted import accepted
from transcode.relay.metrics import timed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from transcode.profile import Profile
    from transcode.relay.config import Policy
    from transcode.relay.model import Envelope
    from transcode.relay.store import Blobs, SqlStore

__all__ = ["Adapter", "Target", "Wanted"]

#: Octets that stay free for the transaction id of a deferred retrieval.
_RESERVE = 64
#: The part of the time of a job in which it begins what it makes for several receivers.
_SHARE = 0.5
#: The increment that makes a process the last to get a processor.
_NICEST = 19


@dataclass(frozen=True, slots=True)
class Target:
    """What is known of the phone that asks.

    Attributes:
        network: the profile of its network.
        device: the address of its UAProf document; ``""``: not known.
        differences: documents that change that one, as the phone sent them.
    """

    network: str
    device: str = ""
    differences: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The name under which a message adapted to this phone is kept; another version adapts anew."""
        changed = hashlib.sha256(repr(self.differences).encode()).hexdigest() if self.differences else ""
        return " ".join(filter(None, (transcode.__version__, self.network, self.device, changed)))


class Wanted(NamedTuple):
    """Octets that are to be made of a message.

    Attributes:
        key: what they are, as for Adapter.make.
        function: makes them, of the octets of the message or their path, and of the arguments.
        arguments: its other arguments.
    """

    key: str
    function: Callable[..., bytes]
    arguments: tuple[object, ...]


@dataclass(eq=False)
class _Making:
    """What is being made.

    Attributes:
        future: of the name of the octets.
        jobs: how many jobs make the same.
        is_awaited: whether a phone waits: a job does that lets none go before.
        is_over: whether a job ended it.
    """

    future: Future[str]
    jobs: int
    is_awaited: bool
    is_over: bool = False


class _Begun(NamedTuple):
    """One of what a job makes for several receivers: what, its place, and who waits for it."""

    wanted: Wanted
    place: tuple[str, str]
    making: _Making


class Adapter:
    """Gives the octets of a message as a phone gets them.

    Args:
        store, blobs: where messages and adapted ones are kept.
        documents: the folder of UAProf documents.
        policy: how long and how many at once.
        is_awaited: whether phones are going to wait: processes are started at once.
    """

    def __init__(
        self, store: SqlStore, blobs: Blobs, documents: Path, policy: Policy, *, is_awaited: bool = True
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._documents = documents
        processes = policy.adapt_processes or available()
        self._max_seconds = policy.adapt_seconds
        self._limits = JobLimits(max_cpu_seconds=None, max_seconds=policy.adapt_seconds)
        self._lock = threading.Lock()
        #: What is being made: phones that ask meanwhile, or again, wait for the same octets.
        self._making: dict[tuple[str, str], _Making] = {}
        self._jobs = Isolated(processes, limits=self._limits)
        #: A process for phones that have not asked yet; none is there before it is needed.
        self._jobs_ahead: Isolated | None = None
        # The first phone does not wait for processes to start and to load decoders.
        for _ in range(processes if is_awaited else 0):
            self._jobs.submit(_warm)

    def close(self) -> None:
        """End the processes, whatever they do."""
        self._jobs.kill()
        if self._jobs_ahead is not None:
            self._jobs_ahead.kill()

    def submit(self, function: Callable[..., bytes], *arguments: object) -> Future[bytes]:
        """Have a function called in one of the processes, for octets that are kept nowhere.

        Raises, from the future:
            JobLost: the process crashed, or took too long.
        """
        return self._jobs.submit(function, *arguments)

    def begin(self, envelope: Envelope, target: Target, *, ahead: bool = False) -> Future[str]:
        """Return a future with the name of the adapted octets; it is done if they were made before.

        Args:
            envelope: the message.
            target: the phone.
            ahead: whether the phone has not asked yet: the adaptation leaves processors and processes to
                those of phones that wait. A phone that asks meanwhile waits for what is there first: this
                one, which others may hold up, or one of its own.

        Raises, from the future:
            JobLost: the adaptation crashed, or took too long.
            TranscodeError: the message can't be adapted.
        """
        return self._begin(envelope, self._wanted(envelope, target), ahead=ahead)

    def begin_all(self, envelope: Envelope, targets: Sequence[Target], others: Sequence[Wanted] = ()) -> None:
        """Have a message made for many receivers, from one decode of its media, as phones that wait do.

        What was made before is not made again. Where one can't be made, who asks for it gets the error.

        Args:
            envelope: the message.
            targets: phones.
            others: what next hops get, with keys as for make.
        """
        wanted = [self._wanted(envelope, target) for target in targets]
        wanted += [one._replace(key=_versioned(one.key)) for one in others]
        begun: list[_Begun] = []
        with self._lock:
            for asked in wanted:
                place = _place(envelope, asked.key)
                if place not in self._making and self._known(place) is None:
                    self._making[place] = _Making(Future(), 1, is_awaited=True)
                    begun.append(_Begun(asked, place, self._making[place]))
        if not begun:
            return
        try:
            source = self._blobs.source(envelope.blob)
            work = [(one.wanted.function, one.wanted.arguments) for one in begun]
            job = self._jobs.submit(_each, source, work, self._max_seconds * _SHARE)
        except (OSError, RuntimeError) as error:
            for one in begun:
                self._end(one.place, one.making, error)
            return
        job.add_done_callback(timed("adapt"))
        job.add_done_callback(lambda done: self._share(done, source, begun))

    def _share(
        self, done: Future[list[bytes | Exception | None]], source: Path | bytes, begun: Sequence[_Begun]
    ) -> None:
        """Give each its octets; what the job had no time for, or died of, is made alone."""
        try:
            found = done.result()
        except JobLost:
            found = [None] * len(begun)
        except BaseException as error:  # noqa: BLE001  # a cancelled job too belongs to who waits
            for one in begun:
                self._end(one.place, one.making, error)
            return
        for one, octets in zip(begun, found, strict=True):
            made: Future[bytes] = Future()
            if isinstance(octets, bytes):
                made.set_result(octets)
            elif octets is not None:
                made.set_exception(octets)
            else:
                try:
                    made = self._jobs.submit(one.wanted.function, source, *one.wanted.arguments)
                except (OSError, RuntimeError) as error:
                    made.set_exception(error)
            made.add_done_callback(partial(self._keep, place=one.place, making=one.making))

    def _wanted(self, envelope: Envelope, target: Target) -> Wanted:
        return Wanted(target.key, _adapted, (envelope, target, str(self._documents)))

    def _known(self, place: tuple[str, str]) -> str | None:
        """Return the name of octets that were made before, and are there."""
        known = self._store.adapted(*place)
        return known if known is not None and self._blobs.exists(known) else None

    def make(
        self,
        envelope: Envelope,
        key: str,
        function: Callable[..., bytes],
        *arguments: object,
        ahead: bool = False,
    ) -> Future[str]:
        """Return a future with the name of octets that are made of a message, once, and kept with it.

        Args:
            envelope: the message.
            key: what they are. Another version of this program makes them anew.
            function: makes them, of the octets of the message or their path, and of the arguments.
            arguments: its other arguments.
            ahead: whether nobody has asked yet; see begin.

        Raises, from the future:
            JobLost: the process crashed, or took too long.
            Exception: what the function raises.
        """
        return self._begin(envelope, Wanted(_versioned(key), function, arguments), ahead=ahead)

    def _begin(self, envelope: Envelope, wanted: Wanted, *, ahead: bool = False) -> Future[str]:
        place = _place(envelope, wanted.key)
        with self._lock:
            making = self._making.get(place)
            if making is None:
                known = self._known(place)
                if known is not None:
                    made: Future[str] = Future()
                    made.set_result(known)
                    return made
                making = self._making[place] = _Making(Future(), 0, is_awaited=False)
            elif ahead or making.is_awaited:
                return making.future
            making.jobs += 1
            making.is_awaited = not ahead
        try:
            source = self._blobs.source(envelope.blob)
        except OSError as error:
            self._end(place, making, error)
            return making.future
        try:
            if ahead:
                job = self._ahead().submit(_last, wanted.function, source, *wanted.arguments)
            else:
                job = self._jobs.submit(wanted.function, source, *wanted.arguments)
        except (OSError, RuntimeError) as error:
            # No process can be started now. Who asks later does not wait for this one.
            self._end(place, making, error)
            return making.future
        job.add_done_callback(timed("adapt"))
        job.add_done_callback(lambda done: self._keep(done, place, making))
        return making.future

    def _ahead(self) -> Isolated:
        with self._lock:
            if self._jobs_ahead is None:
                self._jobs_ahead = Isolated(1, limits=self._limits)
            return self._jobs_ahead

    def _keep(self, done: Future[bytes], place: tuple[str, str], making: _Making) -> None:
        try:
            octets = done.result()
            name = self._blobs.put(octets)
            if self._store.keep_adapted(*place, name).result():
                # The sweep may have deleted octets that nobody had when they were put.
                self._blobs.put_again(name, octets)
        except BaseException as error:  # noqa: BLE001  # a cancelled job too belongs to who waits
            self._end(place, making, error)
        else:
            self._end(place, making, name)

    def _end(self, place: tuple[str, str], making: _Making, outcome: str | BaseException) -> None:
        """Tell who waits of the first job that succeeds, or of the last one that fails."""
        with self._lock:
            making.jobs -= 1
            if making.is_over or (isinstance(outcome, BaseException) and making.jobs):
                return
            making.is_over = True
            del self._making[place]
        if isinstance(outcome, BaseException):
            making.future.set_exception(outcome)
        else:
            making.future.set_result(outcome)


def _versioned(key: str) -> str:
    """Return a key under which another version of this program finds nothing."""
    return f"{transcode.__version__} {key}"


def _place(envelope: Envelope, key: str) -> tuple[str, str]:
    """Return where adapted octets are kept: with the message, by what they are and what they are made of.

    The sender may replace the content while it is adapted.
    """
    return envelope.id, f"{key} {envelope.blob[:16]}"


def _warm() -> None:
    """Load what an adaptation needs."""
    importlib.import_module("transcode.message.adapt")


def _last(make: Callable[..., bytes], source: Path | bytes, *made_of: object) -> bytes:
    """Make octets in a process that others go before."""
    os.nice(_NICEST)
    return make(source, *made_of)


def _each(
    source: Path | bytes, work: Sequence[tuple[Callable[..., bytes], tuple[object, ...]]], seconds: float
) -> list[bytes | Exception | None]:
    """Make octets for each of several receivers; media are decoded once for all.

    Args:
        source: the octets of the message, or the file that has them.
        work: the functions that make them, and their other arguments.
        seconds: the time after which no more are begun: the whole job has a limit.

    Returns:
        The octets of each, its error, or None: it was not begun.
    """
    from transcode.fit.medium import opened_once

    end = time.monotonic() + seconds
    found: list[bytes | Exception | None] = []
    with opened_once():
        for make, arguments in work:
            if found and time.monotonic() > end:
                found.append(None)
                continue
            try:
                found.append(make(source, *arguments))
            except Exception as error:  # noqa: BLE001  (no error of one receiver may be that of the others)
                found.append(error)
    return found


def _adapted(source: Path | bytes, envelope: Envelope, target: Target, documents: str) -> bytes:
    """Adapt a message, in a process of its own."""
    message = accepted(source if isinstance(source, bytes) else source.read_bytes(), envelope)
    given = transcode.retrieval(message, message_id=envelope.id, date=int(envelope.received_at))
    adapted = transcode.adapt(given, _profile(target, documents), reserve=_RESERVE, threads=1)
    # The retrieval does not say whether the sender allows adaptation.
    refuse_change(message, adapted)
    return adapted.to_mm1(strict=False)


def _profile(target: Target, documents: str) -> Profile:
    """Return the profile of a phone; that of its network where the document is missing or has no MMS."""
    network = transcode.receiver(target.network)
    device = _device(target, documents)
    if device is None or not device.mms_enabled:
        return network
    try:
        return transcode.receiver(network, device=device)
    except ProfileError:
        # No format is common to both. The sizes of the phone hold all the same.
        return transcode.receiver(network, device=replace(device, formats=network.formats))


def _device(target: Target, documents: str) -> Profile | None:
    """Return what the phone's document says, without differences that can't be read; None: nothing."""
    octets = _document(target.device, documents)
    if octets is None:
        return None
    changed = tuple(one.encode("latin-1") for one in target.differences)
    for differences in (changed, ()):
        with contextlib.suppress(ProfileError):
            return read_uaprof(octets, name=target.device, differences=differences)
    return None


def _document(device: str, documents: str) -> bytes | None:
    """Return the document at an address, or of a file."""
    if "://" not in device:
        try:
            with Path(device).open("rb") as file:
                return file.read(MAX_DOCUMENT_BYTES + 1)
        except OSError:
            return None
    try:
        return FolderStore(documents).get(profile_url(device))
    except ProfileError:
        return None
