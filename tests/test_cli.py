"""The command line: exit codes, one line an error, JSON on stdout and people's words on stderr."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import transcode
from tests.media.pictures import photo, save
from tests.media.sounds import container, sine
from transcode.profile import search


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "transcode", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(save(photo(800, 600), quality=95))
    return path


def test_fit_to_bytes_and_box(picture: Path, tmp_path: Path) -> None:
    """A rendition within bytes and box; nothing on stdout."""
    out = tmp_path / "out.jpg"
    done = run("fit", picture, "-o", out, "--max-bytes", "20000", "--box", "400x300")
    assert (done.returncode, done.stdout) == (0, "")
    assert "400 x 300" in done.stderr
    assert 19_800 <= out.stat().st_size <= 20_000


def test_fit_to_a_carrier_as_json(picture: Path, tmp_path: Path) -> None:
    """One object on stdout, with the report."""
    done = run("fit", picture, "-o", tmp_path / "out.jpg", "--carrier", "us-verizon", "--json")
    assert done.returncode == 0
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert found["bytes"] == (tmp_path / "out.jpg").stat().st_size
    assert found["report"]["source_width"] == 800


def test_message_and_inspect(picture: Path, tmp_path: Path) -> None:
    """A message is written, read, and taken apart again."""
    out = tmp_path / "m.mms"
    wanted = [
        "--carrier",
        "us-att",
        "--to",
        "+15555550100",
        "--to",
        "55225",
        "--subject",
        "Hi",
        "--text",
        "Grüße",
    ]
    done = run("message", picture, picture, *wanted, "-o", out)
    assert done.returncode == 0, done.stderr
    shown = run("inspect", out, "--extract", tmp_path / "parts")
    assert shown.returncode == 0
    for word in ("m-send-req", "+15555550100", "55225", "Grüße", "image/jpeg", "image2.jpg"):
        assert word in shown.stderr
    found = json.loads(run("inspect", out, "--json").stdout)
    assert found["subject"] == "Hi"
    files = sorted(path.name for path in (tmp_path / "parts").iterdir())
    assert files == [part["file"] for part in found["parts"]]
    assert (tmp_path / "parts" / files[1]).read_bytes().startswith(b"\xff\xd8")


def test_more_recipients_than_a_message_may_have(picture: Path, tmp_path: Path) -> None:
    """Several files, each to its share of them."""
    own = tmp_path / "own.toml"
    own.write_text("[profile]\nmax_message_bytes = 30000\nmax_recipients = 2\n")
    to = [f"+1555555010{number}" for number in range(3)]
    options = [word for address in to for word in ("--to", address)]
    done = run("message", picture, "-o", tmp_path / "m.mms", "--carrier", own, *options, "--json")
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(item["output"], item["to"]) for item in found] == [
        (str(tmp_path / "m-1.mms"), to[:2]),
        (str(tmp_path / "m-2.mms"), to[2:]),
    ]
    assert [Path(item["output"]).stat().st_size for item in found] == [item["bytes"] for item in found]


def test_message_as_mail(picture: Path, tmp_path: Path) -> None:
    """A mail of MM4 whose own length the limit counts, and which inspect shows in full."""
    out = tmp_path / "m.eml"
    wanted = ["--carrier", "us-att", "--to", "+15555550100", "--sender", "+15555550101", "--text", "Hi"]
    done = run("message", picture, *wanted, "-o", out, "--as", "mm4", "--limit-form", "mm4", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["form"], told["bytes"]) == ("mm4", out.stat().st_size)
    assert told["bytes"] <= told["limit"]
    shown = run("inspect", out, "--extract", tmp_path / "parts").stderr
    for words in ("mm4-forward-req", "begins with <smil>", "02-image1.jpg  image/jpeg", "5 s  02-image1"):
        assert words in shown
    assert re.search(r"Date +20[0-9]{2}-", shown)
    found = json.loads(run("inspect", out, "--json").stdout)
    assert (found["form"], found["sender"]) == ("mm4", "+15555550101/TYPE=PLMN")
    assert (tmp_path / "parts" / "02-image1.jpg").read_bytes().startswith(b"\xff\xd8")
    assert run("message", picture, *wanted[:4], "-o", out, "--as", "mm4").returncode == 2


def test_message_as_a_submission(picture: Path, tmp_path: Path) -> None:
    """SOAP with its headers of HTTP, whose body the limit counts, names and all."""
    out = tmp_path / "m.http"
    wanted = ["--carrier", "us-att", "--to", "+15555550100", "--vaspid", "acme", "--vasid", "promo"]
    done = run("message", picture, *wanted, "-o", out, "--as", "mm7", "--limit-form", "mm7", "--json")
    assert done.returncode == 0, done.stderr
    told, octets = json.loads(done.stdout), out.read_bytes()
    assert (told["form"], told["bytes"]) == ("mm7", len(octets.partition(b"\r\n\r\n")[2]))
    assert told["bytes"] <= told["limit"]
    shown = run("inspect", out).stderr
    for words in ("mm7-submit-req", "VASPID", "acme", "02-image1.jpg", "image/jpeg"):
        assert words in shown
    found = json.loads(run("inspect", out, "--json").stdout)
    assert (found["form"], found["to"]) == ("mm7", ["+15555550100/TYPE=PLMN"])


def test_message_as_media(picture: Path, tmp_path: Path) -> None:
    """Files and a manifest in a directory."""
    wanted = ["--carrier", "us-att", "--to", "+15555550100", "--text", "Grüße"]
    done = run("message", picture, *wanted, "-o", tmp_path / "out", "--as", "media")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["image1.jpg", "manifest.json"]
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text("ascii"))
    assert (manifest["to"], manifest["body"]) == (["+15555550100"], "Grüße")
    assert manifest["media"][0]["bytes"] == (tmp_path / "out" / "image1.jpg").stat().st_size


def test_batch(picture: Path, tmp_path: Path) -> None:
    """Exit code 1 when a file failed; one object a file, failures with their reason."""
    (tmp_path / "notes.txt").write_text("hello")
    done = run("batch", tmp_path, tmp_path / "out", "--carrier", "310410", "--jobs", "1", "--json")
    assert done.returncode == 1
    found = {Path(item["source"]).name: item for item in map(json.loads, done.stdout.splitlines())}
    assert found["photo.jpg"]["message_bytes"] == (tmp_path / "out" / "photo.jpg.mms").stat().st_size
    assert "text, not a picture" in found["notes.txt"]["error"]
    again = run("batch", tmp_path, tmp_path / "out", "--carrier", "310410")
    assert (again.returncode, again.stdout) == (1, "")
    assert "notes.txt: text, not a picture" in again.stderr
    (tmp_path / "notes.txt").unlink()
    assert run("batch", tmp_path, tmp_path / "out", "--carrier", "310410").returncode == 0


def test_batch_of_what_is_no_picture(tmp_path: Path) -> None:
    """A sound's size is its seconds; a card is a message too, and ends nothing."""
    (tmp_path / "a.wav").write_bytes(container(sine(2.0)).data)
    (tmp_path / "b.vcf").write_bytes(b"BEGIN:VCARD\r\nVERSION:2.1\r\nFN:A\r\nEND:VCARD\r\n")
    done = run("batch", tmp_path, tmp_path / "out", "--carrier", "us-att", "--jobs", "1")
    assert done.returncode == 0, done.stderr
    assert re.search(r"a\.wav +[\d,]+ +2\.0 s ", done.stderr)
    assert "2 messages made" in done.stderr


def test_profiles_and_doctor() -> None:
    """A search finds by name and code; doctor names the instruction set."""
    assert "us-verizon" in run("profiles", "verizon").stderr
    found = [json.loads(line) for line in run("profiles", "311480", "--json").stdout.splitlines()]
    assert any(item["id"] == "us-verizon" and item["max_message_bytes"] == 1_228_800 for item in found)
    assert run("profiles", "no such network").returncode == 1
    looked = run("doctor", "--json")
    assert looked.returncode == 0
    findings = {item["what"]: item for item in map(json.loads, looked.stdout.splitlines())}
    assert findings["LittleCMS"]["present"]
    assert findings["vector kernels"]["found"]


def test_profile_is_shown_with_its_sources() -> None:
    """Each figure with value, confidence, date and source, and the notes; as JSON with the places."""
    shown = run(
        "profiles", "show", "us-tmobile", "--provider", "twilio:short_code", "--bearer", "gprs"
    ).stderr
    for words in (r"max_message_bytes +102,400", r"max_recipients +10 +20 +documented", r"bearer-gprs"):
        assert re.search(words, shown), words
    found = json.loads(run("profiles", "show", "us-tmobile", "--json").stdout)
    assert found["figures"]["max_recipients"]["high"] == 20
    assert "T-Mobile DOC-3309" in found["sources"]["max_recipients"][0]["where"]
    off = next(profile.id for profile in search() if not profile.mms_enabled)
    assert "MMS is off: phone settings say so" in run("profiles", "show", off).stderr
    refused = run("fit", "x.jpg", "-o", "x", "--carrier", off, "--json")
    assert (refused.returncode, json.loads(refused.stdout)["error_type"]) == (1, "MmsUnavailable")


def test_profile_and_a_file(picture: Path) -> None:
    """What of the profile binds for a file, and that nothing does."""
    shown = run("profiles", "show", "oma-image-basic", picture)
    assert "max_image_width of oma-image-basic binds: 800 pixels of the source, 160 allowed" in shown.stderr
    assert "nothing binds" in run("profiles", "show", "us-att", picture).stderr
    found = json.loads(run("profiles", "show", "oma-image-basic", picture, "--json").stdout)
    assert [bound["key"] for bound in found["bound"]][:2] == ["max_image_width", "max_image_height"]


def test_profiles_compared() -> None:
    """The figures that differ, with both values."""
    shown = run("profiles", "diff", "us-att", "us-verizon")
    assert shown.returncode == 0
    assert re.search(r"max_message_bytes +1,048,576 +1,228,800", shown.stderr)
    assert "max_image_width" not in shown.stderr
    found = [
        json.loads(line) for line in run("profiles", "diff", "na", "world", "--json").stdout.splitlines()
    ]
    assert found == [{"key": "max_message_bytes", "a": 600_000, "b": 300_000}]
    assert "the same" in run("profiles", "diff", "us-att", "310410").stderr


def test_receiver_of_all_that_is_known(picture: Path, tmp_path: Path) -> None:
    """Network, route, phone and bearer in one command; the message keeps to the strictest."""
    phone = tmp_path / "phone.xml"
    phone.write_bytes(
        b"<r><MmsMaxMessageSize>20000</MmsMaxMessageSize><MmsCcppAccept>image/jpg</MmsCcppAccept></r>"
    )
    wanted = [
        "--carrier",
        "us-att",
        "--provider",
        "twilio:short_code",
        "--bearer",
        "edge",
        "--device",
        str(phone),
    ]
    out = tmp_path / "m.mms"
    done = run("message", picture, "--to", "+15555550100", "-o", out, *wanted, "--json")
    assert done.returncode == 0, done.stderr
    assert 19_000 < out.stat().st_size <= json.loads(done.stdout)["limit"] == 20_000
    done = run("batch", tmp_path, tmp_path / "out", "--carrier", "world", "--device", phone, "--json")
    made = [item for item in map(json.loads, done.stdout.splitlines()) if item["message_bytes"]]
    assert [item["limit"] for item in made] == [20_000]
    done = run("fit", picture, "-o", tmp_path / "x.jpg", "--device", phone)
    assert (tmp_path / "x.jpg").stat().st_size <= 20_000


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["message", "PICTURE", "-o", "x", "--to", "1"], 2, "--carrier world fits any network"),
        (["fit", "PICTURE", "-o", "x", "--max-bytes", "9000", "--bearer", "gprs"], 2, "--bearer goes with"),
        (
            ["fit", "PICTURE", "-o", "x", "--carrier", "us-att", "--bearer", "3g"],
            2,
            "did you mean edge, gprs",
        ),
        (["fit", "PICTURE", "-o", "x", "--provider", "twilo"], 2, "did you mean twilio"),
        (["fit", "PICTURE", "-o", "x", "--device", "PICTURE"], 2, "no well-formed XML"),
        (["profiles", "show", "us-verizn"], 2, "us-verizon"),
        (["fit", "missing.jpg", "-o", "x", "--max-bytes", "9"], 1, "missing.jpg: no such file"),
        (["fit", "PICTURE", "-o", "x", "--max-bytes", "99"], 3, "does not fit into 99 bytes"),
        (["fit", "PICTURE", "-o", "x"], 2, "give either --carrier"),
        (["fit", "PICTURE", "-o", "x", "--max-bytes", "0"], 2, "max_bytes"),
        (["fit", "PICTURE", "-o", "x", "--max-bytes", "9000", "--box", "big"], 2, "--box must look like"),
        (["fit", "PICTURE", "-o", "x", "--carrier", "us-verizn"], 2, "us-verizon"),
        (["message", "PICTURE", "-o", "x", "--carrier", "us-att", "--to", "nobody"], 2, "'nobody'"),
        (["message", "PICTURE", "-o", "x", "--carrier", "us-att"], 2, "--to"),
        (["inspect", "PICTURE"], 1, "photo.jpg"),
        (["fit", "PICTURE", "--colour"], 2, "--colour"),
        (["fit", "PICTURE", "-o", "x", "--max-bytes", "9000", "--box", "9" * 5000 + "x5"], 2, "--box must"),
        (["fit", "PICTURE", "-o", "/dev/null/x", "--max-bytes", "9000"], 1, "/dev/null is not a directory"),
        (["fit", "no\n\x1b[31mpe", "-o", "x", "--max-bytes", "9"], 1, "pe: no such file"),
    ],
)
def test_errors(picture: Path, arguments: list[str], code: int, words: str) -> None:
    """Each kind of error has its exit code; the words name what is wrong, without a trace."""
    done = run(*[str(picture) if word == "PICTURE" else word for word in arguments])
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    if code != 2:
        assert len(done.stderr.splitlines()) == 1


def test_fit_says_what_its_name_does_not(picture: Path, tmp_path: Path) -> None:
    """A name of another type is remarked on; the source itself is not overwritten."""
    done = run("fit", picture, "-o", tmp_path / "out.png", "--max-bytes", "20000")
    assert done.returncode == 0
    assert "it is image/jpeg" in done.stderr
    sound = tmp_path / "sound.wav"
    sound.write_bytes(container(sine(1.0)).data)
    assert "its name" not in run("fit", sound, "-o", tmp_path / "out.m4a", "--max-bytes", "20000").stderr
    before = picture.read_bytes()
    assert run("fit", picture, "-o", picture, "--max-bytes", "20000").returncode == 2
    assert picture.read_bytes() == before


def test_errors_as_json(picture: Path) -> None:
    """The object has the numbers of the error."""
    done = run("fit", picture, "-o", "x", "--max-bytes", "99", "--json")
    found = json.loads(done.stdout)
    assert (found["error_type"], found["limit"]) == ("BudgetError", 99)
    assert found["smallest"] > 99


def test_version() -> None:
    """--version is the library's."""
    assert run("--version").stdout.split() == ["transcode", transcode.__version__]


def test_nothing_is_left_of_a_failure(picture: Path, tmp_path: Path) -> None:
    """No output, and no temporary file."""
    before = set(tmp_path.iterdir())
    assert run("fit", picture, "-o", tmp_path / "out.jpg", "--max-bytes", "99").returncode == 3
    assert set(tmp_path.iterdir()) == before


def test_debug_shows_the_trace(picture: Path) -> None:
    """--debug shows where an error came from, and changes no exit code."""
    done = run("fit", "missing.jpg", "-o", "x", "--max-bytes", "9", "--debug")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    done = run("fit", picture, "-o", "x", "--max-bytes", "99", "--debug")
    assert done.returncode == 3
    assert "Traceback" in done.stderr


def test_hostile_names_stay_inside(tmp_path: Path) -> None:
    """A part that calls itself ../../evil stays in the directory; of control codes only line ends show."""
    message = transcode.Message(
        to=("1/TYPE=PLMN",),
        transaction_id="T1",
        content_type="application/vnd.wap.multipart.mixed",
        parts=(
            transcode.Part("text/plain", b"\x1b[31mred\r\n\rgreen", name="../../evil", charset="us-ascii"),
        ),
    )
    path = tmp_path / "m.mms"
    path.write_bytes(message.to_mm1())
    shown = run("inspect", path, "--extract", tmp_path / "parts")
    assert shown.returncode == 0, shown.stderr
    assert [file.name for file in (tmp_path / "parts").iterdir()] == ["01-_.._evil"]
    assert "\ufffd[31mred\n\ufffdgreen" in shown.stderr


def test_slideshow_of_a_folder_and_its_preview(picture: Path, tmp_path: Path) -> None:
    """Pictures in the order of the folder, captions by turn, others named; a page beside the message."""
    folder = tmp_path / "trip"
    folder.mkdir()
    for name in ("p10.jpg", "p9.jpg"):
        (folder / name).write_bytes(picture.read_bytes())
    (folder / "notes.txt").write_text("hello")
    out, shown = tmp_path / "show.mms", tmp_path / "show.html"
    wanted = ["--carrier", "world", "--to", "+15555550100", "--caption", "Nine", "--caption", "Ten"]
    done = run("slideshow", folder, *wanted, "-o", out, "--preview", shown)
    assert (done.returncode, done.stdout) == (0, "")
    assert "notes.txt: passed over" in done.stderr
    assert done.stderr.index("p9.jpg") < done.stderr.index("p10.jpg")
    texts = [part.text for part in transcode.read(out.read_bytes()).parts if part.name == "text1.txt"]
    assert texts == ["Nine"]
    assert "p9.jpg" in shown.read_text()
    again = tmp_path / "again.html"
    done = run("preview", out, "-o", again, "--carrier", "world", "--json")
    assert json.loads(done.stdout)["limit"] == 300_000
    assert "of 300,000 bytes" in again.read_text()


def test_slideshow_errors(picture: Path, tmp_path: Path) -> None:
    """More captions than pictures, a folder without any, and a file that is no message: one line each."""
    out = tmp_path / "o"
    wanted = ["--carrier", "world", "--to", "+15555550100", "-o", str(out)]
    done = run("slideshow", picture, "--caption", "a", "--caption", "b", *wanted)
    assert done.returncode == 2
    assert "2 captions for 1 pictures" in done.stderr
    (tmp_path / "empty").mkdir()
    done = run("slideshow", tmp_path / "empty", *wanted)
    assert done.returncode == 1
    assert "without pictures" in done.stderr
    done = run("preview", picture, "-o", out)
    assert done.returncode == 1
    assert "photo.jpg" in done.stderr
    assert not out.exists()


def test_slides_over_several_messages(picture: Path, tmp_path: Path) -> None:
    """Numbered files, each with its own media told."""
    out = tmp_path / "m.mms"
    wanted = ["--carrier", "world", "--to", "+15555550100", "--subject", "Trip", "--max-messages", "4"]
    done = run("slideshow", *[picture] * 3, *wanted, "-o", out, "--json")
    assert done.returncode == 0, done.stderr
    files = [Path(json.loads(line)["output"]) for line in done.stdout.splitlines()]
    assert sum(len(transcode.read(file.read_bytes()).parts) - 1 for file in files) == 3


def test_slideshow_as_a_clip(picture: Path, tmp_path: Path) -> None:
    """A video file; what only a message has is refused beside it, and a message needs a recipient."""
    out = tmp_path / "show.mp4"
    done = run("slideshow", picture, "--as", "clip", "--carrier", "world", "-o", out, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["content_type"] == "video/mp4"
    assert out.read_bytes()[4:8] == b"ftyp"
    done = run("slideshow", picture, "--as", "clip", "--carrier", "world", "-o", out, "--to", "+15555550100")
    assert done.returncode == 2
    done = run("slideshow", picture, "--carrier", "world", "-o", out)
    assert (done.returncode, "--to" in done.stderr) == (2, True)
