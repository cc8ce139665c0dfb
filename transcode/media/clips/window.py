"""A window of a clip: its headers, its packets and its first frame, read in one opening of the container."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.media.clips.clip import probe_in, scan_in
from transcode.media.clips.video_look import FirstFrame, look, look_of
from transcode.media.source.container import open_container

if TYPE_CHECKING:
    from av.container import InputContainer

    from transcode.media.clips.clip import Clip, Scan
    from transcode.media.clips.video_look import Look
    from transcode.media.source.inputs import Input

__all__ = ["ClipWindow", "read_window"]

#: Pictures a second of a clip that says none. Chosen.
_USUAL_RATE = 25.0


@dataclass(frozen=True, slots=True)
class ClipWindow:
    """What is known of a window of a clip before its pictures are decoded.

    Attributes:
        clip: what the container holds.
        scan: the packets of the window.
        look: how frames are shown.
    """

    clip: Clip
    scan: Scan
    look: Look

    @property
    def rate(self) -> float:
        """Pictures a second: by their packets, else as the header says."""
        return 1 / self.scan.period if self.scan.period else self.clip.video.rate or _USUAL_RATE

    @property
    def source_seconds(self) -> float | None:
        """Seconds of the source: by its packets if all were seen, else by its header; None: not known."""
        if self.scan.is_whole:
            return self.scan.end
        return None if self.clip.duration is None else max(self.clip.duration, self.scan.end)


def read_window(content: Input, container: InputContainer, start: float, seconds: float) -> ClipWindow:
    """Read what is to be known of a window.

    Args:
        content: the source.
        container: of it, just opened.
        start: where the window begins, in seconds from the presentation's begin.
        seconds: how long it is.

    Raises:
        UnsupportedError: there are no pictures in it that a decoder is there for, or they need a Dolby Vision
            display.
        SourceError: there are no pictures, or none that can be decoded.
        CapError: its frames are too large, or its packets too many.
        LimitsError: the source ends before start.
    """
    clip = probe_in(content, container)
    if not clip.was_read:
        return _read(content, container, clip, start, seconds)
    # Going back to the begin is not the same as a new opening in every format.
    with open_container(content) as other:
        return _read(content, other, clip, start, seconds)


def _read(content: Input, container: InputContainer, clip: Clip, start: float, seconds: float) -> ClipWindow:
    first = FirstFrame(container.streams[clip.video.index])
    found = scan_in(content, container, clip, start, seconds, first.push)
    if first.frame is not None:
        return ClipWindow(clip, found, look_of(first.frame, clip, content.name))
    # The decoder still holds the few pictures, or they are damaged: what is behind the window counts too.
    return ClipWindow(clip, found, look(content, clip, start))
