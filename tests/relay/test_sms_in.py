"""Texts of phones over HTTP, as Kannel hands them on."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.relay.conftest import config
from tests.relay.phone import PATIENCE, Gateway
from transcode.errors import ConfigError
from transcode.relay.config import Config, checked
from transcode.relay.server import running
from transcode.relay.sms_gateway import SmsGateway
from transcode.relay.texts import Text


class Door(NamedTuple):
    """The address of a centre with a door for texts, and what it heard."""

    url: str
    heard: list[Text]

    def ask(self, query: str) -> tuple[int, bytes]:
        """Hand a text on; the status and the body of the answer."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=PATIENCE)
        connection.request("GET", f"/sms?{query}")
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found


@pytest.fixture
def door(tmp_path: Path, gateway: Gateway) -> Iterator[Door]:
    heard: list[Text] = []

    def hear(text: Text) -> None:
        heard.append(text)
        if text.text == "fail":
            raise ZeroDivisionError

    sms = SmsGateway(incoming="/sms")
    with running(config(tmp_path, gateway, sms=sms, roles=("http",)), hear=hear) as centre:
        yield Door(centre.url, heard)


def test_texts_are_heard(door: Door) -> None:
    """Texts are read in the gateway's charset; no answer would become a reply to the phone."""
    for query, text in (
        ("from=%2B15550001&to=12345&text=STOP+it&charset=UTF-8", "STOP it"),
        ("from=15550001&to=12345&text=ARR%C3%8AT", "ARRÊT"),
        ("from=%2B15550001&to=12345&text=%00S%20%AC&charset=UTF-16BE", "S€"),
        ("from=%2B15550001&to=12345&text=%00%01&charset=binary", ""),
        ("from=%2B15550001&to=12345&text=%FF&charset=utf-8", "\ufffd"),
        ("from=%2B15550001&to=12345", ""),
        # What is done with it fails: it is logged, and the gateway need not come again.
        ("from=%2B15550001&to=12345&text=fail", "fail"),
    ):
        assert door.ask(query) == (200, b"")
        assert door.heard.pop() == Text("+15550001", "12345", text)
    assert door.heard == []


def test_what_is_no_text(door: Door) -> None:
    assert door.ask("text=STOP")[0] == 400
    assert door.ask(f"from=1&text={'x' * 9000}")[0] == 414
    assert door.ask("&&=&%%%=%zz&from=1&from")[0] in (200, 400)


def test_strangers_are_not_heard(tmp_path: Path, gateway: Gateway) -> None:
    """Strangers are refused, and everybody is where no door is configured."""
    for sms, status in (
        (SmsGateway(incoming="/sms", incoming_from=("192.0.2.1",)), 403),
        (SmsGateway(), 404),
    ):
        with running(config(tmp_path / str(status), gateway, sms=sms, roles=("http",))) as centre:
            assert Door(centre.url, []).ask("from=1&text=STOP")[0] == status


@pytest.mark.parametrize(
    ("sms", "key"),
    [
        (SmsGateway(incoming="sms"), r"sms\.incoming"),
        (SmsGateway(incoming="/mm7"), r"sms\.incoming"),
        (SmsGateway(incoming="/{x}"), r"sms\.incoming"),
        (SmsGateway(incoming_from=("x",)), r"sms\.incoming_from\[0\]"),
        (SmsGateway(url="smpp://a", system_id="a", incoming="/sms"), r"sms\.incoming"),
    ],
)
def test_values_that_are_none(sms: SmsGateway, key: str) -> None:
    with pytest.raises(ConfigError, match=key):
        checked(Config(sms=sms), "relay.toml")
