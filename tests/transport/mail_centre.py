"""A message centre's mail server on loopback, which keeps what arrives, and refuses some of it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from transcode.transport.smtp import Server

__all__ = ["MailCentre", "running"]


class MailCentre:
    """A message centre's mail server: keeps what arrives, refuses two mailboxes and one kind of mail."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("nobody"):
            return "550 no such mailbox"
        if address.startswith("grey"):
            return "450 greylisted"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if b"Subject: busy" in (envelope.original_content or b""):
            return "451 try later"
        self.envelopes.append(envelope)
        return "250-2.0.0 Ok\r\n250 queued as 4B1C2"


@contextlib.contextmanager
def running(centre: MailCentre, **options: Any) -> Iterator[Server]:
    """The centre on a free port of this machine."""
    loop = asyncio.new_event_loop()
    started = threading.Event()
    ports: list[int] = []

    async def serve() -> None:
        server = await loop.create_server(lambda: SMTP(centre, loop=loop, **options), "127.0.0.1", 0)
        ports.append(server.sockets[0].getsockname()[1])
        loop.call_soon(started.set)
        with contextlib.suppress(asyncio.CancelledError):
            await server.serve_forever()

    task = loop.create_task(serve())
    thread = threading.Thread(target=loop.run_until_complete, args=(task,))
    thread.start()
    assert started.wait(20)
    try:
        yield Server("127.0.0.1", ports[0], timeout=20)
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        loop.close()
