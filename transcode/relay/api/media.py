"""Media that a request names by their addresses: fetched as documents of phones are, from public hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode._version import __version__
from transcode.errors import address_without_password
from transcode.net import Exchange
from transcode.relay.api.composing import Source
from transcode.relay.api.problems import ApiError
from transcode.web import NotFetched, fetch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from transcode.relay.api_settings import Api

__all__ = ["USER_AGENT", "fetched"]

#: Some hosts give nothing to who does not say what it is.
USER_AGENT = f"transcode/{__version__}"
#: Octets of headers and redirects, beside those of media.
_HEADS = 65_536


def fetched(urls: Sequence[str], room: int, settings: Api, take: Callable[[int], bool]) -> list[Source]:
    """Return the media at addresses.

    Args:
        urls: the addresses.
        room: the most octets of all.
        settings: seconds for all, and whether hosts may be private.
        take: counts octets that are in memory; False: there is no room for them.

    Raises:
        ApiError: one can't be had; the error names the field, and the limit that it is over.
    """
    found: list[Source] = []
    exchange = Exchange(settings.fetch_seconds, room + _HEADS * len(urls))
    left = room
    for place, url in enumerate(urls):
        field = f"media_urls[{place}]"
        try:
            octets = fetch(
                url,
                exchange,
                most=left + 1,
                only_public=not settings.allow_private,
                headers={"User-Agent": USER_AGENT, "Accept": "image/*, video/*, audio/*, text/*;q=0.5"},
            )
        except NotFetched as error:
            limit = room if error.is_large else settings.fetch_seconds if error.is_late else None
            reason = f"{address_without_password(url)} {error}"
            raise ApiError.of_field("media", field, reason, limit) from error
        if len(octets) > left:
            reason = f"the media of a message have at most {room:,} octets together"
            raise ApiError.of_field("media", field, reason, room)
        if not take(len(octets)):
            raise ApiError.later("busy", "too many messages at once", 30)
        left -= len(octets)
        found.append(Source(field, octets))
    return found
