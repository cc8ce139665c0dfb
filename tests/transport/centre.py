"""A message centre on loopback that takes, refuses, stalls and babbles, and what is sent to it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import transcode
from transcode.model import MessageFields, Part
from transcode.wire.mm7 import mm7

SENT = transcode.Message(
    transaction_id="T1",
    to=("+15555550100/TYPE=PLMN",),
    subject="Hi",
    parameters=(("type", "image/jpeg"),),
    parts=(Part("image/jpeg", bytes(range(256)), content_location="a.jpg"),),
)
TAKEN = mm7.answer(mm7.from_bytes(bytes(SENT.to_mm7())), message_id="M1")


@dataclass
class Centre:
    """The server: what it answers, and what came in.

    Attributes:
        url: where it listens.
        status, content_type, body: of the answer.
        talk: writes the answer itself, where that is no ordinary one.
        seen: headers and body of each request.
        ports: where each came from.
        gone: set when the test is over.
    """

    url: str = ""
    status: int = 200
    content_type: str = "text/xml"
    body: bytes = b""
    talk: Callable[[BaseHTTPRequestHandler], None] | None = None
    seen: list[tuple[Any, bytes]] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)

    def answers(self, message: MessageFields, status: int = 200) -> None:
        http = mm7.to_http(message, strict=False)
        self.status, self.content_type, self.body = status, http.headers[0][1], http.body
