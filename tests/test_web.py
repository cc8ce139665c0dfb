"""Requests to addresses that strangers name."""

from __future__ import annotations

import http.server
from collections.abc import Iterator

import pytest

from tests.relay.serving import Serving
from transcode.net import Exchange, NotPublic
from transcode.web import NotFetched, fetch, request


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status = {"/large": 200, "/loop": 302, "/none": 404}.get(self.path, 200)
        body = b"x" * 5000 if self.path == "/large" else self.headers.get("X-Asked", "").encode()
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/loop")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(202)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with Serving(_Handler).running() as site:
        yield f"http://{site.address}"


def test_a_document(url: str) -> None:
    """It is fetched with the headers that are asked for, and cut at the octets that are wanted."""
    headers = {"X-Asked": "words"}
    assert fetch(f"{url}/", Exchange(30, 9000), most=100, only_public=False, headers=headers) == b"words"
    assert fetch(f"{url}/large", Exchange(30, 9000), most=100, only_public=False) == b"x" * 100


@pytest.mark.parametrize(
    ("path", "octets", "reason", "is_large"),
    [
        ("/none", 9000, "HTTP status 404", False),
        ("/loop", 9000, "more than 5 redirects", False),
        ("/large", 2000, "more than 2,000 octets came", True),
    ],
)
def test_what_is_not_fetched(url: str, path: str, octets: int, reason: str, is_large: bool) -> None:
    with pytest.raises(NotFetched, match=reason) as caught:
        fetch(url + path, Exchange(30, octets), most=10_000, only_public=False)
    assert (caught.value.is_large, caught.value.is_late) == (is_large, False)


def test_this_machine_is_not_public(url: str) -> None:
    with pytest.raises(NotFetched, match="no public address"):
        fetch(url, Exchange(30, 9000), most=100, only_public=True)
    with pytest.raises(NotPublic):
        request("POST", url, Exchange(30, 9000), most=0, only_public=True, body=b"x")


def test_a_post(url: str) -> None:
    """The status is told, and the body of its answer is not read."""
    answer = request("POST", url, Exchange(30, 9000), most=0, only_public=False, body=b"x")
    assert (answer.status, answer.location, answer.octets) == (202, "", b"")
