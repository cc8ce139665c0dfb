"""The store of phones' documents, and the way they are fetched."""

from __future__ import annotations

import contextlib
import functools
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

import pytest

from tests.peer import drip, flood, peer
from transcode import net
from transcode.errors import ProfileError
from transcode.profile import FolderStore, fetch, receiver
from transcode.profile.uaprof import MAX_DOCUMENT_BYTES

#: As fetch, of servers on this machine.
near = functools.partial(fetch, allow_private=True)
DOCUMENT = b"<r><Vendor>Maker</Vendor><MmsMaxMessageSize>50000</MmsMaxMessageSize></r>"


class _Server(BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if "/to?" in self.path:
            self.send_response(302)
            self.send_header("Location", unquote(self.path.partition("?")[2]))
            self.end_headers()
            return
        self.send_response(404 if self.path == "/none.xml" else 200)
        self.end_headers()
        if self.path == "/slow.xml":
            with contextlib.suppress(OSError):
                for _ in range(100):
                    self.wfile.write(b" ")
                    time.sleep(0.02)
            return
        self.wfile.write(b" " * (MAX_DOCUMENT_BYTES + 9) if self.path == "/large.xml" else DOCUMENT)

    def log_message(self, *args: object) -> None:
        """Nothing on stderr."""


@pytest.fixture
def server() -> Iterator[str]:
    """A server on this machine that has /one.xml; its address."""
    _Server.asked.clear()
    with HTTPServer(("127.0.0.1", 0), _Server) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_a_server_that_takes_its_time(server: str) -> None:
    """Octets that come one by one are not waited for longer than silence."""
    with pytest.raises(ProfileError, match=r"no whole answer within 0\.1 seconds"):
        near(f"{server}/slow.xml", timeout=0.1)


def test_a_folder_that_cannot_be_written(server: str, tmp_path: Path) -> None:
    """The error names the folder and the reason."""
    (tmp_path / "file").write_text("")
    store = FolderStore(tmp_path / "file" / "devices")
    with pytest.raises(ProfileError, match=r"can't be kept in .*devices: not a directory"):
        receiver("us-att", device=f"{server}/one.xml", store=store, fetch=near)


def test_fetched_once_into_a_folder(server: str, tmp_path: Path) -> None:
    """The second time, and for another process, the folder has it."""
    store = FolderStore(tmp_path / "devices")
    assert list(store) == []
    url = f"{server}/one.xml?a=1&b=/../x"
    for _ in range(2):
        found = receiver("us-att", device=url, store=store, fetch=near)
        assert (found.max_message_bytes, found.bound_by("max_message_bytes")) == (50_000, url)
    assert len(_Server.asked) == 1
    again = FolderStore(tmp_path / "devices")
    assert dict(again) == {url: DOCUMENT}
    assert [path.parent for path in tmp_path.rglob("*.xml*")] == [tmp_path / "devices"]
    del again[url]
    assert len(store) == 0
    with pytest.raises(KeyError):
        del store[url]


def test_fetch_that_fails(server: str, tmp_path: Path) -> None:
    """An error of the server, nobody there, another scheme and a flood are refused by address."""
    with pytest.raises(ProfileError, match=r"none\.xml: can't be fetched: .*404"):
        near(f"{server}/none.xml")
    with pytest.raises(ProfileError, match="can't be fetched"):
        near("http://127.0.0.1:1/one.xml")
    with pytest.raises(ProfileError, match="no http or https"):
        fetch("file:///etc/passwd")
    store = FolderStore(tmp_path)
    with pytest.raises(ProfileError, match=f"above {MAX_DOCUMENT_BYTES:,}"):
        receiver(device=f"{server}/large.xml", store=store, fetch=near)
    assert list(tmp_path.iterdir()) == []


OK = b"HTTP/1.1 200 OK\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"


@pytest.mark.parametrize(
    ("before", "text"),
    [(b"", b"H"), (OK, b"X-More: 1\r\n"), (b"", HINTS), (b"", b"HTTP/1.1 100 Continue\r\n\r\n")],
    ids=["status", "headers", "interim answers", "continue"],
)
def test_a_server_that_drips_in_front(before: bytes, text: bytes) -> None:
    """Headers and interim answers count towards the time."""
    with peer(drip(text, before=before)) as port, pytest.raises(ProfileError, match="no whole answer within"):
        near(f"http://127.0.0.1:{port}/a.xml", timeout=0.3)


@pytest.mark.parametrize(
    ("before", "text"),
    [(OK, b"X-More: 1\r\n"), (b"", HINTS), (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: 1\r\n")],
    ids=["headers", "interim answers", "trailers"],
)
def test_a_server_that_does_not_stop_talking(before: bytes, text: bytes) -> None:
    """The client reads no more than its limit."""
    with peer(flood(text, before=before)) as port, pytest.raises(ProfileError, match="can't be fetched"):
        near(f"http://127.0.0.1:{port}/a.xml", timeout=60)


def test_interim_answers_are_passed_over() -> None:
    """The one behind them is the answer."""

    def talk(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(10_000)
        connection.sendall(HINTS * 2 + OK + b"Content-Length: 2\r\n\r\nab")

    with peer(talk) as port:
        assert near(f"http://127.0.0.1:{port}/a.xml") == b"ab"


@pytest.mark.parametrize("missing", [1, 1000, MAX_DOCUMENT_BYTES])
def test_a_document_that_ends_early(missing: int) -> None:
    """Half a document is none, though its half may be read."""

    def talk(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(10_000)
        connection.sendall(OK + b"Content-Length: %d\r\n\r\n" % (len(DOCUMENT) + missing) + DOCUMENT)

    with peer(talk) as port, pytest.raises(ProfileError, match=f"ends {missing:,} octets early"):
        near(f"http://127.0.0.1:{port}/a.xml")


def test_only_public_hosts_are_asked(server: str) -> None:
    """Unless that is allowed; and at each redirect anew."""
    port = server.rpartition(":")[2]
    for host in ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0"):
        with pytest.raises(ProfileError, match="no public address"):
            fetch(f"http://{host}:{port}/one.xml")
    assert _Server.asked == []


def test_a_redirect_is_judged_as_the_address_is(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A public host that leads to this machine is not followed."""
    monkeypatch.setattr(net, "is_public", lambda address: address == "127.0.0.1")
    assert fetch(f"{server}/to?/one.xml") == DOCUMENT
    with pytest.raises(ProfileError, match=r"127\.0\.0\.2, which is no public address"):
        fetch(f"{server}/to?{server.replace('127.0.0.1', '127.0.0.2')}/one.xml")
    assert _Server.asked[-1].startswith("/to?")


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.1/a", "gopher://127.0.0.1/", "data:,a"]
)
def test_redirects_lead_to_http_only(server: str, target: str) -> None:
    """No file is read that a stranger names."""
    with pytest.raises(ProfileError, match="leads to what is no http or https address"):
        near(f"{server}/to?{target}")


def test_a_redirect_to_nowhere(server: str) -> None:
    """What is no address is told, whatever it does to those who take addresses apart."""
    with pytest.raises(ProfileError, match="which is no address"):
        near(f"{server}/to?//[")


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan"), 1e20, None, "x"])
def test_timeouts_that_are_none(timeout: Any) -> None:
    """Invalid timeouts are refused before a connection."""
    with pytest.raises(ProfileError, match="timeout must be a number of seconds"):
        near("http://127.0.0.1:9/", timeout=timeout)


def test_redirects_end(server: str) -> None:
    """More than five redirects are an error."""
    with pytest.raises(ProfileError, match="more than 5 redirects"):
        near(f"{server}/to?/to%3F" + "/to%253F" * 9)


def test_no_password_of_an_address_is_told(server: str, tmp_path: Path) -> None:
    """Errors, profiles, their notes and the folder's names have no password of an address."""
    place = server.partition("//")[2]
    for url in (
        f"http://me:secret@{place}/none.xml",
        f"http://me:secret@{place}/to?//[",
        f"http://me:secret@{place}/to?ftp://me:secret@a/",
        f"http://me:secret@{place}/to?//me:secret@[",
        "http://me:secret@127.0.0.1:1/",
        "http://me:secret@127.0.0.1:x/",
        "http://me:sec\nret@127.0.0.1/",
        "http://me:secret/x@127.0.0.1:1/",
        "ftp://me:secret@127.0.0.1/",
        "me:secret@127.0.0.1",
    ):
        with pytest.raises(ProfileError) as caught:
            near(url)
        assert "ret" not in f"{caught.value.profile}{caught.value}{caught.value!r}".replace(
            "ret@127.0.0.1/", ""
        )
    store = FolderStore(tmp_path / "devices")
    url = f"http://Me:Secret@{place}/one.xml"
    asked: list[str] = []

    def fetching(url: str) -> bytes:
        asked.append(url)
        return near(url)

    found = receiver("us-att", device=url, store=store, fetch=fetching)
    assert asked == [url]
    assert list(store) == [f"{server}/one.xml"]
    assert "ecret" not in repr(found).lower()
    with pytest.raises(ProfileError) as caught:
        receiver(device=url.replace("one", "two"), store={})
    assert "ecret" not in repr(caught.value).lower()
    with pytest.raises(ProfileError) as caught:
        store["http://me:secret@a/" + "x" * 300] = b""
    assert "secret" not in repr(caught.value)


@pytest.mark.parametrize("url", [None, 5, b"http://127.0.0.1/", "", "http://", "http://127.0.0.1:0/"])
def test_addresses_that_are_none(url: Any) -> None:
    """Invalid addresses are refused before a connection."""
    with pytest.raises(ProfileError, match="is no http or https address"):
        near(url)


def test_store_of_a_long_address(tmp_path: Path) -> None:
    """An address that makes no file name is refused, and is not in the store."""
    store = FolderStore(tmp_path)
    url = "http://example.com/" + "x" * 300
    assert url not in store
    with pytest.raises(ProfileError, match="too long"):
        store[url] = b"x"


def test_a_folder_is_looked_through_once(tmp_path: Path) -> None:
    """Hidden names of writers that died go with the first document, and further ones don't look again."""
    left = [tmp_path / f".0123456789abcdef.1-2-{number}.part" for number in (1, 2)]
    left[0].write_bytes(b"")
    store = FolderStore(tmp_path)
    store["http://a.example/1"] = DOCUMENT
    left[1].write_bytes(b"")
    store["http://a.example/2"] = store["http://a.example/1"] = DOCUMENT
    assert [path.exists() for path in left] == [False, True]
