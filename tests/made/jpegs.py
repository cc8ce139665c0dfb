"""JPEG files with known coefficients, and their decoding."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.made import dct
from tests.made.dct import Sampling
from transcode.kernels import jpeg

SAMPLINGS: list[Sampling] = [*dct.SAMPLINGS, ((3, 1), (1, 1), (1, 1)), ((4, 2), (1, 1), (1, 1))]
#: Orthonormal bases of the DCT for blocks of n samples (T.81, A.3.3, for any n): rows are samples.
BASES = {
    n: np.array(
        [
            [math.sqrt((2 if u else 1) / n) * math.cos((2 * x + 1) * u * math.pi / (2 * n)) for u in range(n)]
            for x in range(n)
        ]
    )
    for n in range(1, 17)
}


#: The row-major index in a block of each coefficient in zigzag order.
ZIGZAG = np.array([8 * y + x for y, x in dct.ZIGZAG])


def grid(width: int, height: int, sampling: Sampling) -> list[tuple[int, int]]:
    """The rows and the columns of blocks of each component (T.81, A.1.1 and A.2.4)."""
    most_h, most_v = max(h for h, _ in sampling), max(v for _, v in sampling)
    columns = [-(-math.ceil(width * h / most_h) // 8) for h, _ in sampling]
    rows = [-(-math.ceil(height * v / most_v) // 8) for _, v in sampling]
    return list(zip(rows, columns, strict=True))


def coefficients(width: int, height: int, sampling: Sampling, seed: int = 1) -> list[NDArray[np.int16]]:
    """Quantised blocks in zigzag order whose samples stay well inside 0..255 with TABLES."""
    rng = np.random.default_rng(seed)
    blocks = []
    for rows, columns in grid(width, height, sampling):
        made = rng.integers(-3, 4, (rows, columns, 64)).astype(np.int16)
        made[..., 16:] *= rng.integers(0, 2, made[..., 16:].shape, dtype=np.int16)
        made[..., 0] = rng.integers(-60, 61, (rows, columns))
        blocks.append(made)
    return blocks


#: Two tables in zigzag order in which neighbouring steps differ.
TABLES = np.array([1 + np.arange(64) % 5, 3 + np.arange(64) % 3], np.uint16)


def written(
    blocks: Sequence[NDArray[np.int16]],
    sampling: Sampling,
    width: int,
    height: int,
    tables: NDArray[np.uint16] = TABLES,
    *,
    progressive: bool = False,
) -> bytes:
    ids = [min(c, len(tables) - 1) for c in range(len(blocks))]
    return jpeg.write_coefficients(
        blocks, tables, sampling, ids, width=width, height=height, progressive=progressive
    )


def decoded(data: bytes, eighths: int = 8) -> tuple[list[NDArray[np.uint8]], jpeg.Outcome]:
    planes = [np.empty((plane.rows, plane.columns), np.uint8) for plane in jpeg.layout(data, eighths)]
    return planes, jpeg.decode(data, eighths, planes, max_scans=100, seconds=30.0)


def planes_of(data: bytes, eighths: int = 8) -> list[NDArray[np.uint8]]:
    planes, outcome = decoded(data, eighths)
    assert outcome.warnings == 0
    assert outcome.warning == ""
    assert not outcome.damaged
    assert outcome.rows == jpeg.header(data).height
    return planes


def inverse(blocks: NDArray[np.int16], table: NDArray[np.uint16], size: int) -> NDArray[np.float64]:
    """The samples of blocks decoded to ``size`` x ``size`` samples each, in floating point.

    libjpeg's transforms to 1, 2 and 4 samples are means of the transform to 8 samples. The other transforms
    are inverse DCTs of ``size`` points over the lowest ``size`` frequencies.
    """
    natural = np.zeros((*blocks.shape[:2], 64))
    natural[..., ZIGZAG] = blocks.astype(np.float64) * table
    natural = natural.reshape(*blocks.shape[:2], 8, 8)
    points = 8 if size in (1, 2, 4) else size
    used = min(points, 8)
    basis = BASES[points][:, :used] * math.sqrt(points / 8)
    samples = np.einsum("yv,abvu,xu->aybx", basis, natural[..., :used, :used], basis) + 128
    mean = points // size
    rows, columns = blocks.shape[0] * size, blocks.shape[1] * size
    means: NDArray[np.float64] = samples.reshape(rows, mean, columns, mean).mean(axis=(1, 3))
    return means


def save(samples: NDArray[np.uint8] | Image.Image, **options: object) -> bytes:
    image = samples if isinstance(samples, Image.Image) else Image.fromarray(samples)
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


def pixels(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(data)))


def steps(data: bytes) -> NDArray[np.uint16]:
    """The quantisation tables of a file with table 0, or with tables 0 and 1 in this order."""
    found = [data[start + 5 : end] for code, start, end in segments(data) if code == 0xDB]
    return np.array([list(table) for table in found], np.uint16)


def photo(width: int, height: int) -> NDArray[np.uint8]:
    """Smooth RGB samples between 60 and 200 with weak noise."""
    rng = np.random.default_rng(7)
    small = Image.fromarray(rng.integers(64, 196, (5, 7, 3), dtype=np.uint8))
    smooth = np.asarray(small.resize((width, height), Image.Resampling.BILINEAR))
    return (smooth + rng.integers(-4, 5, smooth.shape)).astype(np.uint8)


def segments(data: bytes, room: int = 64) -> list[tuple[int, int, int]]:
    rows = np.zeros((room, 3), np.int64)
    count = jpeg.segments(data, rows)
    return [(row[0], row[1], row[2]) for row in rows[:count].tolist()]


def without_interleave(
    blocks: Sequence[NDArray[np.int16]], sampling: Sampling, width: int, height: int
) -> bytes:
    """A sequential file with one scan per component, assembled from gray files."""
    frame = bytes([8, *height.to_bytes(2, "big"), *width.to_bytes(2, "big"), len(blocks)])
    frame += b"".join(bytes([c + 1, h * 16 + v, 0]) for c, (h, v) in enumerate(sampling))
    scans = b""
    for number, component in enumerate(blocks):
        rows, columns = component.shape[:2]
        gray = written([component], dct.GRAY, columns * 8, rows * 8, TABLES[:1])
        for code, start, end in segments(gray):
            if code == 0xDB and number == 0:
                scans += gray[start:end] + b"\xff\xc0" + (len(frame) + 2).to_bytes(2, "big") + frame
            elif code == 0xC4:
                scans += gray[start:end]
            elif code == 0xDA:
                scans += gray[start : start + 5] + bytes([number + 1]) + gray[start + 6 : end]
    return b"\xff\xd8" + scans + b"\xff\xd9"
