"""``transcode send``: posts a finished message to a message centre, or hands it to a mail server."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, ClassVar, NamedTuple

import typer

import transcode
from transcode.cli.command import Exit, command
from transcode.cli.message_output import reading
from transcode.cli.options import Carrier, Envelope, FormName, Json, Route
from transcode.cli.show import print_error, print_json, print_line
from transcode.errors import (
    LimitsError,
    MessageError,
    PduError,
    SendError,
    SourceError,
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
    from collections.abc import Mapping, Sequence

    from transcode.model import Form
    from transcode.profile import Profile

#: The environment variable that has the password, which the list of processes would show as an option.
PASSWORD = "TRANSCODE_PASSWORD"  # noqa: S105  (a name, not a password)

#: What people and programs read of the outcome.
ACCEPTED, DRY_RUN, REFUSED, FAILED = "accepted", "dry-run", "refused", "failed"

_SMTP_PORT = 25


@dataclass(frozen=True)
class Way:
    """The way to the server: MM1 or MM7 over HTTP, or MM4 over SMTP."""

    panel: ClassVar[str] = "The way to the server"

    written_as: Annotated[
        FormName | None,
        typer.Option(
            "--as",
            help="The form on the way: mm1 as phones post it, mm7 as providers do, mm4 as a mail; else as the"
            " other options have it.",
        ),
    ] = None
    url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The message centre, for mm1 and mm7; for mm1 else the carrier's."),
    ] = None
    proxy: Annotated[
        str | None,
        typer.Option(metavar="URL", help="A proxy to go through, such as a carrier's WAP gateway."),
    ] = None
    http_header: Annotated[
        list[str] | None,
        typer.Option(
            "--http-header", metavar="'NAME: VALUE'", help="A header of HTTP; may be given several times."
        ),
    ] = None
    vaspid: Annotated[str | None, typer.Option(metavar="NAME", help="The provider's name, for mm7.")] = None
    vasid: Annotated[str | None, typer.Option(metavar="NAME", help="The service's name, for mm7.")] = None
    service_code: Annotated[
        str | None,
        typer.Option("--service-code", metavar="CODE", help="The service's code on the bill, for mm7."),
    ] = None
    smtp: Annotated[
        str | None,
        typer.Option(metavar="HOST[:PORT]", help="The mail server that takes the message, as mm4."),
    ] = None
    domain: Annotated[
        str | None,
        typer.Option(metavar="DOMAIN", help="The domain of the recipients' message centre, for mm4."),
    ] = None
    mail_from: Annotated[
        str | None,
        typer.Option(
            "--mail-from",
            metavar="MAILBOX",
            help="Who is told of failures, for mm4; else the message's sender.",
        ),
    ] = None
    starttls: Annotated[
        bool, typer.Option("--starttls", help="Encrypt the session with the mail server, or fail.")
    ] = False
    user: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"The name for the server; the password is in {PASSWORD} or in --password-file.",
        ),
    ] = None
    password_file: Annotated[
        Path | None,
        typer.Option("--password-file", metavar="FILE", help="A file whose first line is the password."),
    ] = None
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", help="The longest time for the whole exchange, in seconds.")
    ] = 30.0

    def form(self, message: transcode.Message) -> Form:
        """The form on the way.

        Raises:
            LimitsError: an option has no effect in this form, or one is missing.
        """
        named = self.vaspid is not None or self.vasid is not None or self.service_code is not None
        form = self.written_as
        if form is None and self.smtp is not None:
            form = "mm4"
        elif form is None:
            form = "mm7" if named or form_of_type(message.message_type) == "mm7" else "mm1"
        mail = form == "mm4"
        if mail and self.smtp is None:
            raise LimitsError("--as mm4 needs a mail server: --smtp HOST[:PORT]")
        if form == "mm7" and self.url is None:
            raise LimitsError("--as mm7 needs a message centre: --url")
        idle = {
            "--url": mail and self.url,
            "--proxy": mail and self.proxy,
            "--http-header": mail and self.http_header,
            "--vaspid": form != "mm7" and self.vaspid,
            "--vasid": form != "mm7" and self.vasid,
            "--service-code": form != "mm7" and self.service_code,
            "--smtp": not mail and self.smtp,
            "--domain": not mail and self.domain,
            "--mail-from": not mail and self.mail_from,
            "--starttls": not mail and self.starttls,
            "--password-file": self.user is None and self.password_file,
        }
        for option, given in idle.items():
            if given:
                why = "needs --user" if option == "--password-file" else f"has no effect with {form}"
                raise LimitsError(f"{option} {why}")
        return form

    def provider(self) -> dict[str, str | None]:
        """The provider's names as headers of MM7."""
        return {"VASPID": self.vaspid, "VASID": self.vasid, "ServiceCode": self.service_code}

    def http_headers(self) -> dict[str, str]:
        """The further headers of HTTP."""
        return dict(_pair("--http-header", text) for text in self.http_header or ())

    def login(self) -> tuple[str, str] | None:
        """Name and password, or None.

        Raises:
            LimitsError: there is a name and no password.
            SourceError: the file of the password can't be read.
        """
        if self.user is None:
            return None
        if self.password_file is not None:
            try:
                text = bytes(media_source.read(self.password_file).data).decode()
            except UnicodeDecodeError as error:
                raise SourceError(str(self.password_file), "not UTF-8 text") from error
            return self.user, text.partition("\n")[0].removesuffix("\r")
        password = os.environ.get(PASSWORD)
        if password is None:
            raise LimitsError(f"--user needs a password, in {PASSWORD} or in --password-file")
        return self.user, password


class Job(NamedTuple):
    """A message that is ready to go.

    Attributes:
        message: the message in the form on the way.
        form: this form.
        server: the server, without a password: a URL, or host and port.
        octets: the number of octets that the server gets as PDU, SOAP or mail.
        left_out: what the form has no place for, one sentence each.
    """

    message: transcode.Message
    form: Form
    server: str
    octets: int
    left_out: tuple[str, ...]


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
    form = way.form(found)
    url = way.url or (None if profile is None else profile.mmsc)
    if form != "mm4" and url is None:
        raise LimitsError(
            "there is no message centre to send to: give --url, or a --carrier whose centre is known"
        )
    message = _submission(found, form, header or (), envelope, way.provider(), (profile, limit_form))
    login = way.login()
    job = _job(message, form, way, url or "", left_out=message.oddities[len(found.oddities) :])
    outcome = Outcome(DRY_RUN) if dry_run else _sent(job, way, url or "", login)
    _print_outcome(file, job, outcome, as_json=as_json)
    if outcome.error is None:
        return Exit.DONE
    print_error(outcome.error + ("; the server may accept it later" if outcome.temporary else ""))
    return Exit.TRY_LATER if outcome.temporary else Exit.REFUSED


def _submission(
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
    own = submission(found, form_of_type(found.message_type))
    words = envelope.words()
    pairs = [header_of(*_pair("--header", text)) for text in headers]
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
    # A wish that the form on the way has no place for is refused, not left out: a sender would not be hidden.
    asked = [pair for pair in pairs if pair[1] is not None]
    submission(own, form).edited(options=words["options"], headers=asked)
    sent = submission(changed, form)
    names = [(name, value) for name, value in provider.items() if value is not None]
    return sent.edited(headers=names, transaction_id=sent.transaction_id) if names else sent


def _pair(option: str, text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise MessageError(f"{option} must look like 'NAME: VALUE', not {text!r}")
    return name.strip(), value.strip()


def _server(smtp: str) -> tuple[str, int]:
    """Host and port of a mail server."""
    host, colon, port = smtp.rpartition(":")
    if not colon or (":" in host and not host.startswith("[")) or smtp.endswith("]"):
        # Without a port, an address of IPv6 too.
        host, port = smtp, str(_SMTP_PORT)
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port[:6]) < 65_536:
        raise LimitsError(f"--smtp must look like HOST or HOST:PORT, not {smtp!r}")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _job(message: transcode.Message, form: Form, way: Way, url: str, *, left_out: tuple[str, ...]) -> Job:
    """The message as it goes, encoded once so that a message that can't go fails before a connection."""
    from transcode.net import is_address

    if form == "mm4":
        from transcode.messages.mail import mail_of

        host, port = _server(way.smtp or "")
        mail = mail_of(message, sender=way.mail_from, domain=way.domain, date=None, domains_in_headers=True)
        return Job(message, form, f"{host}:{port}", len(mail.octets), left_out)
    if not is_address(url):
        raise LimitsError(f"--url must be an http or https URL, not {address_without_password(url)!r}")
    way.http_headers()
    octets = len(message.to_mm7().body) if form == "mm7" else len(message.to_mm1())
    return Job(message, form, address_without_password(url), octets, left_out)


def _sent(job: Job, way: Way, url: str, login: tuple[str, str] | None) -> Outcome:
    """Send a message, and say what the server answered."""
    try:
        if job.form == "mm4":
            return _mailed(job, way, login)
        answer = job.message.submit(
            url,
            form="mm7" if job.form == "mm7" else "mm1",
            auth=login,
            timeout=way.timeout,
            headers=way.http_headers(),
            proxy=way.proxy,
        )
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
    return _answered(answer, ACCEPTED)


def _mailed(job: Job, way: Way, login: tuple[str, str] | None) -> Outcome:
    from transcode.transport.smtp import Server, trusted_tls

    host, port = _server(way.smtp or "")
    tls = trusted_tls() if way.starttls else None
    server = Server(host, port, timeout=way.timeout, tls=tls, login=login)
    reply = job.message.send(server, sender=way.mail_from, domain=way.domain)
    code, _, text = reply.partition(" ")
    return Outcome(ACCEPTED, int(code), text or None)


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


def _print_outcome(file: Path, job: Job, outcome: Outcome, *, as_json: bool) -> None:
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
            left_out=job.left_out,
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
    for text in job.left_out:
        print_line(f"  {text}", "yellow")
