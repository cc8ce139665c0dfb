"""HEIF tiles: decoding by FFmpeg on several threads, and reduction of each row as soon as it is complete.

At most three rows of tiles are kept at full size. The result does not depend on the number of threads.
"""

from __future__ import annotations

import re
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import av
import av.error
import numpy as np
from av.video.codeccontext import VideoCodecContext

from transcode.errors import CapError, SourceError, UnsupportedError
from transcode.jobs.job_limits import memory_words
from transcode.media.pictures.heif_items import CODECS, colours, setup_of
from transcode.media.pictures.toner import LEVELS, LOOKED_AT, brightest
from transcode.media.samples.cicp import OTHERS, Signal, to_rgb
from transcode.media.samples.planes import Span, Stream
from transcode.media.samples.transfer import Space
from transcode.media.source.packets import packet_of
from transcode.media.source.unread import SAVE_PICTURE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from transcode.media.pictures.boxes import Container, Item
    from transcode.media.pictures.heif_header import HeifHeader
    from transcode.media.pictures.heif_items import Coded
    from transcode.media.source.decode_limits import Deadline
__all__ = ["Reduction", "Target"]

#: Supported pixel formats of FFmpeg; for each, the pixels across and down per sample of the second and
#: third plane; and the rows that are converted to 8 bits at a time.
_FORMAT = re.compile(r"(gray|gbrp|yuvj?4(?:20|22|44)p)(10|12)?(?:le)?")
_STEPS = {
    "gray": [],
    "gbrp": [(1, 1), (1, 1)],
    "yuv444p": [(1, 1), (1, 1)],
    "yuv422p": [(2, 1), (2, 1)],
    "yuv420p": [(2, 2), (2, 2)],
}
_NARROWED = 128

#: 8-bit pictures into which a high dynamic range picture of more than 8 bits is divided for the reduction:
#: their mean has 2 bits more. In highlights sRGB has four levels for one level of 8-bit PQ.
_PARTS = 4


@dataclass(frozen=True, slots=True)
class Target:
    """The size and the chroma sampling that a picture is reduced to."""

    header: HeifHeader
    width: int
    height: int
    full_chroma: bool

    def stream(self, coded: Coded, number: int, across: int, down: int) -> Stream:
        """Return the resampler of a plane, by its number and its pixels per sample across and down."""
        header, half = self.header, number > 0 and not self.full_chroma
        spans = []
        for begin, length, count, stored, shown, step, mirrors in (
            (header.left, header.width, self.width, coded.width, header.coded.width, across, (2, 3, 7, 8)),
            (header.top, header.height, self.height, coded.height, header.coded.height, down, (3, 4, 6, 7)),
        ):
            # An auxiliary picture may have another size (23008-12, 6.4.4).
            unit = stored / shown / step
            early = half and count % 2 and header.orientation in mirrors
            spans.append(
                Span(
                    begin * unit,
                    (begin + length) * unit,
                    (count + 1) // 2 if half else count,
                    count / 2 if half else count,
                    -0.5 if early else 0.0,
                )
            )
        return Stream(*spans)


class _Decoders:
    """Decodes coded pictures, each with a decoder of its own.

    A decoder leaves rows that a damaged bit stream lacks as they were in an earlier picture. So the decoder
    of an earlier tile is not used again: which tile that was would depend on the threads. Nor do several
    threads decode the rows of one HEVC picture: they conceal damage differently from run to run.
    """

    def __init__(self, container: Container, threads: int, most_pixels: int) -> None:
        self._container = container
        self._options = {"max_pixels": str(most_pixels)}
        self._threads = threads

    def decode(self, item: Item) -> av.VideoFrame:
        """Decode the frame of an item.

        Raises:
            SourceError: the frame can't be decoded.
        """
        name = self._container.name
        codec, setup = CODECS[item.kind][1], setup_of(name, item)
        payload = self._container.payload(item)
        with _errors(name, item):
            context = self._new(codec, setup)
            frames = context.decode(packet_of(payload)) or context.decode(None)
        if not frames:
            raise SourceError(name, f"picture {item.number} has no frame")
        if frames[0].is_corrupt:
            raise SourceError(name, f"picture {item.number} is damaged")
        return frames[0]

    def _new(self, codec: str, setup: bytes) -> VideoCodecContext:
        context = cast(VideoCodecContext, VideoCodecContext.create(codec, "r"))
        context.extradata = setup
        context.options = self._options
        context.thread_type = "SLICE"
        context.thread_count = 1 if codec == "hevc" else self._threads
        return context


@contextmanager
def _errors(name: str, item: Item) -> Iterator[None]:
    """Translate exceptions of FFmpeg's decoders to a SourceError that names the picture."""
    try:
        yield
    except MemoryError as error:
        raise CapError(name, f"not enough memory to decode it{memory_words()}") from error
    except (av.error.FFmpegError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceError(name, f"picture {item.number} can't be decoded: {reason}") from error


class Reduction:
    """Decoding and reduction of one coded picture.

    Tiles that can't be decoded are gray; missing or broken tiles of an alpha picture are opaque.

    Attributes:
        planes: number of planes.
        signal: colour code points by the boxes, completed by those of the bit stream.
        depth: bits per sample.
        space: colour space, if it is not sRGB; None with an ICC profile, and for alpha.
        levels: histogram of the brightest channel of each pixel; zeros for standard dynamic range.
        bad: number of tiles that could not be decoded.
        warning: the error of the first of these tiles, or None.
        good_rows: number of stored rows above the first of these tiles.
    """

    def __init__(
        self,
        container: Container,
        coded: Coded,
        target: Target,
        deadline: Deadline,
        threads: int,
        *,
        is_alpha: bool = False,
    ) -> None:
        self._name = container.name
        self._coded = coded
        self._target = target
        self._deadline = deadline
        self._is_alpha = is_alpha
        self._blank = 255 if is_alpha else 128
        self._threads = threads if len(coded.tiles) > 1 else 1
        # Coded sizes are multiples of the block size, which is at most 128 pixels.
        most = (coded.tile_width + 128) * (coded.tile_height + 128)
        self._decoders = _Decoders(container, 1 if len(coded.tiles) > 1 else threads, most)
        # For each plane the pixels per sample across and down.
        self._steps: list[tuple[int, int]] = []
        self._parts = 1
        self._format = ""
        self._errors: dict[int, str] = {}
        self._levels: dict[int, NDArray[np.int64]] = {}
        self._streams: list[Stream] = []
        self.signal = Signal()
        self.depth = 8
        self.space: Space | None = None

    @property
    def planes(self) -> int:
        return len(self._steps)

    @property
    def levels(self) -> NDArray[np.int64]:
        total = np.zeros(LEVELS, np.int64)
        for levels in self._levels.values():
            total += levels
        return total

    def reduced(self, plane: int) -> NDArray[np.uint8]:
        """Return the reduced 8-bit samples of a plane."""
        return self._streams[plane * self._parts].result

    def mean(self, plane: int) -> NDArray[np.float32]:
        """Return the reduced samples of a plane on the 8-bit scale, with fractions for deeper sources."""
        streams = self._streams[plane * self._parts : (plane + 1) * self._parts]
        total = np.zeros(streams[0].result.shape, np.float32)
        for stream in streams:
            total += stream.result
        return total / np.float32(len(streams))

    @property
    def bad(self) -> int:
        return len(self._errors)

    @property
    def warning(self) -> str | None:
        return self._errors[min(self._errors)] if self._errors else None

    @property
    def good_rows(self) -> int:
        if not self._errors:
            return self._coded.height
        return min(self._errors) // self._coded.columns * self._coded.tile_height

    def run(self) -> None:
        """Decode and reduce the picture.

        Raises:
            SourceError: the first tile can't be decoded.
            CapError: the time limit is exceeded.
        """
        self._deadline.left()
        first = self._decoders.decode(self._coded.tiles[0])
        self._open(first)
        if len(self._coded.tiles) == 1:
            self._whole(first)
        elif self._threads == 1:
            bands = self._bands()
            for row in range(self._coded.rows):
                for column in range(self._coded.columns):
                    self._tile(row, column, bands[row % 3], first)
                self._reduce(row, bands)
        else:
            pool = ThreadPoolExecutor(self._threads)
            try:
                self._parallel(pool, first)
            finally:
                pool.shutdown(cancel_futures=True)

    def _open(self, frame: av.VideoFrame) -> None:
        """Set up the reduction by the pixel format of the first frame."""
        found = _FORMAT.fullmatch(frame.format.name)
        if found is None:
            raise UnsupportedError(
                self._name, f"the unsupported pixel format {frame.format.name}; {SAVE_PICTURE}"
            )
        self._format = frame.format.name
        self.depth = int(found[2] or 8)
        steps = _STEPS[found[1].replace("yuvj", "yuv")]
        self._steps = [(1, 1), *steps]
        self._mean(frame)
        if found[1] == "gbrp" or self.space is not None:
            # Colour conversion needs all components at the same positions.
            self._target = replace(self._target, full_chroma=True)
        if len(self._coded.tiles) > 1 and any(
            self._coded.tile_width % across or self._coded.tile_height % down for across, down in steps
        ):
            raise UnsupportedError(
                self._name, f"tiles of odd width or height with subsampled chroma; {SAVE_PICTURE}"
            )
        self._streams = [
            self._target.stream(self._coded, number, *step)
            for number, step in enumerate(self._steps)
            for _ in range(self._parts)
        ]

    def _mean(self, frame: av.VideoFrame) -> None:
        """Set signal, space and the number of parts by the header and the first frame."""
        header = self._target.header
        said = header.signal
        if self._is_alpha:
            _, said = colours(self._name, self._coded.tiles[0], self._coded)
        self.signal = (said or Signal()).over(Signal.of(frame))
        if self.signal.matrix in OTHERS and self.planes > 1 and not self._is_alpha:
            reason = f"colours with the matrix coefficients {self.signal.matrix} of ITU-T H.273"
            raise UnsupportedError(self._name, f"{reason}, which are not supported; {SAVE_PICTURE}")
        if self._is_alpha or header.icc is not None:
            return
        self.space = Space.of(self.signal)
        if self.space is not None and self.space.is_high and self.depth > 8:
            self._parts = _PARTS

    def _planes(self, frame: av.VideoFrame) -> list[NDArray[np.uint8 | np.uint16]]:
        """Return the planes of a frame, without padding, cropped to the size of a tile."""
        width, height = self._coded.tile_width, self._coded.tile_height
        if frame.format.name != self._format or frame.width < width or frame.height < height:
            reason = f"a tile of {frame.width} x {frame.height} pixels in the format {frame.format.name}"
            raise SourceError(self._name, f"{reason}; expected: {width} x {height} in {self._format}")
        sample = np.uint8 if self.depth == 8 else np.uint16
        planes: list[NDArray[np.uint8 | np.uint16]] = []
        for plane, (across, down) in zip(frame.planes, self._steps, strict=True):
            octets = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
            rows: NDArray[Any] = octets.view(sample)
            planes.append(rows[: -(-height // down), : -(-width // across)])
        return planes

    def _look(self, number: int, planes: Sequence[NDArray[np.uint8 | np.uint16]]) -> None:
        """Add a tile of a high dynamic range picture to the brightness histogram."""
        if self.space is None or not self.space.is_high:
            return
        pixels = self._coded.width * self._coded.height
        step = 2 * max(1, int((pixels / LOOKED_AT) ** 0.5 / 2))
        unit = np.float32(1 / (1 << (self.depth - 8)))
        seen = [
            plane[:: step // down, :: step // across] * unit
            for plane, (across, down) in zip(planes, self._steps, strict=True)
        ]
        self._levels[number] = brightest(to_rgb(seen, self.signal, self.depth))

    def _whole(self, frame: av.VideoFrame) -> None:
        """Reduce a picture that consists of one frame."""
        planes = self._planes(frame)
        self._look(0, planes)
        for number, stream in enumerate(self._streams):
            plane, part = planes[number // self._parts], number % self._parts
            if plane.dtype == np.uint8:
                stream.feed(plane.view(np.uint8), 0)
                continue
            rows, overlap = plane.shape[0], stream.overlap
            band = np.empty((overlap + _NARROWED, plane.shape[1]), np.uint8)
            for top in range(0, rows, _NARROWED):
                band[:overlap] = band[band.shape[0] - overlap :].copy()
                fresh = min(_NARROWED, rows - top)
                place = band[overlap : overlap + fresh]
                _narrow(plane[top : top + fresh], place, self.depth, part, self._parts)
                stream.feed(band[: overlap + fresh], top - overlap)

    def _bands(self) -> list[list[NDArray[np.uint8]]]:
        """Return buffers for three rows of tiles: one being decoded, one being reduced, and the one above."""
        coded, shapes = self._coded, []
        for number, stream in enumerate(self._streams):
            across, down = self._steps[number // self._parts]
            columns = coded.columns * coded.tile_width // across
            shapes.append((stream.overlap + coded.tile_height // down, columns))
        return [[np.empty(shape, np.uint8) for shape in shapes] for _ in range(3)]

    def _tile(
        self, row: int, column: int, band: list[NDArray[np.uint8]], first: av.VideoFrame | None
    ) -> None:
        """Decode a tile into its place in the band; a tile that can't be decoded is blank."""
        self._deadline.left()
        number = row * self._coded.columns + column
        places = []
        for index, (rows, stream) in enumerate(zip(band, self._streams, strict=True)):
            width = self._coded.tile_width // self._steps[index // self._parts][0]
            places.append(rows[stream.overlap :, column * width : (column + 1) * width])
        if number in self._coded.opaque:
            for place in places:
                place.fill(self._blank)
            return
        try:
            frame = first if number == 0 and first else self._decoders.decode(self._coded.tiles[number])
            planes = self._planes(frame)
        except CapError:
            raise
        except SourceError as error:
            self._errors[number] = error.reason
            for place in places:
                place.fill(self._blank)
            return
        self._look(number, planes)
        for index, place in enumerate(places):
            _narrow(planes[index // self._parts], place, self.depth, index % self._parts, self._parts)

    def _reduce(self, row: int, bands: list[list[NDArray[np.uint8]]]) -> None:
        """Reduce a row whose tiles are all decoded; the row above must be reduced already."""
        band, above = bands[row % 3], bands[(row - 1) % 3]
        for rows, before, stream in zip(band, above, self._streams, strict=True):
            overlap = stream.overlap
            rows[:overlap] = before[before.shape[0] - overlap :]
            stream.feed(rows, row * (rows.shape[0] - overlap) - overlap)

    def _parallel(self, pool: ThreadPoolExecutor, first: av.VideoFrame) -> None:
        bands = self._bands()
        coded = self._coded
        waiting: dict[int, list[Future[None]]] = {}

        def submit(row: int) -> None:
            if row < coded.rows:
                waiting[row] = [
                    pool.submit(self._tile, row, column, bands[row % 3], first)
                    for column in range(coded.columns)
                ]

        submit(0)
        submit(1)
        for row in range(coded.rows):
            for future in waiting.pop(row):
                future.result()
            self._reduce(row, bands)
            submit(row + 2)


def _narrow(
    source: NDArray[np.uint8 | np.uint16], place: NDArray[np.uint8], depth: int, part: int, parts: int
) -> None:
    """Round samples of 8 bits or more to 8 bits; the mean of several parts keeps more bits.

    Parts differ in their rounding offset: the sum of floor((x + i) / 4) for i from 0 to 3 is x.
    """
    if depth == 8:
        place[:] = source
        return
    shift = depth - 8
    whole = 1 << shift
    offset = np.uint16(whole * part // parts + whole // (2 * parts))
    np.minimum((source + offset) >> np.uint16(shift), 255, out=place, casting="unsafe")
