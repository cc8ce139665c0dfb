"""Short messages out: the interface that the centre needs of a gateway, and Kannel's sendsms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

import httpx

from transcode.errors import SubmitError, SubmitTimeout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.relay.config import SmsGateway

__all__ = ["Kannel", "Sms"]

#: Kannel answers 202 to what it took, with 0 for sent and 3 for queued in front (User's Guide, 6.4).
_TAKEN = 202
#: Statuses that say nothing of the number: account, address, time and rate.
_OPERATORS = (401, 403, 404, 405, 407, 408, 429)
_TEXT_BYTES = 200


class Sms(Protocol):
    """What the centre needs of an SMS gateway. Methods are called by several threads."""

    def push(self, recipient: str, segments: Sequence[bytes]) -> None:
        """Send the short messages of one push.

        Args:
            recipient: the number.
            segments: the user data of each short message, the user data header first.

        Raises:
            TransportError: the gateway did not take all of them; ``temporary`` says whether another try may
                succeed.
        """

    def close(self) -> None:
        """Close connections."""


class Kannel:
    """Kannel's sendsms over HTTP, or a gateway with the same interface.

    Args:
        gateway: the account.
    """

    def __init__(self, gateway: SmsGateway) -> None:
        self._gateway = gateway
        self._client = httpx.Client(timeout=gateway.timeout, trust_env=False)

    def push(self, recipient: str, segments: Sequence[bytes]) -> None:
        """Send the short messages one by one; Kannel would divide a push again."""
        for segment in segments:
            self._send(recipient, segment)

    def close(self) -> None:
        """Close connections."""
        self._client.close()

    def _send(self, recipient: str, segment: bytes) -> None:
        header = segment[: segment[0] + 1]
        words = {
            "username": self._gateway.user,
            "password": self._gateway.password,
            "from": self._gateway.sender,
            "to": recipient,
            # 8 bits, so that the gateway sends the octets as they are.
            "coding": "1",
        }
        # httpx would take octets above 0x7F for Latin-1 and write them in UTF-8.
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in words.items())
        query += f"&udh={quote(header, safe='')}&text={quote(segment[len(header) :], safe='')}"
        try:
            answer = self._client.get(f"{self._gateway.url}?{query}")
        except httpx.TimeoutException as error:
            raise SubmitTimeout(
                _where(self._gateway.url), "no answer from the SMS gateway in time"
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SubmitError(
                _where(self._gateway.url), str(error) or type(error).__name__, temporary=True
            ) from error
        if answer.status_code != _TAKEN:
            said = answer.content[:_TEXT_BYTES].decode("utf-8", "replace").strip()
            # The number is wrong. Everything else may pass, such as a wrong password: of that the operator is
            # told, and no message is lost for it.
            refused = 400 <= answer.status_code < 500 and answer.status_code not in _OPERATORS
            raise SubmitError(
                _where(self._gateway.url), f"HTTP {answer.status_code}: {said}", temporary=not refused
            )


def _where(url: str) -> str:
    return url.partition("?")[0]
