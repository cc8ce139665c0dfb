"""The options that several commands share, single or in groups."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal, TypedDict

import typer

from transcode.cli.complete import bearers, countries, profile_ids, provider_ids
from transcode.cli.effect import check_address, refuse_idle
from transcode.cli.general import GENERAL
from transcode.cli.given import Origin, is_given, origin
from transcode.errors import LimitsError, MessageError, ProfileError
from transcode.model import Form, MessageClass, Priority, SendOptions
from transcode.model.moments import time_of
from transcode.profile import FolderStore, Profile, SizeChoice, fetch, receiver
from transcode.profile.find import find_in_country, is_user_file, names_one
from transcode.profile.read import user_files
from transcode.wire.forms import FORMS

#: Titles of groups of options in the help.
RECEIVER = "Receiver"
CLIPS = "Clips and recordings"
MADE = "What is made"

Json = Annotated[
    bool,
    typer.Option(
        "--json",
        help="One JSON object a line on stdout; nothing else there.",
        rich_help_panel=GENERAL,
    ),
]
Force = Annotated[
    bool,
    typer.Option("--force", help="Write also into a directory that is not empty."),
]
TextFirst = Annotated[bool, typer.Option("--text-first", help="Texts above the pictures, not below.")]
MaxMessages = Annotated[
    int,
    typer.Option(
        "--max-messages",
        min=1,
        metavar="N",
        help="The largest number of messages that slides are divided over, so that each looks decent.",
    ),
]
Carrier = Annotated[
    str | None,
    typer.Option(
        metavar="NETWORK",
        autocompletion=profile_ids,
        help="The network: an id (us-verizon), an MCC-MNC (311480), a name (vodafone de), a TOML file;"
        " unknown: na or world.",
        rich_help_panel=RECEIVER,
    ),
]
Carriers = Annotated[
    list[str] | None,
    typer.Option(
        "--carrier",
        metavar="NETWORK",
        autocompletion=profile_ids,
        help="The network: an id (us-verizon), an MCC-MNC (311480), a name (vodafone de), a TOML file;"
        " unknown: na or world. Several: each has a folder in OUT.",
        rich_help_panel=RECEIVER,
    ),
]
Country = Annotated[
    str | None,
    typer.Option(
        "--country",
        metavar="COUNTRY",
        autocompletion=countries,
        help="The country of a network that is given by name: a code (de) or a name (Germany).",
        rich_help_panel=RECEIVER,
    ),
]
Provider = Annotated[
    str | None,
    typer.Option(
        metavar="ID",
        autocompletion=provider_ids,
        help="Who carries the message: twilio, or twilio:short_code with the sender.",
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        min=1,
        metavar="N",
        help="The most threads that a file may have; one a processor by default.",
        rich_help_panel=GENERAL,
    ),
]
MessageFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="A message: a PDU of MM1, a mail of MM4 or SOAP of MM7.")
]
FirstText = Annotated[
    str | None, typer.Option("--text", metavar="TEXT", help="Text to show below the first picture.")
]


#: What a message can be written as besides the forms of the registry: media files with a manifest.
MEDIA: Final = "media"
if TYPE_CHECKING:
    from collections.abc import Sequence

    FormName = Form
    WrittenAs = Form | Literal["media"]
else:
    FormName = Literal[tuple(FORMS)]
    WrittenAs = Literal[(*FORMS, MEDIA)]
LimitForm = Annotated[
    FormName,
    typer.Option(
        "--limit-form",
        help="The form that the limit counts; most limits count the PDU, mm1.",
        rich_help_panel=MADE,
    ),
]


@dataclass(frozen=True)
class Route:
    """The way of a message to its phone, beside the carrier: provider, phone, bearer, choice of size."""

    panel: ClassVar[str] = RECEIVER

    country: Country = None
    provider: Provider = None
    device: Annotated[
        str | None,
        typer.Option(metavar="UAPROF", help="The phone: its UAProf document, as a file or an address."),
    ] = None
    allow_private: Annotated[
        bool,
        typer.Option("--allow-private", help="--device may be an address of this machine or its network."),
    ] = False
    bearer: Annotated[
        str | None, typer.Option(metavar="NAME", autocompletion=bearers, help="A slow network: gprs or edge.")
    ] = None
    size: Annotated[
        SizeChoice,
        typer.Option(help="The size that is safe, or recommended by a source, or the highest of any source."),
    ] = "safe"

    def found(self, carrier: str | None) -> Profile | None:
        """The profile that satisfies the route and the carrier; None where neither is given."""
        network = self._network(carrier)
        if network is self.provider is self.device is None:
            if self.bearer is not None and is_given("--bearer"):
                raise LimitsError("--bearer goes with --carrier, --provider or --device")
            if self.size != "safe" and is_given("--size"):
                raise LimitsError("--size goes with --carrier, --provider or --device")
            self.refuse_private()
            return None
        self.refuse_private()
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        return receiver(
            network,
            provider=self.provider,
            device=self.device,
            bearer=self.bearer,
            size=self.size,
            store=FolderStore(Path(cache, "transcode", "devices")),
            fetch=partial(fetch, allow_private=self.allow_private),
        )

    def origin(self, carrier: str | None) -> Origin:
        """The nearest origin of what is said of the receiver; BUILT_IN where nothing is."""
        said = {
            "--carrier": carrier,
            "--provider": self.provider,
            "--device": self.device,
            "--bearer": self.bearer,
            "--size": self.size != "safe",
        }
        return max((origin(name) for name, value in said.items() if value), default=Origin.BUILT_IN)

    def _network(self, carrier: str | None) -> str | Profile | None:
        """The carrier in its country.

        A whole route on the command line names its network: no default takes its place.
        """
        if self.provider is not None and self.provider.count(":") > 1:
            carrier = None if origin("--carrier") < origin("--provider") else carrier
        return in_country(carrier, self.country)

    def refuse_private(self) -> None:
        """Refuse --allow-private where no address is given."""
        if self.device is None or "://" not in self.device:
            refuse_idle({"--allow-private": self.allow_private}, "it goes with an address as --device")

    def files(self, carrier: str | None) -> list[Path]:
        """The user's files that describe route and carrier, which no output may replace."""
        own = [] if carrier is None or not is_user_file(carrier) else user_files(carrier)
        return own if self.device is None or "://" in self.device else [*own, Path(self.device)]

    def profiles(self, carriers: Sequence[str] | None) -> list[Profile]:
        """The profiles of one carrier or several, for commands that need one."""
        return [self.profile(carrier) for carrier in carriers or (None,)]

    def profile(self, carrier: str | None) -> Profile:
        """The same, for commands that need a profile."""
        found = self.found(carrier)
        if found is None:
            raise LimitsError("give --carrier, --provider or --device; --carrier world fits any network")
        return found


@dataclass(frozen=True)
class Excerpt:
    """The options of a clip or a recording, named as the arguments of transcode.fit."""

    panel: ClassVar[str] = CLIPS

    start: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="The second of a clip or recording to begin at.")
    ] = 0.0
    max_seconds: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="The longest duration, in seconds; 40 at most.")
    ] = None
    keyframe_cut: Annotated[
        bool,
        typer.Option(
            "--keyframe-cut",
            help="A clip that is only too long may begin at a key frame near --start, and is not re-encoded.",
        ),
    ] = False
    loudness: Annotated[
        float | None, typer.Option(metavar="LUFS", help="The loudness of sound, in LUFS, such as -16.")
    ] = None
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail where a clip would score below the quality floor.")
    ] = False


class EnvelopeWords(TypedDict):
    """An envelope as arguments of compose_split and convert_directory."""

    to: list[str]
    cc: list[str]
    bcc: list[str]
    sender: str | None
    subject: str | None
    options: SendOptions


@dataclass(frozen=True)
class Recordings:
    """What recordings show that become clips."""

    panel: ClassVar[str] = CLIPS

    as_clip: Annotated[
        bool,
        typer.Option(
            "--as-clip",
            help="A recording becomes a clip that shows its wave: for networks that take clips and no sound.",
        ),
    ] = False
    picture: Annotated[
        Path | None,
        typer.Option("--picture", metavar="FILE", help="A recording becomes a clip that shows this picture."),
    ] = None

    @property
    def shown(self) -> bool | Path:
        """The argument as_clip of transcode.fit and transcode.compose."""
        return self.as_clip if self.picture is None else self.picture

    @property
    def files(self) -> list[Path]:
        """The files that are read."""
        return [] if self.picture is None else [self.picture]


@dataclass(frozen=True)
class Envelope:
    """Recipients and sender of a message, and what is asked of the network."""

    panel: ClassVar[str] = "Recipients, and what is asked of the network"

    to: Annotated[
        list[str] | None, typer.Option(metavar="ADDRESS", help="A recipient; may be given several times.")
    ] = None
    cc: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", help="A recipient of a copy; may be given several times."),
    ] = None
    bcc: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", help="A recipient hidden from others; may be given several times."),
    ] = None
    sender: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="The sender's number; else the network inserts it.")
    ] = None
    subject: Annotated[str | None, typer.Option(metavar="TEXT", help="The subject line.")] = None
    delivery_report: Annotated[
        bool | None,
        typer.Option("--delivery-report/--no-delivery-report", help="Ask for a report of the delivery."),
    ] = None
    read_report: Annotated[
        bool | None, typer.Option("--read-report/--no-read-report", help="Ask for a report of the reading.")
    ] = None
    priority: Annotated[Priority | None, typer.Option(help="The priority shown to the recipient.")] = None
    message_class: Annotated[
        MessageClass | None, typer.Option("--class", help="The class of the message.")
    ] = None
    expiry: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="The message expires after 90m, 12h, 3d; or at a time: 2030-01-31T18:00+01:00.",
        ),
    ] = None
    delivery_time: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="The message is not delivered before: 90m, 12h, 3d; or a time."),
    ] = None
    show_sender: Annotated[
        bool | None, typer.Option("--show-sender/--hide-sender", help="Whether recipients see the sender.")
    ] = None

    @property
    def has_recipients(self) -> bool:
        """Whether there is a recipient."""
        return bool(self.to or self.cc or self.bcc)

    def require_recipients(self) -> None:
        """Refuse a message without recipients.

        Raises:
            MessageError: there is no recipient.
        """
        if not self.has_recipients:
            raise MessageError("a message needs a recipient: --to")

    def refuse_hidden(self, form: WrittenAs) -> None:
        """Refuse to hide the sender in a form that has no place for that: the number would be shown.

        A default is refused, too: who set it does not want to be seen.

        Raises:
            MessageError: the form is MM7, or media with a manifest.
        """
        if self.show_sender is False and form in ("mm7", MEDIA):
            raise MessageError(
                f"--hide-sender: {form} can't say that the sender is hidden; take --as mm1 or mm4"
            )

    def words(self) -> EnvelopeWords:
        """The envelope as arguments.

        Raises:
            MessageError: a number is too short, or a time is none or in the past.
        """
        for role in ("to", "cc", "bcc"):
            for address in getattr(self, role) or ():
                check_address(f"--{role}", address)
        options = SendOptions(
            delivery_report=self.delivery_report,
            read_report=self.read_report,
            priority=self.priority,
            message_class=self.message_class,
            expiry=time_of("--expiry", self.expiry),
            delivery_time=time_of("--delivery-time", self.delivery_time),
            show_sender=self.show_sender,
        )
        return {
            "to": self.to or [],
            "cc": self.cc or [],
            "bcc": self.bcc or [],
            "sender": self.sender,
            "subject": self.subject,
            "options": options,
        }


def in_country(carrier: str | None, country: str | None) -> str | Profile | None:
    """A network by its name in a country.

    A country that is a default is set aside where the carrier does not need one, or has no network there.

    Raises:
        LimitsError: the country has no effect.
        ProfileNotFound: no network of the country has the name, or several have.
        ProfileError: there is no such country.
    """
    if country is None:
        return carrier
    if carrier is None or names_one(carrier):
        why = "it goes with --carrier" if carrier is None else f"{carrier} is the same in every country"
        refuse_idle({"--country": country}, why)
        return carrier
    try:
        return find_in_country(carrier, country)
    except ProfileError:
        if is_given("--country"):
            raise
        return carrier
