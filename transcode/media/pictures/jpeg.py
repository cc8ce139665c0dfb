"""JPEG: reading of headers, decoding to planes, writing of coefficients, and removal of metadata."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from transcode.errors import CapError, SourceError, UnsupportedError
from transcode.jobs.job_limits import memory_words
from transcode.jobs.processors import threads
from transcode.kernels import jpeg as kernel
from transcode.media.samples.planes import Picture, Plane
from transcode.media.source.decode_limits import DECODE_LIMITS, Deadline
from transcode.media.source.unread import SAVE_PICTURE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = [
    "Component",
    "DecodedJpeg",
    "JpegHeader",
    "decode",
    "encode",
    "read_header",
    "rewrite",
    "strip",
]

#: Segments of a file, at most. A profile can take 255 segments and large XMP about 100; real files have
#: fewer than 50.
_MAX_SEGMENTS = 4096

#: Octets of a file with restarts from which two threads take less time than one. Chosen: a thread decodes
#: 0.1 MB in a millisecond.
_TWO_THREADS = 100_000

#: Columns and rows that each decoded sample is the mean of, by the samples that are left of the 8 of a block
#: (jidctred.c of libjpeg). Other scales use other transforms.
_AVERAGED = {1: 8, 2: 4, 4: 2}

# Markers of T.81, table B.1, by their second octet.
_SOI = 0xD8
_EOI = 0xD9
_SOS = 0xDA
_APP0 = 0xE0
_APP1 = 0xE1
_APP2 = 0xE2
_APP13 = 0xED
_APP14 = 0xEE
_APP15 = 0xEF
_COM = 0xFE

#: Frame headers that libjpeg can't decode, and words for their processes.
_OTHER_PROCESSES = {
    0xC3: "lossless",
    0xC5: "hierarchical",
    0xC6: "hierarchical",
    0xC7: "hierarchical",
    0xCB: "lossless arithmetic-coded",
    0xCD: "hierarchical",
    0xCE: "hierarchical",
    0xCF: "hierarchical",
}
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA, *_OTHER_PROCESSES}

#: Markers of the segments of the coded picture: SOF, DHT, DAC, SOS with its data, DQT and DRI.
_CODING = _FRAMES | {0xC4, 0xCC, 0xDA, 0xDB, 0xDD}

_EXIF = b"Exif\0\0"
_ICC = b"ICC_PROFILE\0"
_JFIF = b"JFIF\0"
_ADOBE = b"Adobe"

#: Application segments: marker, first octets, and the word for reports.
_APPLICATIONS = (
    (_APP1, b"Exif\0", "EXIF"),
    (_APP1, b"http://ns.adobe.com/xap/1.0/\0", "XMP"),
    (_APP1, b"http://ns.adobe.com/xmp/extension/\0", "XMP"),
    (_APP2, _ICC, "ICC profile"),
    (_APP2, b"MPF\0", "multi-picture index"),
    (_APP0, b"JFXX\0", "thumbnail"),
    (_APP13, b"Photoshop 3.0\0", "IPTC"),
)
_OTHER = "application data"

#: Strings in the XMP of a gain map: of Adobe and Google (the origin of ISO 21496-1), and of Apple.
_GAIN_MAPS = (b"hdrgm:", b"HDRGainMap")

#: Octets of the JFIF and the Adobe segment (T.872, 6.5.3), including the marker. In JFIF a thumbnail may
#: follow.
_JFIF_LENGTH = 18
_ADOBE_LENGTH = 16


class Component(NamedTuple):
    """Horizontal and vertical sampling factor of a component, and the number of its quantisation table."""

    h: int
    v: int
    table: int


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """The header of a JPEG.

    Attributes:
        width, height: size in pixels, as stored.
        colour: colour space of the components, as libjpeg deduces it.
        components: sampling factors and quantisation table of each component.
        progressive: whether the coding is progressive, in several scans.
        arithmetic: whether the coding is arithmetic instead of Huffman.
        bits: bits per sample.
        restart_interval: in MCUs; 0 means no restarts.
        jfif, adobe: whether these markers are present. CMYK with the Adobe marker is stored inverted.
        exif: the TIFF structure of the first EXIF segment, or None.
        icc: the ICC profile, or None.
        icc_broken: whether the pieces of a profile are incomplete.
        metadata: words for the metadata that strip() drops, each once, in file order.
        length: octets from the start of the file to the end of the picture, or to a truncated segment.
        trailer: octets behind the end of the picture: further pictures, a clip, or padding.
    """

    width: int
    height: int
    colour: Literal["gray", "ycc", "rgb", "cmyk", "ycck"]
    components: tuple[Component, ...]
    progressive: bool
    arithmetic: bool
    bits: int
    restart_interval: int
    jfif: bool
    adobe: bool
    exif: bytes | None = field(repr=False)
    icc: bytes | None = field(repr=False)
    icc_broken: bool
    metadata: tuple[str, ...]
    length: int
    trailer: int


@dataclass(frozen=True, slots=True, eq=False)
class DecodedJpeg:
    """A decoded picture.

    Attributes:
        picture: the planes, in whole blocks.
        warnings: number of warnings of libjpeg.
        warning: the first warning, or None.
        rows: number of rows, at full size, above the first damage. A progressive file that lacks only
            detail has all rows; a file that lacks a component has none.
    """

    picture: Picture
    warnings: int
    warning: str | None
    rows: int


class _Segment(NamedTuple):
    """A marker segment: second octet of its marker, and offsets of its start and end in the file."""

    marker: int
    start: int
    end: int


def read_header(data: bytes | memoryview, *, name: str) -> JpegHeader:
    """Read the header of a JPEG. The size is not limited here; the caller checks it.

    Raises:
        UnsupportedError: the JPEG is lossless, hierarchical or 12-bit, or has 2 or more than 4 components.
        SourceError: the data are not a JPEG, or the header is broken.
    """
    segments = _segments(data, name)
    _check_process(data, segments, name)
    with _errors(name):
        frame = kernel.header(data)
    exif, icc_pieces = _embedded(data, segments)
    icc = _profile(icc_pieces)
    return JpegHeader(
        width=frame.width,
        height=frame.height,
        colour=frame.colour,
        components=tuple(Component(*component) for component in frame.components),
        progressive=frame.progressive,
        arithmetic=frame.arithmetic,
        bits=frame.precision,
        restart_interval=frame.restart_interval,
        jfif=frame.jfif,
        adobe=frame.adobe,
        exif=exif,
        icc=icc,
        icc_broken=bool(icc_pieces) and icc is None,
        metadata=_kept_and_dropped(data, segments)[1],
        length=_length(data, segments),
        trailer=_trailer(data, segments),
    )


def decode(
    data: bytes | memoryview,
    header: JpegHeader,
    *,
    eighths: int = 8,
    name: str,
    deadline: Deadline | None = None,
) -> DecodedJpeg:
    """Decode the planes of a picture at eighths/8 of its size, without colour conversion.

    Chroma may be larger than its sampling factors say: see Plane.width and height.

    Args:
        data: the file.
        header: the result of read_header().
        eighths: the scale, 1 to 8.
        name: name of the source, for messages.
        deadline: time budget of the source; None means a new budget for one picture.

    Raises:
        CapError: too many scans, too much time, or not enough memory.
        SourceError: the data can't be decoded.
    """
    # Without the truncated segment, libjpeg still decodes the earlier scans of a progressive file.
    data = memoryview(data)[: header.length]
    with _errors(name):
        layout = kernel.layout(data, eighths)
        arrays = [np.empty((plane.rows, plane.columns), np.uint8) for plane in layout]
        outcome = kernel.decode(
            data,
            eighths,
            arrays,
            max_scans=DECODE_LIMITS.scans,
            seconds=_left(name, deadline),
            threads=threads(2) if header.restart_interval and len(data) >= _TWO_THREADS else 1,
        )
    most_h = max(component.h for component in header.components)
    planes = []
    for array, plane, component in zip(arrays, layout, header.components, strict=True):
        columns = round(8 * plane.width * most_h / (header.width * component.h))
        planes.append(Plane(array, plane.width, plane.height, _AVERAGED.get(columns, 1)))
    return DecodedJpeg(
        Picture(tuple(planes), header.colour),
        outcome.warnings,
        _sentence(outcome.warning) or None,
        outcome.rows,
    )


def encode(
    blocks: Sequence[NDArray[np.int16]],
    tables: Sequence[NDArray[np.uint16]],
    sampling: Sequence[tuple[int, int]],
    width: int,
    height: int,
    *,
    progressive: bool = False,
) -> bytes:
    """Write a gray or YCbCr file from quantised coefficients, with a JFIF header and no other metadata.

    Args:
        blocks: for each component an array of block rows x blocks per row x 64, in zigzag order, with
            exactly the blocks that cover the component.
        tables: one quantisation table for all components, or one for luma and one for chroma: 64 steps
            of 1 to 255 in zigzag order.
        sampling: horizontal and vertical sampling factor of each component.
        width, height: size of the picture in pixels.
        progressive: whether the file is progressive instead of baseline.

    Raises:
        ValueError: a shape or a value is out of range.
    """
    if len(tables) not in (1, 2):
        raise ValueError(f"there must be one table, or one for luma and one for chroma; not {len(tables)}")
    ids = [min(component, len(tables) - 1) for component in range(len(blocks))]
    return kernel.write_coefficients(
        blocks,
        np.stack(tables).astype(np.uint16, copy=False),
        sampling,
        ids,
        width=width,
        height=height,
        progressive=progressive,
    )


def rewrite(
    data: bytes | memoryview, *, progressive: bool, name: str, deadline: Deadline | None = None
) -> bytes:
    """Rewrite a JPEG losslessly with optimised Huffman tables and without metadata.

    Args:
        data: the file.
        progressive: whether the result is progressive instead of baseline.
        name: name of the source, for messages.
        deadline: time budget of the source; None means a new budget for one picture.

    Raises:
        CapError: too many scans, too much time, or not enough memory.
        SourceError: the data can't be read, or are damaged.
    """
    with _errors(name):
        return kernel.rewrite(
            data, progressive=progressive, max_scans=DECODE_LIMITS.scans, seconds=_left(name, deadline)
        )


def strip(data: bytes | memoryview, *, name: str) -> tuple[bytes, tuple[str, ...]]:
    """Remove the metadata of a JPEG; the coded picture is copied octet for octet.

    Comments, application segments and data behind the picture are dropped. JFIF, without its thumbnail, and
    the Adobe segment stay, since decoders deduce the colour space from them. A missing end marker is added.

    Returns:
        The file, and words for the dropped data, each once.

    Raises:
        SourceError: no JPEG, no picture in it, or a segment that runs past the end.
    """
    segments = _segments(data, name)
    for segment in segments:
        if not _is_whole(segment, len(data)):
            raise SourceError(name, "a JPEG segment runs past the end", offset=segment.start)
    if not any(segment.marker == _SOS for segment in segments):
        raise SourceError(name, "no picture in the JPEG")
    kept, dropped = _kept_and_dropped(data, segments)
    return b"".join([b"\xff\xd8", *kept, b"\xff\xd9"]), dropped


def _segments(data: bytes | memoryview, name: str) -> list[_Segment]:
    rows = np.empty((_MAX_SEGMENTS, 3), np.int64)
    count = kernel.segments(data, rows)
    if count > _MAX_SEGMENTS:
        raise SourceError(name, f"more than {_MAX_SEGMENTS:,} JPEG segments")
    if count == 0:
        raise SourceError(name, "no JPEG: the start marker is missing, or nothing follows it")
    return [_Segment(*row) for row in rows[:count].tolist()]


def _is_whole(segment: _Segment, size: int) -> bool:
    if segment.marker in (_SOI, _EOI):
        return True
    return segment.start + 4 <= segment.end <= size


def _check_process(data: bytes | memoryview, segments: list[_Segment], name: str) -> None:
    """Refuse coding processes that libjpeg can't decode, with the name of the process."""
    for segment in segments:
        if segment.marker not in _FRAMES or not _is_whole(segment, len(data)):
            continue
        process = _OTHER_PROCESSES.get(segment.marker)
        if process is not None:
            raise UnsupportedError(name, f"a {process} JPEG (SOF{segment.marker - 0xC0}); {SAVE_PICTURE}")
        bits = data[segment.start + 4] if segment.end > segment.start + 4 else 8
        if bits == 12:
            raise UnsupportedError(name, f"a JPEG with samples of 12 bits; {SAVE_PICTURE}")


def _embedded(data: bytes | memoryview, segments: list[_Segment]) -> tuple[bytes | None, list[bytes]]:
    """Return the first EXIF and the pieces of the ICC profile in front of the first scan."""
    exif, pieces = None, []
    for segment in segments:
        if segment.marker == _SOS or not _is_whole(segment, len(data)):
            break
        body = data[segment.start + 4 : segment.end]
        if segment.marker == _APP1 and exif is None and body[: len(_EXIF)] == _EXIF:
            exif = bytes(body[len(_EXIF) :])
        elif segment.marker == _APP2 and body[: len(_ICC)] == _ICC:
            pieces.append(bytes(body[len(_ICC) :]))
    return exif, pieces


def _profile(pieces: list[bytes]) -> bytes | None:
    """Join the numbered pieces of a profile (ICC.1, B.4); None unless each piece is present once."""
    numbered = {piece[0]: piece[2:] for piece in pieces if len(piece) > 2}
    if not pieces or len(numbered) != len(pieces) or sorted(numbered) != list(range(1, len(pieces) + 1)):
        return None
    if any(piece[1] != len(pieces) for piece in pieces):
        return None
    return b"".join(numbered[number] for number in sorted(numbered))


def _kept_and_dropped(
    data: bytes | memoryview, segments: list[_Segment]
) -> tuple[list[bytes | memoryview], tuple[str, ...]]:
    """Return the pieces of the file to keep, without start and end marker, and words for the others."""
    view = memoryview(data)
    kept: list[bytes | memoryview] = []
    dropped: dict[str, None] = {}
    for segment in segments:
        if segment.marker in (_SOI, _EOI) or not _is_whole(segment, len(data)):
            break
        start, end = segment.start, segment.end
        if segment.marker in _CODING:
            kept.append(view[start:end])
        elif segment.marker == _COM:
            dropped["comment"] = None
        elif segment.marker == _APP0 and end >= start + _JFIF_LENGTH and view[start + 4 : start + 9] == _JFIF:
            kept.append(b"\xff\xe0\0\x10" + bytes(view[start + 4 : start + _JFIF_LENGTH - 2]) + b"\0\0")
            if end > start + _JFIF_LENGTH:
                dropped["thumbnail"] = None
        elif (
            segment.marker == _APP14
            and end >= start + _ADOBE_LENGTH
            and view[start + 4 : start + 9] == _ADOBE
        ):
            kept.append(b"\xff\xee\0\x0e" + bytes(view[start + 4 : start + _ADOBE_LENGTH]))
        else:
            dropped[_application(segment.marker, view[start + 4 : end])] = None
    if _trailer(data, segments):
        dropped.update(dict.fromkeys(_behind(bytes(view[_length(data, segments) :]))))
    return kept, tuple(dropped)


def _behind(trailer: bytes) -> list[str]:
    """Return words for the data behind the picture."""
    words = []
    if trailer.lstrip(b"\0").startswith(b"\xff\xd8"):
        words.append("gain map" if any(mark in trailer for mark in _GAIN_MAPS) else "further picture")
    if b"ftyp" in trailer:
        words.append("video of a motion photo")
    return words or ["data after the picture"]


def _application(marker: int, body: memoryview) -> str:
    for number, signature, word in _APPLICATIONS:
        if marker == number and body[: len(signature)] == signature:
            return word
    return _OTHER


def _length(data: bytes | memoryview, segments: list[_Segment]) -> int:
    """Return the octets up to the end marker, a second start marker or a truncated segment."""
    last = segments[-1]
    if last.marker == _EOI or (last.marker != _SOI and _is_whole(last, len(data))):
        return last.end
    return last.start


def _trailer(data: bytes | memoryview, segments: list[_Segment]) -> int:
    """Return the number of octets behind the end marker, or from a second start marker on."""
    return len(data) - _length(data, segments) if segments[-1].marker in (_EOI, _SOI) else 0


def _left(name: str, deadline: Deadline | None) -> float:
    """Return the seconds that the kernel may take."""
    return (deadline or Deadline(name, DECODE_LIMITS.picture_seconds)).left()


@contextmanager
def _errors(name: str) -> Iterator[None]:
    """Translate errors of the kernel to those of transcode.errors."""
    try:
        yield
    except MemoryError as error:
        raise CapError(name, f"not enough memory to decode it{memory_words()}") from error
    except kernel.JpegError as error:
        if error.kind == "unsupported":
            raise UnsupportedError(name, f"{_sentence(error.reason)}; {SAVE_PICTURE}") from error
        if error.kind == "scans":
            raise CapError(name, f"more than {DECODE_LIMITS.scans} scans") from error
        if error.kind == "deadline":
            raise CapError(name, "decoding took too long") from error
        raise SourceError(name, _sentence(error.reason)) from error


def _sentence(text: str) -> str:
    """Return a message of libjpeg with a lower-case initial, for use within a sentence."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
