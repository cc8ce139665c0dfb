"""HEIF: tiles decoded by FFmpeg, several at a time, each row of them reduced as soon as it is whole.

At most three rows of tiles are kept at full size. The result does not depend on the number of threads.
"""

from __future__ import annotations

import re
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, cast

import av
import av.error
import numpy as np
from av.video.codeccontext import VideoCodecContext

from transcode.errors import CapError, SourceError, UnsupportedError
from transcode.media.pictures.heif_items import CODECS, colours, setup_of
from transcode.media.pictures.toner import LEVELS, LOOKED_AT, brightest
from transcode.media.samples.cicp import OTHERS, Signal, to_rgb
from transcode.media.samples.planes import Span, Stream
from transcode.media.samples.transfer import Space
from transcode.media.source.packets import packet_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from transcode.media.pictures.boxes import Container, Item
    from transcode.media.pictures.heif_header import HeifHeader
    from transcode.media.pictures.heif_items import Coded
    from transcode.media.source.decode_limits import Deadline
__all__ = ["Reduction", "Target"]

#: FFmpeg's pixel formats that are read, the pixels across and down that a sample of
#: the further planes stands for, and the rows that are brought to eight bits at a time.
_FORMAT = re.compile(r"(gray|gbrp|yuvj?4(?:20|22|44)p)(10|12)?(?:le)?")
_STEPS = {
    "gray": [],
    "gbrp": [(1, 1), (1, 1)],
    "yuv444p": [(1, 1), (1, 1)],
    "yuv422p": [(2, 1), (2, 1)],
    "yuv420p": [(2, 2), (2, 2)],
}
_NARROWED = 128

#: Pictures of eight bits that one of more bits and of high dynamic range is reduced as: their mean has two
#: bits more. Where sRGB is brightest it has four levels for one of PQ of eight bits.
_PARTS = 4


@dataclass(frozen=True, slots=True)
class Target:
    """What a picture is to become."""

    header: HeifHeader
    width: int
    height: int
    full_chroma: bool

    def stream(self, coded: Coded, number: int, across: int, down: int) -> Stream:
        """The resampling of a plane by its number, with one sample for so many pixels across and down."""
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
    """FFmpeg's decoders, one for each thread that wants one, kept over the tiles."""

    def __init__(self, container: Container, threads: int, most_pixels: int) -> None:
        self._container = container
        self._options = {"max_pixels": str(most_pixels)}
        self._threads = threads
        self._idle: dict[tuple[str, bytes], SimpleQueue[VideoCodecContext]] = {}

    def decode(self, item: Item) -> av.VideoFrame:
        """The frame that an item holds.

        Raises:
            SourceError: it can't be decoded.
        """
        name = self._container.name
        codec, setup = CODECS[item.kind][1], setup_of(name, item)
        payload = self._container.payload(item)
        idle = self._idle.setdefault((codec, setup), SimpleQueue())
        with _errors(name, item):
            try:
                context = idle.get_nowait()
            except Empty:
                context = self._new(codec, setup)
            frames = context.decode(packet_of(payload))
            if not frames:
                frames = context.decode(None)
                context.flush_buffers()
            idle.put(context)
        if not frames:
            raise SourceError(name, f"picture {item.number} holds no frame")
        if frames[0].is_corrupt:
            raise SourceError(name, f"picture {item.number} is damaged")
        return frames[0]

    def _new(self, codec: str, setup: bytes) -> VideoCodecContext:
        context = cast(VideoCodecContext, VideoCodecContext.create(codec, "r"))
        context.extradata = setup
        context.options = self._options
        context.thread_type = "SLICE"
        context.thread_count = self._threads
        return context


@contextmanager
def _errors(name: str, item: Item) -> Iterator[None]:
    """What FFmpeg's decoders raise, as a SourceError that names the picture."""
    try:
        yield
    except MemoryError as error:
        raise CapError(name, "not enough memory to decode it") from error
    except (av.error.FFmpegError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceError(name, f"picture {item.number} can't be decoded: {reason}") from error


class Reduction:
    """One coded picture on its way to a size.

    Tiles that can't be decoded, or are not there, are gray; of one that says how opaque another is, opaque.

    Attributes:
        planes: how many there are.
        signal, depth: the meaning of samples, by the boxes and then by the bit stream, and the bits of each.
        space: what colours they are of, other than sRGB; None where a profile says it, or of an opacity.
        levels: of a high dynamic range how many pixels have their brightest channel at which level.
        bad: tiles that could not be decoded.
        warning: what is wrong with the first of them.
        good_rows: stored rows above the first of them.
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
        # Coded sizes are whole blocks of up to 128 pixels.
        most = (coded.tile_width + 128) * (coded.tile_height + 128)
        self._decoders = _Decoders(container, 1 if len(coded.tiles) > 1 else threads, most)
        # Of each plane, and of each stream: the pixels across and down that a sample stands for.
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
        """The samples of a plane."""
        return self._streams[plane * self._parts].result

    def mean(self, plane: int) -> NDArray[np.float32]:
        """The samples of a plane, with more bits than eight where it has them, in units of eight."""
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
        """Decode and reduce.

        Raises:
            SourceError: the first tile can't be decoded.
            CapError: the time is over.
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
        """Prepare for frames like this one."""
        found = _FORMAT.fullmatch(frame.format.name)
        if found is None:
            raise UnsupportedError(self._name, f"samples of the form {frame.format.name}")
        self._format = frame.format.name
        self.depth = int(found[2] or 8)
        steps = _STEPS[found[1].replace("yuvj", "yuv")]
        self._steps = [(1, 1), *steps]
        self._mean(frame)
        if found[1] == "gbrp" or self.space is not None:
            # Colours change, which takes all components at one place.
            self._target = replace(self._target, full_chroma=True)
        if len(self._coded.tiles) > 1 and any(
            self._coded.tile_width % across or self._coded.tile_height % down for across, down in steps
        ):
            raise UnsupportedError(self._name, "tiles of an odd size with chroma of half of it")
        self._streams = [
            self._target.stream(self._coded, number, *step)
            for number, step in enumerate(self._steps)
            for _ in range(self._parts)
        ]

    def _mean(self, frame: av.VideoFrame) -> None:
        """Find out what the samples of frames like this one mean."""
        header = self._target.header
        said = header.signal
        if self._is_alpha:
            _, said = colours(self._name, self._coded.tiles[0], self._coded)
        self.signal = (said or Signal()).over(Signal.of(frame))
        if self.signal.matrix in OTHERS and self.planes > 1 and not self._is_alpha:
            reason = f"colours by the matrix coefficients {self.signal.matrix} of ITU-T H.273"
            raise UnsupportedError(self._name, f"{reason}, which are not decoded")
        if self._is_alpha or header.icc is not None:
            return
        self.space = Space.of(self.signal)
        if self.space is not None and self.space.is_high and self.depth > 8:
            self._parts = _PARTS

    def _planes(self, frame: av.VideoFrame) -> list[NDArray[np.uint8 | np.uint16]]:
        """The planes of a frame, without padding, cut to the size of a tile."""
        width, height = self._coded.tile_width, self._coded.tile_height
        if frame.format.name != self._format or frame.width < width or frame.height < height:
            reason = f"a tile of {frame.width} x {frame.height} pixels in the form {frame.format.name}"
            raise SourceError(self._name, f"{reason}; expected are {width} x {height} in {self._format}")
        sample = np.uint8 if self.depth == 8 else np.uint16
        planes: list[NDArray[np.uint8 | np.uint16]] = []
        for plane, (across, down) in zip(frame.planes, self._steps, strict=True):
            octets = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
            rows: NDArray[Any] = octets.view(sample)
            planes.append(rows[: -(-height // down), : -(-width // across)])
        return planes

    def _look(self, number: int, planes: Sequence[NDArray[np.uint8 | np.uint16]]) -> None:
        """Count how bright a tile is, of a picture of high dynamic range."""
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
        """Reduce a picture that is one frame."""
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
        """Three rows of tiles: being decoded, being reduced, and the one above."""
        coded, shapes = self._coded, []
        for number, stream in enumerate(self._streams):
            across, down = self._steps[number // self._parts]
            columns = coded.columns * coded.tile_width // across
            shapes.append((stream.overlap + coded.tile_height // down, columns))
        return [[np.empty(shape, np.uint8) for shape in shapes] for _ in range(3)]

    def _tile(
        self, row: int, column: int, band: list[NDArray[np.uint8]], first: av.VideoFrame | None
    ) -> None:
        """Decode a tile into its place; what can't be decoded is blank."""
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
        """Reduce a row of tiles once all of them are there and the row above was reduced."""
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
    """Samples of eight bits or more as eight, rounded; of several parts so that their mean keeps more.

    Parts differ by where they round: the sum of floor((x + i) / 4) for i from 0 to 3 is x.
    """
    if depth == 8:
        place[:] = source
        return
    shift = depth - 8
    whole = 1 << shift
    offset = np.uint16(whole * part // parts + whole // (2 * parts))
    np.minimum((source + offset) >> np.uint16(shift), 255, out=place, casting="unsafe")
