"""Kannel as Debian builds it, unpacked by the set-up: its sendsms, and a bind to an SMSC of the tests.

It listens on loopback. Off Debian there is nothing to unpack: a test that wants it is skipped then, and never
in continuous integration.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.relay.phone import PATIENCE
from transcode.relay.sms_gateway import SmsGateway

__all__ = ["kannel"]

_ROOT = Path(__file__).parents[2] / "build" / "peers"

#: How often it is started with other ports, should somebody take one meanwhile.
_TRIES = 5

#: As its guide begins: one SMSC, and a user without max-messages and concatenation.
_SETTINGS = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = admin
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1

group = smsc
smsc = smpp
host = 127.0.0.1
port = {smsc}
transceiver-mode = true
smsc-username = kannel
smsc-password = secret
system-type = ""
source-addr-autodetect = true

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {boxes}
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1

group = sendsms-user
username = relay
password = "&= secret"
"""


@contextmanager
def kannel(folder: Path, smsc: int) -> Iterator[SmsGateway]:
    """Run Kannel for the time of a ``with`` block.

    Args:
        folder: for its settings and logs.
        smsc: the port of the SMSC.

    Yields:
        The account of its sendsms.
    """
    if not (_ROOT / "usr/sbin/bearerbox").exists() and "CI" not in os.environ:
        if shutil.which("dpkg-query") is None:
            pytest.skip("no Kannel of Debian")
        raise AssertionError("Kannel is not there; make test unpacks it")
    for _ in range(_TRIES):
        with ExitStack() as ends:
            ports = dict(zip(("admin", "boxes", "sendsms"), _free_ports(3), strict=True))
            settings = folder / "kannel.conf"
            settings.write_text(_SETTINGS.format(smsc=smsc, **ports))
            # The box for short messages ends where that for bearers does not listen yet.
            if all(
                _listens(ends.enter_context(_box(name, settings)), ports[port])
                for name, port in (("bearerbox", "boxes"), ("smsbox", "sendsms"))
            ):
                url = f"http://127.0.0.1:{ports['sendsms']}/cgi-bin/sendsms"
                yield SmsGateway(
                    url=url, user="relay", password="&= secret", sender="+15550000", timeout=PATIENCE
                )
                return
    raise AssertionError(f"Kannel did not start in {_TRIES} tries; its logs are in {folder}")


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        taken = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in taken]


@contextmanager
def _box(name: str, settings: Path) -> Iterator[subprocess.Popen[bytes]]:
    libraries = [*_ROOT.glob("usr/lib/*-linux-gnu"), *_ROOT.glob("lib/*-linux-gnu")]
    environment = {"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": ":".join(map(str, libraries))}
    with (
        (settings.parent / f"{name}.log").open("wb") as said,
        subprocess.Popen(
            [_ROOT / "usr/sbin" / name, settings],
            cwd=settings.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until a box takes connections; False where it ended."""
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), PATIENCE):
            return process.poll() is None
        time.sleep(0.02)
    return False
