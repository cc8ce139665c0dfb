"""An operator's WAP gateway: a proxy of one phone, which names its number."""

from __future__ import annotations

import http.client
import http.server
from urllib.parse import urlsplit

from tests.relay.phone import PATIENCE
from tests.relay.serving import Serving

#: Headers of one connection alone (RFC 9110, 7.6.1).
_HOP = frozenset(("connection", "keep-alive", "proxy-connection", "transfer-encoding", "content-length"))


class WapGateway(Serving):
    """The proxy of the phone with a number.

    Attributes:
        address: host and port, as a phone's settings have them.
    """

    def __init__(self, number: str) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _pass(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
                parts = urlsplit(self.path)
                line = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)
                try:
                    # The whole URL goes on, as WAP gateways send it.
                    line.request(self.command, self.path, body, {**headers, "X-MSISDN": number})
                    told = line.getresponse()
                    answer = told.read()
                finally:
                    line.close()
                kind = told.getheader("Content-Type", "")
                self.send_response(told.status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = _pass

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(Handler)
