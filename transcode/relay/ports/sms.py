"""Short messages out: the interface that the centre needs of a gateway, and Kannel's sendsms."""

from __future__ import annotations

import secrets
import threading
import zlib
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from transcode.errors import SubmitError, SubmitTimeout, TranscodeError
from transcode.net import Exchange
from transcode.relay.recent import Recent
from transcode.relay.sms_gateway import validity
from transcode.transport.http_client import TIMEOUTS, Client
from transcode.wire.mm1.push import push_segments
from transcode.wire.sms_text import Alphabet, text_segments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.relay.sms_gateway import SmsGateway

__all__ = ["Kannel", "Push", "References", "Sms", "where"]

#: Kannel answers 202 to what it took, with 0 for sent and 3 for queued in front (User's Guide, 6.4).
_TAKEN = 202
#: Statuses that say nothing of the number: account, address, time and rate.
_OPERATORS = (401, 403, 404, 405, 407, 408, 429)
_TEXT_BYTES = 200
#: The most octets of the answers to all short messages of a push.
_MOST_ANSWERED = 1_000_000
#: Kannel's numbers of the alphabets, and the charsets of the text that it is given.
_CODINGS = {Alphabet.DEFAULT: ("0", "utf-8"), Alphabet.UCS2: ("2", "utf-16be")}
#: Phones whose last reference is remembered.
_MOST_PHONES = 65_536


class Push(NamedTuple):
    """A push to one phone.

    Attributes:
        recipient: the number.
        octets: the push, as wap_push returns it.
        seconds: how long it is of use; an SMSC tries no longer. 0: nobody says.
    """

    recipient: str
    octets: bytes
    seconds: float = 0.0


class Sms(ABC):
    """What the centre needs of an SMS gateway. Methods are called by several threads.

    ``push`` and ``text`` raise BudgetError where more short messages would be needed than the configuration
    allows, and TransportError where the gateway did not take all of them; ``temporary`` says whether another
    try may succeed.

    Attributes:
        together: the most pushes that gain by being sent at once.
    """

    together = 1

    @abstractmethod
    def push(self, recipient: str, push: bytes, *, seconds: float = 0.0) -> None:
        """Send a push in 8-bit short messages; the arguments are the fields of Push."""

    def pushes(self, pushes: Sequence[Push]) -> Sequence[TranscodeError | None]:
        """Send pushes to several phones, at most ``together``.

        Returns:
            What ``push`` would raise, or None, for each.
        """
        return [self._error(push) for push in pushes]

    def _error(self, push: Push) -> TranscodeError | None:
        try:
            self.push(push.recipient, push.octets, seconds=push.seconds)
        except TranscodeError as error:
            return error
        return None

    @abstractmethod
    def text(self, recipient: str, text: str, *, sender: str = "", seconds: float = 0.0) -> None:
        """Send a text, in the default alphabet where it has all characters, else in UCS-2.

        Args:
            recipient: the number.
            text: the text.
            sender: the number or name that it comes from; ``""``: that of the configuration.
            seconds: as of a push.

        Raises:
            MessageError: the text is empty, or has half a character.
        """

    @abstractmethod
    def close(self) -> None:
        """Close connections."""


class References:
    """The numbers that the short messages of a push or text share, from 0 to 255.

    A phone joins short messages of the same sender and number. So each push and text to a phone has the
    number behind that of the one before, and repeats none for 255 others. The first one differs between
    processes, since nobody knows what another one sent to the phone.
    """

    def __init__(self) -> None:
        self._first = secrets.randbelow(256)
        self._last: Recent[str, int] = Recent(_MOST_PHONES)
        self._lock = threading.Lock()

    def next(self, recipient: str) -> int:
        """Return the number for another push or text to a phone."""
        with self._lock:
            last = self._last.get(recipient)
            number = (self._first + zlib.crc32(recipient.encode()) if last is None else last + 1) % 256
            self._last[recipient] = number
            return number


class Kannel(Sms):
    """Kannel's sendsms over HTTP, or a gateway with the same interface.

    The short messages are divided here: Kannel sends only the first one of what it divides itself, unless its
    configuration says otherwise.

    Args:
        gateway: the account.
    """

    def __init__(self, gateway: SmsGateway) -> None:
        self._gateway = gateway
        self._references = References()
        self._client = Client()

    def push(self, recipient: str, push: bytes, *, seconds: float = 0.0) -> None:
        """Send the short messages one by one."""
        reference = self._references.next(recipient)
        exchange = self._exchange()
        # 8 bits, so that the gateway sends the octets as they are.
        words = {"coding": "1", **self._validity(seconds)}
        for segment in push_segments(push, reference=reference, most=self._gateway.max_segments):
            header = segment[: segment[0] + 1]
            self._send(recipient, words, header, segment[len(header) :], exchange)

    def text(self, recipient: str, text: str, *, sender: str = "", seconds: float = 0.0) -> None:
        """Send the short messages one by one."""
        reference = self._references.next(recipient)
        alphabet, segments = text_segments(text, reference=reference, most=self._gateway.max_segments)
        coding, charset = _CODINGS[alphabet]
        encoding = {"coding": coding, "charset": charset, **self._validity(seconds)}
        if sender:
            encoding["from"] = sender
        exchange = self._exchange()
        for segment in segments:
            self._send(recipient, encoding, segment.header, segment.text.encode(charset), exchange)

    def close(self) -> None:
        """Close connections."""
        self._client.close()

    def _validity(self, seconds: float) -> dict[str, str]:
        """Return for how many minutes an SMSC may try (User's Guide, 6.4), where that is to be said."""
        period = validity(self._gateway, seconds)
        return {"validity": str(-(-period // 60))} if period else {}

    def _exchange(self) -> Exchange:
        return Exchange(self._gateway.timeout, _MOST_ANSWERED)

    def _send(
        self, recipient: str, coding: dict[str, str], header: bytes, octets: bytes, exchange: Exchange
    ) -> None:
        words = {
            "username": self._gateway.user,
            "password": self._gateway.password,
            "from": self._gateway.sender,
            "to": recipient,
            **coding,
        }
        # httpx would take octets above 0x7F for Latin-1 and write them in UTF-8.
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in words.items())
        query += f"&udh={quote(header, safe='')}" if header else ""
        query += f"&text={quote(octets, safe='')}"
        try:
            status, said = self._client.get(f"{self._gateway.url}?{query}", exchange)
        except Exception as error:
            server = where(self._gateway.url)
            if exchange.is_over or isinstance(error, TIMEOUTS):
                raise SubmitTimeout(server, "no answer from the SMS gateway in time") from error
            raise SubmitError(server, str(error) or type(error).__name__, temporary=True) from error
        if status != _TAKEN:
            reason = said[:_TEXT_BYTES].decode("utf-8", "replace").strip()
            # The number is wrong. Everything else may pass, such as a wrong password: of that the operator is
            # told, and no message is lost for it.
            refused = 400 <= status < 500 and status not in _OPERATORS
            raise SubmitError(where(self._gateway.url), f"HTTP {status}: {reason}", temporary=not refused)


def where(url: str) -> str:
    """Return the address of a gateway without its query, which may hold secrets."""
    return url.partition("?")[0]
