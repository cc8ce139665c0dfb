"""Remuxes clips: copies their packets unchanged into a new container."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import av
from av.error import FFmpegError

from transcode.media.clips.simple_video import finished
from transcode.media.clips.video_encode import CONTAINERS, MUX_OPTIONS
from transcode.media.sound import amr
from transcode.media.source.container import open_container
from transcode.media.source.timing import stamped

if TYPE_CHECKING:
    from transcode.media.clips.clip import Clip
    from transcode.media.source.inputs import Input

__all__ = ["rewrap"]


def rewrap(content: Input, clip: Clip, content_type: str, end: float, *, level: int = 0) -> bytes | None:
    """Remux video and sound of a clip into a file without anything else, with the index (moov) first.

    Args:
        content: the source.
        clip: the streams of the source.
        content_type: one of CONTAINERS.
        end: the end of the last frame, in seconds from the start of the presentation.
        level: the level of H.263, as its files code it.

    Returns:
        The file. None if the packets alone do not give the same clip, for example if an edit list omits
        frames.
    """
    file = io.BytesIO()
    form = CONTAINERS[content_type][0]
    indices = [clip.video.index] + ([clip.audio.index] if clip.audio is not None else [])
    try:
        with (
            open_container(content) as source,
            av.open(file, "w", format=form, container_options=MUX_OPTIONS) as made,
        ):
            streams: dict[int, Any] = {
                index: made.add_stream_from_template(source.streams[index]) for index in indices
            }
            due: list[Any] = []
            for packet in source.demux([source.streams[index] for index in indices]):
                if not packet.size:
                    continue
                is_picture = packet.stream.index == clip.video.index
                if packet.pts is None or not packet.time_base or (packet.dts is None and not is_picture):
                    return None
                if packet.is_discard and is_picture:
                    return None
                # Discarded packets before time 0 (the encoder's delay) are copied, and the new file skips
                # them again. Discarded packets at the end are dropped.
                if packet.is_discard and packet.pts >= 0:
                    continue
                due += amr.singles(_begun(packet, clip), packet.stream.codec_context.codec.canonical_name)
            if not _stamp([packet for packet in due if packet.stream.index == clip.video.index], clip, end):
                return None
            for packet in sorted(due, key=lambda packet: packet.dts * packet.time_base):
                packet.stream = streams[packet.stream.index]
                made.mux_one(packet)
    except (FFmpegError, OSError, ValueError):
        return None
    return finished(file.getvalue(), clip.video.codec, level)


def _begun(packet: Any, clip: Clip) -> Any:
    """Shift a packet's times to the start of the presentation. Broadcast streams start at any time."""
    by = round(max(0.0, clip.begin) / packet.time_base)
    packet.pts, packet.dts = packet.pts - by, None if packet.dts is None else packet.dts - by
    return packet


def _stamp(pictures: list[Any], clip: Clip, end: float) -> bool:
    """Set the decoding times and durations with which the muxer writes the same clip.

    Matroska has no decoding times: FFmpeg gives none for the first packets if frames are reordered. The
    result is False if there are no packets, or presentation times repeat.
    """
    shown = [packet.pts for packet in pictures]
    if not shown or len(set(shown)) < len(shown):
        return False
    base = pictures[0].time_base
    last = max(max(shown) + 1, round((min(clip.begin, 0.0) + end) / base))
    stamps = stamped(shown, last, float(1 / base), [packet.dts for packet in pictures])
    for packet, decoded, duration in zip(pictures, stamps.decoded, stamps.durations, strict=True):
        packet.dts, packet.duration = decoded, duration
    return True
