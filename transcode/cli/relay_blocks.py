"""``transcode relay``: whose messages a subscriber does not get."""

from __future__ import annotations

from typing import Annotated

import typer

from transcode.cli.command import Exit, command
from transcode.cli.options import Json
from transcode.cli.relay_store import RelayConfig, configuration, opened
from transcode.cli.show import print_json, print_line, print_remark

__all__ = ["block", "unblock"]

_Number = Annotated[str, typer.Argument(metavar="NUMBER", help="The number of a phone.")]
_Sender = Annotated[
    str, typer.Argument(metavar="SENDER", help="An address; * in it stands for any characters.")
]


@command
def block(
    number: _Number,
    sender: Annotated[
        str | None,
        typer.Argument(
            metavar="SENDER",
            help="An address; * stands for any characters. Without one, who is blocked is shown.",
        ),
    ] = None,
    *,
    relay_config: RelayConfig = None,
    as_json: Json = False,
) -> Exit:
    """Keep the messages of a sender from a phone, from now on, and show whom it does not hear from."""
    from transcode.relay.store import limits

    numbers = configuration(relay_config).numbers
    number = numbers.normal(number)
    with opened(relay_config, make=True) as store:
        if sender:
            limits.block(store, number, numbers.pattern(sender)).result()
        found = limits.blocked(store, number)
    return _shown(number, found, as_json=as_json)


@command
def unblock(
    number: _Number, sender: _Sender, *, relay_config: RelayConfig = None, as_json: Json = False
) -> Exit:
    """Let the messages of a sender, as block was given it, through to a phone again."""
    from transcode.relay.store import limits

    numbers = configuration(relay_config).numbers
    number, sender = numbers.normal(number), numbers.pattern(sender)
    with opened(relay_config) as store:
        was_blocked = limits.unblock(store, number, sender).result()
        found = limits.blocked(store, number)
    if not was_blocked:
        print_remark(f"{sender} is not blocked for {number}")
    _shown(number, found, as_json=as_json)
    return Exit.DONE if was_blocked else Exit.SOME_FAILED


def _shown(number: str, found: list[str], *, as_json: bool) -> Exit:
    if as_json:
        print_json(number=number, blocked=found)
    else:
        print_line(f"{number}: {', '.join(found) or 'nobody'} blocked")
    return Exit.DONE
