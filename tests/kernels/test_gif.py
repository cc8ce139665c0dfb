"""GIF frames against a plain reader of GIF's LZW, and against the rules for what may stand for a pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from transcode.kernels import gif

Pixels = NDArray[np.uint8]

PLAIN = np.zeros((1, 1), np.int16)


def read(octets: bytes, bits: int) -> tuple[list[int], int | None]:
    """Indices, by the rules of GIF89a, appendix F, and nothing else; and the bits up to the end code.

    What breaks those rules ends it, and has no end code; so does the end of the octets.
    """
    stream, place = int.from_bytes(octets, "little"), 0
    clear, end = 1 << bits, (1 << bits) + 1
    table: list[list[int]] = [[index] for index in range(clear)] + [[], []]
    width = bits + 1
    last: list[int] | None = None
    found: list[int] = []
    while place + width <= 8 * len(octets):
        code = stream >> place & ((1 << width) - 1)
        place += width
        if code == clear:
            del table[clear + 2 :]
            width, last = bits + 1, None
            continue
        if code == end:
            return found, place
        if code > len(table) or (last is None and code > clear):
            break
        if last is not None and len(table) < 4096:
            known = table[code] if code < len(table) else last
            table.append([*last, known[0]])
            if len(table) == 1 << width and width < 12:
                width += 1
        found += table[code]
        last = table[code]
    return found, None


def codes_of(data: bytes) -> bytes:
    """What an image's data sub-blocks hold."""
    octets, at = bytearray(), 0
    while data[at]:
        octets += data[at + 1 : at + 1 + data[at]]
        at += 1 + data[at]
    assert at + 1 == len(data)
    return bytes(octets)


def unpack(data: bytes, bits: int) -> list[int]:
    """Indices of an image's data sub-blocks, which must end where they say."""
    octets = codes_of(data)
    found, place = read(octets, bits)
    assert place is not None
    assert 8 * len(octets) - place < 8
    return found


def pack(
    want: Pixels,
    shown: Pixels,
    palette: Pixels,
    *,
    before: Pixels | None = None,
    limit: int = 0,
    cost: int = 3000,
    keep: bool = True,
    pattern: NDArray[np.int16] = PLAIN,
    box: tuple[int, int, int, int] = (0, 0, 0, 0),
) -> tuple[bytes, tuple[int, int, int, int]]:
    """A frame coded; checks that lengths are right and that nothing is written beyond them."""
    cache = np.empty(gif.CACHE_LENGTH, np.uint32)
    gif.forget(cache)
    scratch = np.empty(gif.scratch_length(*want.shape[:2]), np.uint8)
    rest = (palette, pattern, box, limit, cost, keep, cache, scratch)
    length, part = gif.pack(want, before, shown.copy(), *rest, None)
    short = np.full(length, 7, np.uint8)
    assert gif.pack(want, before, shown.copy(), *rest, short[: length // 2]) == (length, part)
    assert (short[length // 2 :] == 7).all()
    out = np.full(length + 9, 7, np.uint8)
    assert gif.pack(want, before, shown, *rest, out) == (length, part)
    assert (out[length:] == 7).all()
    return out[:length].tobytes(), part


def norm(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray(((one - other) ** 2 * (2, 4, 1)).sum(axis=-1))


def opaque(samples: NDArray[np.generic]) -> Pixels:
    """RGB with a fourth sample."""
    return np.concatenate([samples, np.full((*samples.shape[:2], 1), 255)], axis=2).astype(np.uint8)


def shape(seed: int, rows: int, columns: int, kind: str) -> Pixels:
    rng = np.random.default_rng(seed)
    if kind == "noise":
        return opaque(rng.integers(0, 256, (rows, columns, 3)))
    if kind == "flat":
        return opaque(np.full((rows, columns, 3), rng.integers(0, 256, 3)))
    ramp = np.add.outer(np.arange(rows) * 3, np.arange(columns) * 5)[..., None] + rng.integers(0, 9, 3)
    return opaque(ramp % 256)


FRAMES = st.builds(
    shape,
    st.integers(0, 99),
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from(["noise", "flat", "ramp"]),
)
COLOURS = st.builds(
    lambda seed, count: np.random.default_rng(seed).integers(0, 256, (count, 3)).astype(np.uint8),
    st.integers(0, 99),
    st.integers(1, 255),
)


@settings(deadline=None, max_examples=80)
@given(want=FRAMES, palette=COLOURS)
@example(shape(8, 31, 32, "noise"), np.random.default_rng(82).integers(0, 256, (72, 3)).astype(np.uint8))
def test_without_a_limit_every_pixel_is_its_nearest_colour(want: Pixels, palette: Pixels) -> None:
    """What a reader gets are the nearest colours, and so is what is said to be shown."""
    shown = np.zeros_like(want)
    data, part = pack(want, shown, palette)
    assert part == (0, 0, *want.shape[:2])
    found = palette[unpack(data, max(2, len(palette).bit_length()))].reshape(*want.shape[:2], 3)
    assert (found == shown[..., :3]).all()
    assert (shown[..., 3] == 255).all()
    best = norm(want[:, :, None, :3].astype(np.int64), palette.astype(np.int64)).min(axis=2)
    assert (norm(want[..., :3].astype(np.int64), found.astype(np.int64)) == best).all()


@settings(deadline=None, max_examples=80)
@given(first=FRAMES, seed=st.integers(0, 99), palette=COLOURS, limit=st.integers(0, 20_000))
def test_what_stands_for_a_pixel_is_near_or_nearest(
    first: Pixels, seed: int, palette: Pixels, limit: int
) -> None:
    """Every symbol of a second frame keeps the limit, with what remains of errors, or is the nearest."""
    rng = np.random.default_rng(seed)
    shown = np.zeros_like(first)
    pack(first, shown, palette, limit=limit)
    was = shown.copy()
    second = first.copy()
    changed = rng.random(first.shape[:2]) < 0.3
    second[changed, :3] = rng.integers(0, 256, (int(changed.sum()), 3))
    data, (top, left, bottom, right) = pack(second, shown, palette, before=first, limit=limit)
    if not data:
        assert (shown == was).all()
        return
    outside = np.ones(first.shape[:2], bool)
    outside[top:bottom, left:right] = False
    assert (shown[outside] == was[outside]).all()
    part = np.s_[top:bottom, left:right]
    symbols = unpack(data, max(2, len(palette).bit_length()))
    wanted, held = second[part].reshape(-1, 4).astype(np.int64), was[part].reshape(-1, 4)
    remains, colours = np.zeros(3, np.int64), palette.astype(np.int64)
    for symbol, want, old, now in zip(symbols, wanted, held, shown[part].reshape(-1, 4), strict=True):
        distances = norm(colours, want[:3])
        if symbol == len(palette):
            stays = norm(old[:3].astype(np.int64), want[:3])
            assert stays <= limit or stays == distances.min()
            assert (now == old).all()
            remains[:] = 0
            continue
        assert (now[:3] == palette[symbol]).all()
        error = want[:3] - colours[symbol] + remains
        assert norm(error, np.zeros(3, np.int64)) <= limit or distances[symbol] == distances.min()
        remains = np.trunc(error * 3 / 4).astype(np.int64)


def test_unchanged_pixels_cost_nothing() -> None:
    """The same frame again is no image at all; a changed pixel is one of a single pixel."""
    want = shape(1, 30, 40, "ramp")
    palette = np.unique(want.reshape(-1, 4)[:, :3], axis=0)[:255]
    shown = np.zeros_like(want)
    pack(want, shown, palette)
    assert pack(want, shown, palette, before=want) == (b"", (0, 0, 0, 0))
    assert pack(want, shown, palette) == (b"", (0, 0, 0, 0))
    again = want.copy()
    again[7, 9, :3] = 255 - again[7, 9, :3]
    assert pack(again, shown.copy(), palette, before=want)[1] == (7, 9, 8, 10)
    assert pack(again, shown, palette, before=want, box=(20, 30, 22, 35))[1] == (7, 9, 22, 35)


def test_clear_pixels_stay_clear() -> None:
    """Clear pixels are coded by the index that leaves them, and need it."""
    want = shape(3, 20, 20, "noise")
    want[5:9, 3:17, 3] = 0
    palette = np.array([[0, 0, 0], [255, 255, 255]], np.uint8)
    shown = np.zeros_like(want)
    data, _ = pack(want, shown, palette, limit=5_000)
    found = np.array(unpack(data, 2)).reshape(20, 20)
    assert ((found == 2) == (want[..., 3] == 0)).all()
    assert ((shown[..., 3] == 0) == (want[..., 3] == 0)).all()
    with pytest.raises(ValueError, match="clear"):
        pack(want, np.zeros_like(want), palette, keep=False)


@pytest.mark.parametrize("limit", [0, 400])
@pytest.mark.parametrize("kind", ["noise", "ramp", "flat"])
def test_large_frames_fill_the_dictionary(kind: str, limit: int) -> None:
    """Codes of twelve bits, full dictionaries and new ones are read as they were written."""
    want = shape(5, 300, 301, kind)
    want[150:, :, :3] = 40
    palette = np.random.default_rng(1).integers(0, 256, (200, 3)).astype(np.uint8)
    shown = np.zeros_like(want)
    data, _ = pack(want, shown, palette, limit=limit)
    assert (palette[unpack(data, 8)].reshape(300, 301, 3) == shown[..., :3]).all()


def test_lossy_is_smaller() -> None:
    """A photograph's noise costs less with every step of the limit."""
    rng = np.random.default_rng(2)
    want = opaque(np.clip(120 + rng.normal(0, 8, (120, 120, 1)) + np.zeros(3), 0, 255))
    palette = np.repeat(np.arange(80, 160, dtype=np.uint8)[:, None], 3, axis=1)
    sizes = [len(pack(want, np.zeros_like(want), palette, limit=limit)[0]) for limit in (0, 100, 900, 3600)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 0.5 * sizes[0]


def test_dithering_keeps_the_mean() -> None:
    """A colour between two of the palette becomes both, in the right shares; one that is there stays."""
    from transcode.fit.pictures.palette import dither_pattern

    palette = np.array([[100, 100, 100], [140, 140, 140]], np.uint8)
    pattern = dither_pattern(1.0)
    for level in (100, 110, 120, 128, 140):
        want = opaque(np.full((64, 64, 3), level))
        shown = np.zeros_like(want)
        pack(want, shown, palette, pattern=pattern)
        assert abs(float(shown[..., 0].mean()) - level) < 2


def test_padded_rows_give_the_same() -> None:
    """Rows that are apart give the octets that rows side by side give."""
    want = shape(4, 17, 23, "noise")
    palette = np.random.default_rng(9).integers(0, 256, (99, 3)).astype(np.uint8)
    wide = np.zeros((17, 31, 4), np.uint8)
    wide[:, :23] = want
    padded = pack(wide[:, :23], np.zeros_like(wide)[:, :23], palette)
    assert padded == pack(want, np.zeros_like(want), palette)


@settings(deadline=None, max_examples=50)
@given(frame=FRAMES, most=st.integers(1, 400))
def test_colours_are_counted(frame: Pixels, most: int) -> None:
    """The count equals NumPy's, or is one more than the most; clear pixels have no colour."""
    frame[::3, ::2, 3] = 0
    table = np.zeros(gif.TABLE_LENGTH, np.uint32)
    colours = np.unique(frame[frame[..., 3] >= 128][:, :3], axis=0).astype(np.uint32)
    count = gif.count_colours(frame, table, 0, most)
    assert count == min(len(colours), most + 1)
    if count <= most:
        expected = sorted(colours @ np.array([65536, 256, 1], np.uint32) + 1)
        assert sorted(table[table > 0]) == expected
        assert gif.count_colours(frame, table, count, most) == count


@settings(deadline=None, max_examples=30)
@given(frame=FRAMES, every=st.integers(1, 3))
def test_bins_hold_sums_of_like_colours(frame: Pixels, every: int) -> None:
    """Each opaque pixel that is looked at is in the bin of its high bits, beside what was there."""
    frame[::3, ::2, 3] = 127
    sums = np.ones((gif.BINS, 4), np.uint64)
    gif.add_to_bins(frame[:, :], every, sums)
    expected = np.ones((gif.BINS, 4), np.uint64)
    for r, g, b, alpha in frame[::every, ::every].reshape(-1, 4).tolist():
        if alpha >= 128:
            expected[(r >> 2) << 12 | (g >> 2) << 6 | b >> 2] += np.array([r, g, b, 1], np.uint64)
    assert (sums == expected).all()


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 999), count=st.integers(1, 60), clusters=st.integers(1, 40))
def test_points_go_to_the_nearest_centre(seed: int, count: int, clusters: int) -> None:
    """The first of those that are as near, and each centre gets the sums of its points."""
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 12, (count, 3)).astype(np.float32)
    centres = rng.integers(0, 12, (3, clusters)).astype(np.float32)
    weights = rng.integers(1, 9, count).astype(np.float32)
    sums = np.full((clusters, 4), 7.0)
    gif.assign(points, weights, centres, np.empty(clusters, np.float32), sums)
    expected = np.zeros((clusters, 4))
    for point, weight in zip(points, weights, strict=True):
        nearest = ((centres.T - point) ** 2).sum(axis=1).argmin()
        expected[nearest] += [*(weight * point), weight]
    assert (sums == expected).all()


def test_wrong_bins_and_centres_are_refused() -> None:
    """Arrays that do not go together."""
    frame = shape(1, 8, 9, "noise")
    for every, sums in ((0, np.zeros((gif.BINS, 4), np.uint64)), (1, np.zeros((gif.BINS - 1, 4), np.uint64))):
        with pytest.raises(ValueError):
            gif.add_to_bins(frame, every, sums)
    good = {"points": (5, 3), "weights": (5,), "centres": (3, 2), "scratch": (2,), "sums": (2, 4)}
    for wrong in (
        {"points": (5, 4)},
        {"points": (0, 3)},
        {"weights": (4,)},
        {"centres": (2, 2)},
        {"centres": (3, 0)},
        {"scratch": (1,)},
        {"sums": (3, 4)},
    ):
        arrays = {
            name: np.zeros(size, np.float64 if name == "sums" else np.float32)
            for name, size in (good | wrong).items()
        }
        with pytest.raises(ValueError):
            gif.assign(**arrays)


def test_what_is_wrong_is_refused() -> None:
    """Shapes, steps and numbers that do not go together."""
    want = shape(1, 8, 9, "noise")
    palette = np.zeros((3, 3), np.uint8)
    for wrong in (
        {"shown": np.zeros((8, 8, 4), np.uint8)},
        {"palette": np.zeros((256, 3), np.uint8)},
        {"palette": np.zeros((0, 3), np.uint8)},
        {"want": want[..., :3].copy()},
        {"want": want[:, ::2]},
        {"before": want[:, :4].copy()},
        {"limit": -1},
        {"limit": gif.LARGEST_LIMIT + 1},
        {"box": (0, 0, 9, 9)},
        {"pattern": np.zeros((0, 4), np.int16)},
    ):
        options = {"want": want, "shown": np.zeros_like(want), "palette": palette} | wrong
        with pytest.raises(ValueError):
            pack(**options)
    for rows, columns in ((0, 1), (1, 65_536)):
        with pytest.raises(ValueError):
            gif.scratch_length(rows, columns)


def indexed(pixels: Pixels, palette: Pixels, strength: int) -> Pixels:
    """Indices by the kernel, which works in no more scratch than it asks for."""
    rows, columns = pixels.shape[:2]
    cache = np.empty(gif.CACHE_LENGTH, np.uint32)
    gif.forget(cache)
    scratch = np.full(6 * (columns + 2) + 5, 77, np.int32)
    out = np.full((rows, columns), 7, np.uint8)
    gif.index(pixels, palette, strength, cache, scratch, out)
    assert (scratch[-5:] == 77).all()
    return out


def plain_index(pixels: Pixels, palette: Pixels, strength: int) -> Pixels:
    """Floyd and Steinberg's rule, pixel by pixel, in sixteenths of a level."""
    rows, columns = pixels.shape[:2]
    errors = np.zeros((rows + 1, columns + 2, 3), np.int64)
    out = np.empty((rows, columns), np.uint8)
    for y in range(rows):
        for x in range(columns):
            aim = np.clip(pixels[y, x, :3] + ((errors[y, x + 1] + 8) >> 4), 0, 255)
            index = int(norm(aim, palette.astype(np.int64)).argmin())
            out[y, x] = index
            error = strength * (aim - palette[index])
            for dy, dx, share in ((0, 1, 7), (1, -1, 3), (1, 0, 5), (1, 1, 1)):
                errors[y + dy, x + 1 + dx] += np.trunc(error * share / 16).astype(np.int64)
    return out


@settings(deadline=None, max_examples=60)
@given(pixels=FRAMES, palette=COLOURS, strength=st.sampled_from([0, 1, 12, 16]))
def test_index(pixels: Pixels, palette: Pixels, strength: int) -> None:
    """The kernel gives what the plain rule gives."""
    assert (indexed(pixels, palette, strength) == plain_index(pixels, palette, strength)).all()


def test_index_refuses() -> None:
    """Shapes and numbers that do not go together."""
    pixels, palette = shape(1, 5, 6, "noise"), np.zeros((4, 3), np.uint8)
    cache, scratch = np.zeros(gif.CACHE_LENGTH, np.uint32), np.zeros(48, np.int32)
    out = np.zeros((5, 6), np.uint8)
    good = (pixels, palette, 12, cache, scratch, out)
    gif.forget(cache)
    gif.index(*good)
    bad: list[tuple[int, object]] = [
        (0, pixels[..., :3]),
        (0, pixels[:, ::2]),
        (1, np.zeros((257, 3), np.uint8)),
        (1, np.zeros((0, 3), np.uint8)),
        (2, 17),
        (2, -1),
        (3, cache[:-1]),
        (4, scratch[:-1]),
        (5, out[:-1]),
    ]
    for at, wrong in bad:
        with pytest.raises(ValueError, match=r"[a-z]"):
            gif.index(*good[:at], wrong, *good[at + 1 :])  # type: ignore[call-arg, arg-type]


@given(st.binary(max_size=400), st.integers(1, 11))
def test_pixels_of_any_octets_are_counted(octets: bytes, bits: int) -> None:
    """The count equals that of the plain reader, for any octets."""
    assert gif.count_pixels(np.frombuffer(octets, np.uint8), bits, 1 << 30) == len(read(octets, bits)[0])


def test_pixels_of_truncated_data_are_counted() -> None:
    """Any beginning of an image counts the pixels that it holds, and never more than asked."""
    rng = np.random.default_rng(5)
    levels = np.minimum(rng.geometric(0.3, 24_000), 13).reshape(120, 200)
    palette = np.repeat(np.arange(14, dtype=np.uint8)[:, None], 3, axis=1) * 18
    frame = np.full((120, 200, 4), 255, np.uint8)
    frame[..., :3] = palette[levels]
    data, _ = pack(frame, np.zeros_like(frame), palette)
    octets = codes_of(data)
    codes = np.frombuffer(octets, np.uint8)
    assert gif.count_pixels(codes, 4, 1 << 30) == 24_000
    assert gif.count_pixels(codes, 4, 17_000) == 17_000
    for cut in range(0, len(octets), 997):
        assert gif.count_pixels(codes[:cut], 4, 1 << 30) == len(read(octets[:cut], 4)[0])


@pytest.mark.parametrize(("bits", "most"), [(0, 1), (12, 1), (8, -1)])
def test_counting_refuses_what_no_gif_has(bits: int, most: int) -> None:
    """Code sizes outside of the format and fewer than no pixels are refused."""
    with pytest.raises(ValueError, match="code size"):
        gif.count_pixels(np.zeros(4, np.uint8), bits, most)
