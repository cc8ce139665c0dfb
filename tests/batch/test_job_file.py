"""A job file: a message for each row, and a bad row costs itself alone."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import transcode
from tests.batch.judge import PROFILE
from tests.made.pictures import photo, save
from tests.made.sounds import container, sine
from transcode.batch import BatchOptions, BatchPlan, convert_job_file
from transcode.batch.rows import BadRow, Row, read_rows
from transcode.errors import LimitsError, OutputError, SourceError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two pictures."""
    (tmp_path / "photos").mkdir()
    for number, name in enumerate(("a.jpg", "b, c.jpg")):
        (tmp_path / "photos" / name).write_bytes(save(photo(300, 200, number)))
    return tmp_path


def written(folder: Path, text: str, name: str = "jobs.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def test_each_row_has_its_own_words(folder: Path) -> None:
    """Recipients, subject, text with fields, options, carrier and name of a row."""
    file = written(
        folder,
        "sources,to,first_name,subject,priority,carrier,output,expiry\n"
        "photos/a.jpg,+15555550100;+15555550101,Ann,,high,,,\n"
        '"photos/b, c.jpg|photos/a.jpg",+15555550102,Bob,Own,,us-verizon,sent/bob,3d\n'
        ",+15555550103,Cy,,,,,\n",
    )
    found = convert_job_file(
        file, folder / "out", PROFILE, subject="For {first_name}", text="Hello {first_name}!"
    )
    assert [one.error for one in found] == [None] * 3
    assert [Path(str(one.target)).relative_to(folder / "out").as_posix() for one in found] == [
        "00002.mms",
        "sent/bob.mms",
        "00004.mms",
    ]
    assert [one.source for one in found] == [f"{file}, row {number}" for number in (2, 3, 4)]
    ann, bob, cy = (transcode.read(Path(str(one.target)).read_bytes()) for one in found)
    assert [to.partition("/")[0] for to in ann.to] == ["+15555550100", "+15555550101"]
    assert (ann.subject, bob.subject, cy.subject) == ("For Ann", "Own", "For Cy")
    assert dict(ann.headers)["X-Mms-Priority"] == "High"
    assert dict(bob.headers)["X-Mms-Expiry"] == ("relative", 3 * 86_400)
    assert [part.content_type for part in bob.parts].count("image/jpeg") == 2
    assert b"Hello Cy!" in b"".join(part.data for part in cy.parts)
    assert len(Path(str(found[0].target)).read_bytes()) <= 20_000
    assert found[1].limit == transcode.find_profile("us-verizon").max_message_bytes


def test_a_bad_row_costs_itself_alone(folder: Path) -> None:
    """Each is named with its number and what is wrong, in order, and leaves nothing."""
    rows = [
        {"sources": ["photos/a.jpg"], "to": ["+15555550100"]},
        {"sources": "photos/none.jpg"},
        {"sources": "photos/a.jpg", "carrier": "nobody"},
        {"sources": "photos/a.jpg", "priority": "urgent"},
        {"sources": "photos/a.jpg", "expiry": "soon"},
        {"sources": "photos/a.jpg", "output": "../../x"},
        {"sources": "photos/a.jpg", "colour": "red"},
        {},
        {"sources": "photos/a.jpg", "output": "last"},
    ]
    lines = [json.dumps(row) for row in rows] + ["{broken", "[1]"]
    file = written(folder, "\n".join(lines), "jobs.jsonl")
    found = convert_job_file(file, folder / "out", PROFILE)
    assert [one.error is None for one in found] == [True, *[False] * 7, True, False, False]
    for number, words in {
        2: "none.jpg",
        3: "nobody",
        4: "urgent",
        5: "expiry",
        6: "../../x",
        7: "unknown column 'colour'",
        8: "neither sources nor a text",
        10: "JSON",
        11: "no object",
    }.items():
        error = str(found[number - 1].error)
        assert error.startswith(f"{file}, row {number}: ")
        assert words in error
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["00001.mms", "last.mms"]


def test_a_second_run_makes_what_changed(folder: Path) -> None:
    """Another text, picture or option of one row is that row's alone."""
    text = "sources,text\nphotos/a.jpg,one\nphotos/a.jpg,two\n"
    keep = BatchOptions()

    def run(text: str) -> list[bool]:
        found = convert_job_file(written(folder, text), folder / "out", PROFILE, keep=keep)
        assert [one.error for one in found] == [None] * len(found)
        return [one.is_kept for one in found]

    assert run(text) == [False, False]
    assert run(text) == [True, True]
    assert run(text.replace("two", "three")) == [True, False]
    assert run(text.replace("two", "three") + "photos/a.jpg,four\n") == [True, True, False]


def test_paths_as_they_are_given(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job file by a relative path is the same on a second run; its sources are below its folder."""
    monkeypatch.chdir(folder / "photos")
    written(folder, "sources\nphotos/a.jpg\n")
    for is_kept in (False, True):
        (one,) = convert_job_file("../jobs.csv", "../out", PROFILE, keep=BatchOptions())
        assert (one.source, one.error, one.is_kept) == ("../jobs.csv, row 2", None, is_kept)


def test_a_picture_of_all_recordings(folder: Path) -> None:
    """A stream is read once for all rows, not by the first alone; a row may have a picture of its own."""
    (folder / "a.wav").write_bytes(bytes(container(sine(1.0)).data))
    file = written(folder, "sources,picture\na.wav,\na.wav,\na.wav,photos/a.jpg\n")
    with (folder / "photos" / "b, c.jpg").open("rb") as picture:
        found = convert_job_file(file, folder / "out", PROFILE, as_clip=picture)
    assert [one.error for one in found] == [None] * 3
    clips = [
        next(
            part.data
            for part in transcode.read(Path(str(one.target)).read_bytes()).parts
            if "video" in part.content_type
        )
        for one in found
    ]
    assert clips[0] == clips[1] != clips[2]


def test_names_that_rows_share(folder: Path) -> None:
    """Two rows of one output get two files; a name may have the fields of batches."""
    text = "sources,output,text\nphotos/a.jpg,x,1\nphotos/a.jpg,X.mms,2\n"
    found = convert_job_file(written(folder, text), folder / "out", PROFILE)
    assert [Path(str(one.target)).name for one in found] == ["x.mms", "X-2.mms"]
    plan = BatchPlan("mm4", name="{carrier}/{stem}-{number}.{ext}", date=1)
    found = convert_job_file(
        written(folder, "sources\nphotos/a.jpg\n"),
        folder / "mails",
        PROFILE,
        plan=plan,
        sender="+15555550199",
    )
    assert Path(str(found[0].target)) == folder / "mails" / "us-att" / "a-2.eml", found


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_how_spreadsheets_write(encoding: str, delimiter: str) -> None:
    """With and without a mark, with each separator, with line ends in a cell."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows(
        [["Sources", "To", "text"], ["a.jpg", "1;2", "für\nalle"], ["", "", ""], ["b.jpg", "3", "x,y"]]
    )
    rows = list(read_rows(text.getvalue().encode(encoding), "jobs.csv"))
    assert rows == [
        Row(2, ("a.jpg",), ("1", "2"), text="für\nalle", options={}),
        Row(4, ("b.jpg",), ("3",), text="x,y", options={}),
    ]


@pytest.mark.parametrize(
    ("octets", "error"),
    [
        (b"", "no row"),
        (b"[{}]", "a JSON array; write one object a line"),
        (b"sources,colour\na.jpg,red\n", "row 1: unknown column 'colour'"),
        (b"source,sources\na.jpg,b.jpg\n", "row 1: the column sources is there twice"),
        (b"sorces\na.jpg\n", "did you mean sources"),
        (b"\xff\xfes\0o\0\x00\xd8x", "its mark says utf-16-le, which it is not"),
    ],
)
def test_files_that_are_none(octets: bytes, error: str) -> None:
    """What the whole file has wrong is an error of the call."""
    with pytest.raises(SourceError, match=error):
        list(read_rows(octets, "jobs.csv"))


def test_rows_that_are_none() -> None:
    """Cells too many, octets that are no text, a field that a text needs."""
    octets = b"sources,to,name\na.jpg,1,Ann,more\n\xff\xfe.jpg,2,Bob\nc.jpg,3,\nd.jpg,4,D\xff\n"
    found = list(read_rows(octets, "jobs.csv", text="Hi {name}"))
    assert [one.number for one in found] == [2, 3, 4, 5]
    assert isinstance(found[0], BadRow)
    assert "4 cells" in found[0].reason
    # Names of files may have any octets.
    assert isinstance(found[1], Row)
    assert found[1].text == "Hi Bob"
    assert found[2] == BadRow(4, "the text of all needs the field name")
    assert isinstance(found[3], BadRow)
    assert "no UTF-8" in found[3].reason


def test_a_quote_that_is_never_closed() -> None:
    """It costs its own line alone, however many follow."""
    rows = [f"{number}.jpg,+1555555{number:04}" for number in range(300)]
    octets = "\n".join(["sources,to", *rows[:3], '"open.jpg,+15555550999', *rows[3:]]).encode()
    limit = csv.field_size_limit()
    found = list(read_rows(octets, "jobs.csv"))
    assert csv.field_size_limit() == limit
    assert [one for one in found if isinstance(one, BadRow)] == [found[3]]
    assert len(found) == 301
    assert "line 5 can't be read as CSV" in str(found[3])


@given(st.binary(max_size=200))
def test_any_octets(octets: bytes) -> None:
    """Rows, or one typed error."""
    try:
        assert all(isinstance(one, Row | BadRow) for one in read_rows(octets, "jobs.csv"))
    except SourceError as error:
        assert "jobs.csv" in str(error)


def test_what_is_refused(folder: Path) -> None:
    """Errors of the whole call."""
    file = written(folder, "sources\nphotos/a.jpg\n")
    for words, error in (
        ({"plan": 3}, "plan must be"),
        ({"cancel": 3}, "cancel must have"),
        ({"keep": 3}, "keep must be"),
        ({"progress": 3}, "progress must be"),
    ):
        with pytest.raises(LimitsError, match=error):
            convert_job_file(file, folder / "out", PROFILE, **words)  # type: ignore[arg-type]
    with pytest.raises(LimitsError, match="media are no messages"):
        convert_job_file(file, folder / "out", PROFILE, plan=BatchPlan("media"))
    with pytest.raises(SourceError, match=r"none\.csv"):
        convert_job_file(folder / "none.csv", folder / "out", PROFILE)
    with pytest.raises(OutputError):
        convert_job_file(file, file / "out", PROFILE)
    (one,) = convert_job_file(file, folder / "out")
    assert "the row names none" in str(one.error)


def test_the_job_file_is_not_written_over(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row whose message would lie where the job file is costs itself; a device is no job file."""
    file = written(folder, "sources,output\nphotos/a.jpg,jobs\nphotos/a.jpg,other\n", "jobs.mms")
    before = file.read_bytes()
    first, second = convert_job_file(file, folder, PROFILE, jobs=1)
    assert (first.error_type, second.error) == ("OverwriteError", None)
    assert file.read_bytes() == before
    monkeypatch.setattr("transcode.batch.job_file._MOST_OCTETS", 1_000)
    with pytest.raises(SourceError, match="divide it"):
        convert_job_file("/dev/zero", folder, PROFILE)
