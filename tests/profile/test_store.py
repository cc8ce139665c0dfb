"""The store of phones' documents, and the way they are fetched."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar
from unittest import mock

import pytest

from transcode.errors import ProfileError
from transcode.profile import FolderStore, fetch, receiver
from transcode.profile import store as store_module
from transcode.profile.uaprof import MAX_DOCUMENT_BYTES

DOCUMENT = b"<r><Vendor>Maker</Vendor><MmsMaxMessageSize>50000</MmsMaxMessageSize></r>"


class _Server(BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
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
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_a_server_that_takes_its_time(server: str) -> None:
    """Octets that come one by one are not waited for longer than silence."""
    with (
        mock.patch.object(store_module, "_TIMEOUT", 0.1),
        pytest.raises(ProfileError, match=r"no whole answer within 0\.1 seconds"),
    ):
        fetch(f"{server}/slow.xml")


def test_a_folder_that_cannot_be_written(server: str, tmp_path: Path) -> None:
    """The folder and the reason."""
    (tmp_path / "file").write_text("")
    store = FolderStore(tmp_path / "file" / "devices")
    with pytest.raises(ProfileError, match=r"can't be kept in .*devices: not a directory"):
        receiver("us-att", device=f"{server}/one.xml", store=store, fetch=fetch)


def test_fetched_once_into_a_folder(server: str, tmp_path: Path) -> None:
    """The second time, and for another process, the folder has it."""
    store = FolderStore(tmp_path / "devices")
    assert list(store) == []
    url = f"{server}/one.xml?a=1&b=/../x"
    for _ in range(2):
        found = receiver("us-att", device=url, store=store, fetch=fetch)
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
        fetch(f"{server}/none.xml")
    with pytest.raises(ProfileError, match="can't be fetched"):
        fetch("http://127.0.0.1:1/one.xml")
    with pytest.raises(ProfileError, match="no http or https"):
        fetch("file:///etc/passwd")
    store = FolderStore(tmp_path)
    with pytest.raises(ProfileError, match=f"above {MAX_DOCUMENT_BYTES:,}"):
        receiver(device=f"{server}/large.xml", store=store, fetch=fetch)
    assert list(tmp_path.iterdir()) == []


def test_store_of_a_long_address(tmp_path: Path) -> None:
    """An address that makes no file name is refused, and is not in the store."""
    store = FolderStore(tmp_path)
    url = "http://example.com/" + "x" * 300
    assert url not in store
    with pytest.raises(ProfileError, match="too long"):
        store[url] = b"x"
