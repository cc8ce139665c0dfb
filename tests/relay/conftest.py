"""A centre that runs, with a gateway and two phones."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import pytest
import trustme
from PIL import Image

from tests.made.pictures import photo, save
from tests.relay import made
from tests.relay.phone import PATIENCE, Gateway, Phone
from tests.relay.store import postgres
from transcode.jobs.isolated import Isolated
from transcode.jobs.job_limits import JobLimits
from transcode.messages.message import Message
from transcode.relay import adaptation
from transcode.relay.admin_listener import Admin
from transcode.relay.config import Config, Listen, Local, Policy
from transcode.relay.server import Running, running
from transcode.relay.store import SqliteStore
from transcode.relay.timers import Timers

ALICE, BOB = "+15550001", "+15550002"
_NUMBERS = itertools.count(2_000_000)


class World(NamedTuple):
    """Everything that a test of the centre needs."""

    centre: Running
    gateway: Gateway
    alice: Phone
    bob: Phone


@contextlib.contextmanager
def full_disk(centre: Running) -> Iterator[None]:
    """The database of a centre takes no message."""
    full = sqlite3.OperationalError("database or disk is full")
    with mock.patch.object(centre.store, "accept", side_effect=full):
        yield


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """A store of a test's own."""
    with contextlib.closing(SqliteStore(tmp_path / "relay.db")) as made:
        yield made


def config(folder: Path, gateway: Gateway, **others: object) -> Config:
    """A configuration for tests."""
    values = {
        "store": folder / "store",
        "listen": Listen(port=0),
        "sms": gateway.config,
        "local": (Local(("+1555",), "us-tmobile"),),
        "timers": Timers(retry=(0.2,), confirm=0.5),
        # A loaded machine is slow, and no test measures time.
        "policy": Policy(wait_seconds=PATIENCE, adapt_processes=1),
        **others,
    }
    if isinstance(admin := values.get("admin"), Admin) and admin.patience == Admin().patience:
        # As of policy.wait_seconds.
        values["admin"] = replace(admin, patience=PATIENCE)
    return Config(**values)  # type: ignore[arg-type]


class _Processes:
    """What an adapter takes for processes of its own.

    Args:
        shared: those of all tests.
    """

    def __init__(self, shared: Isolated) -> None:
        self._shared = shared

    def submit(self, function: Callable[..., Any], *arguments: object) -> Future[Any]:
        return self._shared.submit(function, *arguments)

    def kill(self) -> None:
        """Leave them to the next test."""


@pytest.fixture(scope="session")
def processes() -> Iterator[Isolated]:
    """Processes that adapt messages: one takes half a second to start, and most tests have a centre."""
    shared = Isolated(1, limits=JobLimits(max_seconds=PATIENCE))
    yield shared
    shared.kill()


@pytest.fixture(autouse=True)
def shared_processes(processes: Isolated, monkeypatch: pytest.MonkeyPatch) -> None:
    """All centres of the tests of this process adapt in the same processes."""
    monkeypatch.setattr(adaptation, "Isolated", lambda *_, **__: _Processes(processes))


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway().running() as made:
        yield made


@pytest.fixture
def world(tmp_path: Path, gateway: Gateway) -> Iterator[World]:
    with running(config(tmp_path, gateway)) as centre:
        phones = (Phone(number, centre.url, gateway) for number in (ALICE, BOB))
        yield World(centre, gateway, *phones)


@pytest.fixture(scope="module")
def open_centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A centre that the tests of a file share: it takes half a second to start and to stop."""
    with (
        Gateway().running() as gateway,
        running(config(tmp_path_factory.mktemp("centre"), gateway)) as centre,
    ):
        phones = (Phone(number, centre.url, gateway) for number in (ALICE, BOB))
        yield World(centre, gateway, *phones)


@pytest.fixture
def crowd(open_centre: World) -> World:
    """The centre that tests share, with two phones of the test alone."""
    centre, gateway = open_centre[:2]
    numbers = (f"+1555{next(_NUMBERS)}" for _ in "ab")
    return World(centre, gateway, *(Phone(number, centre.url, gateway) for number in numbers))


@pytest.fixture(scope="session")
def letter() -> Message:
    """A message of 100 KB."""
    return made.letter(save(photo(800, 600), quality=90), BOB)


@pytest.fixture(scope="session")
def large_letter() -> Message:
    """A message that fills the limit of its network, 1 MB."""
    noise = np.random.default_rng(1).integers(0, 256, (1500, 2000, 3), np.uint8)
    large = made.letter(save(Image.fromarray(noise), quality=90), BOB)
    assert len(large.to_mm1()) > 1_000_000
    return large


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a PostgreSQL server; the tests of one process share it."""
    with postgres.server() as url:
        yield url


@pytest.fixture
def database(server: str) -> str:
    """The address of an empty database."""
    return postgres.database(server)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate with its key for 127.0.0.1, and the authority's."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(folder / "own.pem"))
    return str(folder / "own.pem"), str(folder / "ca.pem")
