"""A server with the part of S3 that a message centre uses; it forgets everything in the end."""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Objects", "environment", "serving"]


class Objects(ThreadingHTTPServer):
    """The server.

    Attributes:
        kept: octets by path.
        is_full: whether each PUT is refused.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.kept: dict[str, bytes] = {}
        self.is_full = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Objects

    def do_PUT(self) -> None:
        octets = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=tester/")
        if self.server.is_full:
            self._answer(403)
        else:
            self.server.kept[self.path] = octets
            self._answer(200)

    def do_GET(self) -> None:
        found = self.server.kept.get(self.path)
        self._answer(404 if found is None else 200, found or b"")

    do_HEAD = do_GET

    def do_POST(self) -> None:
        # Several objects at once (DeleteObjects); obstore asks so for one, too.
        bucket, _, query = self.path.partition("?")
        assert query == "delete"
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        names = re.findall("<Key>(.*?)</Key>", asked)
        for name in names:
            self.server.kept.pop(f"{bucket}/{name}", None)
        told = "".join(f"<Deleted><Key>{name}</Key></Deleted>" for name in names)
        self._answer(200, f"<DeleteResult>{told}</DeleteResult>".encode())

    def _answer(self, status: int, octets: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(octets)))
        self.send_header("ETag", f'"{hashlib.md5(octets).hexdigest()}"')
        self.send_header("Last-Modified", "Mon, 02 Nov 2026 10:00:00 GMT")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(octets)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def serving() -> Iterator[Objects]:
    """Run the server for the time of a ``with`` block."""
    with Objects() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def environment(server: Objects) -> dict[str, str]:
    """What the AWS tools have in the environment to reach the server."""
    return {
        "AWS_ENDPOINT": server.url,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "tester",
        "AWS_SECRET_ACCESS_KEY": "tester",
        "AWS_REGION": "eu-central-1",
    }
