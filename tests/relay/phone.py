"""A phone and an SMS gateway for tests: what real ones do, and what bad ones do."""

from __future__ import annotations

import http.client
import http.server
import queue
import socket
import struct
import time
from collections.abc import Callable, Sequence
from urllib.parse import unquote_to_bytes, urlsplit

import transcode
from tests.relay.serving import Serving
from transcode.messages.message import Message
from transcode.relay.sms_gateway import SmsGateway
from transcode.wire.mm1.push import joined_segments

#: Seconds that a test waits for what another thread does.
PATIENCE = 60.0

CONTENT_TYPE = "application/vnd.wap.mms-message"


def until(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


class Gateway(Serving):
    """Kannel's sendsms: it keeps what it takes, by recipient.

    Attributes:
        status: what it answers; 202 takes the short message.
        unknown: the numbers that it answers 400 for.
        asked_for: the words of each request.
    """

    def __init__(self) -> None:
        self.status = 202
        self.unknown: set[str] = set()
        self.asked = 0
        self.asked_for: list[dict[str, bytes]] = []
        self._pushes: dict[str, queue.SimpleQueue[bytes]] = {}
        gateway = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                words = dict(part.split("=", 1) for part in urlsplit(self.path).query.split("&"))
                found = {name: unquote_to_bytes(value) for name, value in words.items()}
                gateway.asked += 1
                gateway.asked_for.append(found)
                number = found["to"].decode()
                status = 400 if number in gateway.unknown else gateway.status
                if status == 202 and found["coding"] == b"1":
                    gateway.pushes(number).put(found["udh"] + found["text"])
                self.send_response(status)
                self.end_headers()
                self.wfile.write(b"0: Accepted for delivery")

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(Handler)
        self.config = SmsGateway(
            url=f"http://{self.address}/cgi-bin/sendsms",
            user="relay",
            password="&= secret",
        )

    def pushes(self, number: str) -> queue.SimpleQueue[bytes]:
        """The short messages of a number."""
        return self._pushes.setdefault(number, queue.SimpleQueue())

    def forget(self) -> None:
        """Lose the short messages that no phone took."""
        self._pushes.clear()


class Phone:
    """A phone with a number, behind the operator's gateway."""

    def __init__(self, number: str, url: str, gateway: Gateway) -> None:
        self.number = number
        self.url = url
        self.gateway = gateway
        self._pushes = gateway.pushes(number)

    def pushed(self) -> Message:
        """The next PDU that was pushed."""
        return transcode.read(joined_segments(self.short_messages()))

    def short_messages(self) -> list[bytes]:
        """The segments of the next push, which may be several."""
        segments: list[bytes] = []
        while True:
            segments.append(self._pushes.get(timeout=PATIENCE))
            try:
                joined_segments(segments)
            except transcode.PduError as error:
                assert "missing" in str(error), error
            else:
                return segments

    def hears_nothing(self, seconds: float = 0.6) -> bool:
        """Whether nothing is pushed for some time."""
        try:
            self._pushes.get(timeout=seconds)
        except queue.Empty:
            return True
        return False

    def request(
        self, method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask the centre; the status, the headers in lower case and the body of the answer."""
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)
        try:
            given = {
                "X-MSISDN": self.number,
                "Content-Type": CONTENT_TYPE,
                "User-Agent": "phone",
                **(headers or {}),
            }
            connection.request(method, parts.path or "/", body, given)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def post(self, message: Message) -> bytes:
        """Post a PDU; the body of the answer."""
        status, _, body = self.request("POST", self.url, message.to_mm1(strict=False))
        assert status == 200, body
        return body

    def submit(self, message: Message) -> Message:
        """Post a message; the M-Send.conf."""
        return transcode.read(self.post(message))

    def fetch(
        self, notification: Message, *, headers: dict[str, str] | None = None, status: int = 200
    ) -> Message:
        """Fetch a message that was notified, and that is answered with a status of HTTP."""
        found, _, body = self.request("GET", location(notification), headers=headers)
        assert found == status
        return transcode.read(body)

    def respond(self, notification: Message, status: str, *, allowed: bool | None = None) -> None:
        """Answer a notification."""
        headers = [("X-Mms-Status", status)] + (
            [("X-Mms-Report-Allowed", allowed)] if allowed is not None else []
        )
        self.post(_answer("m-notifyresp-ind", notification.transaction_id, headers))

    def acknowledge(self, retrieved: Message) -> None:
        """Acknowledge a message that was fetched after it was deferred."""
        self.post(_answer("m-acknowledge-ind", retrieved.transaction_id, []))

    def break_off(self, notification: Message, *, after: int, reset: bool) -> None:
        """Begin to fetch, and end the connection after some octets."""
        parts = urlsplit(location(notification))
        with socket.socket() as line:
            # A small window, or the kernel takes the whole message from the centre.
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.connect((parts.hostname, parts.port))
            line.sendall(f"GET {parts.path} HTTP/1.1\r\nHost: mmsc\r\n\r\n".encode())
            got = 0
            while got < after:
                piece = line.recv(4096)
                assert piece, "the centre ended the connection"
                got += len(piece)
            if reset:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def location(notification: Message) -> str:
    """The address of a message."""
    return str(dict(notification.headers)["X-Mms-Content-Location"])


def _answer(message_type: str, transaction_id: str | None, headers: Sequence[tuple[str, object]]) -> Message:
    return Message(
        message_type=message_type,  # type: ignore[arg-type]
        transaction_id=transaction_id,
        headers=tuple(headers),  # type: ignore[arg-type]
        content_type=None,
    )
