"""Forms of pages: they are small and come at once, or nothing is read of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["form_of"]

#: The most fields of a form, and the seconds in which it must arrive.
_MOST_FIELDS, _LONGEST = 10, 10.0


async def form_of(request: Request, most: int) -> dict[str, str]:
    """Return the fields of a form; none of one that is too large, too slow or cut short.

    Args:
        request: the request.
        most: the most octets of the form.
    """
    octets = b""
    try:
        async with asyncio.timeout(_LONGEST):
            async for piece in request.stream():
                octets += piece
                if len(octets) > most:
                    return {}
        text = octets.decode("utf-8", "replace")
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except (TimeoutError, ClientDisconnect, ValueError):
        # ValueError: there are more fields.
        return {}
    return {name: values[0] for name, values in fields.items()}
