"""A maker's server of UAProf documents."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.relay.phone import PATIENCE


class Maker:
    """Serves documents by their paths.

    Attributes:
        documents: by path; what is not there is 404.
        asked: the paths that were asked for, in order.
        may_answer: cleared, it keeps who asks waiting.
    """

    def __init__(self) -> None:
        self.documents: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.may_answer = threading.Event()
        self.may_answer.set()
        maker = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                maker.asked.append(self.path)
                assert maker.may_answer.wait(PATIENCE)
                document = maker.documents.get(self.path)
                self.send_response(404 if document is None else 200)
                self.end_headers()
                self.wfile.write(document or b"")

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"

    @contextmanager
    def running(self) -> Iterator[Maker]:
        """Serve."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.may_answer.set()
            self._server.shutdown()
            self._server.server_close()
