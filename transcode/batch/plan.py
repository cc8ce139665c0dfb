"""What a batch makes of each file: the plan, and the jobs that follow from it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from transcode.batch.globs import Wanted
from transcode.batch.names import Name
from transcode.errors import LimitsError
from transcode.jobs.job_limits import JobLimits
from transcode.message.part_names import EXTENSIONS
from transcode.wire.forms import FORMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.model import FitOptions, Form, MessageWords
    from transcode.profile import Profile
    from transcode.wire.mm7.mm7_convert import ProviderNames

__all__ = [
    "ANY_ENDING",
    "ENDINGS",
    "MEDIA",
    "BatchPlan",
    "Job",
    "Output",
    "dated",
    "ending_of",
    "form_of",
    "names_of",
    "naming_of",
    "reserve_of",
]

#: What a file becomes besides a message: a medium that keeps to the limits.
MEDIA: Final = "media"

#: What stands in a manifest for the ending of a medium, which is known when it is made.
ANY_ENDING = ".*"

#: The endings of messages by their form; a form that is not here is its own ending.
ENDINGS = {"mm1": "mms", "mm4": "eml", "mm7": "http"}

#: How outputs are called: a message by the whole name of its source, a medium with its own ending.
_MESSAGE_NAME, _MEDIA_NAME = "{folder}/{name}.{ext}", "{folder}/{stem}.{ext}"


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """What a batch makes of each file.

    Attributes:
        written_as: ``"mm1"``: a PDU (``.mms``); ``"mm4"``: a mail (``.eml``); ``"mm7"``: a request with its
            headers of HTTP (``.http``); ``"media"``: no message, but a picture, clip or recording that keeps
            to the limits, with the ending of its format.
        name: how outputs are called below the target, with the fields folder, name (``a.jpg``), stem (``a``)
            and suffix (``jpg``) of the source, ext (the ending of the output), carrier, and number (of the
            source, from 1; ``{number:04}``: with zeros). None: ``{folder}/{name}.{ext}``, for media
            ``{folder}/{stem}.{ext}``. Where names would be the same, case and the form of accents aside,
            all but the first get the source's ending or a number: ``a.jpg``, ``a-png.jpg``.
        include, exclude: patterns of the files below the source that are read: ``*.jpg``, ``raw/``,
            ``2026/**/IMG_*``. A pattern without a slash holds in every folder, one of a folder for all that
            is in it; case makes no difference. Without include all files are read that exclude does not name.
        limit_form: the form of message that the limit counts.
        date: the Date of mails, in seconds since 1970; None: the time at which the batch begins.
        vaspid, vasid, service_code: for MM7, as in Message.to_mm7.
        limits: what each file may take of time, memory and output, and whether its process is confined. A
            file that takes more costs itself, with an error that names the limit, and is tried again by a
            run that may take more of it. Other limits make nothing else anew.

    Raises:
        LimitsError: there is no such form, limits are something else, or the name has an unknown field or
            leaves the target, or is for media and does not end in ``.{ext}``.
    """

    written_as: Form | Literal["media"] = "mm1"
    name: str | None = None
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    limit_form: Form = "mm1"
    date: int | None = None
    vaspid: str | None = None
    vasid: str | None = None
    service_code: str | None = None
    limits: JobLimits = field(default_factory=JobLimits)

    def __post_init__(self) -> None:
        if self.written_as not in (*FORMS, MEDIA):
            known = ", ".join((*FORMS, MEDIA))
            raise LimitsError(f"written_as must be one of {known}, not {self.written_as!r}")
        if self.limit_form not in FORMS:
            raise LimitsError(f"limit_form must be one of {', '.join(FORMS)}, not {self.limit_form!r}")
        Wanted(self.include, self.exclude)
        if not isinstance(self.limits, JobLimits):
            raise LimitsError(f"limits must be JobLimits, not {type(self.limits).__name__}")
        naming = naming_of(self)
        if form_of(self) is None and not naming.ends_in_ext:
            raise LimitsError(
                f"the name {self.name!r} must end in .{{ext}}: what a medium becomes has its own ending"
            )


def form_of(plan: BatchPlan) -> Form | None:
    """The form of a plan's messages; None: media are made."""
    return None if plan.written_as == "media" else plan.written_as


def ending_of(plan: BatchPlan) -> str | None:
    """The ending of what is made, without a dot; None: each medium has its own."""
    form = form_of(plan)
    return None if form is None else ENDINGS.get(form, form)


def naming_of(plan: BatchPlan) -> Name:
    """How outputs are called.

    Raises:
        LimitsError: the name will not do.
    """
    usual = _MEDIA_NAME if form_of(plan) is None else _MESSAGE_NAME
    return Name(usual if plan.name is None else plan.name)


def dated(plan: BatchPlan) -> BatchPlan:
    """The plan, whose mails have the Date of now where it states none."""
    if plan.date is None and plan.written_as == "mm4":
        return replace(plan, date=int(time.time()))
    return plan


def names_of(plan: BatchPlan) -> ProviderNames:
    """The names for MM7, as arguments."""
    return {"vaspid": plan.vaspid, "vasid": plan.vasid, "service_code": plan.service_code}


def reserve_of(plan: BatchPlan) -> int:
    """The bytes of the limit that the names for MM7 take.

    Raises:
        MessageError: a name can't be sent.
    """
    if plan.limit_form != "mm7":
        return 0
    # Imported here: only MM7 needs its schemas.
    from transcode.wire.mm7.mm7_convert import identity_length

    return identity_length(**names_of(plan))


@dataclass(frozen=True, slots=True)
class Output:
    """What is made of a source for one receiver.

    Attributes:
        base: the path, for media without the dot and the ending.
        ending: the last part of the path, which further messages keep; None: that of the rendition's type.
        profile: of the receiver.
        carrier: the receiver's name in paths and results.
        known: the SHA-256 of the source of which the output was made that is there; empty: there is none.
            None: no hash is wanted.
        why: it is made again; empty: no earlier run has made it.
    """

    base: str
    ending: str | None
    profile: Profile
    carrier: str
    known: str | None = None
    why: str = ""

    def paths(self) -> list[Path]:
        """All paths that it may be written to, but those of messages to further recipients."""
        if self.ending is not None:
            return [Path(self.base)]
        return [Path(f"{self.base}.{ending}") for ending in sorted({*EXTENSIONS.values()})]

    @property
    def key(self) -> str:
        """The path as far as it is known before the work."""
        return f"{self.base}{ANY_ENDING}" if self.ending is None else self.base


@dataclass(frozen=True, slots=True)
class Job:
    """One source, and what is made of it.

    Attributes:
        source: the path of the file, or what else the result names.
        outputs: one for each receiver.
        plan, words: what the outputs depend on besides.
        media: the paths of what goes into a message, in order, where that is not the source alone.
        stamp: of the files before anything is read of them.
        options: for media, besides as_clip.
    """

    source: str
    outputs: tuple[Output, ...]
    plan: BatchPlan
    words: MessageWords
    media: tuple[str, ...] | None = None
    stamp: str = ""
    options: FitOptions | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        """The paths of the files that are read."""
        return (self.source,) if self.media is None else self.media
