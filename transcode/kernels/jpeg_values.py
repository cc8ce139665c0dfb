"""What the kernel jpeg says of a file: its headers, its planes, the outcome of a decode, and its error."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["Frame", "JpegError", "Layout", "Outcome"]


class JpegError(Exception):
    """A file that can't be read.

    Attributes:
        kind: ``"broken"``; ``"unsupported"``: a kind of JPEG that is not decoded; ``"scans"`` and
            ``"deadline"``: the file has more scans, or takes longer, than is allowed.
        reason: libjpeg's text.
    """

    def __init__(self, kind: Literal["broken", "unsupported", "scans", "deadline"], reason: str) -> None:
        super().__init__(kind, reason)
        self.kind = kind
        self.reason = reason


class Frame(NamedTuple):
    """The headers before the first scan.

    Attributes:
        width, height: in pixels.
        colour: as libjpeg deduces it from the JFIF and Adobe markers and the components' names.
        components: horizontal and vertical sampling factor, and the number of the
            quantisation table, of each component.
        progressive, arithmetic: the process.
        precision: bits a sample.
        restart_interval: in MCUs; 0: no restarts.
        jfif, adobe: whether these markers are there.
    """

    width: int
    height: int
    colour: Literal["gray", "ycc", "rgb", "cmyk", "ycck"]
    components: tuple[tuple[int, int, int], ...]
    progressive: bool
    arithmetic: bool
    precision: int
    restart_interval: int
    jfif: bool
    adobe: bool


class Layout(NamedTuple):
    """One plane of a decoded picture.

    Attributes:
        rows, columns: of the array, in whole blocks.
        width, height: in samples, the part that the picture covers, which may be a
            fraction: the chroma of a picture of odd width ends within a sample.
    """

    rows: int
    columns: int
    width: float
    height: float


class Outcome(NamedTuple):
    """The outcome of a decode.

    Attributes:
        warnings: the number of libjpeg's warnings.
        warning: the text of the first warning, ``""`` without one.
        damaged: whether entropy-coded data are missing or wrong.
        rows: rows of the full picture above the first damage. In a progressive file that
            ends in a refining scan, all rows. 0 when a component has no data at all.
        plain: whether the faster decoder decoded the file: one whole sequential scan under Huffman
            codes. libjpeg decodes every other file, to the same planes.
    """

    warnings: int
    warning: str
    damaged: bool
    rows: int
    plain: bool
