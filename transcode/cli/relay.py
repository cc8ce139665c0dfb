"""``transcode relay``: runs a message centre, and looks into its store."""

from __future__ import annotations

import dataclasses
import sys
import threading
import time
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer
from rich.table import Table

from transcode.cli.command import Exit, NothingFoundError, command
from transcode.cli.help import Command, Group
from transcode.cli.options import Json
from transcode.cli.relay_pages import page_fields, page_line
from transcode.cli.relay_store import RelayConfig, clock, configuration, normal, opened, shown
from transcode.cli.show import answer, print_json, print_line, print_remark
from transcode.errors import MessageError, MissingPackage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from transcode.relay.config import Config
    from transcode.relay.model import Event

relay = typer.Typer(cls=Group, help="Run a message centre (MMSC), and see what becomes of its messages.")

Roles = Annotated[
    str | None,
    typer.Option(metavar="ROLES", help="What this process does, of http,mm4,worker; all if not given."),
]
RecipientOrId = Annotated[str, typer.Argument(metavar="NUMBER", help="The recipient, or a Message-ID.")]
MessageId = Annotated[str, typer.Argument(metavar="ID", help="A Message-ID.")]
Recipient = Annotated[str | None, typer.Option(metavar="NUMBER", help="Only this recipient.")]


@relay.command("serve", cls=Command)
@command
def serve(*, relay_config: RelayConfig = None, roles: Roles = None, as_json: Json = False) -> Exit:
    """Run a message centre until it is stopped. What it accepted waits in its store for the next start."""
    from transcode.relay.logs import logging_to

    try:
        from transcode.relay.config import checked
        from transcode.relay.places import pseudonyms
        from transcode.relay.server import allow_files, running
    except ImportError as error:
        raise MissingPackage(error.name or "starlette", "a message centre", extra="relay") from error
    whole = configuration(relay_config)
    if roles is not None:
        named = tuple(role.strip() for role in roles.split(","))
        whole = checked(dataclasses.replace(whole, roles=named), "--roles")
    allow_files()
    with logging_to(sys.stderr, whole.log, pseudonyms(whole)), running(whole) as centre:
        if as_json:
            print_json(url=centre.url, store=_kept(whole), admin=centre.admin_url)
        else:
            print_line(f"{whole.name} listens on {centre.url}, and keeps its messages in {_kept(whole)}")
            if centre.admin_url:
                print_line(f"operators find metrics, health and pages on {centre.admin_url}")
        if not whole.sms.url:
            print_remark("no SMS gateway is configured: phones are not notified")
        # A signal ends the wait.
        threading.Event().wait()
    return Exit.DONE


def _kept(config: Config) -> str:
    """Return where messages are kept; a password in the address of a database is not shown."""
    if not config.database:
        return str(config.store)
    return urlsplit(config.database)._replace(query="").geturl().rpartition("@")[2]


@relay.command("status", cls=Command)
@command
def status(*, relay_config: RelayConfig = None, as_json: Json = False) -> Exit:
    """Count the recipients of messages by state."""
    with opened(relay_config) as store:
        counts = store.counts()
    if as_json:
        print_json(states=counts)
        return Exit.DONE
    if not any(counts.values()):
        print_remark("no message was accepted yet")
        return Exit.DONE
    table = Table("state", "recipients", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for state, count in counts.items():
        if count:
            table.add_row(state, f"{count:,}")
    answer().print(table)
    return Exit.DONE


@relay.command("trail", cls=Command)
@command
def trail(number: RecipientOrId, *, relay_config: RelayConfig = None, as_json: Json = False) -> Exit:
    """Show what happened to each message of a recipient, and why; newest message first."""
    from transcode.relay.places import pseudonyms
    from transcode.relay.store.operations import of_number
    from transcode.relay.store.pages import of_delivery

    with opened(relay_config) as store:
        meant = normal(relay_config, number)
        found = of_number(store, pseudonyms(configuration(relay_config), store), meant)
        trails = [store.trail(delivery.id) for delivery in found]
        pages = [of_delivery(store, delivery.id) for delivery in found]
    for delivery, lines, page in zip(found, trails, pages, strict=True):
        if as_json:
            events = [dataclasses.asdict(line) for line in lines]
            print_json(**shown(delivery), events=events, page=page_fields(page))
            continue
        work = delivery.due_event or "an attempt"
        due = "" if delivery.due is None else f"; {clock(delivery.due)}: {work}"
        print_line(f"{delivery.message} to {delivery.recipient}: {delivery.state}{due}")
        for line in lines:
            moved = line.after if line.after != line.before else ""
            detail = f" ({line.detail})" if line.detail else ""
            print_line(f"  {clock(line.at)}  {moved:<12}  {line.event}{detail}")
        if page is not None:
            print_line(f"  {page_line(page)}")
    if not found:
        print_remark(f"no message has the recipient or the Message-ID {number}")
    return Exit.DONE if found else Exit.SOME_FAILED


#: The commands by which an operator lets an event happen: the event in lower case, and the help.
_EVENTS = {
    "requeue": (
        "Begin the delivery of a message anew, also of one that failed; a message that was fetched stays."
    ),
    "cancel": "Cancel the delivery of a message to those who did not fetch it.",
}


def _by_event(name: str, about: str) -> Callable[..., Exit]:
    def run(
        message: MessageId, *, to: Recipient = None, relay_config: RelayConfig = None, as_json: Json = False
    ) -> Exit:
        from transcode.relay.model import Event

        return _apply(message, to, Event[name.upper()], relay_config, as_json=as_json)

    run.__doc__ = about
    return run


for _name, _about in _EVENTS.items():
    relay.command(_name, cls=Command)(command(_by_event(_name, _about)))


@relay.command("subscribe", cls=Command)
@command
def subscribe(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The number of a phone.")],
    *,
    carrier: Annotated[str, typer.Option("--carrier", metavar="PROFILE", help="Its network.")] = "world",
    device: Annotated[
        str, typer.Option("--device", metavar="URL", help="The address of its UAProf document.")
    ] = "",
    mms: Annotated[bool, typer.Option("--mms/--no-mms", help="Whether it takes MMS.")] = True,
    link: Annotated[
        bool, typer.Option("--link/--no-link", help="Whether a link by SMS may replace a message.")
    ] = False,
    link_after: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="From the first notification to the link; else timers.link."),
    ] = None,
    language: Annotated[
        str, typer.Option(metavar="NAME", help="The language of links, such as de; else that of the country.")
    ] = "",
    relay_config: RelayConfig = None,
    as_json: Json = False,
) -> Exit:
    """Say what is known of a phone, for messages that it fetches from now on."""
    import transcode
    from transcode.relay.languages import LANGUAGES
    from transcode.relay.model import Subscriber

    if language and language not in LANGUAGES:
        raise MessageError(f"--language: {language!r} is not one of {', '.join(LANGUAGES)}")
    if link_after is not None and not 0 <= link_after < float("inf"):
        raise MessageError(f"--link-after: {link_after} is no number of seconds")
    profile = transcode.find_profile(carrier)
    known = Subscriber(normal(relay_config, number), profile.id, device, mms, link, link_after, language)
    with opened(relay_config, make=True) as store:
        store.subscribe(known).result()
    if as_json:
        print_json(**dataclasses.asdict(known))
    else:
        said = [profile.name, device, "" if mms else "no MMS", "a link may replace a message" if link else ""]
        print_line(f"{known.number}: {', '.join(filter(None, said))}")
    return Exit.DONE


def _apply(message: str, to: str | None, event: Event, relay_config: Path | None, *, as_json: bool) -> Exit:
    moved = 0
    to = None if to is None else normal(relay_config, to)
    with opened(relay_config) as store:
        found = [one for one in store.deliveries(message) if to in (None, one.recipient)]
        now = time.time()
        # All at once: they share commits.
        written = [store.apply(one.id, event, at=now, detail="by the operator") for one in found]
        for delivery, after in zip(found, (one.result() for one in written), strict=True):
            moved += after.state != delivery.state
            if as_json:
                print_json(**shown(after))
            else:
                print_line(f"{after.message} to {after.recipient}: {after.state}")
    if not found:
        raise NothingFoundError(f"{message}: there is no such message{f' to {to}' if to else ''}")
    return Exit.DONE if moved else Exit.SOME_FAILED
