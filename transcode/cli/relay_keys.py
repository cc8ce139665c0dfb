"""``transcode relay key``: who may use the API for web developers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from transcode.cli.command import Exit, NothingFoundError, command
from transcode.cli.help import Command, Group
from transcode.cli.options import Json
from transcode.cli.relay_store import RelayConfig, clock, opened
from transcode.cli.show import answer, print_json, print_line, print_remark
from transcode.errors import MessageError

if TYPE_CHECKING:
    from transcode.relay.store.keys import ApiKey

__all__ = ["key"]

key = typer.Typer(cls=Group, help="Make, list and revoke keys of the API for web developers.")

_SCOPES = "messages:write,messages:read,webhooks"


@key.command("create", cls=Command)
@command
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of the key, for people.")],
    *,
    scopes: Annotated[
        str,
        typer.Option(
            metavar="SCOPES",
            help="What it may do, of messages:write,messages:read,messages:relay,campaigns:write,"
            "campaigns:read,webhooks; relay: send to numbers of other centres, too.",
        ),
    ] = _SCOPES,
    senders: Annotated[
        str,
        typer.Option("--from", metavar="NUMBERS", help="The numbers that it may send from; * in one: any."),
    ] = "",
    account: Annotated[
        str, typer.Option(metavar="NAME", help="Whose messages it is for; the name of the key if not given.")
    ] = "",
    per_minute: Annotated[
        float, typer.Option(metavar="N", help="Recipients a minute that it may send to; 0: any number.")
    ] = 60.0,
    burst: Annotated[int, typer.Option(metavar="N", help="Recipients at once, after a pause.")] = 100,
    campaign_per_second: Annotated[
        float,
        typer.Option(
            metavar="N",
            help="Recipients a second of all its campaigns together; 0: as api.campaign_per_second.",
        ),
    ] = 0.0,
    relay_config: RelayConfig = None,
    as_json: Json = False,
) -> Exit:
    """Make a key, and show it this once: what is kept is a hash."""
    from transcode.relay.store.keys import make_key

    try:
        with opened(relay_config, make=True) as store:
            made, secret = make_key(
                store,
                name,
                scopes=_words(scopes),
                senders=_words(senders),
                now=time.time(),
                account=account,
                per_minute=per_minute,
                burst=burst,
                campaign_per_second=campaign_per_second,
            )
    except ValueError as error:
        raise MessageError(str(error)) from error
    if as_json:
        print_json(**_told(made), key=secret)
    else:
        print_line(secret)
        print_remark(f"key {made.id} of {made.account}, shown this once: {', '.join(made.scopes)}")
    return Exit.DONE


@key.command("list", cls=Command)
@command
def list_keys(*, relay_config: RelayConfig = None, as_json: Json = False) -> Exit:
    """Show the keys, when each was used last, and which are revoked."""
    from transcode.relay.store.keys import keys

    with opened(relay_config, make=True) as store:
        found = keys(store)
    if as_json:
        for one in found:
            print_json(**_told(one))
        return Exit.DONE
    if not found:
        print_remark("there is no key")
        return Exit.DONE
    table = Table(
        "id", "name", "account", "scopes", "from", "made", "used", "revoked", box=None, pad_edge=False
    )
    for one in found:
        times = ("" if at is None else clock(at) for at in (one.made_at, one.used_at, one.revoked_at))
        table.add_row(one.id, one.name, one.account, " ".join(one.scopes), " ".join(one.senders), *times)
    answer().print(table)
    return Exit.DONE


@key.command("revoke", cls=Command)
@command
def revoke(
    name: Annotated[str, typer.Argument(metavar="ID", help="The id of a key, or the name of keys.")],
    *,
    relay_config: RelayConfig = None,
    as_json: Json = False,
) -> Exit:
    """Revoke a key, for requests from now on. What it sent goes on."""
    from transcode.relay.store.keys import revoke_key

    with opened(relay_config) as store:
        found = revoke_key(store, name, time.time())
    if not found:
        raise NothingFoundError(f"{name}: there is no such key that is not revoked")
    for one in found:
        if as_json:
            print_json(**_told(one))
        else:
            print_line(f"key {one.id} ({one.name}) is revoked")
    return Exit.DONE


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))


def _told(one: ApiKey) -> dict[str, object]:
    return one._asdict()
