"""Two message centres on one machine, each with a gateway and phones, that are each other's peers."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from tests.relay import conftest
from tests.relay.phone import Gateway, Phone
from tests.transport.mail_servers import MailServer, Routes
from transcode.relay.config import Config, Local
from transcode.relay.peers import Mm4, Peer
from transcode.relay.server import Running, running
from transcode.relay.timers import Timers

#: The beginnings of the numbers of carriers A and B.
PREFIXES = {"a": "+1555", "b": "+1666"}

_COUNT = itertools.count(1)


class Carrier(NamedTuple):
    """A centre that runs."""

    name: str
    centre: Running
    gateway: Gateway
    config: Config

    def phone(self, number: int) -> Phone:
        """A phone of it."""
        return Phone(f"{PREFIXES[self.name]}{number:04}", self.centre.url, self.gateway)


def own_address() -> str:
    """An address of this machine that no other test has, so that the port is free."""
    pid, count = os.getpid() % 62_000, next(_COUNT)
    assert count < 250
    return f"127.{2 + pid // 250}.{1 + pid % 250}.{count}"


def mm4(name: str, **values: Any) -> Mm4:
    """Where the mails of a carrier arrive."""
    return replace(Mm4(domain=f"mms.{name}.example", host=own_address()), **values)


def peer(name: str, at: Mm4, **values: Any) -> Peer:
    """A carrier as the other one knows it, by its address."""
    made = Peer(name, f"mms.{name}.example", at.host, prefixes=(PREFIXES[name],), port=at.port)
    return replace(made, **{"addresses": ("127.0.0.1/32",), "timeout": 30.0, **values})


def config(
    folder: Path, gateway: Gateway, name: str, at: Mm4, peers: tuple[Peer, ...], **values: Any
) -> Config:
    """The configuration of a carrier."""
    return conftest.config(
        folder / name,
        gateway,
        **{
            "mm4": at,
            "peer": peers,
            "local": (Local((PREFIXES[name],), "us-tmobile"),),
            "timers": Timers(retry=(0.2,), confirm=0.5, answer=0.5),
            **values,
        },
    )


@contextlib.contextmanager
def carriers(
    folder: Path,
    *,
    a: dict[str, Any] | None = None,
    b: dict[str, Any] | None = None,
    a_to_b: dict[str, Any] | None = None,
    b_to_a: dict[str, Any] | None = None,
    neighbour: Callable[[Routes], AbstractContextManager[MailServer]] | None = None,
    **values: Any,
) -> Iterator[tuple[Carrier, Carrier]]:
    """Two carriers.

    Args:
        folder: an empty folder.
        a, b: what is unusual at where their mails arrive.
        a_to_b: what is unusual in A's configuration of its peer B.
        b_to_a: the same in B's configuration.
        neighbour: a mail server between them; None: they speak to each other.
        values: what is unusual in both configurations.
    """
    at_a, at_b = mm4("a", **(a or {})), mm4("b", **(b or {}))
    with contextlib.ExitStack() as ends:
        made = []
        if neighbour is not None:
            routes = {at.domain: (at.host, at.port) for at in (at_a, at_b)}
            between = {"host": "127.0.0.1", "port": ends.enter_context(neighbour(routes)).port}
            a_to_b, b_to_a = ({**between, **(one or {})} for one in (a_to_b, b_to_a))
        for name, at, other in (
            ("a", at_a, peer("b", at_b, **(a_to_b or {}))),
            ("b", at_b, peer("a", at_a, **(b_to_a or {}))),
        ):
            gateway = ends.enter_context(Gateway().running())
            given = config(folder, gateway, name, at, (other,), **values)
            made.append(Carrier(name, ends.enter_context(running(given)), gateway, given))
        yield made[0], made[1]
