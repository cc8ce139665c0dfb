"""Encode a slideshow as a clip, for receivers that ignore SMIL presentations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.door import Door
from transcode.errors import ProfileError
from transcode.jobs.processors import ThreadLimit
from transcode.message.slideshow import listed
from transcode.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

    from transcode.model import ProgressCallback, Rendition, Slide, Source

__all__ = ["slideshow_clip"]

#: Bytes of the message reserved for its headers and its presentation. Chosen.
_ROOM = 1_024


def slideshow_clip(
    slides: Iterable[Source | Slide],
    profile: Profile,
    *,
    music: Source | None = None,
    max_bytes: int | None = None,
    font: str | PathLike[str] | None = None,
    threads: int | None = None,
    progress: ProgressCallback | None = None,
) -> Rendition:
    """Encode slides as a clip with cross-fades, slow pan and zoom, captions and sound.

    A slide lasts as in a message: for the duration given, else as long as its sound (5 seconds without
    sound), and at least as long as the reading of its text. If the sum exceeds the profile's limit or 40
    seconds, each slide is shortened by the same factor. The frame has the shape of most pictures, up to
    16:9. A picture with another aspect ratio is shown whole on a blurred copy of itself.

    Args:
        slides: pictures, texts and sounds; animations show their first frame.
        profile: the profile of the network that the clip is for.
        music: a recording for the whole slideshow, faded out at its end and not repeated. It excludes
            slides with sound.
        max_bytes: the largest size of the clip in bytes; None: the profile's limit minus 1,024 bytes for
            the headers and the presentation of the message.
        font: a font file for captions; None: DejaVu Sans if it is installed.
        threads: the largest number of decoder threads; None: one for each processor available to the
            process. The output bytes do not depend on it, except for damaged sources.
        progress: called while the clip is fitted.

    Returns:
        The clip. The notes of its report name captions that could not be drawn as written, and a
        shortening of the slides.

    Raises:
        MmsUnavailable: the network has switched MMS off.
        MessageError: there is nothing to show, or a slide has sound although music is given.
        SourceError: a medium can't be read, or is a clip.
        UnsupportedError: the profile accepts no clip format that this package writes.
        BudgetError: the smallest possible clip exceeds max_bytes.
        LimitsError: threads is out of range.
    """
    if not isinstance(profile, Profile):
        raise ProfileError(repr(profile), "profile must be a Profile, as find_profile returns it")
    profile.require_mms()
    limit = ThreadLimit(threads)
    shown = listed(slides)
    # Imported here because it loads the decoders of pictures and sound, which most messages do not need.
    from transcode.message.slideshow_video import slideshow_video

    size = max(profile.max_message_bytes - _ROOM, 1) if max_bytes is None else max_bytes
    limits = profile.limits(size)
    with limit, Door("message", "slideshow") as door:
        return slideshow_video(
            shown, limits, music=music, font=font, progress=door.passing(progress, "progress")
        )
