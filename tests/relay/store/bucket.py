"""A server with the part of S3 that a message centre uses; it forgets everything in the end."""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

__all__ = ["MODIFIED", "Objects", "environment", "serving"]

#: When every object was written: 2 November 2026, 10:00.
MODIFIED = 1_793_613_600.0


class Objects(ThreadingHTTPServer):
    """The server.

    Attributes:
        kept: octets by path.
        is_full: whether each PUT and each list of names is refused.
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
    # Else a body waits for the answer to its headers, 40 ms on each connection that stays.
    disable_nagle_algorithm = True
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
        path, _, query = self.path.partition("?")
        if query:
            self._list(path, parse_qs(query))
        else:
            found = self.server.kept.get(self.path)
            self._answer(404 if found is None else 200, found or b"")

    do_HEAD = do_GET

    def _list(self, bucket: str, asked: dict[str, list[str]]) -> None:
        """The next name behind one (ListObjectsV2); how many a server tells at once is its own business."""
        prefix, behind = (asked.get(name, [""])[0] for name in ("prefix", "start-after"))
        behind = asked.get("continuation-token", [behind])[0]
        keys = sorted(path.removeprefix(f"{bucket}/") for path in self.server.kept)
        keys = [key for key in keys if key.startswith(prefix) and key > behind]
        told = ""
        for key in keys[:1]:
            told += f"<Contents><Key>{key}</Key><Size>1</Size>"
            told += "<LastModified>2026-11-02T10:00:00Z</LastModified></Contents>"
        if keys[1:]:
            told += f"<NextContinuationToken>{keys[0]}</NextContinuationToken>"
        told += f"<IsTruncated>{str(bool(keys[1:])).lower()}</IsTruncated>"
        octets = f"<ListBucketResult>{told}</ListBucketResult>".encode()
        self._answer(*((403,) if self.server.is_full else (200, octets)))

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
