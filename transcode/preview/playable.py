"""What browsers show and play, and what is made of a medium that they do not."""

from __future__ import annotations

from transcode.door import Door
from transcode.errors import BudgetError, SourceError
from transcode.model import Limits

__all__ = ["SHOWN", "is_played", "played", "recording"]

#: Content types that browsers show and play, and the type on the page. A 3GP file is an
#: ISO base media file: browsers play one with H.264 as MP4.
SHOWN = {
    "image/avif": "image/avif",
    "image/bmp": "image/bmp",
    "image/gif": "image/gif",
    "image/jpeg": "image/jpeg",
    "image/jpg": "image/jpeg",
    "image/png": "image/png",
    "image/webp": "image/webp",
    "video/3gpp": "video/mp4",
    "video/mp4": "video/mp4",
    "video/webm": "video/webm",
    "audio/aac": "audio/aac",
    "audio/mp3": "audio/mpeg",
    "audio/mp4": "audio/mp4",
    "audio/mpeg": "audio/mpeg",
    "audio/wav": "audio/wav",
    "audio/x-wav": "audio/wav",
}

#: Codecs that browsers play, by FFmpeg's names.
_PLAYED = {"h264", "vp8", "vp9", "av1", "libdav1d", "libvpx", "libvpx-vp9"}
_PLAYED_SOUND = {None, "aac", "mp3", "mp3float", "opus", "libopus", "vorbis"}
#: The limits of the clip that takes the place of one that browsers do not play.
_PLAYABLE = Limits(4_000_000, formats=("video/mp4",), codecs=("h264", "aac"))

#: The longest sound that is decoded for the page, in seconds.
_MAX_SECONDS = 600.0


def is_played(data: bytes) -> bool:
    """Return whether browsers play the pictures and the sound of a clip, in a container that they know.

    Raises:
        SourceError: the clip is broken.
        BudgetError: reading it takes too long.
    """
    # Imported here: few messages need a decoder.
    from transcode.media.clips import clip
    from transcode.media.source.inputs import Input

    content = Input("clip", data)
    with Door("source", content.name):
        found = clip.probe(content)
        sound = None if found.audio is None else found.audio.codec
        return found.video.codec in _PLAYED and sound in _PLAYED_SOUND


def played(kind: str | None, data: bytes) -> tuple[str | None, bytes]:
    """Return a clip that browsers play, re-encoded as H.264 where needed; no type where the clip is broken.

    Args:
        kind: its type on a page; None: browsers do not know its container.
        data: the octets.
    """
    # Imported here: few messages need a decoder.
    from transcode.fit.medium import fit_content
    from transcode.media.source.inputs import Input

    try:
        if is_played(data) and kind is not None:
            return kind, data
        with Door("source", "clip"):
            return "video/mp4", fit_content(Input("clip", data), _PLAYABLE).data
    except (SourceError, BudgetError):
        return None, data


def recording(data: bytes) -> bytes | None:
    """Return sound that browsers do not play, such as AMR, as WAV; None where the sound is broken."""
    # Imported here: few messages need a decoder.
    from transcode.media.sound import audio, wav
    from transcode.media.source.inputs import Input

    try:
        with Door("source", "sound"):
            return wav.to_bytes(audio.decode(Input("sound", data), max_seconds=_MAX_SECONDS).pcm)
    except SourceError:
        return None
