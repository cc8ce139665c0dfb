"""Three planes of a 4:2:0 picture against the same picture as RGB in Pillow-SIMD."""

import numpy as np
import pytest
from PIL import Image

from bench.pictures import landscape
from transcode.kernels import cpu
from transcode.media.planes import Plane, resample

SIZES = [((4000, 3000), (1440, 1080)), ((4000, 3000), (2592, 1944)), ((2000, 1500), (1600, 1200))]
IDS = [f"{a}x{b} to {c}x{d}" for (a, b), (c, d) in SIZES]


@pytest.fixture(scope="module", params=SIZES, ids=IDS)
def picture(request):
    source, target = request.param
    return landscape(1, *source), source, target


@pytest.mark.parametrize("level", cpu.levels())
def bench_planes(benchmark, picture, level):
    image, (width, height), (out_width, out_height) = picture
    benchmark.group = f"resample {width}x{height} to {out_width}x{out_height}, Lanczos, one thread"
    benchmark.name = f"transcode, three planes, {level}"
    luma, *chroma = (np.asarray(band) for band in image.convert("YCbCr").split())
    planes = [(Plane(luma, width, height), out_width, out_height)] + [
        (Plane(np.ascontiguousarray(plane[::2, ::2]), width / 2, height / 2), out_width // 2, out_height // 2)
        for plane in chroma
    ]

    def run():
        return [resample(plane, *size) for plane, *size in planes]

    cpu.use(level)
    try:
        assert benchmark(run)[0].shape == (out_height, out_width)
    finally:
        cpu.use(cpu.levels()[-1])


def bench_pillow(benchmark, picture):
    image, (width, height), size = picture
    benchmark.group = f"resample {width}x{height} to {size[0]}x{size[1]}, Lanczos, one thread"
    benchmark.name = "Pillow-SIMD, RGB"
    assert benchmark(image.resize, size, Image.Resampling.LANCZOS).size == size
