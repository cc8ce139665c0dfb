"""The options that several commands take, by themselves or in groups."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, TypedDict

import typer

from transcode.errors import LimitsError, MessageError
from transcode.model import MessageClass, Priority, SendOptions
from transcode.profile import FolderStore, Profile, SizeChoice, fetch, receiver
from transcode.profile.find import is_user_file
from transcode.profile.read import user_files

#: Seconds of the units that spans of time are given in.
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_SPAN = re.compile(r"([0-9]{1,10})([smhdw]?)")

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout; nothing else there.")]
Force = Annotated[
    bool,
    typer.Option("--force", help="Write into a directory that is not empty, too."),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show where an error came from.")]
TextFirst = Annotated[bool, typer.Option("--text-first", help="Texts above the pictures, not below.")]
MaxMessages = Annotated[
    int,
    typer.Option(
        "--max-messages",
        min=1,
        help="Divide slides over so many messages at most, so that each looks decent.",
    ),
]
Carrier = Annotated[
    str | None,
    typer.Option(
        help="The network: an id (us-verizon), an MCC-MNC (311480), a TOML file; unknown: na or world.",
    ),
]
AsClip = Annotated[
    bool,
    typer.Option(
        "--as-clip",
        help="Recordings leave as clips that show their wave: for networks that take clips and no sound.",
    ),
]
Picture = Annotated[
    Path | None, typer.Option("--picture", help="The same, and this picture is shown, not their wave.")
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads", min=1, help="The most threads that decoding may have; one a processor by default."
    ),
]
FirstText = Annotated[str | None, typer.Option("--text", help="Text to show below the first picture.")]


class WrittenAs(StrEnum):
    """The forms that a message can be written in."""

    MM1 = "mm1"
    MM4 = "mm4"
    MM7 = "mm7"
    MEDIA = "media"


@dataclass(frozen=True)
class Route:
    """How a message gets from the network to its phone: what is known of it beside the carrier."""

    provider: Annotated[
        str | None,
        typer.Option(help="Who carries the message: twilio, or twilio:short_code with the sender."),
    ] = None
    device: Annotated[
        str | None, typer.Option(help="The phone: its UAProf document, as a file or an address.")
    ] = None
    allow_private: Annotated[
        bool,
        typer.Option("--allow-private", help="--device may be on this machine or in its own network."),
    ] = False
    bearer: Annotated[str | None, typer.Option(help="A slow network: gprs or edge.")] = None
    size: Annotated[
        SizeChoice,
        typer.Option(help="Where sources disagree or advise: the safe size, the recommended, the highest."),
    ] = "safe"

    def found(self, carrier: str | None) -> Profile | None:
        """What satisfies this and the carrier; None when nothing was said of either."""
        if carrier is self.provider is self.device is None:
            if self.bearer is not None:
                raise LimitsError("--bearer goes with --carrier, --provider or --device")
            return None
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        return receiver(
            carrier,
            provider=self.provider,
            device=self.device,
            bearer=self.bearer,
            size=self.size,
            store=FolderStore(Path(cache, "transcode", "devices")),
            fetch=partial(fetch, allow_private=self.allow_private),
        )

    def files(self, carrier: str | None) -> list[Path]:
        """The files that say this and the carrier, if files do: they are not to be written over."""
        own = [] if carrier is None or not is_user_file(carrier) else user_files(carrier)
        return own if self.device is None or "://" in self.device else [*own, Path(self.device)]

    def profile(self, carrier: str | None) -> Profile:
        """The same, for commands that can't do without."""
        found = self.found(carrier)
        if found is None:
            raise LimitsError("give --carrier, --provider or --device; --carrier world fits any network")
        return found


@dataclass(frozen=True)
class Excerpt:
    """What is wanted of a clip or a recording; as transcode.fit takes it."""

    start: Annotated[float, typer.Option(min=0, help="Where a clip or a recording begins, in seconds.")] = 0.0
    max_seconds: Annotated[
        float | None, typer.Option(help="Its longest duration; never more than forty.")
    ] = None
    keyframe_cut: Annotated[
        bool,
        typer.Option(
            "--keyframe-cut",
            help="A clip that is only too long may begin at a key frame near --start, and is not re-encoded.",
        ),
    ] = False
    loudness: Annotated[float | None, typer.Option(help="Bring sound to so many LUFS, such as -16.")] = None
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail where a clip would look worse than the quality floor.")
    ] = False


class EnvelopeWords(TypedDict):
    """What an envelope comes to, as compose_split and convert_directory take it."""

    to: list[str]
    cc: list[str]
    bcc: list[str]
    sender: str | None
    subject: str | None
    options: SendOptions


@dataclass(frozen=True)
class Envelope:
    """Whom a message goes to, from whom, and what is asked of the network."""

    to: Annotated[list[str] | None, typer.Option(help="A recipient; may be given several times.")] = None
    cc: Annotated[list[str] | None, typer.Option(help="A further recipient, likewise.")] = None
    bcc: Annotated[list[str] | None, typer.Option(help="One whom the others do not see, likewise.")] = None
    sender: Annotated[str | None, typer.Option(help="The sender's number; else the network inserts it.")] = (
        None
    )
    subject: Annotated[str | None, typer.Option(help="The subject line.")] = None
    delivery_report: Annotated[
        bool | None,
        typer.Option("--delivery-report/--no-delivery-report", help="Ask to be told when it has arrived."),
    ] = None
    read_report: Annotated[
        bool | None, typer.Option("--read-report/--no-read-report", help="Ask to be told when it was read.")
    ] = None
    priority: Annotated[Priority | None, typer.Option(help="How urgent it is to the recipient.")] = None
    message_class: Annotated[
        MessageClass | None, typer.Option("--class", help="What kind of message it is.")
    ] = None
    expiry: Annotated[
        str | None,
        typer.Option(help="How long it is kept: 90m, 12h, 3d; or until when: 2030-01-31T18:00+01:00."),
    ] = None
    delivery_time: Annotated[str | None, typer.Option(help="Before when it is not delivered, likewise.")] = (
        None
    )
    show_sender: Annotated[
        bool | None, typer.Option("--show-sender/--hide-sender", help="Whether recipients see the sender.")
    ] = None

    @property
    def has_recipients(self) -> bool:
        """Whether it goes to anybody."""
        return bool(self.to or self.cc or self.bcc)

    def require_recipients(self) -> None:
        """Refuse a message to nobody.

        Raises:
            MessageError: there is none.
        """
        if not self.has_recipients:
            raise MessageError("a message needs a recipient: --to")

    def words(self) -> EnvelopeWords:
        """The same as arguments."""
        options = SendOptions(
            delivery_report=self.delivery_report,
            read_report=self.read_report,
            priority=self.priority,
            message_class=self.message_class,
            expiry=_time("--expiry", self.expiry),
            delivery_time=_time("--delivery-time", self.delivery_time),
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


def shown_by(picture: Path | None, *, as_clip: bool) -> bool | Path:
    """What transcode.fit and transcode.compose take as as_clip."""
    return as_clip if picture is None else picture


def _time(name: str, text: str | None) -> float | datetime | None:
    """A span in seconds, or a moment; one without a zone is of this place."""
    if text is None:
        return None
    span = _SPAN.fullmatch(text)
    if span is not None:
        return int(span[1]) * _UNITS[span[2]]
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError):
        raise MessageError(f"{name} must look like 90m, 12h, 3d or 2030-01-31T18:00, not {text!r}") from None
