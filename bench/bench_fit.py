"""The first fit of a 12 MP photo against what others would write."""

import pytest

import transcode
from bench import corpus, rivals

TASKS = [((2592, 1944), 1_047_000), ((2592, 1944), 305_700), ((1600, 1200), 612_900), ((640, 480), 100_900)]
IDS = [f"{width}x{height} {cap // 1000} kB" for (width, height), cap in TASKS]


def ours(data, box, cap):
    return transcode.fit(data, transcode.Limits(cap, *box)).data


ENGINES = {"transcode": ours, **rivals.available(), "decode only": rivals.decode_only}


@pytest.mark.parametrize("task", TASKS, ids=IDS)
@pytest.mark.parametrize("photo", corpus.photos())
@pytest.mark.parametrize("engine", ENGINES)
def bench_fit(benchmark, task, photo, engine):
    (width, height), cap = task
    benchmark.group = f"fit {width}x{height} {cap}"
    benchmark.name = engine
    benchmark.extra_info["photo"] = photo
    data = corpus.photos()[photo]
    made = benchmark.pedantic(ENGINES[engine], args=(data, (width, height), cap), rounds=5, warmup_rounds=1)
    if made is not None:
        assert len(made) <= cap
        benchmark.extra_info["bytes"] = len(made)
