"""Reports of abuse: what a recipient says of a message, told to the operator."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from transcode.net import Exchange
from transcode.transport.http_client import Client

if TYPE_CHECKING:
    from transcode.relay.model import Delivery, Envelope

__all__ = ["Desk"]

_LOG = logging.getLogger(__name__)

#: The seconds of a request, and the most octets of its answer.
_SECONDS, _MOST_OCTETS = 10.0, 65_536


class Desk:
    """Whom the operator lets know of abuse. The trail and the log have each report, too.

    Args:
        url: where reports are posted to, as JSON; ``""``: nowhere.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = Client()

    def tell(self, delivery: Delivery, envelope: Envelope, reason: str, *, at: float) -> None:
        """Tell of a report. An address that does not take it is logged: the trail has it all the same."""
        _LOG.warning("abuse is reported: message %s, %s", delivery.message, reason)
        if not self._url:
            return
        told = {
            "message": delivery.message,
            "recipient": delivery.recipient,
            "sender": envelope.sender,
            "reason": reason,
            "at": at,
        }
        headers = {"Content-Type": "application/json"}
        exchange = Exchange(_SECONDS, _MOST_OCTETS)
        try:
            with self._client.post(self._url, json.dumps(told).encode(), headers, None, exchange) as answer:
                status = answer.status_code
        except Exception as error:  # noqa: BLE001  # whatever it is, the recipient is thanked
            _LOG.error("a report of abuse was not taken: %s", str(error) or type(error).__name__)
            return
        if status >= 300:
            _LOG.error("a report of abuse was not taken: HTTP %d", status)

    def close(self) -> None:
        """Close connections."""
        self._client.close()
