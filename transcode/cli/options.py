"""The options that several commands take."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from transcode.profile import SizeChoice


class WrittenAs(StrEnum):
    """The forms that a message can be written in."""

    MM1 = "mm1"
    MM4 = "mm4"
    MM7 = "mm7"
    MEDIA = "media"


class LimitForm(StrEnum):
    """The forms that a limit can count."""

    MM1 = "mm1"
    MM4 = "mm4"
    MM7 = "mm7"


class ShownAs(StrEnum):
    """What a slideshow becomes."""

    MESSAGE = "message"
    CLIP = "clip"


Json = Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout; nothing else there.")]


Debug = Annotated[bool, typer.Option("--debug", help="Show where an error came from.")]


Carrier = Annotated[
    str | None,
    typer.Option(
        "--carrier",
        help="The network: an id (us-verizon), an MCC-MNC (311480), a TOML file; unknown: na or world.",
    ),
]


Provider = Annotated[
    str | None,
    typer.Option("--provider", help="Who carries the message: twilio, or twilio:short_code with the sender."),
]


Device = Annotated[
    str | None, typer.Option("--device", help="The phone: its UAProf document, as a file or an address.")
]


Size = Annotated[
    SizeChoice,
    typer.Option(
        "--size", help="Where sources disagree or advise: the safe size, the recommended, the highest."
    ),
]


Bearer = Annotated[str | None, typer.Option("--bearer", help="A slow network: gprs or edge.")]


To = Annotated[list[str], typer.Option("--to", help="A recipient; may be given several times.")]


Sender = Annotated[
    str | None, typer.Option("--sender", help="The sender's number; else the network inserts it.")
]


Subject = Annotated[str | None, typer.Option("--subject", help="The subject line.")]


TextFirst = Annotated[bool, typer.Option("--text-first", help="Texts above the pictures, not below.")]


MaxMessages = Annotated[
    int,
    typer.Option(
        "--max-messages",
        min=1,
        help="Divide slides over so many messages at most, so that each looks decent.",
    ),
]


Caption = Annotated[str | None, typer.Option("--text", help="Text to show below the first picture.")]
