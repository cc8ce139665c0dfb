"""What a job is asked to make, in a form that goes to another process; and the work there."""

from __future__ import annotations

import contextlib
import io
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, cast

from transcode.door import Door
from transcode.errors import LimitsError
from transcode.media.source import inputs
from transcode.message.slideshow import listed
from transcode.model import ComposeWords, FitWords, Limits, Slide
from transcode.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transcode.messages.message import Message
    from transcode.model import Rendition, Source

__all__ = ["Request", "asked", "make", "must_be_read", "sources_of", "warm_up"]


#: The further arguments of each action.
_WORDS = {"fit": FitWords.__annotations__, "compose": ComposeWords.__annotations__}


@dataclass(frozen=True, slots=True)
class Request:
    """One job.

    Attributes:
        action: what is called.
        sources: of fit() one.
        limits: what the result must keep to.
        words: further arguments.
        threads: the most threads.
        folder: what paths are relative to; None: it is not known.
    """

    action: Literal["fit", "compose"]
    sources: tuple[Source | Slide, ...]
    limits: Limits | Profile
    words: dict[str, Any]
    threads: int
    folder: str | None

    @property
    def name(self) -> str:
        """The name of what is made, for errors: that of the only source, or ``"message"``."""
        (first, *others) = self.sources or ("message",)
        if others or isinstance(first, Slide):
            return "message"
        return first if isinstance(first, str) else getattr(first, "name", inputs.NO_NAME)

    @property
    def octets(self) -> int:
        """The number of bytes that the request has; files that are named by their paths count nothing."""
        return sum(_length(source) for source in (*_media(self.sources), self.words.get("as_clip")))


class Octets(io.BytesIO):
    """The bytes of a file object, which go to another process with their name."""

    def __init__(self, octets: bytes, name: str) -> None:
        super().__init__(octets)
        self.name = name

    def __len__(self) -> int:
        return self.getbuffer().nbytes

    def __reduce__(self) -> tuple[type[Octets], tuple[bytes, str]]:
        return (Octets, (self.getvalue(), self.name))


def sources_of(
    sources: Source | Slide | Iterable[Source | Slide], limits: object
) -> tuple[Literal["fit", "compose"], tuple[Source | Slide, ...]]:
    """What is to be made, and of what.

    Raises:
        LimitsError: neither Limits nor a Profile.
        MessageError: the sources are no media.
    """
    if isinstance(limits, Profile):
        return "compose", tuple(listed(sources))
    if isinstance(limits, Limits):
        return "fit", (cast("Source", sources),)
    raise LimitsError(
        f"limits must be Limits, for a rendition, or a Profile, for a message, not {type(limits).__name__}"
    )


def asked(
    action: Literal["fit", "compose"],
    sources: tuple[Source | Slide, ...],
    limits: Limits | Profile,
    words: dict[str, Any],
    threads: int,
) -> Request:
    """Read the file objects of a job, and give what goes to the process that does it.

    Raises:
        TypeError: a further argument is not known.
        SourceError: a file object can't be read.
        CapError: it has more bytes than a source may have.
    """
    unknown = words.keys() - _WORDS[action].keys()
    if unknown:
        raise TypeError(f"{action}() of an engine has no argument {min(unknown)!r}")
    folder = None
    with contextlib.suppress(OSError):
        folder = os.getcwd()  # noqa: PTH109  (a text travels)
    sent = tuple(_portable(source) for source in sources)
    clip = words.get("as_clip", False)
    if not isinstance(clip, bool):
        words = {**words, "as_clip": _portable(clip)}
    return Request(action, sent, limits, words, threads, folder)


def must_be_read(sources: Iterable[Source | Slide], words: dict[str, Any]) -> bool:
    """Whether there are file objects, whose bytes may have to be waited for."""
    plain = (str, bytes, bytearray, memoryview, os.PathLike, bool, type(None))
    return not all(isinstance(one, plain) for one in (*_media(sources), words.get("as_clip")))


def _media(sources: Iterable[Any]) -> Iterable[Any]:
    for source in sources:
        if isinstance(source, Slide):
            yield from (source.image, source.audio)
        else:
            yield source


def _length(source: object) -> int:
    return len(source) if isinstance(source, bytes | Octets) else 0


def _portable(source: Any) -> Any:
    """A source as a path, as bytes, or as a file object that can be pickled."""
    if isinstance(source, Slide):
        return replace(source, image=_portable(source.image), audio=_portable(source.audio))
    if source is None or isinstance(source, str | bytes):
        return source
    with Door("source", f"<{type(source).__name__}>"):
        if isinstance(source, bytearray | memoryview):
            return bytes(source)
        if isinstance(source, os.PathLike):
            return os.fsdecode(source)
        content = inputs.read(source)
        return Octets(bytes(content.data), content.name)


def make(request: Request) -> Rendition | Message:
    """Do a job, in the process that it was sent to."""
    from transcode.fit.medium import fit
    from transcode.jobs.stages import Stopwatch
    from transcode.messages.compose import compose

    if request.folder is not None:
        # A folder that is gone leaves relative paths without files, which their errors tell.
        with contextlib.suppress(OSError):
            os.chdir(request.folder)
    with Stopwatch():
        if isinstance(request.limits, Profile):
            return compose(request.sources, request.limits, threads=request.threads, **request.words)
        (source,) = request.sources
        return fit(cast("Source", source), request.limits, threads=request.threads, **request.words)


def warm_up() -> None:
    """Load what the first jobs of each kind need."""
    import transcode.fit.animations.animation
    import transcode.fit.clips.video
    import transcode.fit.pictures.image
    import transcode.fit.sound.audio
    import transcode.media.pictures.openers.jpeg
    import transcode.media.pictures.openers.pillow
    import transcode.messages.compose  # noqa: F401
