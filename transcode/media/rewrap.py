"""A clip in a new container, its packets as they are."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import av
from av.error import FFmpegError

from transcode.media.container import open_container
from transcode.media.mp4 import fast_start
from transcode.media.video_encode import CONTAINERS

if TYPE_CHECKING:
    from transcode.media.clip import Clip
    from transcode.media.source import Content

__all__ = ["rewrap"]


def rewrap(content: Content, clip: Clip, content_type: str) -> bytes | None:
    """The pictures and the sound of a clip in a file that holds nothing else, its index first.

    Args:
        content: the source.
        clip: what it holds.
        content_type: one of CONTAINERS.

    Returns:
        The file; None where packets alone do not make the same clip, as when an edit list
        begins within them.
    """
    file = io.BytesIO()
    form = CONTAINERS[content_type][0]
    indices = [clip.video.index] + ([clip.audio.index] if clip.audio is not None else [])
    try:
        with (
            open_container(content) as source,
            av.open(file, "w", format=form, container_options={"fflags": "+bitexact"}) as made,
        ):
            streams: dict[int, Any] = {
                index: made.add_stream_from_template(source.streams[index]) for index in indices
            }
            packets: Any = source.demux([source.streams[index] for index in indices])
            for packet in packets:
                if not packet.size:
                    continue
                if packet.dts is None or packet.pts is None:
                    return None
                if packet.is_discard and packet.stream.index == clip.video.index:
                    return None
                # An encoder's delay goes along, and is left out again; what is cut off at the end stays so.
                if packet.is_discard and packet.pts >= 0:
                    continue
                packet.stream = streams[packet.stream.index]
                made.mux_one(packet)
    except (FFmpegError, OSError, ValueError):
        return None
    return fast_start(file.getvalue())
