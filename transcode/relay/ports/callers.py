"""Who a request over MM1 is of: the operator's gateway, and the number that it names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transcode.relay.networks import networks
from transcode.relay.ports.http_doors import is_from

if TYPE_CHECKING:
    from starlette.requests import Request

    from transcode.relay.config import Listen
    from transcode.relay.numbers import Numbers

__all__ = ["Callers"]

#: What any number has. Gateways that know none write "unknown" or "-".
_DIGIT = re.compile(r"[0-9]")


class Callers:
    """Tells the operator's gateways from strangers, and phones from each other.

    Args:
        listen: the addresses of the gateways, and the header of theirs.
        numbers: the form of numbers.
    """

    def __init__(self, listen: Listen, numbers: Numbers) -> None:
        self._numbers = numbers
        self._header = listen.sender_header
        self._gateways = networks(listen.gateways)

    def is_gateway(self, request: Request) -> bool:
        """Return whether a request comes from a gateway."""
        return is_from(request, self._gateways)

    def number(self, request: Request) -> str:
        """Return the number of the phone, as the gateway names it; ``""``: it names none, or several."""
        # Several headers of the name, or one that a proxy made of them (RFC 9110, 5.3): one value is the
        # phone's own invention. Nobody can say which.
        named = request.headers.getlist(self._header)
        if len(named) != 1 or "," in named[0] or not _DIGIT.search(named[0]):
            return ""
        # Most gateways write the country code without +.
        return self._numbers.normal(named[0], msisdn=True)
