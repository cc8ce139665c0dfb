"""``transcode send``: posts a finished message to a message centre, or hands it to a mail server."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypedDict

import typer

import transcode
from transcode.cli.command import Exit, command
from transcode.cli.message_output import naming, reading
from transcode.cli.options import Carrier, Envelope, FormName, Json, Route
from transcode.cli.show import print_error, print_json, print_line, print_remark
from transcode.cli.way import Way, pair, server_of
from transcode.errors import (
    LimitsError,
    MessageError,
    MissingPackage,
    PduError,
    SendError,
    SubmitRefused,
    TransportError,
    address_without_password,
)
from transcode.media.source import inputs as media_source
from transcode.message.address import plain
from transcode.preview.words import said_value
from transcode.wire.forms import form_of_type
from transcode.wire.values import folded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from transcode.model import Form
    from transcode.profile import Profile

#: What people and programs read of the outcome.
ACCEPTED, DRY_RUN, REFUSED, FAILED = "accepted", "dry-run", "refused", "failed"


class _HttpOptions(TypedDict):
    """What a request is posted with, as for Message.submit."""

    auth: tuple[str, str] | None
    timeout: float
    headers: dict[str, str]
    proxy: str | None


class Job(NamedTuple):
    """A message that is ready to go.

    Attributes:
        message: the message in the form on the way.
        form: this form.
        server: the server, without a password: a URL, or host and port.
        octets: the number of octets that the server gets as PDU, SOAP or mail.
    """

    message: transcode.Message
    form: Form
    server: str
    octets: int


class Outcome(NamedTuple):
    """What the server said.

    Attributes:
        state: accepted, dry-run, refused or failed.
        status: of M-Send.conf a word, of MM7 or SMTP a number; None: no answer.
        status_text: the text beside the status.
        message_id: the message id that the server gave.
        temporary: of a message that was not accepted: whether it may be accepted later; False where some
            recipients got it; else None.
        error: why it was not accepted, or None.
        refused: over SMTP the server's reply to each refused recipient; the others get the message.
    """

    state: str
    status: str | int | None = None
    status_text: str | None = None
    message_id: str | None = None
    temporary: bool | None = None
    error: str | None = None
    refused: Mapping[str, str] = MappingProxyType({})


@command
def send(
    file: Annotated[Path, typer.Argument(metavar="FILE.mms", help="A message of any form.")],
    *,
    way: Way,
    header: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'NAME: VALUE'",
            help="A header in place of the message's, such as 'X-Mms-Applic-ID: acme'; without a value it is"
            " removed.",
        ),
    ] = None,
    limit_form: Annotated[
        FormName,
        typer.Option("--limit-form", help="The form that the limit counts; most limits count the PDU, mm1."),
    ] = "mm1",
    carrier: Carrier = None,
    route: Route,
    envelope: Envelope,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sent, and where to; open no connection.")
    ] = False,
    as_json: Json = False,
) -> Exit:
    """Send a finished message to a message centre or a mail server.

    Options change its recipients and headers; media stay as they are. Exit code 5: the same command may
    succeed later.
    """
    profile = route.found(carrier)
    with reading(file, data := media_source.read(file).data):
        found = transcode.read(data)
    form, way = way.settled(found)
    url = way.url or (None if profile is None else profile.mmsc)
    if form != "mm4" and url is None:
        raise LimitsError(
            "there is no message centre to send to: give --url, or a --carrier whose centre is known"
        )
    message = _submission(file, found, form, header or (), envelope, way.provider(), (profile, limit_form))
    login = way.login()
    job, go = _job(message, form, way, url or "", login)
    outcome = Outcome(DRY_RUN) if dry_run else _sent(job, go)
    if dry_run and form != "mm4" and find_spec("httpx") is None:
        print_remark(str(MissingPackage("httpx", "sending over HTTP", extra="send")))
    left_out = message.oddities[len(found.oddities) :]
    _print_outcome(file, job, outcome, left_out, as_json=as_json)
    if outcome.error is None:
        return Exit.DONE
    print_error(outcome.error + ("; the server may accept it later" if outcome.temporary else ""))
    return Exit.TRY_LATER if outcome.temporary else Exit.REFUSED


def _submission(
    file: Path,
    found: transcode.Message,
    form: Form,
    headers: Sequence[str],
    envelope: Envelope,
    provider: Mapping[str, str | None],
    limit: tuple[Profile | None, Form],
) -> transcode.Message:
    """The message as a request of the form on the way, changed as the options say, within its limit."""
    # Imported here, as below: help and other commands need none of it.
    from transcode.cli.header_option import header_of
    from transcode.messages.edit import submission

    if found.message_type in ("m-retrieve-conf", "mm7-deliver-req") and not envelope.has_recipients:
        raise MessageError("a message that was received needs new recipients: --to")
    words = envelope.words()
    pairs = [header_of(*pair("--header", text)) for text in headers]
    with naming(file):
        own = submission(found, form_of_type(found.message_type))
        changed = own.edited(
            to=envelope.to,
            cc=envelope.cc,
            bcc=envelope.bcc,
            sender=words["sender"],
            subject=words["subject"],
            options=words["options"],
            headers=pairs,
            profile=limit[0],
            limit_form=limit[1],
        )
        # A wish that the form on the way has no place for is refused, not left out: a sender would not be
        # hidden.
        asked = [pair for pair in pairs if pair[1] is not None]
        submission(own, form).edited(options=words["options"], headers=asked)
        sent = submission(changed, form)
    names = [(name, value) for name, value in provider.items() if value is not None]
    return sent.edited(headers=names, transaction_id=sent.transaction_id) if names else sent


def _job(
    message: transcode.Message, form: Form, way: Way, url: str, login: tuple[str, str] | None
) -> tuple[Job, Callable[[], Outcome]]:
    """The message as it goes, encoded once, and what sends it.

    All is checked here that can be without a connection, so that a dry run says what a real one would.
    """
    return _mailed(message, way, login) if form == "mm4" else _posted(message, form, way, url, login)


def _posted(
    message: transcode.Message, form: Form, way: Way, url: str, login: tuple[str, str] | None
) -> tuple[Job, Callable[[], Outcome]]:
    # Imported here, as below: help and other commands need none of it.
    from transcode.messages.message import answer_of, mm1_request
    from transcode.net import is_address
    from transcode.transport import submit
    from transcode.transport.http_arguments import check_proxy

    shown = address_without_password(url)
    if not is_address(url):
        raise LimitsError(f"--url must be an http or https URL, not {shown!r}")
    http: _HttpOptions = {
        "auth": login,
        "timeout": way.timeout,
        "headers": way.http_headers(),
        "proxy": way.proxy,
    }
    submit.check(**http)
    check_proxy(way.proxy)
    if way.proxy is not None and find_spec("httpx") is not None:
        from transcode.transport.http_client import checked_proxy

        checked_proxy(way.proxy)
    request = message.to_mm7() if form == "mm7" else mm1_request(message)

    def post() -> Outcome:
        return _answered(submit.post(request, url, answer_of, **http), ACCEPTED)

    return Job(message, form, shown, len(request.body)), post


def _mailed(
    message: transcode.Message, way: Way, login: tuple[str, str] | None
) -> tuple[Job, Callable[[], Outcome]]:
    from transcode.messages.mail import mail_of
    from transcode.transport import smtp

    host, port = server_of(way.smtp or "")
    server = smtp.Server(host, port, timeout=way.timeout, login=login)
    smtp.check(server)
    mail = mail_of(message, sender=way.mail_from, domain=way.domain, date=None, domains_in_headers=True)

    def hand_over() -> Outcome:
        trusting = replace(server, tls=smtp.trusted_tls() if way.starttls else None)
        reply = smtp.send(mail.octets, trusting, sender=mail.sender, recipients=mail.recipients)
        code, _, text = reply.partition(" ")
        return Outcome(ACCEPTED, int(code), text or None)

    return Job(message, "mm4", f"{host}:{port}", len(mail.octets)), hand_over


def _sent(job: Job, go: Callable[[], Outcome]) -> Outcome:
    """Send a message, and say what the server answered."""
    try:
        return go()
    except SubmitRefused as error:
        return _answered(error.response, REFUSED)._replace(temporary=error.temporary, error=str(error))
    except SendError as error:
        said = None if error.status is None else error.reason.partition(" ")[2]
        state = REFUSED if error.refused or said is not None else FAILED
        return Outcome(
            state, error.status, said, temporary=error.temporary, error=str(error), refused=error.refused
        )
    except TransportError as error:
        return Outcome(FAILED, temporary=error.temporary, error=str(error))
    except PduError as error:
        return Outcome(FAILED, temporary=False, error=f"{job.server}: the answer is no message: {error}")


def _answered(answer: transcode.Message, state: str) -> Outcome:
    """What a message centre's answer says."""
    said = folded(answer.headers)
    status = said.get("x-mms-response-status", said.get("statuscode", said.get("faultcode")))
    words = [said.get(name) for name in ("x-mms-response-text", "statustext", "faultstring", "details")]
    given = said.get("message-id", said.get("messageid"))
    return Outcome(
        state,
        status if isinstance(status, int) else None if status is None else str(status),
        ", ".join(str(word) for word in words if word) or None,
        None if given is None else str(given),
    )


def _print_outcome(
    file: Path, job: Job, outcome: Outcome, left_out: tuple[str, ...], *, as_json: bool
) -> None:
    """Print the message, and what the server said; left_out is what the form has no place for."""
    message = job.message
    people = {role: [plain(address) for address in getattr(message, role)] for role in ("to", "cc", "bcc")}
    sender = None if message.sender is None else plain(message.sender)
    if as_json:
        print_json(
            source=str(file),
            form=job.form,
            server=job.server,
            bytes=job.octets,
            limit=message.limit,
            limit_form=message.limit_form,
            transaction_id=message.transaction_id,
            sender=sender,
            **people,
            subject=message.subject,
            headers=message.headers,
            left_out=left_out,
            **outcome._asdict(),
        )
        return
    said = {
        ACCEPTED: f"accepted by {job.server}",
        DRY_RUN: f"not sent, would go to {job.server}",
        REFUSED: f"refused by {job.server}",
        FAILED: f"not accepted by {job.server}",
    }[outcome.state]
    counted = message.limit is not None and message.limit_form == job.form
    limit = f" of {message.limit:,}" if counted else ""
    print_line(f"{file}: {job.octets:,}{limit} bytes as {job.form.upper()}, {said}")
    rows: list[tuple[str, object]] = [
        ("status", outcome.status if not outcome.status_text else f"{outcome.status}: {outcome.status_text}"),
        ("message id", outcome.message_id),
        ("transaction id", message.transaction_id),
        ("from", sender or "the network inserts it"),
        *((role, ", ".join(addresses)) for role, addresses in people.items()),
        ("subject", message.subject),
        *((name, said_value(name, value)) for name, value in message.headers),
    ]
    for name, value in rows:
        if value is not None and value != "":
            print_line(f"  {name}: {value}")
    for text in left_out:
        print_line(f"  {text}", "yellow")
