"""What tests of transport share."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.transport.centre import TAKEN, Centre


@pytest.fixture
def centre() -> Iterator[Centre]:
    """A server on loopback; by default it takes what comes."""
    state = Centre()
    state.answers(TAKEN)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            state.ports.append(self.client_address[1])
            state.seen.append((self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
            if state.talk is not None:
                state.talk(self)
                return
            self.send_response(state.status)
            self.send_header("Content-Type", state.content_type)
            self.send_header("Location", "http://127.0.0.1:9/")
            self.send_header("Content-Length", str(len(state.body)))
            self.end_headers()
            self.wfile.write(state.body)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        state.url = f"http://127.0.0.1:{server.server_port}/mm7"
        yield state
        state.gone.set()
        server.shutdown()
        thread.join()
