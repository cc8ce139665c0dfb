"""Counts the frames of recordings without a container: FFmpeg guesses their duration from a bit rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.media.source import adts_file, amr_file, mpeg_file

if TYPE_CHECKING:
    from transcode.media.source.inputs import Input

__all__ = ["counted_seconds"]


def counted_seconds(content: Input) -> float | None:
    """Return the duration of AMR, of AAC with ADTS headers and of MPEG audio in seconds, by its frames.

    None: another format, MPEG audio that states its duration, or AAC or MPEG audio too long to be in memory.
    """
    if amr_file.codec_of(content) is not None:
        return amr_file.seconds(content)
    if content.path is not None:
        return None
    if content.content_type == "audio/aac":
        return adts_file.seconds(bytes(content.data))
    return mpeg_file.seconds(bytes(content.data)) if content.content_type == "audio/mpeg" else None
