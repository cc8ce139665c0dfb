"""``transcode profiles`` and ``doctor``."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.command import run
from transcode.doctor import Finding
from transcode.profile import search


def test_profiles_and_doctor() -> None:
    """A search finds by name and code; doctor names the instruction set."""
    assert "us-verizon" in run("profiles", "verizon").stdout
    found = [json.loads(line) for line in run("profiles", "311480", "--json").stdout.splitlines()]
    assert any(item["id"] == "us-verizon" and item["max_message_bytes"] == 1_228_800 for item in found)
    assert run("profiles", "no such network").returncode == 1
    looked = run("doctor", "--json")
    assert looked.returncode == 0
    findings = {item["what"]: item for item in map(json.loads, looked.stdout.splitlines())}
    assert findings["LittleCMS"]["present"]
    assert findings["vector kernels"]["found"]


@pytest.mark.parametrize(("lacks", "code"), [(("Pillow", "WebP"), 1), (("vector kernels",), 0), ((), 0)])
def test_doctor_ends_with_1_where_a_feature_is_missing(
    lacks: tuple[str, ...], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A healthcheck sees it. What only saves time is told, and is no failure."""
    findings = [
        Finding(what, what not in lacks, "", "a cost", needed=what != "vector kernels")
        for what in ("Pillow", "WebP", "vector kernels", "AMR-NB")
    ]
    monkeypatch.setattr("transcode.doctor.examine", lambda: findings)
    for words in (("doctor",), ("doctor", "--json")):
        done = run(*words)
        assert done.returncode == code
        assert all(what in done.stdout for what in lacks)


def test_doctor_names_the_whole_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in square brackets is text, not a style."""
    findings = [
        Finding("httpx", False, "not [red]installed", "pip install 'mms-transcode[send]'", needed=False)
    ]
    monkeypatch.setattr("transcode.doctor.examine", lambda: findings)
    shown = run("doctor").stdout
    assert "not [red]installed" in shown
    assert "pip install 'mms-transcode[send]'" in shown


def test_the_heads_of_a_comparison_are_text(tmp_path: Path) -> None:
    """The id of an own profile is its file's name, whatever that has in square brackets."""
    own = tmp_path / "own[red].toml"
    own.write_text("[profile]\nname = 'Own'\nmax_message_bytes = 750000\n")
    assert "own[red]" in run("profiles", "diff", str(own), "us-att").stdout


def test_profile_is_shown_with_its_sources() -> None:
    """Each figure shows value, confidence, date and source, then the notes; JSON has the places too."""
    shown = run(
        "profiles", "show", "us-tmobile", "--provider", "twilio:short_code", "--bearer", "gprs"
    ).stdout
    for words in (r"max_message_bytes +102,400", r"max_recipients +10 +20 +documented", r"bearer-gprs"):
        assert re.search(words, shown), words
    found = json.loads(run("profiles", "show", "us-tmobile", "--json").stdout)
    assert found["figures"]["max_recipients"]["high"] == 20
    assert "T-Mobile DOC-3309" in found["sources"]["max_recipients"][0]["where"]
    off = next(profile.id for profile in search() if not profile.mms_enabled)
    assert "MMS is off: phone settings say so" in run("profiles", "show", off).stdout
    refused = run("fit", "x.jpg", "-o", "x", "--carrier", off, "--json")
    assert (refused.returncode, json.loads(refused.stdout)["error_type"]) == (3, "MmsUnavailable")


def test_profile_and_a_file(picture: Path) -> None:
    """What of the profile binds for a file, and that nothing does."""
    shown = run("profiles", "show", "oma-image-basic", picture)
    assert (
        "max_image_width of oma-image-basic binds: the source has 800 pixels, the limit is 160"
        in shown.stdout
    )
    assert "nothing binds" in run("profiles", "show", "us-att", picture).stdout
    found = json.loads(run("profiles", "show", "oma-image-basic", picture, "--json").stdout)
    assert [bound["key"] for bound in found["bound"]][:2] == ["max_image_width", "max_image_height"]


def test_profiles_compared() -> None:
    """The figures that differ are shown, with both values."""
    shown = run("profiles", "diff", "us-att", "us-verizon")
    assert shown.returncode == 0
    assert re.search(r"max_message_bytes +1,048,576 +1,228,800", shown.stdout)
    assert "max_image_width" not in shown.stdout
    found = [
        json.loads(line) for line in run("profiles", "diff", "na", "world", "--json").stdout.splitlines()
    ]
    assert found == [{"key": "max_message_bytes", "a": 600_000, "b": 300_000}]
    assert "no figure differs" in run("profiles", "diff", "us-att", "310410").stdout


def test_countries(tmp_path: Path) -> None:
    """A name with its country is found by all commands; a default that does not fit is set aside."""
    for words in (("show", "vodafone"), ("search", "vodafone"), ("diff", "vodafone", "us-att")):
        done = run("profiles", *words, "--country", "Germany", "--json")
        assert done.returncode == 0, done.stderr
        if words[0] != "diff":
            found = {json.loads(line)["id"] for line in done.stdout.splitlines()}
            assert "de-vodafone" in found
            assert all(own.startswith("de-") for own in found)
    config = tmp_path / "config.toml"
    config.write_text("country = 'de'")
    for name, own in (("vodafone", "de-vodafone"), ("verizon", "us-verizon"), ("us-att", "us-att")):
        done = run("profiles", "show", name, "--json", "--config", config)
        assert json.loads(done.stdout)["id"] == own
    assert run("profiles", "show", "verizon", "--country", "de").returncode == 2
    wanted = ("message", "--carrier", "o2", "--country", "gb", "--to", "+15555550100", "--text", "Hi")
    assert run(*wanted, "-o", tmp_path / "m.mms").returncode == 0


def test_a_country_beside_a_name() -> None:
    """A name and its country are found with or without the shell's quotes."""
    apart, together = run("profiles", "vodafone", "de"), run("profiles", "vodafone de")
    assert apart.stdout == together.stdout
    assert [line.split()[0] for line in apart.stdout.splitlines()[1:3]] == ["de-vodafone", "de-vodafone-2"]
