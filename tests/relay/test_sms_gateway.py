"""The table sms of a configuration: what its protocol lacks or can't take is an error with the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from transcode.errors import ConfigError
from transcode.relay.config import read_config
from transcode.relay.sms_gateway import SmsGateway

SMPP = {"url": '"smpp://smsc.example:2776"', "system_id": '"relay"'}
KANNEL = {"url": '"http://127.0.0.1:13013/cgi-bin/sendsms"'}


def read(folder: Path, keys: dict[str, str]) -> SmsGateway:
    path = folder / "relay.toml"
    path.write_text("[sms]\n" + "".join(f"{name} = {value}\n" for name, value in keys.items()))
    return read_config(path).sms


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"url": '""'},
        KANNEL,
        {**KANNEL, "user": '"a"', "password": '"a long password"', "sender": '"+1555"'},
        {"url": '"https://sms.example/send?account=7"'},
        SMPP,
        {**SMPP, "url": '"smpps://[::1]"', "password": '"12345678"', "system_type": '"MMS"', "window": "1"},
        {
            **SMPP,
            "sender": '"My Carrier"',
            "push_data_coding": "0xF5",
            "receipts": "true",
            "per_second": "30",
        },
        {**SMPP, "sender": '"+15550000000000000000"'},
    ],
)
def test_what_is_taken(tmp_path: Path, keys: dict[str, str]) -> None:
    """Both protocols are taken with their keys."""
    assert read(tmp_path, keys).url == keys.get("url", '""')[1:-1]


@pytest.mark.parametrize(
    ("keys", "key"),
    [
        ({**SMPP, "user": '"a"'}, "user"),
        ({**KANNEL, "system_id": '"a"'}, "system_id"),
        ({**KANNEL, "system_type": '"a"'}, "system_type"),
        ({**KANNEL, "window": "20"}, "window"),
        ({**KANNEL, "per_second": "20"}, "per_second"),
        ({**KANNEL, "receipts": "true"}, "receipts"),
        ({**KANNEL, "push_data_coding": "0xF5"}, "push_data_coding"),
        ({"url": '"ftp://a"'}, "url"),
        ({"url": '"127.0.0.1:2775"'}, "url"),
        ({**SMPP, "url": '"smpp:///x"'}, "url"),
        ({**SMPP, "url": '"smpp://a:99999"'}, "url"),
        ({**SMPP, "url": '"smpp://a:0"'}, "url"),
        ({**SMPP, "url": '"smpp://a/x"'}, "url"),
        ({**SMPP, "url": '"smpp://u:secret@a"'}, "url"),
        ({"url": SMPP["url"]}, "system_id"),
        ({**SMPP, "system_id": '"a234567890123456"'}, "system_id"),
        ({**SMPP, "system_id": '"ä"'}, "system_id"),
        ({**SMPP, "password": '"123456789"'}, "password"),
        ({**SMPP, "password": '"a\\u0000"'}, "password"),
        ({**SMPP, "system_type": '"a234567890123"'}, "system_type"),
        ({**SMPP, "sender": '"A Long Sender"'}, "sender"),
        ({**SMPP, "sender": '"+155500000000000000000"'}, "sender"),
        ({**SMPP, "window": "0"}, "window"),
        ({**SMPP, "window": "10001"}, "window"),
        ({**SMPP, "push_data_coding": "8"}, "push_data_coding"),
        ({"timeout": "0"}, "timeout"),
        ({"lines": "0"}, "lines"),
    ],
)
def test_what_is_not(tmp_path: Path, keys: dict[str, str], key: str) -> None:
    """The error names the key, and no password."""
    with pytest.raises(ConfigError) as raised:
        read(tmp_path, keys)
    assert raised.value.key == f"sms.{key}"
    assert "secret" not in str(raised.value)
    assert "123456789" not in str(raised.value)
