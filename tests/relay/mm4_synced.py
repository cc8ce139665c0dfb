"""Takes one mail, for who looks at the calls: ``python -m tests.relay.mm4_synced FOLDER``."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import sys
import time
from dataclasses import replace
from pathlib import Path

from tests.relay.test_mm4_mails import ALICE, B, message
from transcode.relay.centre import Centre
from transcode.relay.config import Config, Local
from transcode.relay.peers import Mm4
from transcode.relay.ports import mm4
from transcode.relay.ports.in_flight import InFlight
from transcode.relay.ports.mm4_mails import Mails
from transcode.relay.route import Router
from transcode.relay.secrets import Verifier
from transcode.relay.store import FolderBlobs, SqliteStore


def main(folder: Path) -> None:
    """Take it, and what asks for an answer."""
    config = Config(
        local=(Local(("+1555",), "us-tmobile"),),
        mm4=Mm4(domain="mms.a.example"),
        peer=(replace(B, addresses=("127.0.0.1/32",)),),
    )
    with contextlib.closing(SqliteStore(folder / "relay.sqlite")) as store:
        centre = Centre(config, store, FolderBlobs(folder / "blobs"), Router(config.hops), time.time)
        door = mm4.Door(config, Mails(config, centre, store, time.time), Verifier())
        with (
            socket.create_server(("127.0.0.1", 0)) as line,
            mm4.listening(config, door, InFlight(10**8), line) as port,
            smtplib.SMTP("127.0.0.1", port, local_hostname=B.domain, timeout=60) as client,
        ):
            mail = message().to_mm4(strict=False)
            client.sendmail(f"system@{B.domain}", [f"{ALICE}@mms.a.example"], mail)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
