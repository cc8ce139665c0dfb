"""Posting through proxies."""

from __future__ import annotations

import base64
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.peer import peer
from tests.transport.centre import SENT, Centre
from transcode.errors import (
    MessageError,
    MissingPackage,
    SubmitError,
)
from transcode.transport.http_client import Client


def test_through_a_proxy(centre: Centre) -> None:
    """The proxy is asked for the whole address; its user and password are its alone."""
    port = centre.url.split(":")[2].split("/")[0]
    answer = SENT.submit("http://mmsc.example/mm7", form="mm7", proxy=f"http://me:secret@127.0.0.1:{port}")
    assert answer.message_type == "mm7-submit-rsp"
    [(headers, _)] = centre.seen
    assert headers["Host"] == "mmsc.example"
    assert headers["Proxy-Authorization"] == "Basic " + base64.b64encode(b"me:secret").decode()
    with pytest.raises(SubmitError):
        SENT.submit(centre.url, proxy="no proxy")


@contextmanager
def socks(says: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A proxy of SOCKS 5 that takes a name and password, then answers (RFC 1928, 1929)."""
    heard: list[bytes] = []

    def talk(connection: socket.socket, over: threading.Event) -> None:
        with connection.makefile("rb") as file:
            heard.append(file.read(3))
            connection.sendall(b"\x05" + heard[0][2:])
            if heard[0][2:] == b"\x02":
                user = file.read(2)[1]
                name = file.read(user)
                heard.append(name + b":" + file.read(file.read(1)[0]))
                connection.sendall(b"\x01\x00")
            file.read(4)
            host = file.read(file.read(1)[0])
            port = int.from_bytes(file.read(2))
            heard.append(host)
            connection.sendall(says)
            if says[1:2] != b"\x00":
                return
            with socket.create_connection(("127.0.0.1", port)) as server:
                # The request, whose message ends with its boundary; then what is answered.
                while not (piece := file.read1()).endswith(b"--\r\n"):
                    server.sendall(piece)
                server.sendall(piece)
                while piece := server.recv(65_536):
                    connection.sendall(piece)

    with peer(talk) as port:
        yield port, heard


def test_through_a_proxy_of_socks(centre: Centre) -> None:
    """The proxy looks up the name, with a name and password or without."""
    port = centre.url.split(":")[2].split("/")[0]
    for user, wanted in (("", []), ("me:secret@", [b"me:secret"])):
        with socks(b"\x05\x00\x00\x01" + bytes(6)) as (proxy, heard):
            answer = SENT.submit(
                f"http://mmsc.example:{port}/mm7",
                form="mm7",
                proxy=f"socks5://{user}127.0.0.1:{proxy}",
                headers={"Connection": "close"},
            )
        assert answer.message_type == "mm7-submit-rsp"
        assert heard[1:] == [*wanted, b"mmsc.example"]


@pytest.mark.parametrize("says", [b"\x05\x05\x00\x01" + bytes(6), b"no socks", b""])
def test_a_proxy_of_socks_that_refuses(says: bytes) -> None:
    """Any refusal gives an error of the package, and leaves no connection open."""
    with socks(says) as (proxy, _), pytest.raises(SubmitError):
        SENT.submit("http://mmsc.example/", proxy=f"socks5://127.0.0.1:{proxy}")


def test_a_proxy_of_socks_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install, from a client too."""
    monkeypatch.setitem(sys.modules, "socksio", None)
    for scheme in ("socks5", "socks5h"):
        with pytest.raises(MissingPackage, match=r"needs socksio: pip install 'mms-transcode\[socks\]'"):
            SENT.submit("http://127.0.0.1:9/", proxy=f"{scheme}://127.0.0.1:9")
        with pytest.raises(MissingPackage, match="socksio"):
            Client(proxy=f"{scheme}://127.0.0.1:9")


@pytest.mark.parametrize("proxy", ["socks4://a", "ftp://a", "//", "http://me:secret@[", "", "me:secret@b"])
def test_proxies_that_are_none(proxy: str) -> None:
    """The error names the proxy, without its password."""
    with pytest.raises(SubmitError, match="proxy: not the URL of a proxy") as caught:
        SENT.submit("http://127.0.0.1:9/", proxy=proxy)
    with pytest.raises(MessageError, match="proxy: not the URL of a proxy"):
        Client(proxy=proxy)
    assert "secret" not in f"{caught.value}{caught.value!r}"
