"""One receiver of all that is known of it, and the store that phones' documents are kept in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from transcode.errors import ProfileError, ProfileNotFound
from transcode.profile import FolderStore, Profile, SizeChoice, fetch, find_profile, receiver
from transcode.profile.uaprof import MAX_DOCUMENT_BYTES

DOCUMENT = b"<r><Vendor>Maker</Vendor><MmsMaxMessageSize>50000</MmsMaxMessageSize></r>"


@pytest.mark.parametrize(
    ("carrier", "provider", "size", "bound"),
    [
        ("us-att", None, 1_048_576, "us-att"),
        ("us-att", "twilio:long_code", 1_000_000, "twilio:long_code:us-att"),
        ("us-att", "twilio", 600_000, "twilio:short_code:us-att"),
        ("us-att", "Twilio:Short_Code", 600_000, "twilio:short_code:us-att"),
        ("us-att", "twilio:short_code:us-att", 600_000, "twilio:short_code:us-att"),
        ("us-visible", "twilio:short_code", 1_200_000, "twilio:short_code:us-verizon"),
        ("ca-rogers", "plivo:short_code", 1_000_000, "plivo:any:ca"),
        ("us-att", "yakchat", 1_000_000, "yakchat:long_code:us-att"),
        (None, "telnyx", 600_000, "telnyx:short_code:us-att"),
        ("na", "sinch", 600_000, "na"),
        ("world", None, 300_000, "world"),
    ],
)
def test_route_of_a_provider(carrier: str | None, provider: str | None, size: int, bound: str) -> None:
    """The route to the network, or to its host's; without a type of sender what satisfies all of them."""
    found = receiver(carrier, provider=provider)
    assert (found.max_message_bytes, found.bound_by("max_message_bytes")) == (size, bound)


@pytest.mark.parametrize(
    ("provider", "near"),
    [
        ("twilo", "twilio"),
        ("twilio:shortcode", "twilio:short_code:us-att"),
        ("yakchat:toll_free", "yakchat:long_code:us-att"),
    ],
)
def test_provider_that_nobody_knows(provider: str, near: str) -> None:
    """A slip in the provider or its type of sender is refused with what there is: never passed over."""
    with pytest.raises(ProfileNotFound) as caught:
        receiver("us-att", provider=provider)
    assert near in caught.value.suggestions


def test_all_at_once(tmp_path: Path) -> None:
    """Network, route, phone and bearer: each may bind."""
    path = tmp_path / "phone.xml"
    path.write_bytes(DOCUMENT)
    found = receiver("us-att", provider="twilio:short_code", device=path, bearer="gprs")
    assert (found.max_message_bytes, found.bound_by("max_message_bytes")) == (50_000, str(path))
    path.write_bytes(DOCUMENT.replace(b"50000", b"500000"))
    found = receiver("us-att", provider="twilio:short_code", device=str(path), bearer="gprs")
    assert (found.max_message_bytes, found.bound_by("max_message_bytes")) == (102_400, "bearer-gprs")
    assert receiver(device=receiver(device=path)) == receiver(device=path)


@pytest.mark.parametrize(
    ("carrier", "provider", "choice", "size"),
    [
        ("us-cricket", None, "safe", 614_400),
        ("us-cricket", None, "high", 1_048_576),
        ("us-cricket", None, "recommended", 614_400),
        ("us-att", "twilio:long_code", "recommended", 600_000),
        ("us-cricket", "twilio:long_code", "high", 1_048_576),
        ("us-att", "twilio:short_code", "high", 600_000),
    ],
)
def test_size_of_ones_choice(carrier: str, provider: str | None, choice: SizeChoice, size: int) -> None:
    """The highest is taken only where it is asked for, and only from the profile that has it."""
    found = receiver(carrier, provider=provider, size=choice)
    assert found.max_message_bytes == found.figures["max_message_bytes"].value == size


def test_size_of_a_combination() -> None:
    """What was combined keeps its figure: the highest of one part is not that of all."""
    both = Profile.combine(find_profile("us-cricket"), find_profile("us-att"))
    assert both.sized("high") is both


def test_nothing_is_known() -> None:
    """A bearer alone says nothing of the receiver."""
    with pytest.raises(ProfileError, match="neither carrier, provider nor device"):
        receiver(bearer="gprs")


def test_device_file_that_cannot_be_read(tmp_path: Path) -> None:
    """The path and the reason."""
    with pytest.raises(ProfileError, match=r"none\.xml: can't be read: No such file"):
        receiver("us-att", device=tmp_path / "none.xml")


# The store


class _Server(BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(404 if self.path == "/none.xml" else 200)
        self.end_headers()
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
