"""A value-added service provider for tests: what it asks of a centre, and what it says to deliveries."""

from __future__ import annotations

import base64
import http.client
import http.server
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import transcode
from tests.relay.phone import PATIENCE
from transcode.messages.message import Message
from transcode.relay.secrets import hashed
from transcode.relay.vasps import Vasp
from transcode.wire.mm7.mm7_convert import with_names

SECRET = "correct horse"
#: Made once: it takes 30 ms.
STORED = hashed(SECRET)


def vasp(name: str = "weather", **values: Any) -> Vasp:
    """An account with the short code 12345."""
    return Vasp(**{"name": name, "vaspid": "W", "secret": STORED, "senders": ("12345",), **values})


class Provider:
    """One provider, with an account at a centre and a server for deliveries and reports.

    Attributes:
        statuses: what it answers, one after another; then 1000. A number below 1000 is a status of HTTP;
            None: no answer.
    """

    def __init__(self, url: str = "", name: str = "weather", secret: str = SECRET, vaspid: str = "W") -> None:
        self.url = url
        self.name = name
        self.secret = secret
        self.vaspid = vaspid
        self.statuses: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self.got: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self.heads: list[dict[str, str]] = []
        self.released = threading.Event()
        self.own_url = ""

    @contextmanager
    def running(self) -> Iterator[Provider]:
        """Serve."""
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                octets = self.rfile.read(int(self.headers["Content-Length"]))
                provider.heads.append({name.lower(): value for name, value in self.headers.items()})
                front = f'SOAPAction: ""\r\nContent-Type: {self.headers["Content-Type"]}\r\n\r\n'
                message = transcode.read(front.encode() + octets)
                status = 1000 if provider.statuses.empty() else provider.statuses.get()
                provider.got.put(message)
                if status is None:
                    provider.released.wait(PATIENCE)
                    self.close_connection = True
                    return
                made = transcode.answer(message, status if status >= 1000 else 1000).to_mm7(strict=False)
                self.send_response(200 if status >= 1000 else status)
                self.send_header("Content-Type", dict(made.headers)["Content-Type"])
                body = made.body if status >= 1000 else b"no"
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.own_url = f"http://127.0.0.1:{server.server_port}/mm7"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.released.set()
            server.shutdown()
            server.server_close()

    def delivered(self) -> Message:
        """The next request of the centre."""
        return self.got.get(timeout=PATIENCE)

    def request(self, body: bytes | None, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        """Post octets; the status of HTTP and the body of the answer."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)
        login = base64.b64encode(f"{self.name}:{self.secret}".encode()).decode()
        given = {"Content-Type": "text/xml", "Authorization": f"Basic {login}", **(headers or {})}
        given = {name: value for name, value in given.items() if value}
        try:
            connection.request("POST", "/mm7", body, given)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def ask(self, message: Message, **headers: str) -> Message:
        """Post a request; the answer."""
        if "VASPID" not in dict(message.headers) and self.vaspid:
            message = with_names(message, vaspid=self.vaspid)
        made = message.to_mm7(strict=False)
        status, body = self.request(made.body, {**dict(made.headers), **headers})
        assert status in (200, 500), body
        return transcode.read(body)

    def cancel(self, name: str, to: tuple[str, ...] = ()) -> Message:
        """Cancel a message."""
        return self.ask(self._about("mm7-cancel-req", name, to=to))

    def replace(self, name: str, message: Message | None = None, **headers: Any) -> Message:
        """Replace the content of a message by that of another one, or headers alone."""
        request = self._about("mm7-replace-req", name, **headers)
        if message is not None:
            content = message.converted("mm7-submit-req")
            parts, parameters = content.parts, content.parameters
            request = replace(request, content_type=content.content_type, parameters=parameters, parts=parts)
        return self.ask(request)

    def _about(self, kind: Any, name: str, *, to: tuple[str, ...] = (), **headers: Any) -> Message:
        named = (("VASPID", self.vaspid), ("MessageID", name), *headers.items())
        return Message(kind, transaction_id="about", version="6.8.0", to=to, headers=named, content_type=None)


def status(answer: Message) -> object:
    """The StatusCode of an answer."""
    return dict(answer.headers).get("StatusCode")
