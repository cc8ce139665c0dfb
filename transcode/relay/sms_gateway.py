"""The SMS gateway in a configuration: which keys its protocol has, and what they may be."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, fields
from urllib.parse import urlsplit

from transcode.errors import ConfigError
from transcode.relay.networks import check_networks

__all__ = ["SmsGateway", "check_sms", "validity"]

_SENDSMS, _SMPP = ("http", "https"), ("smpp", "smpps")
#: Keys that only one of the protocols has.
_ONLY_SENDSMS = ("user", "incoming", "incoming_from")
_ONLY_SMPP = ("system_id", "system_type", "window", "per_second", "receipts", "push_data_coding")
#: The most characters of SMPP's fields (SMPP 3.4, 4.1.1), without the octet 0 at their end.
_LONGEST = {"system_id": 15, "password": 8, "system_type": 12}
_PRINTABLE = re.compile(r"[!-~]*")
#: What SMPP's source_addr holds: a number, or the name of a sender (3GPP TS 23.040, 9.1.2.5: 11 characters).
_SENDER = re.compile(r"(\+?[0-9]{1,20}|[ -~]{1,11})?")
#: data_coding of 8-bit data: without a class of message, and with the class of the phone (TS 23.038, 4).
_CODINGS = (0x04, 0xF5)
_MOST_WINDOW = 10_000
#: What SMPP says without months, which nobody says the length of (7.1.1).
_LONGEST_VALIDITY = 31 * 86_400.0
#: One word, which no other door has.
_PATH = re.compile(r"/(?!(?:m|p|mm7|v1|healthz)\Z)[A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class SmsGateway:
    """Kannel's sendsms interface, or a program that has the same; or an SMSC with SMPP 3.4.

    Attributes:
        url: the address: ``http://host:port/cgi-bin/sendsms``, ``smpp://host:port``, or ``smpps://host:port``
            for SMPP in TLS; ``""``: there is no gateway, and notifications wait.
        user: the account of sendsms.
        system_id, system_type: the account of SMPP, at most 15 and 12 characters.
        password: of either, in SMPP at most 8 characters.
        sender: the number that short messages come from; for SMPP at most 20 digits, or 11 characters.
        timeout: the seconds that all short messages of a notification may take.
        max_segments: the most short messages of one notification.
        lines: the requests at once.
        longest_validity: for how many seconds an SMSC is asked to try at most, where a message is of use
            longer; 0: the SMSC is told no time, and has its own.
        window: the most short messages that an SMSC has not answered yet.
        per_second: the most short messages a second for an SMSC; 0: no limit.
        receipts: whether the SMSC is asked for delivery receipts. They are written into the log.
        push_data_coding: the data_coding of notifications, 8-bit data: 4, or 0xF5 where an SMSC wants the
            class of the phone.
        incoming: the path of the HTTP door where the gateway hands on what phones write, such as ``"/sms"``;
            ``""``: there is none. Over SMPP texts come by the bind.
        incoming_from: addresses and networks that it may come from.
    """

    url: str = ""
    user: str = ""
    system_id: str = ""
    system_type: str = ""
    password: str = field(default="", repr=False)
    sender: str = ""
    timeout: float = 10.0
    max_segments: int = 8
    lines: int = 4
    longest_validity: float = 7 * 86_400.0
    window: int = 50
    per_second: float = 0.0
    receipts: bool = False
    push_data_coding: int = 4
    incoming: str = ""
    incoming_from: tuple[str, ...] = ("127.0.0.1/32", "::1/128")


def validity(sms: SmsGateway, seconds: float) -> int:
    """Return for how many seconds an SMSC is asked to try; 0: it is asked nothing.

    Args:
        sms: the gateway.
        seconds: for how long the short message is of use; 0: nobody says.
    """
    return math.ceil(max(0.0, min(seconds, sms.longest_validity)))


def check_sms(sms: SmsGateway, source: str) -> None:
    """Check the table of the SMS gateway.

    Args:
        sms: the table.
        source: the file, for the error.

    Raises:
        ConfigError: a value can't be, or a key has no effect for the protocol of the url.
    """

    def wrong(key: str, reason: str) -> ConfigError:
        return ConfigError(source, reason, key=f"sms.{key}")

    if not sms.lines:
        raise wrong("lines", "must be at least 1")
    if not sms.timeout:
        raise wrong("timeout", "must be above 0")
    if sms.longest_validity > _LONGEST_VALIDITY:
        raise wrong("longest_validity", f"must be at most {_LONGEST_VALIDITY:.0f}, 31 days")
    check_networks(sms.incoming_from, source, "sms.incoming_from")
    if sms.incoming and not _PATH.fullmatch(sms.incoming):
        raise wrong("incoming", f"must be a path such as /sms, not {sms.incoming!r}")
    if not sms.url:
        return
    scheme = _scheme(sms.url)
    if scheme not in _SENDSMS + _SMPP:
        schemes = ", ".join(f"{one}://" for one in _SENDSMS + _SMPP)
        raise wrong("url", f"must be an address with one of {schemes}")
    defaults = {one.name: one.default for one in fields(sms)}
    for key in _ONLY_SENDSMS if scheme in _SMPP else _ONLY_SMPP:
        if getattr(sms, key) != defaults[key]:
            raise wrong(key, f"has no effect for a gateway with {scheme}://")
    if scheme in _SMPP:
        for key, reason in _faults(sms):
            raise wrong(key, reason)


def _scheme(url: str) -> str:
    """Return the scheme of an address that has a host and a possible port; ``""``: it has not."""
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return ""
    return parts.scheme if is_whole else ""


def _faults(sms: SmsGateway) -> list[tuple[str, str]]:
    """Return the keys of SMPP that can't be as they are, and why."""
    found = []
    parts = urlsplit(sms.url)
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        found.append(("url", f"must be {parts.scheme}://host:port alone"))
    if not sms.system_id:
        found.append(("system_id", "is missing"))
    for key, most in _LONGEST.items():
        value = getattr(sms, key)
        if len(value) > most or not _PRINTABLE.fullmatch(value):
            found.append((key, f"must be at most {most} printable characters of ASCII"))
    if not _SENDER.fullmatch(sms.sender):
        found.append(("sender", "must be a number of at most 20 digits, or at most 11 characters of ASCII"))
    if not 1 <= sms.window <= _MOST_WINDOW:
        found.append(("window", f"must be from 1 to {_MOST_WINDOW}, but is {sms.window}"))
    if sms.push_data_coding not in _CODINGS:
        found.append(("push_data_coding", f"must be 4 or 0xF5, but is {sms.push_data_coding:#04x}"))
    return found
