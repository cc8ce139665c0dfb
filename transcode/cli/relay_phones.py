"""``transcode relay``: what a message centre knows of a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from transcode.cli.command import Exit, command
from transcode.cli.options import Json
from transcode.cli.relay_store import RelayConfig, clock, normal, opened
from transcode.cli.show import print_json, print_line, print_remark

if TYPE_CHECKING:
    from transcode.relay.model import Delivery, Subscriber
    from transcode.relay.store.devices import Seen

__all__ = ["phone"]


@command
def phone(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The number of a phone.")],
    *,
    relay_config: RelayConfig = None,
    as_json: Json = False,
) -> Exit:
    """Show what is known of a phone, what it said of itself, and what its last message became."""
    from transcode.relay.store.devices import seen_device

    number = normal(relay_config, number)
    with opened(relay_config) as store:
        registered, seen = store.subscriber(number), seen_device(store, number)
        newest = store.deliveries(recipient=number, most=1)
    last = newest[0] if newest else None
    if as_json:
        print_json(number=number, registered=_registered(registered), seen=_seen(seen), last=_last(last))
    elif registered is None and seen is None and last is None:
        print_remark(f"nothing is known of {number}")
    else:
        _print(number, registered, seen, last)
    return Exit.DONE


def _print(number: str, registered: Subscriber | None, seen: Seen | None, last: Delivery | None) -> None:
    print_line(number)
    if registered is not None:
        mms = "MMS" if registered.mms else "no MMS"
        words = (registered.network, registered.device, mms, "a link may replace a message" * registered.link)
        print_line(f"  registered  {', '.join(filter(None, words))}")
    if seen is not None:
        said = (seen.device.document or "no document", seen.device.agent)
        print_line(f"  seen        {clock(seen.at)}: {', '.join(filter(None, said))}")
    if last is not None:
        print_line(f"  last        {clock(last.changed_at)}: {last.state}")


def _registered(known: Subscriber | None) -> dict[str, object] | None:
    if known is None:
        return None
    names = ("network", "device", "mms", "link", "link_after", "language")
    return {name: getattr(known, name) for name in names}


def _seen(seen: Seen | None) -> dict[str, object] | None:
    if seen is None:
        return None
    device = seen.device
    return {
        "at": seen.at,
        "document": device.document,
        "differences": list(device.differences),
        "agent": device.agent,
    }


def _last(last: Delivery | None) -> dict[str, object] | None:
    return None if last is None else {"id": last.message, "at": last.changed_at, "state": last.state}
