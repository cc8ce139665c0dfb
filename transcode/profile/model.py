"""A figure with its provenance, and a profile, which is made of figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from transcode.errors import MmsUnavailable, ProfileError
from transcode.model import DEFAULT_CODECS, DEFAULT_FORMATS, Limits

__all__ = [
    "FIGURES",
    "FLAGS",
    "LEVELS",
    "RATES",
    "SETS",
    "SIZES",
    "UAPROF",
    "Figure",
    "Figures",
    "Profile",
    "SizeChoice",
    "Value",
]

#: The tag of figures that a phone's own document gives.
UAPROF = "UAPROF"

#: The choice between a source's sizes: see Profile.sized.
SizeChoice = Literal["safe", "recommended", "high"]

#: Keys of values with provenance, by kind. SIZES are whole numbers and RATES numbers, the smallest the
#: strictest; FLAGS are permissions; LEVELS are words in an order of strictness; SETS are lists to intersect.
SIZES = (
    "max_message_bytes",
    "max_image_width",
    "max_image_height",
    "max_recipients",
    "max_subject_chars",
    "max_text_chars",
    "max_file_bytes",
    "max_files",
    "recommended_bytes",
    "max_video_width",
    "max_video_height",
)
RATES = ("max_seconds", "max_frame_rate")
FLAGS = (
    "mms_enabled",
    "turn",
    "content_disposition_ok",
    "slide_duration_ok",
    "audio_attach_ok",
    "progressive",
)
LEVELS = ("h264_profile", "h264_level")
SETS = ("formats", "codecs", "charsets")
FIGURES = (*SIZES, *RATES, *FLAGS, *LEVELS, *SETS)

#: Fields that Profile and Limits share.
_SHARED = (
    "max_seconds",
    "formats",
    "turn",
    "progressive",
    "max_video_width",
    "max_video_height",
    "max_frame_rate",
    "codecs",
    "h264_profile",
    "h264_level",
)

#: A size, a rate, a flag, a word, or a list of words.
Value = int | float | str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """One value of a profile, and its provenance.

    Attributes:
        value: a size in the unit of its key, a rate, a flag, a word or words.
        sources: tags that the profile's file explains; ``("user",)`` in a user's own file.
        date: the newest date of the sources, ISO 8601, or the year alone where no more
            is known; None: undated.
        confidence: such as ``"documented"`` or ``"default only"``.
        high: the largest value that a source gives; None where the sources agree.
        profile: the id of the profile that the value comes from, in a profile that was
            combined or that extends another; empty: the profile itself.
    """

    value: Value
    sources: tuple[str, ...]
    date: str | None
    confidence: str
    high: int | None = None
    profile: str = ""


class Figures(Mapping[str, Figure]):
    """Figures by key: an immutable mapping, so profiles can be shared, hashed and pickled."""

    __slots__ = ("_figures",)

    def __init__(self, figures: Mapping[str, Figure] | None = None) -> None:
        self._figures = dict(figures or {})

    def __getitem__(self, key: str) -> Figure:
        return self._figures[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._figures)

    def __len__(self) -> int:
        return len(self._figures)

    def __hash__(self) -> int:
        return hash(frozenset(self._figures.items()))

    def __repr__(self) -> str:
        return f"Figures({self._figures!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The limits and rules of one receiver.

    Attributes:
        id: such as ``"us-verizon"``.
        name: as shown to people.
        kind: ``"network"``, ``"mvno"`` (a virtual operator), ``"class"`` (an OMA
            content class, Android's defaults), ``"floor"`` (what fits all
            networks of a region), ``"bearer"``, ``"account"`` and ``"route"`` (of a
            messaging provider), ``"guideline"`` (what somebody advises), ``"client"``
            (what an application or server takes), ``"device"``, ``"combined"`` or
            ``"user"``.
        country: ISO 3166 two-letter code; empty when there is none.
        mcc_mnc: network codes, digits only.
        carrier_id: Android's number for the operator, or None.
        mvno_match: SIM values that tell a virtual operator from its host, as ``"gid1=53FF"``.
        mms_enabled: False where phone settings switch MMS off, and for a phone
            without MMS.
        mms_off_reason: why MMS is off, in words; None where mms_enabled is True or
            the phone settings are the reason.
        max_message_bytes: the largest encoded message, in bytes.
        max_image_width, max_image_height: the box of a landscape picture, in
            pixels; None: nobody says.
        max_recipients: addresses in one message; None: not limited, or nobody says.
        max_subject_chars: characters in a subject; None: nobody says.
        max_text_chars: characters of text in one message; None: nobody says.
        max_file_bytes: the largest single medium, in bytes; None: the message's limit alone.
        max_files: media in one message; None: nobody says.
        recommended_bytes: a smaller size of message that the source advises; it holds where sized chooses it.
        formats: content types that the receiver shows, without sound where
            audio_attach_ok is False.
        charsets: charsets of text that the receiver reads, IANA names in lower case; None: nobody says.
        max_seconds: the longest video or sound, in seconds.
        progressive, max_video_width, max_video_height, max_frame_rate, codecs,
            h264_profile, h264_level: as in Limits.
        turn: whether a portrait picture uses the box turned.
        content_disposition_ok: whether parts may have the header Content-Disposition.
        slide_duration_ok: whether the sender's slide times are honoured.
        audio_attach_ok: whether sound may be attached.
        counts: what the limit counts, in the source's words; empty: the whole message.
        transcodes: what the provider adapts itself; empty: nobody says.
        mmsc: address of the message centre, or None.
        notes: warnings for a person.
        figures: provenance of the values above, by their names.
    """

    id: str
    name: str
    kind: str = "user"
    country: str = ""
    mcc_mnc: tuple[str, ...] = ()
    carrier_id: int | None = None
    mvno_match: tuple[str, ...] = ()
    mms_enabled: bool = True
    mms_off_reason: str | None = None
    max_message_bytes: int
    max_image_width: int | None = None
    max_image_height: int | None = None
    max_recipients: int | None = None
    max_subject_chars: int | None = None
    max_text_chars: int | None = None
    max_file_bytes: int | None = None
    max_files: int | None = None
    recommended_bytes: int | None = None
    formats: tuple[str, ...] = DEFAULT_FORMATS
    charsets: tuple[str, ...] | None = None
    max_seconds: float = 40.0
    progressive: bool = False
    max_video_width: int | None = None
    max_video_height: int | None = None
    max_frame_rate: float | None = None
    codecs: tuple[str, ...] = DEFAULT_CODECS
    h264_profile: str = "main"
    h264_level: str = "3.1"
    turn: bool = True
    content_disposition_ok: bool = True
    slide_duration_ok: bool = True
    audio_attach_ok: bool = True
    counts: str = ""
    transcodes: str = ""
    mmsc: str | None = None
    notes: tuple[str, ...] = ()
    figures: Figures = field(default_factory=Figures)

    def __post_init__(self) -> None:
        if not self.audio_attach_ok:
            silent = tuple(kind for kind in self.formats if not kind.startswith("audio/"))
            object.__setattr__(self, "formats", silent)

    @classmethod
    def from_limits(cls, limits: Limits, *, name: str = "plain limits") -> Profile:
        """A profile of plain numbers; max_bytes is the limit of the whole message."""
        return cls(
            id="limits",
            name=name,
            max_message_bytes=limits.max_bytes,
            max_image_width=limits.max_width,
            max_image_height=limits.max_height,
            **{name: getattr(limits, name) for name in _SHARED},
        )

    def require_mms(self) -> None:
        """Refuse a profile whose MMS is off.

        Raises:
            MmsUnavailable: MMS is off, for the reason given.
        """
        if not self.mms_enabled:
            raise MmsUnavailable(self.id, self.mms_off_reason or "phone settings have it switched off")

    def sized(self, choice: SizeChoice) -> Profile:
        """The profile with another size of message, where its source gives one.

        Args:
            choice: ``"recommended"``: what the source advises; ``"high"``: the largest that
                any source gives, which some receiver may refuse; ``"safe"``: as it is. A combination
                has no other: choose before combining.

        Raises:
            ProfileError: the choice is none of these.
        """
        if choice not in get_args(SizeChoice):
            raise ProfileError(
                self.id, f"size must be one of {', '.join(get_args(SizeChoice))}, not {choice!r}"
            )
        figure = self.figures.get("max_message_bytes")
        size: int | None = None
        if choice == "recommended" and self.recommended_bytes is not None:
            size, figure = (
                min(self.recommended_bytes, self.max_message_bytes),
                self.figures.get("recommended_bytes"),
            )
        elif choice == "high" and figure is not None and self.kind != "combined":
            size = figure.high
        if size is None or size == self.max_message_bytes:
            return self
        figures = dict(self.figures)
        if figure is not None:
            figures["max_message_bytes"] = replace(figure, value=size, high=None)
        return replace(self, max_message_bytes=size, figures=Figures(figures))

    def bound_by(self, key: str) -> str:
        """The id of the profile that gave a value; the profile's own id where it is no combination."""
        figure = self.figures.get(key)
        return (figure.profile if figure else "") or self.id

    def limits(self, max_bytes: int | None = None) -> Limits:
        """Limits of one medium, never looser than the profile.

        Args:
            max_bytes: bytes free for the medium, at most those of the whole message;
                None: all of those.

        Raises:
            LimitsError: max_bytes is not a positive number.
        """
        most = min(self.max_message_bytes, self.max_file_bytes or self.max_message_bytes)
        return Limits(
            max_bytes=most if max_bytes is None else min(max_bytes, most),
            max_width=self.max_image_width,
            max_height=self.max_image_height,
            **{name: getattr(self, name) for name in _SHARED},
        )
