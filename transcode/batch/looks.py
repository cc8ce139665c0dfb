"""How media look before and after: small pictures for a report, made where the media are in memory."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

from transcode.errors import TranscodeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from transcode.media.pictures.still import Reduced
    from transcode.media.source.inputs import Input
    from transcode.model import Part, Source

__all__ = ["NOTHING", "Looks", "Watcher", "looking"]

#: The longer side of the pictures in a report, in pixels, and their JPEG quality. Chosen: about 3 KB each.
_SIDE = 160
_QUALITY = 70.0
#: The longer side, in pixels, at which both pictures are compared: about that of a phone's screen.
_SEEN = 512


class Looks(NamedTuple):
    """Small pictures of a medium.

    Attributes:
        before, after: JPEG files, at most 160 pixels wide and high; empty for sound, and for what can't be
            shown. A clip shows its first frame.
        score: the SSIMULACRA2 score of a still picture as it looks at 512 pixels, 100 for the same picture;
            None for other media.
    """

    before: bytes = b""
    after: bytes = b""
    score: float | None = None


NOTHING = Looks()


class Watcher:
    """Sees the pictures that are fitted, before they are encoded."""

    def __init__(self) -> None:
        self._seen: Reduced | None = None

    def see(self, picture: Reduced) -> None:
        """Keep the picture, made smaller, unless a larger one was seen."""
        with contextlib.suppress(TranscodeError, ValueError, MemoryError):
            small = _smaller(picture, _SEEN)
            if self._seen is None or small.planes[0].size > self._seen.planes[0].size:
                self._seen = small

    def looks(self, source: Source, parts: Iterable[Part]) -> Looks:
        """Return the pictures of a source and of what was made of it: the first part that shows something.

        A source of which no picture was seen is opened again. Nothing is raised for media that can't be
        shown.
        """
        shown = next((one for one in parts if one.content_type.startswith(("image/", "video/"))), None)
        if shown is None:
            return NOTHING
        before = self._seen if self._seen is not None else _attempted(source)
        after = _attempted(bytes(shown.data), before)
        if before is None or after is None:
            return Looks(_encoded(before), _encoded(after))
        is_still = shown.content_type.startswith("image/")
        return Looks(_encoded(before), _encoded(after), _score(before, after) if is_still else None)


@contextlib.contextmanager
def looking() -> Iterator[Watcher]:
    """Watch the pictures that are fitted in the block."""
    # Imported here: reading a manifest needs no codec.
    from transcode.fit.pictures.witness import witnessed

    watcher = Watcher()
    with witnessed(watcher.see):
        yield watcher


def _attempted(source: Source, like: Reduced | None = None) -> Reduced | None:
    """A source as a small picture, of the size of another one; None where it shows none."""
    from transcode.media.source import inputs

    try:
        content = inputs.read(source)
        return _first_frame(content) if content.is_stream else _still(content, like)
    except Exception:  # noqa: BLE001  (a report without a picture is no reason to lose the message)
        return None


def _still(content: Input, like: Reduced | None) -> Reduced:
    from transcode.media.pictures.openers import open_still

    still = open_still(content)
    size = _inside(still.width, still.height, _SEEN)
    if like is not None:
        height, width = like.planes[0].shape
        if width <= still.width and height <= still.height:
            size = (width, height)
    return still.reduce(*size)


def _first_frame(content: Input) -> Reduced:
    """The first frame of a clip, in the colours of pictures."""
    from transcode.media.clips import clip
    from transcode.media.clips.packed import planes
    from transcode.media.clips.video_colour import conversion
    from transcode.media.clips.video_look import FirstFrame, look_of, until_fault
    from transcode.media.clips.video_reduce import FrameReducer
    from transcode.media.pictures.still import Reduced
    from transcode.media.source.container import open_container

    found = clip.probe(content)
    with open_container(content) as container:
        first = FirstFrame(container.streams[found.video.index])
        for packet in until_fault(clip.packets(container, found, 0.0)):
            first.push(packet)
            if first.frame is not None:
                break
        first.flush()
        seen = look_of(first.frame, found, content.name)
        width, height = (max(2, side // 2 * 2) for side in _inside(*seen.geometry.shown, _SIDE))
        # Not named: the colours of BT.601, as JPEG has them.
        colours = conversion(seen.signal, (seen.geometry.width, seen.geometry.height), named=False)
        packed = FrameReducer(seen, width, height, colours.table)(first.frame)
    luma, *chroma = planes(packed, width, height)
    return Reduced((_widened(luma, 16, 219), *(_widened(one, 128, 224) for one in chroma)))


def _widened(plane: NDArray[np.uint8], zero: int, span: int) -> NDArray[np.uint8]:
    """Samples of the range of video in that of JPEG."""
    import numpy as np

    black = 0 if zero == 16 else 128
    levels = np.rint(((np.arange(256) - zero) * (255 / span) + black).clip(0, 255)).astype(np.uint8)
    widened: NDArray[np.uint8] = levels[plane]
    return widened


def _inside(width: int, height: int, side: int) -> tuple[int, int]:
    scale = min(1.0, side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _smaller(picture: Reduced, side: int) -> Reduced:
    height, width = picture.planes[0].shape
    size = _inside(width, height, side)
    return picture if size == (width, height) else picture.smaller(*size)


def _encoded(picture: Reduced | None) -> bytes:
    if picture is None:
        return b""
    from transcode.fit.pictures.jpeg import encode_at
    from transcode.media.samples.coefficients import Coefficients

    small = _smaller(picture, _SIDE).planes
    height, width = small[0].shape
    (made,) = encode_at(Coefficients.of(small, width, height), (_QUALITY,))
    return made.encode()


def _score(before: Reduced, after: Reduced) -> float | None:
    from transcode.fit.pictures.tiles import rgb
    from transcode.media.samples.score import LEAST, ssimulacra2

    height, width = after.planes[0].shape
    first = before if before.planes[0].shape == (height, width) else before.smaller(width, height)
    pictures: Sequence[NDArray[np.uint8]] = (rgb(first.planes), rgb(after.planes))
    if min(pictures[0].shape[:2]) < LEAST or pictures[0].shape != pictures[1].shape:
        return None
    return round(ssimulacra2(*pictures), 1)
