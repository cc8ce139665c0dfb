"""AMR by libopencore-amr: encodes frames of AMR-NB, counts and decodes frames of AMR-NB and AMR-WB.

Frames are in the storage format of RFC 4867, section 5.3: an octet of header with the frame type and
the quality bit, then the octets of that type. Each is 20 ms. Samples are int16, one channel, contiguous:
8,000 a second of AMR-NB, 16,000 of AMR-WB. The GIL is released.
"""

import numpy as np
from numpy.typing import NDArray

#: Samples of a frame of AMR-NB and of AMR-WB, and the octets of the largest frame of AMR-NB.
SAMPLES: int
WIDE_SAMPLES: int
MOST_OCTETS: int

def version() -> str:
    """The version of libopencore-amr at build time; "unknown" where pkg-config did not tell."""

def size(head: int, *, wide: bool = False, strict: bool = True) -> int:
    """Octets of the frame that begins with an octet, the octet included; 0 where it begins no frame.

    Args:
        head: the octet.
        wide: whether the frame is of AMR-WB.
        strict: whether the padding of the octet must be zero. Reserved types never begin a frame.
    """

def scan(
    data: bytes | memoryview | NDArray[np.uint8], *, wide: bool = False, strict: bool = True
) -> tuple[int, int, int]:
    """Count the whole frames that follow each other from the first octet on.

    Counting stops at an octet that begins no frame, and where octets are missing.

    Args:
        data: frames.
        wide, strict: as for size().

    Returns:
        The number of frames, the octets that they take, and the number of frames that a decoder has to
        conceal: frames marked as damaged (Q is 0) or lost, and comfort noise of another codec.
    """

def find(
    data: bytes | memoryview | NDArray[np.uint8], wanted: int, *, wide: bool = False, strict: bool = True
) -> int:
    """The offset of the first run of whole frames that is long enough; the length of the data where none is.

    Args:
        data: any octets.
        wanted: frames of the run, 1 or more.
        wide, strict: as for size().

    Raises:
        ValueError: wanted is below 1.
    """

class Decoder:
    """A decoder of one stream, which gets the stream's frames in order.

    It decodes comfort noise (SID) and frames without data. A frame that is marked as damaged or lost is
    concealed: made from the frames before it.

    Args:
        wide, strict: as for size().

    Raises:
        MemoryError: there is no memory for it.
    """

    def __init__(self, *, wide: bool = False, strict: bool = True) -> None: ...
    @property
    def samples(self) -> int:
        """Samples of a frame."""

    def decode(self, data: bytes | memoryview | NDArray[np.uint8], out: NDArray[np.int16]) -> tuple[int, int]:
        """Decode the whole frames that scan() counts, up to the room of out.

        Args:
            data: frames.
            out: receives the samples of each; those beyond stay as they are.

        Returns:
            The number of frames, and the octets that they take.

        Raises:
            RuntimeError: another thread is using the decoder.
        """

class Encoder:
    """An encoder of AMR-NB for one stream, which gets the stream's samples in order.

    The encoder looks ahead 5 ms: decoded sound is 40 samples later than its source.

    Args:
        mode: 0 to 7, from 4,750 to 12,200 bits a second (3GPP TS 26.071).
        dtx: whether pauses become comfort noise (SID) and frames without data.

    Raises:
        ValueError: no such mode.
        MemoryError: there is no memory for it.
    """

    def __init__(self, mode: int, *, dtx: bool = False) -> None: ...
    def encode(self, samples: NDArray[np.int16], out: NDArray[np.uint8]) -> int:
        """Encode whole frames.

        Args:
            samples: SAMPLES for each frame.
            out: receives the frames; at least MOST_OCTETS for each.

        Returns:
            The octets written.

        Raises:
            ValueError: a part of a frame, or too little room.
            RuntimeError: another thread is using the encoder.
        """
