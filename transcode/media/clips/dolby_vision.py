"""Detects Dolby Vision profile 5, whose video needs a Dolby Vision decoder.

Profiles 7 and 8, which phones record, have a base layer that any player shows. The frames of profile 5 are in
IPT with a curve that varies by frame. Shown as YCbCr, they are green and violet.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from transcode.media.clips import side_data

if TYPE_CHECKING:
    import av

__all__ = ["is_ipt", "names_ipt"]

#: The code of IPT-C2 in MatrixCoefficients (ITU-T H.273, table 4), and the code of IPT in
#: ``signal_color_space`` of a frame's metadata.
_IPT_C2 = 15
_IPT = 2

#: Offsets in FFmpeg's ``AVDOVIMetadata``, in bytes: the fields with the offsets of the header and of the
#: colour metadata; ``vdr_rpu_profile`` in the header, and ``signal_color_space`` in the colour metadata.
_HEADER, _COLOURS = 0, 16
_PROFILE, _SPACE = 4, 185


def is_ipt(frame: av.VideoFrame) -> bool:
    """Whether the samples of a decoded frame are IPT."""
    if int(frame.colorspace) == _IPT_C2:
        return True
    data = side_data.octets(frame, side_data.DOLBY_VISION)
    return data is not None and names_ipt(data)


def names_ipt(metadata: bytes) -> bool:
    """Whether FFmpeg's Dolby Vision metadata of a frame say IPT, in a profile without a base layer."""
    if len(metadata) < _COLOURS + 8:
        return False
    header, colours = (struct.unpack_from("=Q", metadata, place)[0] for place in (_HEADER, _COLOURS))
    if max(header + _PROFILE, colours + _SPACE) >= len(metadata):
        return False
    return bool(metadata[header + _PROFILE] == 0 and metadata[colours + _SPACE] == _IPT)
