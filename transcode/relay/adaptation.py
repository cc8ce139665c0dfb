"""Messages adapted to the phone that asks: each made once for a message and a profile, in a child process."""

from __future__ import annotations

import importlib
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import transcode
from transcode.errors import MmsUnavailable
from transcode.jobs.isolated import Isolated
from transcode.jobs.processors import available
from transcode.message.adapted_headers import refuse_change
from transcode.profile.store import FolderStore
from transcode.relay.accepted import accepted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from transcode.profile import Profile
    from transcode.relay.config import Policy
    from transcode.relay.model import Envelope
    from transcode.relay.store import Blobs, SqlStore

__all__ = ["Adapter", "Target"]

#: Octets that stay free for the transaction id of a deferred retrieval.
_RESERVE = 64


@dataclass(frozen=True, slots=True)
class Target:
    """What is known of the phone that asks.

    Attributes:
        network: the profile of its network.
        device: the address of its UAProf document; ``""``: not known.
    """

    network: str
    device: str = ""

    @property
    def key(self) -> str:
        """The name under which a message adapted to this phone is kept; another version adapts anew."""
        return f"{transcode.__version__} {self.network} {self.device}".strip()


class Adapter:
    """Gives the octets of a message as a phone gets them.

    Args:
        store, blobs: where messages and adapted ones are kept.
        documents: the folder of UAProf documents.
        policy: how long and how many at once.
    """

    def __init__(self, store: SqlStore, blobs: Blobs, documents: Path, policy: Policy) -> None:
        self._store = store
        self._blobs = blobs
        self._documents = documents
        processes = policy.adapt_processes or available()
        self._lock = threading.Lock()
        #: What is being made: phones that ask meanwhile, or again, wait for the same octets.
        self._making: dict[tuple[str, str], Future[str]] = {}
        self._jobs = Isolated(processes, max_seconds=policy.adapt_seconds)
        # The first phone does not wait for processes to start and to load decoders.
        for _ in range(processes):
            self._jobs.submit(_warm)

    def close(self) -> None:
        """End the processes, whatever they do."""
        self._jobs.kill()

    def begin(self, envelope: Envelope, target: Target) -> Future[str]:
        """Return a future with the name of the adapted octets; it is done if they were made before.

        Raises, from the future:
            JobLost: the adaptation crashed, or took too long.
            TranscodeError: the message can't be adapted.
        """
        with self._lock:
            making = self._making.get((envelope.id, target.key))
            if making is not None:
                return making
            made: Future[str] = Future()
            known = self._store.adapted(envelope.id, target.key)
            if known is not None and self._blobs.exists(known):
                made.set_result(known)
                return made
            self._making[envelope.id, target.key] = made
        try:
            source = self._blobs.source(envelope.blob)
        except OSError as error:
            self._end(envelope, target, partial(made.set_exception, error))
            return made
        job = self._jobs.submit(
            _adapted,
            source,
            envelope,
            target.network,
            target.device,
            str(self._documents),
        )
        job.add_done_callback(lambda done: self._keep(done, made, envelope, target))
        return made

    def _keep(self, done: Future[bytes], made: Future[str], envelope: Envelope, target: Target) -> None:
        try:
            octets = done.result()
            name = self._blobs.put(octets)
            if self._store.keep_adapted(envelope.id, target.key, name).result():
                # The sweep may have deleted octets that nobody had when they were put.
                self._blobs.put(octets)
        except BaseException as error:  # noqa: BLE001  # a cancelled job too belongs to who waits
            outcome = partial(made.set_exception, error)
        else:
            outcome = partial(made.set_result, name)
        self._end(envelope, target, outcome)

    def _end(self, envelope: Envelope, target: Target, outcome: Callable[[], None]) -> None:
        with self._lock:
            del self._making[envelope.id, target.key]
        outcome()


def _warm() -> None:
    """Load what an adaptation needs."""
    importlib.import_module("transcode.message.adapt")


def _adapted(source: Path | bytes, envelope: Envelope, network: str, device: str, documents: str) -> bytes:
    """Adapt a message, in a process of its own."""
    message = accepted(source if isinstance(source, bytes) else source.read_bytes(), envelope)
    given = transcode.retrieval(message, message_id=envelope.id, date=int(envelope.received_at))
    adapted = transcode.adapt(given, _profile(network, device, documents), reserve=_RESERVE, threads=1)
    # The retrieval does not say whether the sender allows adaptation.
    refuse_change(message, adapted)
    return adapted.to_mm1(strict=False)


def _profile(network: str, device: str, documents: str) -> Profile:
    """Return the profile of a phone; that of its network where the document is missing or has no MMS."""
    if device:
        try:
            return transcode.receiver(network, device=device, store=FolderStore(documents))
        except (transcode.ProfileError, MmsUnavailable):
            pass
    return transcode.receiver(network)
