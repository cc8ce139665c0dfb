"""Secrets: hashes, and what a verification costs."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import argon2
import pytest
from argon2.exceptions import VerificationError

from transcode.relay.secrets import SecretsBusy, Verifier, check_hash, hashed

SECRET = "horse battery"
#: Salt and digest of a hash.
REST = "aSXgNrg9BBGouKBclCYanQ$LG3gFkHgI7B7OrjeenCi7HIeT/Qh44bAld8o839YGD0"


@pytest.fixture(scope="module")
def stored() -> str:
    return hashed(SECRET)


class Counted:
    """Verifies by equality, and notes each secret that it is asked for."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    def __call__(self, stored: str, secret: bytes) -> bool:
        self.asked.append(secret)
        return stored.encode() == secret


def test_the_right_secret_alone(stored: str) -> None:
    verifier = Verifier()
    assert verifier.verify(stored, SECRET)
    assert verifier.verify(stored, SECRET.encode())
    assert not verifier.verify(stored, SECRET + " ")
    assert not verifier.verify(hashed("another"), SECRET)
    # Once more, from what is remembered.
    assert verifier.verify(stored, SECRET)
    assert not verifier.verify(stored, SECRET + " ")


def test_the_same_secret_has_other_hashes(stored: str) -> None:
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hashed(SECRET) != stored


@pytest.mark.parametrize("secret", ["", "x" * 1025, b"", b"x" * 1025])
def test_no_secret_and_an_endless_one(stored: str, secret: str | bytes) -> None:
    counted = Counted()
    assert not Verifier(verify=counted).verify(stored, secret)
    assert counted.asked == []
    if isinstance(secret, str):
        with pytest.raises(ValueError, match="from 1 to 1024 octets"):
            hashed(secret)


def test_what_no_text_has(stored: str) -> None:
    """Octets that are no UTF-8, and lone surrogates of such octets, are wrong secrets."""
    verifier = Verifier()
    assert not verifier.verify(stored, b"\xff\xfe\x00")
    assert not verifier.verify(stored, "\udcff\x00")


def test_an_unknown_name_costs_as_much(stored: str) -> None:
    """A verification is done, and no secret is right."""
    counted = Counted()
    verifier = Verifier(verify=counted)
    assert not verifier.verify("", SECRET)
    assert counted.asked == [SECRET.encode()]
    assert not Verifier(verify=lambda stored, secret: True).verify("", SECRET)


def test_a_request_is_cheap() -> None:
    """A secret is verified once, whether it is right or wrong; another hash is another question."""
    counted = Counted()
    verifier = Verifier(verify=counted)
    for _ in range(3):
        assert verifier.verify("right", "right")
        assert not verifier.verify("right", "wrong")
    assert counted.asked == [b"right", b"wrong"]
    assert not verifier.verify("changed", "right")
    assert len(counted.asked) == 3


def test_what_is_remembered_is_known_at_once(stored: str) -> None:
    """No thread is needed for a secret that was verified, right or wrong."""
    verifier = Verifier()
    assert verifier.known(stored, "secret") is None
    for presented in ("secret", "wrong"):
        found = verifier.verify(stored, presented)
        assert verifier.known(stored, presented) is found
        assert verifier.known("", presented) is None
    assert verifier.known(stored, "") is False


def test_a_flood_displaces_no_right_secret() -> None:
    """What is remembered is bounded."""
    counted = Counted()
    verifier = Verifier(kept=2, verify=counted)
    assert verifier.verify("right", "right")
    for number in range(10):
        assert not verifier.verify("right", f"wrong {number}")
    assert verifier.verify("right", "right")
    assert len(counted.asked) == 11
    assert not verifier.verify("right", "wrong 0")
    assert len(counted.asked) == 12
    # Of the right ones, those that were not used for longest go.
    for secret in ("a", "right", "b"):
        assert verifier.verify(secret, secret)
    asked = len(counted.asked)
    assert verifier.verify("right", "right")
    assert len(counted.asked) == asked
    assert verifier.verify("a", "a")
    assert len(counted.asked) == asked + 1


def test_verifications_at_once_are_bounded() -> None:
    """A request that finds no turn is told so; one whose secret is known needs none."""
    begun, go = threading.Event(), threading.Event()
    running, most = [], []

    def slow(stored: str, secret: bytes) -> bool:
        if secret == b"known":
            return True
        running.append(secret)
        most.append(len(running))
        begun.set()
        assert go.wait(60)
        running.remove(secret)
        return True

    verifier = Verifier(at_once=1, patience=0.0, verify=slow)
    assert verifier.verify("hash", "known")
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(verifier.verify, "hash", "a")
        assert begun.wait(60)
        with pytest.raises(SecretsBusy):
            verifier.verify("hash", "b")
        assert verifier.verify("hash", "known")
        go.set()
        assert first.result()
    assert verifier.verify("hash", "b")
    assert most == [1, 1]


def test_many_with_the_same_secret() -> None:
    """Requests that arrive together with one secret cost one verification."""
    counted = Counted()
    verifier = Verifier(at_once=1, patience=60.0, verify=counted)
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: verifier.verify("right", "right"), range(50)))
    assert counted.asked == [b"right"]


def test_a_fault_gives_its_turn_back() -> None:
    def fault(stored: str, secret: bytes) -> bool:
        raise MemoryError

    verifier = Verifier(at_once=1, patience=0.0, verify=fault)
    for _ in range(3):
        with pytest.raises(MemoryError):
            verifier.verify("hash", "secret")


def test_a_machine_without_memory(stored: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What argon2 could not compute is no wrong secret, and is not remembered as one."""

    def failed(*arguments: object) -> bool:
        raise VerificationError("Memory allocation error")

    verifier = Verifier()
    with monkeypatch.context() as patch:
        patch.setattr(argon2.PasswordHasher, "verify", failed)
        with pytest.raises(SecretsBusy, match="Memory"):
            verifier.verify(stored, SECRET)
    assert verifier.verify(stored, SECRET)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("horse battery", "no argon2 hash"),
        ("", "no argon2 hash"),
        ("$argon2id$v=19$m=19456,t=2,p=1", "no argon2 hash"),
        ("$argon2i$v=19$m=65536,t=3,p=4$" + REST, "argon2id"),
        ("$argon2id$v=19$m=4194304,t=3,p=4$" + REST, "costs"),
        ("$argon2id$v=19$m=65536,t=99,p=4$" + REST, "costs"),
    ],
)
def test_hashes_of_a_configuration(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_hash(text)


def test_hashes_of_other_programs() -> None:
    """The argon2 command and other libraries have other defaults; what they write is taken."""
    text = argon2.PasswordHasher(time_cost=3, memory_cost=4096, parallelism=2).hash(SECRET)
    check_hash(text)
    assert Verifier().verify(text, SECRET)
