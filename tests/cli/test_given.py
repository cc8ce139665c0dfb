"""Defaults that do not go with the command line are set aside; what the command line says is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import run
from transcode.cli.given import Origin, given_only, is_given, origin
from transcode.cli.options import Envelope

TO = ("--to", "+15555550100")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration file that every command of the test reads."""
    path = tmp_path / "config.toml"
    monkeypatch.setenv("TRANSCODE_CONFIG", str(path))
    return path


@pytest.mark.parametrize(
    ("text", "words", "limit"),
    [
        ("carrier = 'us-att'", "", 1_048_576),
        ("carrier = 'us-att'", "--max-bytes 40000 --box 100x100", 40_000),
        ("provider = 'twilio'\nbearer = 'gprs'", "--max-bytes 40000", 40_000),
        ("[fit]\nmax-bytes = 40000\nbox = '10x10'", "--carrier us-att", 1_048_576),
        ("carrier = 'us-att'\n[fit]\nmax-bytes = 40000", "", 40_000),
        ("carrier = 'us-att'\n[fit]\nmax-bytes = 40000", "--bearer gprs", 102_400),
        ("carrier = 'us-att'", "--bearer gprs", 102_400),
        ("bearer = 'gprs'\nsize = 'high'", "--max-bytes 40000", 40_000),
        ("carrier = 'us-att'", "--carrier us-cricket", 614_400),
        ("carrier = 'us-att'", "--carrier world", 300_000),
    ],
)
def test_the_limit_of_fit(
    picture: Path, tmp_path: Path, config: Path, text: str, words: str, limit: int
) -> None:
    """The nearer of receiver and bytes holds; of two in the file the bytes, which are said for fit alone."""
    config.write_text(text)
    done = run("fit", picture, "-o", tmp_path / "x.jpg", *words.split(), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["limit"] == limit


def test_the_environment_is_nearer_than_the_file(
    picture: Path, tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A carrier there goes before a number of bytes in the file."""
    config.write_text("[fit]\nmax-bytes = 40000")
    monkeypatch.setenv("TRANSCODE_CARRIER", "us-cricket")
    done = run("fit", picture, "-o", tmp_path / "x.jpg", "--json")
    assert json.loads(done.stdout)["limit"] == 614_400


@pytest.mark.parametrize(
    "words",
    [
        "--max-bytes 40000 --carrier us-att",
        "--max-bytes 40000 --bearer gprs",
        "--max-bytes 40000 --size high",
    ],
)
def test_both_on_the_command_line_are_refused(
    picture: Path, tmp_path: Path, config: Path, words: str
) -> None:
    """Two ways on the command line are refused, with a configuration as without."""
    config.write_text("threads = 1")
    assert run("fit", picture, "-o", tmp_path / "x.jpg", *words.split()).returncode == 2


def test_carrier_and_provider(config: Path) -> None:
    """Both hold, whichever is the default; a whole route names its network, and takes the carrier's place."""
    config.write_text("carrier = 'us-att'\n[profiles.show]\nprovider = 'twilio:short_code'")
    shown = json.loads(run("profiles", "show", "us-verizon", "--json").stdout)
    assert shown["id"].count("us-verizon")
    assert "twilio" in json.dumps(shown["figures"])


def test_a_whole_route_takes_the_place_of_a_default(picture: Path, tmp_path: Path, config: Path) -> None:
    """Its own network is meant, not the one of the configuration."""
    (tmp_path / "own.toml").write_text("[profile]\nmax_message_bytes = 30000\n")
    config.write_text("carrier = 'own.toml'\n")
    wanted = (
        "fit",
        picture,
        "-o",
        tmp_path / "x.jpg",
        "--provider",
        "twilio:short_code:us-verizon",
        "--json",
    )
    limits = [json.loads(run(*wanted, *more).stdout)["limit"] for more in ((), ("--config", "/dev/null"))]
    assert limits[0] == limits[1] > 30_000


@pytest.mark.parametrize(
    "text",
    [
        "vaspid = 'acme'\nforce = true",
        "as-clip = true",
        "[message]\ntext-first = true",
        "allow-private = true",
        "country = 'de'",
    ],
)
def test_defaults_without_effect_are_no_error(picture: Path, tmp_path: Path, config: Path, text: str) -> None:
    """Nobody asked for them in this call."""
    config.write_text(text)
    done = run("message", picture, "--carrier", "us-att", *TO, "-o", tmp_path / "m.mms")
    assert (done.returncode, done.stderr) == (0, "")


def test_defaults_of_other_media(picture: Path, tmp_path: Path, config: Path) -> None:
    """A beginning for clips is none for a picture, and recipients are none for a clip."""
    config.write_text(
        "to = ['+15555550100']\nsubject = 'a'\n[fit]\nstart = 2\nstrict = true\nmax-seconds = 3"
    )
    done = run("fit", picture, "-o", tmp_path / "x.jpg", "--max-bytes", "40000")
    assert (done.returncode, done.stderr) == (0, "")
    wanted = ("slideshow", picture, "--as", "clip", "--carrier", "us-att", "-o", tmp_path / "x.mp4")
    assert run(*wanted).returncode == 0
    done = run(*wanted, "--subject", "b")
    assert (done.returncode, "a clip with recipients is a message" in done.stderr) == (2, True)


def test_defaults_of_batch_are_not_told(picture: Path, tmp_path: Path, config: Path) -> None:
    """Only who gives --as-clip is told that it had no effect."""
    config.write_text("as-clip = true\nto = ['+15555550100']")
    (tmp_path / "in").mkdir()
    picture.rename(tmp_path / "in" / "a.jpg")
    wanted = ("batch", tmp_path / "in", tmp_path / "out", "--carrier", "us-att", "--jobs", "1")
    assert run(*wanted).stderr == ""
    assert "had no effect" in run(*wanted, "--as-clip").stderr


@pytest.mark.parametrize(
    ("text", "words", "form"),
    [
        ("url = 'http://127.0.0.1/'", "", "mm1"),
        ("smtp = '127.0.0.1'\ndomain = 'a.example'", "", "mm4"),
        ("smtp = '127.0.0.1'\ndomain = 'a.example'\nstarttls = true", "--url http://127.0.0.1/", "mm1"),
        ("as = 'mm4'\nsmtp = '127.0.0.1'", "--url http://127.0.0.1/ --vaspid acme", "mm7"),
        (
            "url = 'http://127.0.0.1/'\nproxy = 'http://127.0.0.1:3'",
            "--smtp 127.0.0.1 --domain a.example",
            "mm4",
        ),
        ("url = 'http://127.0.0.1/'\nvaspid = 'acme'", "", "mm7"),
        ("url = 'http://127.0.0.1/'\nvaspid = 'acme'", "--as mm1", "mm1"),
        ("url = 'http://127.0.0.1/'\npassword-file = 'a'", "", "mm1"),
    ],
)
def test_the_way_of_send(
    picture: Path, tmp_path: Path, config: Path, text: str, words: str, form: str
) -> None:
    """The command line chooses the form, and defaults of other forms are set aside."""
    file = tmp_path / "m.mms"
    made = run(
        "message",
        picture,
        "--carrier",
        "us-att",
        *TO,
        "--sender",
        "+15555550101",
        "-o",
        file,
        "--config",
        "/dev/null",
    )
    assert made.returncode == 0, made.stderr
    config.write_text(f"[send]\n{text}")
    done = run("send", file, "--dry-run", "--json", *words.split())
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["form"], ["VASPID", "acme"] in told["headers"]) == (form, form == "mm7")


def test_outside_a_command() -> None:
    """All values are the caller's own."""
    assert (origin("--carrier"), is_given("--carrier")) == (Origin.COMMAND_LINE, True)
    assert given_only(Envelope(subject="a")) == Envelope(subject="a")
