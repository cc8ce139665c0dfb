"""Processors as affinity and control groups leave them, and how many threads a call has of them."""

from __future__ import annotations

import ast
import io
import os
import threading
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from PIL import Image

import transcode
from tests.made import clips
from tests.made.pictures import photo, save
from transcode.batch import convert_directory
from transcode.errors import LimitsError
from transcode.jobs import processors
from transcode.jobs.processors import ThreadLimit, both
from transcode.media.samples import coefficients, planes
from transcode.profile import find_profile

#: Tables of mounts: version 2, version 1, version 1 in a container that sees its own group only, and others.
V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
OWN = "33 31 0:30 /docker/ab /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n"
OTHERS = (
    "22 1 8:1 / / rw - ext4 /dev/sda1 rw\nodd\n"
    "34 31 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
)

CASES = {
    "version 2": ("0::/app\n", V2, {"sys/fs/cgroup/app/cpu.max": "200000 100000\n"}, 2),
    "a part": ("0::/\n", V2, {"sys/fs/cgroup/cpu.max": "150000 100000\n"}, 2),
    "less than one": ("0::/\n", V2, {"sys/fs/cgroup/cpu.max": "1000 100000\n"}, 1),
    "no limit": ("0::/app\n", V2, {"sys/fs/cgroup/app/cpu.max": "max 100000\n"}, 8),
    "a group around it": (
        "0::/a/b\n",
        V2,
        {"sys/fs/cgroup/a/cpu.max": "300000 100000\n", "sys/fs/cgroup/a/b/cpu.max": "max 100000\n"},
        3,
    ),
    "told from elsewhere": ("0::/../other\n", V2, {"sys/fs/cgroup/cpu.max": "100000 50000"}, 2),
    "more than there are": ("0::/\n", V2, {"sys/fs/cgroup/cpu.max": "9900000 100000"}, 8),
    "version 1": (
        "4:memory:/m\n3:cpu,cpuacct:/app\n",
        V1,
        {
            "sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_quota_us": "250000\n",
            "sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_period_us": "100000\n",
        },
        3,
    ),
    "version 1 without a limit": (
        "3:cpu,cpuacct:/\n",
        V1,
        {
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        },
        8,
    ),
    "version 1 in a container": (
        "3:cpu:/docker/ab\n",
        OWN,
        {"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "10000"},
        5,
    ),
    "both": (
        "3:cpu,cpuacct:/\n0::/\n",
        V1 + V2.replace("/cgroup rw", "/cgroup/unified rw"),
        {
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "400000\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/unified/cpu.max": "max 100000\n",
        },
        4,
    ),
    "a blank in a name": (
        "0::/\n",
        V2.replace("/sys/fs/cgroup", "/my\\040groups"),
        {"my groups/cpu.max": "200000 100000\n"},
        2,
    ),
    "no numbers": ("0::/\n", V2, {"sys/fs/cgroup/cpu.max": "many\n"}, 8),
    "more than a number": ("0::/\n", V2, {"sys/fs/cgroup/cpu.max": f"{'9' * 400} 1\n"}, 8),
    "digits without end": ("0::/\n", V2, {"sys/fs/cgroup/cpu.max": f"{'9' * 5000} 1\n"}, 8),
    "a period of none": ("0::/\n", V2, {"sys/fs/cgroup/cpu.max": "100000 0\n"}, 8),
    "no groups": ("", V2, {"sys/fs/cgroup/cpu.max": "100000 100000\n"}, 8),
}


@pytest.mark.parametrize("name", CASES)
def test_quotas(tmp_path: Path, name: str) -> None:
    """The least of what the groups leave, rounded up, and no more than the process may run on."""
    groups, mounts, files, wanted = CASES[name]
    for path, text in {**files, "proc/self/cgroup": groups, "proc/self/mountinfo": OTHERS + mounts}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    with mock.patch.object(processors, "_allowed", return_value=8):
        assert processors.available(tmp_path) == wanted


def test_a_system_without_groups(tmp_path: Path) -> None:
    """What the process may run on is all that is known."""
    with mock.patch.object(processors, "_allowed", return_value=8):
        assert processors.available(tmp_path) == 8


def test_affinity(tmp_path: Path) -> None:
    """A thread that may run on one processor has one."""
    found = []

    def look() -> None:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        found.append(processors.available(tmp_path))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [1]


def test_a_limit_holds_within_its_call() -> None:
    """A limit holds in the functions that its call calls, but not in other threads nor after an error."""
    seen = []
    with mock.patch.object(processors, "available", return_value=6):
        with ThreadLimit(3):
            assert (processors.threads(4), processors.threads(2)) == (3, 2)
            with ThreadLimit(None):
                assert processors.threads(4) == 3
            with pytest.raises(KeyError), ThreadLimit(1):
                raise KeyError
            assert processors.threads(4) == 3
            thread = threading.Thread(target=lambda: seen.append(processors.threads(9)))
            thread.start()
            thread.join()
        assert (processors.threads(9), seen) == (6, [6])


def test_processors_are_counted_once_in_a_call() -> None:
    """The files of control groups are read once in a call, and anew in the next."""
    with mock.patch.object(processors, "available", side_effect=[6, 5, 4]) as counted:
        with ThreadLimit(None):
            assert [processors.threads(9), processors.threads(9), counted.call_count] == [6, 6, 1]
        with ThreadLimit(None):
            assert processors.threads(9) == 5
        assert processors.threads(9) == 4


def test_two_functions_at_the_same_time() -> None:
    """Each waits for the other, on two threads."""
    meeting = threading.Barrier(2, timeout=30)
    seen: list[int] = []

    def meet() -> None:
        meeting.wait()
        seen.append(threading.get_ident())

    both(meet, meet)
    assert len(set(seen)) == 2


def test_errors_of_two_functions() -> None:
    """The error of either is raised, once both have ended; that of the first, if both have one."""
    ended: list[str] = []

    def fails(words: str) -> None:
        ended.append(words)
        raise ValueError(words)

    works = partial(ended.append, "whole")
    for one, other, words in (
        (works, partial(fails, "b"), "b"),
        (partial(fails, "a"), works, "a"),
        (partial(fails, "a"), partial(fails, "b"), "a"),
    ):
        with pytest.raises(ValueError, match=f"^{words}$"):
            both(one, other)
    assert len(ended) == 6


def test_a_process_that_may_have_no_thread() -> None:
    """Both functions are called by the thread that there is."""
    seen: list[str] = []
    with mock.patch.object(threading.Thread, "start", side_effect=RuntimeError("can't start new thread")):
        both(partial(seen.append, "one"), partial(seen.append, "other"))
    assert seen == ["one", "other"]


def test_halves_of_a_photo() -> None:
    """A photo is worked on in two halves where two threads may be had, with the same bytes."""
    source, limits = save(photo(900, 700)), transcode.Limits(60_000, 800, 800)
    with (
        mock.patch.object(planes, "both", side_effect=both) as resampled,
        mock.patch.object(coefficients, "both", side_effect=both) as transformed,
    ):
        one = transcode.fit(source, limits, threads=1).data
        assert (resampled.call_count, transformed.call_count) == (0, 0)
        assert transcode.fit(source, limits, threads=2).data == one
        assert min(resampled.call_count, transformed.call_count) > 0


@pytest.mark.parametrize("threads", [0, -1, True, 1.0, "2"])
def test_what_is_no_number_of_threads(tmp_path: Path, threads: Any) -> None:
    """Every function that takes it names it, before anything is read."""
    profile = find_profile("us-att")
    limits = transcode.Limits(9_000)
    missing = tmp_path / "missing"
    for call in (
        lambda: transcode.fit(missing, limits, threads=threads),
        lambda: transcode.fit_each_limit(missing, [limits], threads=threads),
        lambda: transcode.compose(missing, profile, threads=threads),
        lambda: transcode.compose_split(missing, profile, threads=threads),
        lambda: transcode.slideshow_clip([missing], profile, threads=threads),
        lambda: convert_directory(tmp_path, tmp_path / "out", profile, threads=threads),
    ):
        with pytest.raises(LimitsError, match="threads must be a whole number of at least 1, not"):
            call()


def test_bytes_do_not_depend_on_threads() -> None:
    """Clips, also interlaced ones and with sound, animations and slideshows come out the same."""
    interlaced = {"x264-params": "tff=1", "preset": "veryfast", "crf": "18", "flags": "+ildct+ilme"}
    animation = io.BytesIO()
    frames = [Image.fromarray(photo(40, 30, number)) for number in range(4)]
    frames[0].save(animation, "GIF", save_all=True, append_images=frames[1:], duration=100)
    sources = [
        clips.clip(seconds=1.2, sound=clips.beeping([0.2], 1.2)).data,
        clips.clip(seconds=0.6, options=interlaced).data,
        animation.getvalue(),
    ]
    limits = transcode.Limits(12_000, 64, 64)
    codes = {note.code for note in transcode.fit(sources[1], limits).report.notes}
    assert "deinterlaced" in codes
    for source in sources:
        assert len({transcode.fit(source, limits, threads=threads).data for threads in (1, 2, 5)}) == 1
    profile = find_profile("us-att")
    slides = [save(photo(300, 200)), save(photo(200, 300, 1))]
    shows = {
        transcode.slideshow_clip(slides, profile, max_bytes=30_000, threads=threads).data
        for threads in (1, 3)
    }
    assert len(shows) == 1


def test_nothing_starts_threads_of_itself() -> None:
    """Whoever makes a graph of filters or converts frames says with how many threads."""
    untold = []
    for path in (Path(transcode.__file__).parent).rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                code = ast.unparse(function)
                asked = "Graph()" in code and ".threads = " not in code
                for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
                    name = ast.unparse(call.func).rpartition(".")[2]
                    words = {word.arg for word in call.keywords}
                    asked |= name == "reformat" and "threads" not in words
                    asked |= name == "AudioResampler"
                    asked |= name == "to_ndarray" and "format" in words
                if asked:
                    untold.append(f"{path.name}: {function.name}")
    assert untold == []
