"""The page of a message among the operators' pages: its content is foreign, so it is of no site."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from transcode.errors import TranscodeError
from transcode.jobs.isolated import JobLost
from transcode.relay.model import SAME

if TYPE_CHECKING:
    from concurrent.futures import Future

    from transcode.relay.estimate.versions import Versions
    from transcode.relay.model import Own

__all__ = ["preview"]

#: Seconds that an operator waits.
_SECONDS = 30.0
#: It runs its own script alone, of which its own policy has the hash, and is of no site.
_ALONE = (
    "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline';"
    " script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self';"
    " sandbox allow-scripts allow-downloads"
)


async def preview(versions: Versions, made: Future[str], limit: int | None, own: Own = SAME) -> Response:
    """Return the page of a message.

    Args:
        versions: makes the page.
        made: the name of the octets of the message.
        limit: the most octets that it may have; None: nobody says.
        own: what one recipient gets.
    """
    try:
        async with asyncio.timeout(_SECONDS):
            # It is made on, whoever waits for it.
            name = await asyncio.shield(asyncio.wrap_future(made))
            begun = await run_in_threadpool(versions.preview, name, limit, own)
            page = await asyncio.wrap_future(begun)
    except TimeoutError:
        return PlainTextResponse("it is being made: load this page again\n", 503)
    except (TranscodeError, JobLost, OSError) as error:
        return PlainTextResponse(f"it can't be shown: {error}\n", 422)
    return HTMLResponse(page, headers={"Content-Security-Policy": _ALONE})
