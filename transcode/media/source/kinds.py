"""What kind of medium a source is, before any of it is decoded."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Literal

from transcode.errors import SourceError

if TYPE_CHECKING:
    from transcode.media.source.inputs import Input

__all__ = ["kind_of"]


def kind_of(content: Input) -> Literal["picture", "clip", "recording"] | None:
    """Return the kind of a source; None where that is not known, as of a broken or unknown file.

    Animations are pictures. Of a container that may hold both, the streams decide: Ogg and MP4 files may have
    sound alone.
    """
    if not content.is_stream:
        return "picture" if (content.content_type or "").startswith("image/") else None
    if (content.content_type or "").startswith("audio/"):
        return "recording"
    # Imported here because it loads FFmpeg.
    from transcode.media.source.container import streams_of

    with contextlib.suppress(SourceError):
        found = streams_of(content)
        return "clip" if found.video else "recording" if found.audio else None
    return None
