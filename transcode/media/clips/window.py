"""Reads headers, packets and first frame of a window of a clip, in one opening of the container."""

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
    from transcode.media.source.container import OpenStreams
    from transcode.media.source.inputs import Input

__all__ = ["ClipWindow", "read_window"]

#: Assumed frame rate of a clip that states none, in frames/s. Chosen.
_USUAL_RATE = 25.0


@dataclass(frozen=True, slots=True)
class ClipWindow:
    """A window of a clip, before its frames are decoded.

    Attributes:
        clip: the streams of the container.
        scan: the packets of the window.
        look: geometry and colours of the frames.
    """

    clip: Clip
    scan: Scan
    look: Look

    @property
    def rate(self) -> float:
        """The frame rate in frames/s: from the packets, else from the header, else 25."""
        return 1 / self.scan.period if self.scan.period else self.clip.video.rate or _USUAL_RATE

    @property
    def source_seconds(self) -> float | None:
        """The duration of the source in seconds: from its packets if all were listed, else from its header.

        None: the duration is unknown.
        """
        if self.scan.is_whole:
            return self.scan.end
        return None if self.clip.duration is None else max(self.clip.duration, self.scan.end)


def read_window(streams: OpenStreams, start: float, seconds: float) -> ClipWindow:
    """Read headers, packets and first frame of a window.

    Args:
        streams: the streams of a newly opened source.
        start: the start of the window, in seconds from the start of the presentation.
        seconds: the duration of the window, in seconds.

    Raises:
        UnsupportedError: the source has no video stream that can be decoded, or needs a Dolby Vision display.
        SourceError: the source has no frame that can be decoded.
        CapError: the frames have too many pixels, or the window has too many packets.
        LimitsError: the source ends before start.
    """
    content, clip = streams.content, probe_in(streams)
    if not clip.was_read:
        return _read(content, streams.container, clip, start, seconds)
    # In some formats, seeking back to the start is not the same as opening the file again.
    with open_container(content) as other:
        return _read(content, other, clip, start, seconds)


def _read(content: Input, container: InputContainer, clip: Clip, start: float, seconds: float) -> ClipWindow:
    first = FirstFrame(container.streams[clip.video.index])
    found = scan_in(content, container, clip, start, seconds, first.push)
    if first.frame is not None:
        return ClipWindow(clip, found, look_of(first.frame, clip, content.name))
    # The decoder still holds the few frames of the window, or they are damaged: later frames are decoded too.
    return ClipWindow(clip, found, look(content, clip, start))
