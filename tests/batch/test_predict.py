"""What a batch would make: told without making it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import transcode
from tests.batch.judge import PROFILE
from tests.made import clips
from tests.made.pictures import photo, save
from tests.made.sounds import container, sine
from transcode.batch import BatchOptions, BatchPlan, Prediction, convert_directory, convert_job_file
from transcode.batch.headers import header_of
from transcode.batch.manifest import NAME
from transcode.errors import OutputError
from transcode.jobs.job_limits import JobLimits
from transcode.profile import find_profile

KEEP = BatchOptions()


@pytest.fixture(autouse=True)
def _exact(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A file's stamp may be trusted at once: the tests do not wait for two seconds."""
    monkeypatch.setattr("transcode.batch.manifest._COARSE", -1)
    return iter(())


def everything(folder: Path) -> dict[str, tuple[int, ...]]:
    """All files and folders below a folder, with their sizes, times of change and numbers."""
    found: dict[str, tuple[int, ...]] = {}
    for path in (folder, *folder.rglob("*")):
        status = path.lstat()
        found[str(path)] = (status.st_size, status.st_mtime_ns, status.st_ino)
    return found


def predicted(source: Path, target: Path, keep: BatchOptions | None = KEEP, **more: Any) -> Prediction:
    """The prediction, by which nothing has changed; and what it says is what is done, and nothing else."""
    before = everything(source.parent)
    given = {"profile": PROFILE, **more}
    told = transcode.predict_directory(source, target, keep=keep, **given)
    assert everything(source.parent) == before
    copy = source.parent / "copy"
    if target.exists():
        shutil.copytree(target, copy)
    made = convert_directory(source, target, keep=keep, jobs=1, **given)
    known = {(one.source, one.carrier): one for one in told.files}
    for one in made:
        said = known[one.source, one.carrier]
        assert one.is_kept == (said.state in ("unchanged", "failed-before")), said
        assert one.error is None or said.state in ("will-fail", "failed-before", "new", "changed"), said
        if said.state == "will-fail":
            assert one.error == said.reason
        if one.error is None:
            assert one.target is not None
            assert said.target is not None
            assert said.target.removesuffix(".*") == one.target[: len(said.target.removesuffix(".*"))]
            assert (said.source_bytes, said.limit) == (one.source_bytes, one.limit)
    assert len(made) == len(told.files) - told.count("skipped")
    shutil.rmtree(target)
    if copy.exists():
        copy.rename(target)
    return told


def states(told: Prediction) -> dict[str, str]:
    return {Path(one.source).name: one.state for one in told.files}


def test_what_would_be_made_of_a_folder(folder: Path, tmp_path: Path) -> None:
    """New files, what is no medium, and what is passed over; the target is not even made."""
    (folder / "a.xmp").write_text("")
    (folder / "below" / "link").symlink_to(folder)
    told = predicted(folder, tmp_path / "out", plan=BatchPlan(exclude=["*.png"]))
    assert not (tmp_path / "out").exists()
    assert states(told) == {
        **dict.fromkeys((".hidden", ".DS_Store", "a.xmp", "a.png", "link"), "skipped"),
        **dict.fromkeys(("a.jpg", "c.jpg", "broken.jpg"), "new"),
        "notes.txt": "will-fail",
    }
    reasons = {Path(one.source).name: one.reason for one in told.files if one.state == "skipped"}
    assert reasons == {
        ".hidden": "hidden",
        ".DS_Store": "a file of a system",
        "a.xmp": "a sidecar",
        "a.png": "excluded",
        "link": "a link to a folder",
    }
    assert [one.source for one in told.files] == sorted((one.source for one in told.files), key=Path)
    assert told.bytes == sum(one.bytes or 0 for one in told.files)
    assert 0 < told.seconds < 10


def test_what_has_changed_is_told_with_the_reason(folder: Path, tmp_path: Path) -> None:
    """A second run would make what a dry run says; what is there has its exact size."""
    out = tmp_path / "out"
    first = {Path(one.source).name: one for one in convert_directory(folder, out, PROFILE, keep=KEEP, jobs=1)}
    (folder / "a.jpg").write_bytes(save(photo(310, 200)))
    (folder / "new.jpg").write_bytes(save(photo(300, 210)))
    os.utime(folder / "below" / "c.jpg", ns=(10**18, 10**18))
    (out / "a.png.mms").unlink()
    told = predicted(folder, out)
    found = {Path(one.source).name: (one.state, one.reason) for one in told.files if one.state != "skipped"}
    assert found == {
        "a.jpg": ("changed", "source changed"),
        "a.png": ("changed", "output is gone"),
        "broken.jpg": ("failed-before", first["broken.jpg"].error),
        "c.jpg": ("unchanged", ""),
        "new.jpg": ("new", ""),
        "notes.txt": ("failed-before", first["notes.txt"].error),
    }
    sizes = {Path(one.source).name: one.bytes for one in told.files}
    assert sizes["c.jpg"] == first["c.jpg"].message_bytes
    assert sizes["a.png"] == first["a.png"].message_bytes
    times = {Path(one.source).name: one.seconds for one in told.files}
    assert times["a.png"] == pytest.approx(first["a.png"].seconds)
    again = states(predicted(folder, out, BatchOptions(retry_failed=True)))
    assert (again["broken.jpg"], again["notes.txt"]) == ("changed", "will-fail")
    assert set(states(predicted(folder, out, subject="Other")).values()) == {
        "changed",
        "new",
        "will-fail",
    } | {"skipped"}


def test_a_folder_that_nobody_writes(folder: Path, tmp_path: Path) -> None:
    """Rows that a killed run left beside the database count; nothing is cleaned up."""
    out = tmp_path / "out"
    convert_directory(folder, out, PROFILE, keep=KEEP, jobs=1)
    reading = transcode.iter_directory(folder, out, PROFILE, keep=KEEP, jobs=1)
    next(reading)
    copied = tmp_path / "copied"
    shutil.copytree(out, copied)
    reading.close()
    assert states(predicted(folder, copied))["a.jpg"] in ("unchanged", "changed")
    (out / f"{NAME}.sqlite3").write_bytes(b"no database, but long enough to be one" * 100)
    with pytest.raises(OutputError, match="manifest"):
        transcode.predict_directory(folder, out, PROFILE, keep=KEEP)
    (out / f"{NAME}.sqlite3").write_bytes(b"")
    assert states(predicted(folder, out))["a.jpg"] == "new"
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "link").symlink_to("nowhere")
    for name, said in {"file": "exists", "file/below": "not a directory", "link": "exists"}.items():
        for run in (transcode.predict_directory, convert_directory):
            with pytest.raises(OutputError, match=said):
                run(folder, tmp_path / name, PROFILE)


def test_carriers_parts_and_media(folder: Path, tmp_path: Path) -> None:
    """Each receiver has its line; the parts of a batch are the whole; names of media end as they may."""
    both = [PROFILE, replace(PROFILE, id="other", max_message_bytes=30_000)]
    told = predicted(folder, tmp_path / "out", profile=both)
    assert [one.carrier for one in told.files if one.source.endswith("a.jpg")] == ["us-att", "other"]
    media = predicted(folder, tmp_path / "out", plan=BatchPlan("media"))
    names = [Path(one.target or "").name for one in media.files if one.is_made]
    assert names == ["a.jpg", "a-png.*", "c.jpg", "broken.jpg"]
    whole = {one for one in told.files if one.is_made}
    parts = [
        transcode.predict_directory(folder, tmp_path / "out", both, keep=BatchOptions(shard=(number, 3)))
        for number in (1, 2, 3)
    ]
    assert sorted(one.source for part in parts for one in part.files if one.is_made) == sorted(
        one.source for one in whole
    )


def test_rows_of_a_job_file(folder: Path, tmp_path: Path) -> None:
    """A row of several media, one of words alone, one that is wrong, and one of a file that is not there."""
    file = tmp_path / "jobs.csv"
    file.write_text(
        "sources,to,text\nin/a.jpg|in/a.png,1555,\n,1555,Hi\nin/a.jpg,1555,,,x\nin/no.jpg,1555,\n"
    )
    before = everything(tmp_path)
    told = transcode.predict_job_file(file, tmp_path / "out", PROFILE, keep=KEEP)
    assert everything(tmp_path) == before
    assert [(one.state, one.kind) for one in told.files] == [
        ("new", "slides"),
        ("new", "text"),
        ("will-fail", ""),
        ("will-fail", "other"),
    ]
    made = convert_job_file(file, tmp_path / "out", PROFILE, keep=KEEP, jobs=1)
    assert [one.reason for one in told.files[2:]] == [one.error for one in made[2:]]
    assert [one.target for one in told.files[:2]] == [one.target for one in made[:2]]
    again = transcode.predict_job_file(file, tmp_path / "out", PROFILE, keep=KEEP)
    assert [one.state for one in again.files] == ["unchanged", "unchanged", "will-fail", "will-fail"]
    assert (again.bytes, again.seconds) == (0, 0.0)


@pytest.mark.parametrize("form", ["mm1", "mm4"])
def test_sizes_that_headers_tell(tmp_path: Path, form: Any) -> None:
    """What fits goes as it is; of what does not, the limit is used up."""
    source = tmp_path / "in"
    source.mkdir()
    (source / "a.jpg").write_bytes(save(photo(400, 300)))
    (source / "b.jpg").write_bytes(save(photo(4000, 3000), quality=90))
    profile = find_profile("us-att")
    plan = BatchPlan(limit_form=form)
    told = transcode.predict_directory(source, tmp_path / "out", profile, plan=plan)
    made = convert_directory(source, tmp_path / "out", profile, plan=plan, jobs=1)
    for said, one in zip(told.files, made, strict=True):
        assert said.bytes == pytest.approx(one.message_bytes, rel=0.05)


def test_what_headers_tell(tmp_path: Path) -> None:
    """Kinds by content, whatever the name says; what can't be read says why, and no pipe is waited for."""
    wave = container(sine(2.0)).data
    given = {
        "a.bin": save(photo(30, 20)),
        "b.mp3": clips.clip(seconds=2).data,
        "c.dat": wave,
        "card": b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:A\r\nEND:VCARD\r\n",
        "d.jpg": b"",
        "e.jpg": b"%PDF-1.7\n" + bytes(100),
        "f.jpg": b"\0\1\2\3 of no known format" * 9,
    }
    for name, octets in given.items():
        (tmp_path / name).write_bytes(octets)
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "round.jpg").symlink_to(tmp_path / "round.jpg")
    found = {path.name: header_of(path) for path in tmp_path.iterdir()}
    kinds = {name: header.kind for name, header in found.items() if header.error is None}
    assert kinds == {"a.bin": "picture", "b.mp3": "clip", "c.dat": "recording", "card": "card"}
    assert found["a.bin"].pixels == 600
    assert found["c.dat"].seconds == pytest.approx(2.0, abs=0.1)
    errors = {name: header.error for name, header in found.items() if header.error is not None}
    assert "not a regular file" in (errors["pipe.mp4"] or "")
    assert "empty: 0 bytes" in (errors["d.jpg"] or "")
    assert "PDF" in (errors["e.jpg"] or "")
    assert "a file of an unknown format, not a picture" in (errors["f.jpg"] or "")
    assert "symbolic links" in (errors["round.jpg"] or "")
    assert "no such file" in (header_of(tmp_path / "none.jpg").error or "")


def test_times_are_learned(tmp_path: Path) -> None:
    """A new file of a kind takes as long, for its bytes, as the others took here."""
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for number in range(8):
        (source / f"{number}.jpg").write_bytes(save(photo(200, 150, number)))
    made = convert_directory(source, out, PROFILE, keep=KEEP, jobs=1, plan=BatchPlan(limits=JobLimits()))
    (source / "new.jpg").write_bytes(save(photo(200, 150, 9)))
    alone = transcode.predict_directory(source, tmp_path / "none", PROFILE, keep=KEEP).files[-1]
    learned = transcode.predict_directory(source, out, PROFILE, keep=KEEP).files[-1]
    typical = sum(one.seconds for one in made) / len(made)
    assert abs(learned.seconds - typical) < abs(alone.seconds - typical)
