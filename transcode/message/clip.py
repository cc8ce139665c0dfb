"""A slideshow as a clip, for receivers that ignore presentations."""

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

#: Bytes of the message that are left for its headers and its presentation. Chosen.
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
    """Show slides as a clip: cross-fades, slow pan and zoom, captions on the pictures, and their sound.

    A slide is shown as in a message: for the time that was given, else as long as its sound and the
    reading of its text take, and 5 seconds at least. Where the whole is more than the
    profile takes, or forty seconds, each slide is shortened by the same factor. The frame lies or stands as
    most of the pictures do; a picture of another shape is shown whole, before black.

    Args:
        slides: pictures, texts and sounds; animations show their first frame.
        profile: of the network that the clip goes to.
        music: a recording for the whole show, faded at its end and not repeated. With it, slides have no
            sound of their own.
        max_bytes: the largest size of the clip; None: the profile's limit less 1,024 bytes for what a
            message has besides.
        font: a font file for captions; None: DejaVu Sans where it is installed.
        threads: the most threads that decoding may have; None: one a processor that this process may use. The
            bytes are the same whatever the number, but of a source that is damaged.
        progress: called as the clip is fitted.

    Returns:
        The clip. Its report's notes say which captions could not be drawn as written, and what was
        shortened.

    Raises:
        MmsUnavailable: the network has MMS switched off.
        MessageError: nothing to show, or a sound beside music.
        SourceError: a medium can't be read, or is a clip already.
        UnsupportedError: the profile takes no form of clip that is written here.
        BudgetError: not even the smallest clip fits.
        LimitsError: threads is out of its range.
    """
    if not isinstance(profile, Profile):
        raise ProfileError(repr(profile), "a profile is what find_profile gives")
    profile.require_mms()
    limit = ThreadLimit(threads)
    shown = listed(slides)
    # Loaded here, with the decoders of pictures and sound: most messages do without.
    from transcode.message.slideshow_video import slideshow_video

    size = max(profile.max_message_bytes - _ROOM, 1) if max_bytes is None else max_bytes
    limits = profile.limits(size)
    with limit, Door("message", "slideshow") as door:
        return slideshow_video(
            shown, limits, music=music, font=font, progress=door.passing(progress, "progress")
        )
