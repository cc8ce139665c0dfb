"""What a batch makes of each file: messages of each form or media, for one receiver or several."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import transcode
from tests.batch.judge import PROFILE
from tests.batch.test_resume import Here
from tests.made.pictures import photo, save
from transcode.batch import BatchOptions, BatchPlan, Converted, Progress, convert_directory
from transcode.media.pictures import jpeg

# Of pictures only the bytes differ: the decoded picture is shared.
SMALL = replace(PROFILE, id="other", max_message_bytes=9_000, max_frame_rate=15.0, audio_attach_ok=False)
NARROW = replace(PROFILE, id="narrow", max_image_width=120, max_image_height=120)
THREE = [SMALL, PROFILE, NARROW]


def made(source: Path, target: Path, profile: Any = PROFILE, **more: Any) -> list[Converted]:
    return convert_directory(source, target, profile, executor=Here(), **more)


def files(target: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(target)): path.read_bytes()
        for path in sorted(target.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


@pytest.mark.parametrize("plan", [BatchPlan(), BatchPlan("media")])
def test_several_receivers_from_one_decode(folder: Path, tmp_path: Path, plan: BatchPlan) -> None:
    """Each has a folder with what a batch for it alone makes, byte for byte; each JPEG is decoded once."""
    (folder / "broken.jpg").unlink()
    (folder / "a.jpg").write_bytes(save(photo(1000, 800)))
    (folder / "below" / "c.jpg").write_bytes(save(photo(800, 1000)))
    with mock.patch.object(jpeg, "decode", wraps=jpeg.decode) as decode:
        results = made(folder, tmp_path / "out", THREE, plan=plan)
    # The narrow one has a scale of its own; the other two share theirs.
    assert len(decode.mock_calls) == 4
    assert [one.carrier for one in results[:3]] == ["other", "us-att", "narrow"]
    for profile in THREE:
        made(folder, tmp_path / profile.id, profile, plan=plan)
        alone = files(tmp_path / profile.id)
        assert len(alone) == 3
        assert files(tmp_path / "out" / profile.id) == alone
    for one in results:
        assert (one.error is None) == (Path(one.source).name != "notes.txt")
        if one.target is not None:
            assert Path(one.target).stat().st_size == one.target_bytes == one.message_bytes
            assert one.message_bytes is not None
            assert one.message_bytes <= one.limit <= {"other": 9_000}.get(one.carrier, 20_000)


def test_a_failure_for_one_receiver_costs_only_that(folder: Path, tmp_path: Path) -> None:
    """The others get their messages, and each result has its reason and its receiver."""
    tiny = replace(PROFILE, id="tiny", max_message_bytes=600)
    results = made(folder, tmp_path / "out", [tiny, PROFILE], keep=BatchOptions())
    told = [(one.carrier, one.error_type) for one in results if Path(one.source).name == "a.jpg"]
    assert told == [("tiny", "BudgetError"), ("us-att", None)]
    assert sorted(files(tmp_path / "out")) == [
        f"us-att/{name}.mms" for name in ("a.jpg", "a.png", "below/c.jpg")
    ]


def test_a_further_receiver_is_made_alone(folder: Path, tmp_path: Path) -> None:
    """A second run with another receiver makes its outputs, and keeps those of the first."""
    for path in folder.rglob("*"):
        path.touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("transcode.batch.manifest._COARSE", -1)
        first = made(folder, tmp_path / "out", [PROFILE, SMALL], keep=BatchOptions())
        again = made(folder, tmp_path / "out", [PROFILE, NARROW], keep=BatchOptions())
    assert not any(one.is_kept for one in first)
    assert {(one.carrier, one.is_kept) for one in again} == {("us-att", True), ("narrow", False)}
    assert {name.partition("/")[0] for name in files(tmp_path / "out")} == {"us-att", "other", "narrow"}


def test_media_have_the_endings_of_their_formats(tmp_path: Path) -> None:
    """A picture of another format becomes a JPEG; sources with the same stem get names of their own."""
    root = tmp_path / "in"
    root.mkdir()
    for name, kind in (("a.bmp", "BMP"), ("a.jpg", "JPEG"), ("A.tif", "TIFF"), ("b.v1.png", "PNG")):
        (root / name).write_bytes(save(photo(300, 200), kind))
    results = made(root, tmp_path / "out", plan=BatchPlan("media"), keep=BatchOptions())
    names = {Path(one.source).name: Path(str(one.target)).name for one in results}
    kind = Path(names["b.v1.png"]).suffix
    assert names == {
        "A.tif": "A.jpg",
        "a.bmp": "a-bmp.jpg",
        "a.jpg": "a-jpg.jpg",
        "b.v1.png": f"b.v1{kind}",
    }
    for one in results:
        octets = Path(str(one.target)).read_bytes()
        limits = PROFILE.limits()
        assert transcode.fit(one.source, limits).data == octets
        assert (one.limit, one.message_bytes) == (limits.max_bytes, len(octets))
    again = made(root, tmp_path / "out", plan=BatchPlan("media"), keep=BatchOptions(verify=True))
    assert all(one.is_kept for one in again)
    assert [one.target for one in again] == [one.target for one in results]


def test_a_new_file_takes_no_name_of_another(tmp_path: Path) -> None:
    """In a further run what was made keeps its name, and is kept; parts are named by the list alone."""
    root, out = tmp_path / "in", tmp_path / "out"
    root.mkdir()
    plan, keep = BatchPlan("media"), BatchOptions()
    for name, kind in (("a.jpg", "JPEG"), ("a.bmp", "BMP")):
        (root / name).write_bytes(save(photo(300, 200), kind))
        results = made(root, out, plan=plan, keep=keep)
    told = {Path(one.source).name: (Path(str(one.target)).name, one.is_kept) for one in results}
    assert told == {"a.jpg": ("a.jpg", True), "a.bmp": ("a-bmp.jpg", False)}
    parts = [made(root, tmp_path / "parts", plan=plan, keep=BatchOptions(shard=(n, 2))) for n in (1, 2)]
    names = {Path(one.source).name: Path(str(one.target)).name for part in parts for one in part}
    assert names == {"a.bmp": "a.jpg", "a.jpg": "a-jpg.jpg"}


@pytest.mark.parametrize(
    ("form", "ending", "limit_form"),
    [("mm4", "eml", "mm1"), ("mm4", "eml", "mm4"), ("mm7", "http", "mm1"), ("mm7", "http", "mm7")],
)
def test_messages_of_other_forms(tmp_path: Path, form: Any, ending: str, limit_form: Any) -> None:
    """They have their own endings, and what the limit counts is told beside the size of the file."""
    root = tmp_path / "in"
    root.mkdir()
    (root / "a.jpg").write_bytes(save(photo(640, 480)))
    plan = BatchPlan(form, limit_form=limit_form, date=1_800_000_000, vaspid="acme")
    few = replace(PROFILE, max_recipients=1)
    words: dict[str, Any] = {"to": ["+15555550100", "+15555550101"], "sender": "+15555550199"}
    (one,) = made(root, tmp_path / "out", few, plan=plan, **words)
    assert one.error is None
    paths = [tmp_path / "out" / f"a.jpg.{ending}", tmp_path / "out" / f"a.jpg.to-2.{ending}"]
    assert [one.target, *one.further] == [str(path) for path in paths]
    for path in paths:
        found = transcode.read(path.read_bytes())
        assert found.message_type == {"mm4": "mm4-forward-req", "mm7": "mm7-submit-req"}[form]
        assert len(found.to) == 1
    assert one.target_bytes == paths[0].stat().st_size
    assert one.message_bytes is not None
    assert 0.9 * one.limit < one.message_bytes <= one.limit
    assert (one.message_bytes == one.target_bytes) == (form == limit_form == "mm4")
    before = files(tmp_path / "out")
    made(root, tmp_path / "out", few, plan=plan, **words)
    assert files(tmp_path / "out") == before


def test_what_another_batch_has_made_is_no_source(folder: Path, tmp_path: Path) -> None:
    """Its renditions are passed over and counted; a picture of the user beside them is a source."""
    inner = folder / "sent"
    first = made(folder, inner, plan=BatchPlan("media"), keep=BatchOptions())
    outputs = {one.target for one in first} - {None}
    (inner / "own.jpg").write_bytes(save(photo(60, 40)))
    (inner / "mail.eml").write_bytes(b"")
    second = made(folder, tmp_path / "out", plan=BatchPlan("media"))
    assert {one.source for one in second} == {one.source for one in first} | {str(inner / "own.jpg")}
    assert not outputs & {one.source for one in second}


def test_files_that_are_not_wanted_are_counted(folder: Path, tmp_path: Path) -> None:
    """They are no results; a folder that is left out and can't be read is no failure."""
    (folder / "shut").mkdir(mode=0)
    real = os.scandir

    def refuses(path: str) -> object:
        if Path(path).name == "shut":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    heard: list[Progress] = []
    plan = BatchPlan(include=["*.jpg", "*.png"], exclude=["broken.*", "shut/"])
    with mock.patch.object(os, "scandir", refuses):
        results = made(folder, tmp_path / "out", plan=plan, progress=heard.append)
    assert [Path(one.source).name for one in results] == ["a.jpg", "a.png", "c.jpg"]
    assert {(one.excluded, one.passed_over, one.total) for one in heard} == {(2, 1, 3)}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"written_as": "mm9"}, "written_as must be one of mm1, mm4, mm7, media"),
        ({"limit_form": "media"}, "limit_form must be one of mm1, mm4, mm7"),
        ({"name": "{folder}/{what}.{ext}"}, "the field 'what', which is none of folder, name, stem"),
        ({"name": "{folder}/{}.{ext}"}, "the field '', which is none of"),
        ({"name": "{stem!r}"}, "the field 'stem'"),
        ({"name": "{stem.upper}"}, "the field 'stem.upper'"),
        ({"name": "{stem:9999999}"}, ":9999999"),
        ({"name": "{number:099999999}"}, ":099999999"),
        ({"name": "{stem"}, "can't be read"),
        ({"name": "/tmp/{stem}"}, "leaves the target"),
        ({"name": "../{stem}"}, "leaves the target"),
        ({"name": "{folder}.{ext}"}, "the same for all files"),
        ({"name": ""}, "the same for all files"),
        ({"name": "{stem}.jpg", "written_as": "media"}, r"must end in .{ext}"),
        ({"name": 3}, "must be text"),
    ],
)
def test_plans_that_will_not_do(wrong: dict[str, Any], words: str) -> None:
    """They are refused with the reason."""
    with pytest.raises(transcode.LimitsError, match=re.escape(words)):
        BatchPlan(**wrong)


def test_what_no_output_could_have_is_said_once(folder: Path, tmp_path: Path) -> None:
    """A receiver that is none, words for media, and a hidden name raise before anything is written."""
    out = tmp_path / "out"
    for profile in ([], [PROFILE, "us-att"], None):
        with pytest.raises(transcode.ProfileError):
            made(folder, out, profile)
    with pytest.raises(transcode.LimitsError, match="subject would have no effect"):
        made(folder, out, plan=BatchPlan("media"), subject="hello")
    with pytest.raises(transcode.LimitsError, match="plan must be"):
        made(folder, out, plan="media")
    with pytest.raises(transcode.MmsUnavailable):
        made(folder, out, [PROFILE, replace(PROFILE, id="none", mms_enabled=False)])
    with pytest.raises(transcode.MessageError, match="From is missing"):
        made(folder, out, plan=BatchPlan("mm4"), to=["+15555550100"])
    with pytest.raises(transcode.LimitsError, match="or hidden"):
        made(folder, out, plan=BatchPlan(name=".{stem}"))
    assert not out.exists() or not files(out)
