"""Dolby Vision whose pictures mean nothing without it.

Profiles 7 and 8, which phones record, lie over pictures that any player shows. Those of profile 5 are
IPT behind a curve of each frame's own: as YCbCr they are green and violet.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from transcode.media.clips import side_data

if TYPE_CHECKING:
    import av

__all__ = ["is_ipt", "names_ipt"]

#: IPT-C2 among the matrix coefficients (ITU-T H.273, table 4), and IPT among the spaces of a frame's
#: metadata (``signal_color_space``).
_IPT_C2 = 15
_IPT = 2

#: Of FFmpeg's ``AVDOVIMetadata``: where it says at which bytes its header and its colours begin, and
#: where ``vdr_rpu_profile`` stands in the one and ``signal_color_space`` in the other.
_HEADER, _COLOURS = 0, 16
_PROFILE, _SPACE = 4, 185


def is_ipt(frame: av.VideoFrame) -> bool:
    """Whether a decoded frame holds IPT."""
    if int(frame.colorspace) == _IPT_C2:
        return True
    data = side_data.octets(frame, side_data.DOLBY_VISION)
    return data is not None and names_ipt(data)


def names_ipt(metadata: bytes) -> bool:
    """Whether FFmpeg's metadata of a frame's Dolby Vision say IPT, in a profile without other pictures."""
    if len(metadata) < _COLOURS + 8:
        return False
    header, colours = (struct.unpack_from("=Q", metadata, place)[0] for place in (_HEADER, _COLOURS))
    if max(header + _PROFILE, colours + _SPACE) >= len(metadata):
        return False
    return bool(metadata[header + _PROFILE] == 0 and metadata[colours + _SPACE] == _IPT)
