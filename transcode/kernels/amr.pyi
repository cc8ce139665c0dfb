"""AMR by libopencore-amr: frames of AMR-NB coded, frames of AMR-NB and AMR-WB counted and decoded.

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
    """The version of libopencore-amr that this was built with; "unknown" where pkg-config did not tell."""

def size(head: int, *, wide: bool = False, strict: bool = True) -> int:
    """Octets of the frame that begins with an octet, itself included; 0 where that begins none.

    Args:
        head: the octet.
        wide: whether the frame is of AMR-WB.
        strict: whether an octet whose padding is not zero begins none; otherwise only reserved types do not.
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
        Their number, the octets that they take, and how many a decoder has to make up: those that
        are marked as damaged (Q is 0) or lost, or hold the comfort noise of another codec.
    """

def find(
    data: bytes | memoryview | NDArray[np.uint8], wanted: int, *, wide: bool = False, strict: bool = True
) -> int:
    """The place of the first octet from which so many frames follow each other; the end where there is none.

    Args:
        data: any octets.
        wanted: frames, 1 or more.
        wide, strict: as for size().

    Raises:
        ValueError: fewer frames than one are wanted.
    """

class Decoder:
    """A decoder, to be given the frames of one stream in order.

    It knows comfort noise (SID) and frames without data. A frame that is marked as damaged or lost is made
    up from those before it.

    Args:
        wide, strict: as for size().

    Raises:
        MemoryError: there is no memory for it.
    """

    def __init__(self, *, wide: bool = False, strict: bool = True) -> None: ...
    @property
    def samples(self) -> int:
        """Of a frame."""

    def decode(self, data: bytes | memoryview | NDArray[np.uint8], out: NDArray[np.int16]) -> tuple[int, int]:
        """Decode the whole frames that scan() counts, as many as there is room for.

        Args:
            data: frames.
            out: receives the samples of each; those beyond stay as they are.

        Returns:
            The number of frames, and the octets that they take.

        Raises:
            RuntimeError: another thread is using this decoder.
        """

class Encoder:
    """An encoder of AMR-NB, to be given the sound of one stream in order.

    It looks ahead 5 ms, 40 samples: what is decoded is so much later than what was coded.

    Args:
        mode: 0 to 7, from 4,750 to 12,200 bits a second (3GPP TS 26.071).
        dtx: whether pauses become comfort noise (SID) and frames without data.

    Raises:
        ValueError: no such mode.
        MemoryError: there is no memory for it.
    """

    def __init__(self, mode: int, *, dtx: bool = False) -> None: ...
    def encode(self, samples: NDArray[np.int16], out: NDArray[np.uint8]) -> int:
        """Code whole frames.

        Args:
            samples: SAMPLES for each frame.
            out: receives them; has MOST_OCTETS for each.

        Returns:
            The octets written.

        Raises:
            ValueError: a part of a frame, or too little room.
            RuntimeError: another thread is using this encoder.
        """
