"""A message centre of one process or several, on a file or a server, that is killed and started again."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.kills import children
from tests.relay.phone import Gateway
from tests.relay.store import postgres
from tests.tally import Tally
from tests.warm import begun
from transcode.cli import main as main_of_command
from transcode.relay.store import SqliteStore
from transcode.relay.store.postgres import PostgresStore
from transcode.relay.store.sqlite import SqlStore

__all__ = ["PROCESSES", "STORES", "Centre", "centre", "strike"]

#: Where the rows are, and what each process of a centre does, by the words of the command line.
STORES = ("sqlite", "postgres")
PROCESSES = {"one": ("http,mm4,worker",), "three": ("http", "worker", "worker")}


class Centre:
    """The processes, each of which is started again whenever it was killed.

    Args:
        folder: where configuration and store are.
        gateway: the SMS gateway.
        more: further tables of the configuration.
        server: the database server; None: the rows are in a file.
        processes: what each process does.
    """

    def __init__(
        self,
        folder: Path,
        gateway: Gateway,
        more: str = "",
        server: postgres.Server | None = None,
        processes: tuple[str, ...] = PROCESSES["one"],
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as line:
            self.port = line.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.server = server
        self._file = folder / "kept" / "relay.sqlite"
        self._path = folder / "relay.toml"
        rows = f'database = "{server.url}"\n' if server else ""
        self._path.write_text(
            f'store = "kept"\n{rows}[listen]\nport = {self.port}\nurl = "{self.url}"\n'
            f'[sms]\nurl = "{gateway.config.url}"\ntimeout = 3\n'
            "[timers]\nretry = [0.2]\nremind = [1.0, 2.0]\nconfirm = 2.0\nfetch = 3.0\nlease = 2.0\n"
            '[policy]\nwait_seconds = 60\n[[local]]\nprefixes = ["+1555"]\nnetwork = "oma-image-basic"\n'
            + more
        )
        self.roles = processes
        self.processes = [self._started(roles) for roles in processes]

    def restart(self, place: int) -> None:
        """Start a process that was killed."""
        self.processes[place] = self._started(self.roles[place])

    def kill(self, place: int) -> None:
        """Kill a process; what it started ends with it."""
        self.processes[place].kill()
        self.processes[place].join()

    def stop(self) -> None:
        """Kill all processes."""
        for place in range(len(self.processes)):
            self.kill(place)

    @contextlib.contextmanager
    def opened(self) -> Iterator[SqlStore]:
        """The rows."""
        with contextlib.closing(
            PostgresStore(self.server.url) if self.server else SqliteStore(self._file)
        ) as store:
            yield store

    def _started(self, roles: str) -> BaseProcess:
        """Start a process, and wait until it says its address."""
        process, told = begun(_serve, str(self._path), roles)
        with told:
            assert json.loads(told.readline())["url"] == self.url
        return process


def _serve(config: str, roles: str) -> None:
    """Be a process of ``transcode relay serve``."""
    sys.argv = ["transcode", "relay", "serve", "--json", "--config", config, "--roles", roles]
    main_of_command()


@contextlib.contextmanager
def centre(
    folder: Path, gateway: Gateway, more: str = "", *, store: str = "sqlite", processes: str = "one"
) -> Iterator[Centre]:
    """A centre that runs, as the words of the command line say."""
    with contextlib.ExitStack() as ends:
        server = ends.enter_context(postgres.serving(syncs=True)) if store == "postgres" else None
        made = Centre(folder, gateway, more, server, PROCESSES[processes])
        ends.callback(made.stop)
        yield made


def strike(rng: random.Random, centre: Centre, tally: Tally, *, has_children: bool = True) -> None:
    """Kill a process of the centre, a child of one, or the server of its database, a moment later.

    Args:
        rng: draws when and whom: as much in each case, so that a seed hits the same ones each time.
        centre: the centre.
        tally: counts the kills.
        has_children: whether children are killed alone, too.
    """
    moment, pause, which = rng.uniform(0.1, 1.5), rng.random(), rng.random()
    kinds = ["process"] + ["child"] * has_children + ["database"] * (centre.server is not None)
    kind, place = rng.choice(kinds), rng.randrange(len(centre.processes))
    time.sleep(moment)
    below = children(centre.processes[place].pid or 0)
    if kind == "child" and below:
        with contextlib.suppress(ProcessLookupError):
            os.kill(below[int(which * len(below))], signal.SIGKILL)
            tally.done["kills of a child"] += 1
        return
    if kind == "database" and centre.server is not None:
        centre.server.kill()
        tally.done["kills of the database"] += 1
        # Whoever asks meanwhile is refused.
        time.sleep(pause / 2)
        centre.server.start()
        return
    centre.kill(place)
    tally.done[f"kills of {centre.roles[place]}"] += 1
    if len(centre.processes) > 1:
        # The others go on without it.
        time.sleep(pause)
    centre.restart(place)
