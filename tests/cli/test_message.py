"""``transcode message`` and ``inspect``: every form is written, shown and taken apart."""

from __future__ import annotations

import json
import re
import socket
import threading
from pathlib import Path

import pytest

import transcode
from tests.cli.command import run
from tests.made.messages import ASKED
from tests.peer import peer


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
        assert word in shown.stdout
    found = json.loads(run("inspect", out, "--json").stdout)
    assert found["subject"] == "Hi"
    files = sorted(path.name for path in (tmp_path / "parts").iterdir())
    assert files == [part["file"] for part in found["parts"]]
    assert (tmp_path / "parts" / files[1]).read_bytes().startswith(b"\xff\xd8")


def test_more_recipients_than_a_message_may_have(picture: Path, tmp_path: Path) -> None:
    """Several files are written, each to its share of the recipients."""
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
    """The limit counts the length of an MM4 mail, and inspect shows the mail in full."""
    out = tmp_path / "m.eml"
    wanted = ["--carrier", "us-att", "--to", "+15555550100", "--sender", "+15555550101", "--text", "Hi"]
    done = run("message", picture, *wanted, "-o", out, "--as", "mm4", "--limit-form", "mm4", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["form"], told["bytes"]) == ("mm4", out.stat().st_size)
    assert told["bytes"] <= told["limit"]
    shown = run("inspect", out, "--extract", tmp_path / "parts").stdout
    for words in ("mm4-forward-req", "begins with <smil>", "02-image1.jpg  image/jpeg", "5 s  02-image1"):
        assert words in shown
    assert re.search(r"Date +[0-9]+ [A-Z][a-z]+ 20[0-9]{2}, ", shown)
    found = json.loads(run("inspect", out, "--json").stdout)
    assert (found["form"], found["sender"]) == ("mm4", "+15555550101/TYPE=PLMN")
    assert (tmp_path / "parts" / "02-image1.jpg").read_bytes().startswith(b"\xff\xd8")
    assert run("message", picture, *wanted[:4], "-o", out, "--as", "mm4").returncode == 2


def test_message_as_a_submission(picture: Path, tmp_path: Path) -> None:
    """The limit counts the body of SOAP with all names; headers of HTTP stand before it."""
    out = tmp_path / "m.http"
    wanted = ["--carrier", "us-att", "--to", "+15555550100", "--vaspid", "acme", "--vasid", "promo"]
    done = run("message", picture, *wanted, "-o", out, "--as", "mm7", "--limit-form", "mm7", "--json")
    assert done.returncode == 0, done.stderr
    told, octets = json.loads(done.stdout), out.read_bytes()
    assert (told["form"], told["bytes"]) == ("mm7", len(octets.partition(b"\r\n\r\n")[2]))
    assert told["bytes"] <= told["limit"]
    shown = run("inspect", out).stdout
    for words in ("mm7-submit-req", "VASPID", "acme", "02-image1.jpg", "image/jpeg"):
        assert words in shown
    found = json.loads(run("inspect", out, "--json").stdout)
    assert (found["form"], found["to"]) == ("mm7", ["+15555550100/TYPE=PLMN"])


def test_message_as_media(picture: Path, tmp_path: Path) -> None:
    """Media files and a manifest are written into a directory."""
    wanted = ["--carrier", "us-att", "--to", "+15555550100", "--text", "Grüße"]
    done = run("message", picture, *wanted, "-o", tmp_path / "out", "--as", "media")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["image1.jpg", "manifest.json"]
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text("ascii"))
    assert (manifest["to"], manifest["body"]) == (["+15555550100"], "Grüße")
    assert manifest["media"][0]["bytes"] == (tmp_path / "out" / "image1.jpg").stat().st_size


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
    made = [item for item in map(json.loads, done.stdout.splitlines()) if item["bytes"]]
    assert [item["limit"] for item in made] == [20_000]
    done = run("fit", picture, "-o", tmp_path / "x.jpg", "--device", phone)
    assert (tmp_path / "x.jpg").stat().st_size <= 20_000


def test_a_phone_on_this_machine(picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its document is not fetched from there unless that is allowed: the address is a stranger's."""
    document = b"<r><MmsMaxMessageSize>20000</MmsMaxMessageSize><MmsCcppAccept>image/jpg</MmsCcppAccept></r>"

    def talk(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(10_000)
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + document)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    out = tmp_path / "x.jpg"
    with peer(talk) as port:
        wanted: list[str | Path] = [
            "fit",
            picture,
            "-o",
            out,
            "--device",
            f"http://127.0.0.1:{port}/phone.xml",
        ]
        done = run(*wanted)
        assert (done.returncode, out.exists()) == (2, False)
        assert "no public address" in done.stderr
        done = run(*wanted, "--allow-private")
    assert done.returncode == 0, done.stderr
    assert out.stat().st_size <= 20_000


def test_what_is_asked_of_the_network(tmp_path: Path) -> None:
    """A message of text alone goes to all kinds of recipients; wishes have times as spans and as moments."""
    out = tmp_path / "m.mms"
    wanted = ["--carrier", "us-att", "--to", "+15555550100", "--cc", "+15555550101", "--text", "Hi"]
    wanted += ["--bcc", "a@example.com"]
    asked = ["--delivery-report", "--no-read-report", "--priority", "high", "--class", "informational"]
    asked += ["--hide-sender"]
    times = ["--expiry", "3d", "--delivery-time", "2030-01-02T03:04:05+01:00"]
    done = run("message", *wanted, *asked, *times, "-o", out)
    assert done.returncode == 0, done.stderr
    found = transcode.read(out.read_bytes())
    assert (len(found.to), len(found.cc), found.bcc) == (1, 1, ("a@example.com",))
    assert dict(found.headers) == ASKED
    shown = run("inspect", out).stdout
    for words in ("after 3 days", "2 January 2030, 02:04:05 UTC", "Informational"):
        assert words in shown
    done = run("message", *wanted, "-o", out, "--expiry", "soon")
    assert (done.returncode, "--expiry must look like 90m" in done.stderr) == (2, True)


def test_what_a_form_has_no_place_for(tmp_path: Path) -> None:
    """It is told, and what the form knows is not."""
    wanted = ["--carrier", "us-att", "--to", "+15555550100", "--text", "Hi", "--sender", "+15555550101"]
    wanted += ["--show-sender", "--delivery-report", "-o", str(tmp_path / "m")]
    told = {
        form: json.loads(run("message", *wanted, "--as", form, "--json").stdout)["left_out"]
        for form in ("mm1", "mm4", "mm7")
    }
    assert (told["mm1"], told["mm4"]) == ([], [])
    assert told["mm7"] == ["X-Mms-Sender-Visibility has no place in MM7, and is left out: 'Show'"]
    wanted[-1] = str(tmp_path / "media")
    shown = run("message", *wanted, "--as", "media").stdout
    assert "X-Mms-Sender-Visibility has no place in the manifest" in shown
    assert "X-Mms-Delivery-Report has no place in the manifest" in shown


@pytest.mark.parametrize("form", ["mm7", "media"])
def test_a_hidden_sender_is_not_shown(tmp_path: Path, form: str) -> None:
    """A form without a word for it would show the number, so nothing is written; a default counts, too."""
    out = tmp_path / "m"
    wanted: list[str | Path] = ["--carrier", "us-att", "--to", "+15555550100", "--text", "Hi", "-o", out]
    config = tmp_path / "config.toml"
    config.write_text("show-sender = false")
    for hidden in (["--hide-sender"], ["--config", str(config)]):
        done = run("message", *wanted, "--sender", "+15555550101", "--as", form, *hidden)
        assert (done.returncode, f"{form} can't say that" in done.stderr) == (2, True), done.stderr
        assert not out.exists()
