"""Secrets of providers, other centres and operators: stored as argon2 hashes, compared in constant time."""

from __future__ import annotations

import hashlib
import secrets
import threading
from typing import TYPE_CHECKING

import argon2
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from transcode.relay.recent import Recent

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SecretsBusy", "Verifier", "check_hash", "hashed"]

#: 19 MiB, two passes, one lane: one of the choices of OWASP's Password Storage Cheat Sheet for argon2id.
#: It takes about 30 ms, and several at once fit into a small machine.
_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
#: The costliest hash that is verified, in KiB and passes: each request of a stranger may cost that.
_MOST_MEMORY, _MOST_PASSES = 262_144, 16
#: The longest secret that is hashed, in octets. Nobody has a longer one.
_LONGEST = 1024


class SecretsBusy(Exception):
    """Too many secrets are being verified. The request may come again."""


def hashed(secret: str) -> str:
    """Return the argon2id hash of a secret, as a configuration has it.

    Raises:
        ValueError: the secret is empty, or longer than 1024 octets.
    """
    if not 0 < len(secret.encode()) <= _LONGEST:
        raise ValueError(f"a secret has from 1 to {_LONGEST} octets")
    return _HASHER.hash(secret)


def check_hash(stored: str) -> None:
    """Check a hash of a configuration.

    Raises:
        ValueError: it is no hash of argon2id, or one that costs too much to verify.
    """
    try:
        parameters = argon2.extract_parameters(stored)
    except InvalidHashError:
        raise ValueError("is no argon2 hash") from None
    if parameters.type is not argon2.Type.ID:
        raise ValueError("is no hash of argon2id")
    if parameters.memory_cost > _MOST_MEMORY or parameters.time_cost > _MOST_PASSES:
        raise ValueError(
            f"costs more than {_MOST_MEMORY} KiB of memory or {_MOST_PASSES} passes for each verification"
        )


class Verifier:
    """Verifies secrets that are presented, from any thread.

    A secret that was verified is remembered by a keyed hash, so each further request with it costs
    microseconds. The key is drawn for each Verifier and never leaves it. Wrong secrets are remembered apart:
    a flood of them displaces no right one.

    Args:
        at_once: the most verifications at once; each takes the memory and a processor that its hash names.
        patience: seconds that a request waits for its turn.
        kept: how many right secrets, and how many wrong ones, are remembered.
        verify: compares a hash and a secret; tests have their own.
    """

    def __init__(
        self,
        *,
        at_once: int = 2,
        patience: float = 2.0,
        kept: int = 1024,
        verify: Callable[[str, bytes], bool] | None = None,
    ) -> None:
        self._turns = threading.BoundedSemaphore(at_once)
        self._patience = patience
        self._verify = verify or _verified
        self._key = secrets.token_bytes(32)
        self._nobody = hashed(secrets.token_urlsafe())
        self._lock = threading.Lock()
        self._known: dict[bool, Recent[bytes, None]] = {True: Recent(kept), False: Recent(kept)}

    def verify(self, stored: str, presented: str | bytes) -> bool:
        """Return whether a presented secret is the one of a hash.

        Args:
            stored: the hash; ``""``: the name that came with the secret is unknown. That takes as long as a
                wrong secret, so nobody learns which names there are.
            presented: the secret.

        Raises:
            SecretsBusy: too many other secrets are being verified.
        """
        secret = presented.encode("utf-8", "surrogateescape") if isinstance(presented, str) else presented
        if not 0 < len(secret) <= _LONGEST:
            return False
        known = self._digest(stored, secret)
        found = self._remembered(known)
        if found is not None:
            return found
        if not self._turns.acquire(timeout=self._patience):
            raise SecretsBusy("too many secrets are being verified")
        try:
            # While this one waited, another may have verified the same.
            found = self._remembered(known)
            if found is None:
                found = self._verify(stored or self._nobody, secret) and bool(stored)
                self._remember(known, found)
        finally:
            self._turns.release()
        return found

    def known(self, stored: str, presented: str | bytes) -> bool | None:
        """Return what verify returned for the same before, at once; None: it is not remembered."""
        secret = presented.encode("utf-8", "surrogateescape") if isinstance(presented, str) else presented
        if not 0 < len(secret) <= _LONGEST:
            return False
        return self._remembered(self._digest(stored, secret))

    def _digest(self, stored: str, secret: bytes) -> bytes:
        # The hash is part of it: a secret that was changed is verified anew.
        digest = hashlib.blake2b(key=self._key)
        digest.update(hashlib.blake2b(stored.encode()).digest())
        digest.update(secret)
        return digest.digest()

    def _remembered(self, known: bytes) -> bool | None:
        with self._lock:
            for outcome, digests in self._known.items():
                if known in digests:
                    digests.move_to_end(known)
                    return outcome
        return None

    def _remember(self, known: bytes, outcome: bool) -> None:
        with self._lock:
            self._known[outcome][known] = None


def _verified(stored: str, secret: bytes) -> bool:
    try:
        return _HASHER.verify(stored, secret)
    except (InvalidHashError, VerifyMismatchError):
        return False
    except VerificationError as error:
        # There is no memory for it now. To remember a right secret as wrong would lock its owner out.
        raise SecretsBusy(str(error)) from error
