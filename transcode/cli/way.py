"""The options of ``transcode send`` that say how a message gets to its server."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from transcode.cli.given import Origin, is_given, origin
from transcode.cli.options import FormName
from transcode.errors import LimitsError, MessageError, SourceError
from transcode.media.source import inputs as media_source
from transcode.wire.forms import form_of_type

if TYPE_CHECKING:
    from transcode import Message
    from transcode.model import Form

#: The environment variable that has the password, which the list of processes would show as an option.
PASSWORD = "TRANSCODE_PASSWORD"  # noqa: S105  (a name, not a password)

#: The port of mail servers (RFC 5321).
_SMTP_PORT = 25

#: The options of the ways over HTTP, of MM7 alone, and of mail.
_OF_HTTP = ("url", "proxy", "http_header")
_OF_MM7 = ("vaspid", "vasid", "service_code")
_OF_MAIL = ("smtp", "domain", "mail_from", "starttls")


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

    def settled(self, message: Message) -> tuple[Form, Way]:
        """The form on the way, and the way without defaults that have no effect in it.

        Raises:
            LimitsError: an option of the command line has no effect in this form, or one is missing.
        """
        form = self._form(message)
        mail = form == "mm4"
        if mail and self.smtp is None:
            raise LimitsError("--as mm4 needs a mail server: --smtp HOST[:PORT]")
        if form == "mm7" and self.url is None:
            raise LimitsError("--as mm7 needs a message centre: --url")
        idle = dict.fromkeys(_OF_MAIL if not mail else _OF_HTTP, f"has no effect with {form}")
        if form != "mm7":
            idle |= dict.fromkeys(_OF_MM7, f"has no effect with {form}")
        if self.user is None:
            idle |= {"password_file": "needs --user"}
        for name, why in idle.items():
            if getattr(self, name) and is_given(name):
                raise LimitsError(f"--{name.replace('_', '-')} {why}")
        return form, replace(self, **{name: getattr(Way, name) for name in idle})

    def _form(self, message: Message) -> Form:
        """The form that the nearest option asks for; of equally near ones --as, --smtp, names of MM7."""
        posted = self._origin(*_OF_HTTP)
        said: list[tuple[Origin, Form]] = []
        if self.written_as is not None:
            said.append((origin("written_as"), self.written_as))
        if self.smtp is not None:
            said.append((origin("smtp"), "mm4"))
        if self._origin(*_OF_MM7) is not Origin.BUILT_IN:
            said.append((self._origin(*_OF_MM7), "mm7"))
        # A mail server by default is none where the command line has a URL.
        said = [(near, form) for near, form in said if form != "mm4" or near >= posted]
        own: Form = "mm7" if form_of_type(message.message_type) == "mm7" else "mm1"
        return max(said, key=lambda one: one[0])[1] if said else own

    def _origin(self, *names: str) -> Origin:
        """The nearest origin of those options that have a value."""
        return max((origin(name) for name in names if getattr(self, name)), default=Origin.BUILT_IN)

    def provider(self) -> dict[str, str | None]:
        """The provider's names as headers of MM7."""
        return {"VASPID": self.vaspid, "VASID": self.vasid, "ServiceCode": self.service_code}

    def http_headers(self) -> dict[str, str]:
        """The further headers of HTTP."""
        return dict(pair("--http-header", text) for text in self.http_header or ())

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


def pair(option: str, text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise MessageError(f"{option} must look like 'NAME: VALUE', not {text!r}")
    return name.strip(), value.strip()


def server_of(smtp: str) -> tuple[str, int]:
    """Host and port of a mail server."""
    host, colon, port = smtp.rpartition(":")
    if not colon or (":" in host and not host.startswith("[")) or smtp.endswith("]"):
        # Without a port, an address of IPv6 too.
        host, port = smtp, str(_SMTP_PORT)
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port[:6]) < 65_536:
        raise LimitsError(f"--smtp must look like HOST or HOST:PORT, not {smtp!r}")
    return host.removeprefix("[").removesuffix("]"), int(port)
