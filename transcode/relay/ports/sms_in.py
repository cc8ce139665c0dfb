"""Texts of phones over HTTP, as Kannel's smsbox hands them on (User's Guide, "SMS-service")."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from transcode.relay.networks import networks
from transcode.relay.ports.http_doors import is_from
from transcode.relay.texts import Text, handed_on

if TYPE_CHECKING:
    from starlette.requests import Request

    from transcode.relay.config import Config
    from transcode.relay.texts import Hear

__all__ = ["routes"]

#: The charsets that the gateway names (%C). Of others, such as binary, there is no text.
_CHARSETS = {"": "utf-8", "utf-8": "utf-8", "utf-16be": "utf-16be", "iso-8859-1": "latin-1", "ascii": "ascii"}
#: The most octets of a query: a text of ten short messages, each octet in three.
_MOST_QUERY = 8192


def routes(config: Config, hear: Hear) -> list[Route]:
    """Return the route of the door for texts; none where the configuration has no path for it.

    Args:
        config: the configuration.
        hear: what is done with a text.
    """
    if not config.sms.incoming:
        return []
    allowed = networks(config.sms.incoming_from)

    async def take(request: Request) -> Response:
        if not is_from(request, allowed):
            return PlainTextResponse("texts are taken from the SMS gateway\n", status_code=403)
        query = request.scope["query_string"]
        if len(query) > _MOST_QUERY:
            return PlainTextResponse("too long\n", status_code=414)
        words = dict(pair.partition(b"=")[::2] for pair in query.split(b"&"))
        sender, recipient, charset = (
            _octets(words.get(name, b"")).decode("latin-1") for name in (b"from", b"to", b"charset")
        )
        if not sender:
            return PlainTextResponse("from is missing\n", status_code=400)
        coding = _CHARSETS.get(charset.lower())
        text = _octets(words.get(b"text", b"")).decode(coding, "replace") if coding else ""
        numbers = config.numbers
        made = Text(numbers.normal(sender, msisdn=True), numbers.normal(recipient, msisdn=True), text)
        await run_in_threadpool(handed_on, hear, made)
        # The gateway would send any words to the phone, as a reply.
        return Response(status_code=200, media_type="text/plain")

    return [Route(config.sms.incoming, take, methods=["GET"])]


def _octets(word: bytes) -> bytes:
    return unquote_to_bytes(word.replace(b"+", b" "))
