"""``transcode relay``: what operators do with the pages of messages."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Annotated

import typer

from transcode.cli.command import Exit, NothingFoundError, command
from transcode.cli.options import Json
from transcode.cli.relay_store import RelayConfig, clock, opened
from transcode.cli.show import print_json, print_line

if TYPE_CHECKING:
    from transcode.relay.store import SqlStore
    from transcode.relay.store.pages import Page

__all__ = ["page_fields", "page_line", "takedown"]

#: A token, or the address of a page, which ends with it.
_TOKEN = re.compile(r"(?:.*/p/)?([A-Za-z0-9_-]{22})")
_DETAIL = "taken down by the operator"


@command
def takedown(
    message: Annotated[
        str, typer.Argument(metavar="ID|TOKEN", help="A Message-ID; or a token or the address of one page.")
    ],
    *,
    relay_config: RelayConfig = None,
    as_json: Json = False,
) -> Exit:
    """Take down the pages of a message, and cancel it; of a token, the one page and its delivery."""
    from transcode.relay.model import State
    from transcode.relay.store import pages

    with opened(relay_config) as store:
        page = _page(store, message)
        meant = {"message": message} if page is None else {"token": page.token}
        taken, after = pages.take_down(store, at=time.time(), detail=_DETAIL, **meant)
    if not after:
        raise NothingFoundError(f"{message}: there is no such message or page")
    cancelled = sum(one.state is State.CANCELLED for one in after)
    name = after[0].message
    if as_json:
        print_json(id=name, pages=taken, recipients=len(after), cancelled=cancelled)
    else:
        print_line(f"{name}: pages taken down: {taken}; recipients: {len(after)}, cancelled: {cancelled}")
    return Exit.DONE


def _page(store: SqlStore, given: str) -> Page | None:
    from transcode.relay.store import pages

    named = _TOKEN.fullmatch(given)
    return pages.find(store, named[1]) if named else None


def page_fields(page: Page | None) -> dict[str, object] | None:
    """Return a page for programs, without its token, which opens the message."""
    return None if page is None else {name: getattr(page, name) for name in page._fields[2:]}


def page_line(page: Page) -> str:
    """Return a page for people."""
    last = f", last {clock(page.viewed_at)}" if page.viewed_at else ""
    ends = (("deleted", page.deleted_at), ("taken down", page.revoked_at), ("reported", page.reported_at))
    told = [f"{name} {clock(at)}" for name, at in ends if at]
    return "; ".join([f"page until {clock(page.expires_at)}: {page.views} views{last}", *told])
