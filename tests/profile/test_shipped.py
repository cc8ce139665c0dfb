"""The shipped profiles: complete, sourced, and those of the data set."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from transcode.profile import Figure, Profile, find_profile, origins, search
from transcode.profile.read import SCHEMA

FOLDER = Path(__file__).parents[2] / "profiles"
FILES = sorted(FOLDER.glob("*.toml"))
COUNTRIES = [path.stem for path in FILES if len(path.stem) == 2]
NUMBERS = ("max_message_bytes", "max_image_width", "max_image_height", "max_recipients", "max_subject_chars")
FLAGS = ("mms_enabled", "content_disposition_ok", "slide_duration_ok")
KNOWN_BY = {
    "documented",
    "read from code",
    "read from code (old)",
    "default only",
    "unverified",
    "third-party claim",
    "our own choice",
}
KINDS = {"network", "mvno", "class", "floor", "bearer", "account", "route", "guideline", "client"}
SHIPPED = search()


@pytest.fixture(scope="session")
def rows(shared: Path) -> dict[str, dict[str, str]]:
    """The data set by id."""
    with (shared / "data" / "carriers.csv").open(encoding="utf-8", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def number(text: str) -> int | None:
    """A cell of the data set; -1 stands for no limit."""
    return None if text in ("", "-1") else int(text)


def tables() -> list[tuple[Path, dict[str, Any]]]:
    return [(path, tomllib.loads(path.read_text("utf-8"))) for path in FILES]


def test_shipped_is_complete() -> None:
    """Each profile has a name, a known kind, codes where it is a network, and provenance for each value."""
    for profile in SHIPPED:
        check(profile)


def check(profile: Profile) -> None:
    assert profile.name, profile.id
    assert profile.kind in KINDS, profile.id
    assert profile.country or profile.kind not in ("network", "mvno"), profile.id
    assert re.fullmatch("([A-Z]{2})?", profile.country), profile.id
    assert profile.mcc_mnc or profile.kind != "network", profile.id
    assert all(re.fullmatch(r"\d{5,6}", code) for code in profile.mcc_mnc), profile.id
    given = {name for name in NUMBERS if getattr(profile, name) is not None}
    assert given == set(profile.figures) & set(NUMBERS), profile.id
    for name, figure in profile.figures.items():
        assert getattr(profile, name) == figure.value, (profile.id, name)
        assert figure.sources, (profile.id, name)
        assert figure.confidence in KNOWN_BY, (profile.id, name)
        assert figure.date is None or re.fullmatch(r"\d{4}(-\d\d){0,2}", figure.date), (profile.id, name)
        if figure.high is not None:
            assert isinstance(figure.value, int)
            assert figure.high > figure.value, (profile.id, name)


def test_every_source_tag_is_explained() -> None:
    """A tag that a figure names stands in its file's sources with what and where, and none stands idle."""
    assert FILES
    for path, entries in tables():
        sources = entries.pop("sources")
        figures = [value for entry in entries.values() for value in entry.values() if isinstance(value, dict)]
        named = {tag for figure in figures for tag in figure["source"]}
        assert named, path.name
        assert named <= set(sources) <= named | {"APN", "THIRD"}, path.name
        assert all(source["what"] and source["where"] for source in sources.values()), path.name


def test_dates_are_the_newest_of_their_sources() -> None:
    """A figure is as young as its youngest source."""
    for path, entries in tables():
        sources = entries.pop("sources")
        for key, entry in entries.items():
            for name, figure in entry.items():
                if isinstance(figure, dict):
                    dates = [str(sources[tag]["date"]) for tag in figure["source"] if "date" in sources[tag]]
                    date = str(figure["date"]) if "date" in figure else None
                    assert date == max(dates, default=None), (path.name, key, name)


def test_readme_is_true() -> None:
    """It explains every key, every kind and confidence, and lists all sizes that sources disagree on."""
    text = (FOLDER / "README.md").read_text("utf-8")
    words = set(re.findall(r"`([a-z0-9_-]+(?: [a-z]+)*)`", text))
    assert words >= set(SCHEMA) - {"kind"}
    assert words >= KINDS
    assert words >= KNOWN_BY - {"read from code (old)"}
    listed = {
        key: (safe, high)
        for keys, safe, high in re.findall(r"^\| (`[^|]+`) \| ([\d,]+) \| ([\d,]+) \|", text, re.MULTILINE)
        for key in re.findall(r"`([^`]+)`", keys)
    }
    sizes = {profile.id: profile.figures["max_message_bytes"] for profile in SHIPPED}
    assert listed == {
        key: (f"{size.value:,}", f"{size.high:,}") for key, size in sizes.items() if size.high is not None
    }


def test_codes_name_one_network() -> None:
    """No MCC-MNC belongs to two networks."""
    codes = [code for profile in SHIPPED if profile.kind == "network" for code in profile.mcc_mnc]
    assert len(codes) == len(set(codes)) > 200


# The data set


def test_every_row_is_shipped(rows: dict[str, dict[str, str]]) -> None:
    """Each network, virtual operator and class has its profile, and there are no others of these kinds."""
    kinds = ("network", "mvno", "class")
    assert {profile.id for profile in SHIPPED if profile.kind in kinds} == set(rows)
    assert len(rows) == 885


def test_figures_equal_the_data_set(rows: dict[str, dict[str, str]]) -> None:
    """Each number and flag is that of the row, and nothing is made up where the row is empty."""
    for key, row in rows.items():
        profile = find_profile(key)
        assert profile.kind == row["kind"]
        assert profile.country == row["country"]
        assert profile.mcc_mnc == tuple(row["mcc_mnc"].split())
        assert profile.carrier_id == number(row["carrier_id"])
        matches = [match.strip() for match in re.split(r" (?=\w+=)", row["mvno_match"])]
        assert profile.mvno_match == tuple(dict.fromkeys(m for m in matches if m and not m.endswith("=")))
        assert profile.audio_attach_ok is (row["audio_attach_allowed"] != "no")
        assert profile.audio_attach_ok or not any(kind.startswith("audio/") for kind in profile.formats)
        if row["kind"] != "class":
            assert profile.max_frame_rate == number(row["max_video_fps"])
        assert profile.mmsc == (row["mmsc_url"] or None)
        for name in NUMBERS:
            assert getattr(profile, name) == number(row[name]), (key, name)
        for name in FLAGS:
            assert getattr(profile, name) is (row[name] != "no"), (key, name)
            assert (name in profile.figures) == bool(row[name]), (key, name)
        if row["kind"] != "class":
            assert profile.name == row["name"]
            # What only third parties say stands in the notes.
            current = r"(?:G26|P26|P25|C25):[^|]*?size=(\d+)"
            high = max(map(int, re.findall(current, row["claims"])), default=profile.max_message_bytes)
            size = profile.figures["max_message_bytes"]
            assert size.high == (high if high > profile.max_message_bytes else None), key
            assert size.high in (None, number(row["max_message_bytes_high"])), key


def test_sources_said_so(rows: dict[str, dict[str, str]]) -> None:
    """The tags of a size are those whose claim is that size; a default is called one."""
    for key, row in rows.items():
        if row["kind"] == "class":
            continue
        size = find_profile(key).figures["max_message_bytes"]
        said = re.findall(rf"(\w+):size={size.value}(?!\d)", row["claims"])
        if row["size_basis"] in ("default", "mms-off"):
            assert (size.sources, size.confidence) == (("DEFAULT",), "default only"), key
        else:
            assert set(size.sources) - {"CARRIER"} == set(said) - (
                {"M15"} if set(said) > {"M15"} else set()
            ), key
            assert (size.confidence == "documented") == ("CARRIER" in size.sources), key


def test_disagreement_is_told(rows: dict[str, dict[str, str]]) -> None:
    """Where sources give several sizes, a note says which."""
    for key, row in rows.items():
        told = any("disagree on the size" in note for note in find_profile(key).notes)
        assert told == (find_profile(key).figures["max_message_bytes"].high is not None), key
        assert told or row["size_sources_agree"] != "no", key


def run_tool(name: str, *arguments: object) -> None:
    script = [sys.executable, str(FOLDER / "tools" / name), *map(str, arguments)]
    subprocess.run(script, check=True)


def test_conversion_gives_the_same_files(shared: Path, tmp_path: Path) -> None:
    """Made again from the data set, the files of the countries and of the providers are the shipped ones."""
    run_tool("convert.py", shared / "data", "--out", tmp_path)
    run_tool("providers.py", shared / "data", "--out", tmp_path)
    assert {path.stem for path in tmp_path.iterdir()} == {*COUNTRIES, "providers"}
    assert len(COUNTRIES) > 180
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (FOLDER / path.name).read_bytes()


def test_index_is_that_of_the_files(tmp_path: Path) -> None:
    """The index that a look-up trusts is the one that the files give."""
    for path in FILES:
        shutil.copy(path, tmp_path)
    run_tool("index.py", tmp_path)
    for name in ("codes.json", "names.json"):
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes()


def test_an_entry_is_found_without_its_file() -> None:
    """A line that begins with a bracket is a header, so that an entry can be cut out of its file."""
    for path in FILES:
        headers = [line for line in path.read_text("utf-8").splitlines() if line.startswith("[")]
        keys = [line.strip('[]"') for line in headers]
        assert keys == list(tomllib.loads(path.read_text("utf-8")))
        assert all((":" in key) == (line[1] == '"') for key, line in zip(keys, headers, strict=True))


def test_files_are_small() -> None:
    """No file has over 300 KB, and all have no more than a megabyte."""
    sizes = [path.stat().st_size for path in FOLDER.iterdir() if path.is_file()]
    assert max(sizes) < 300_000
    assert sum(sizes) < 1_000_000


# Providers


def test_every_provider_row_is_shipped(shared: Path) -> None:
    """Each row has its profile and size; a limit on base64 is counted back, a missing one is a floor."""
    with (shared / "data" / "providers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    kinds = ("account", "route", "guideline", "client")
    found = [
        find_profile(key)
        for key in tomllib.loads((FOLDER / "providers.toml").read_text())
        if key != "sources"
    ]
    assert [profile.kind for profile in found] == [
        {"client default": "client"}.get(row["scope"], row["scope"]) for row in rows
    ]
    assert {profile.kind for profile in found} == set(kinds)
    for profile, row in zip(found, rows, strict=True):
        assert row["provider"] in profile.name
        if not row["max_message_bytes"]:
            assert profile.max_message_bytes == 600_000
            assert profile.figures["max_message_bytes"].confidence == "default only"
        elif row["id"] == "bandwidth-mm4":
            assert profile.max_message_bytes == 5_000_000 * 57 // 78
        else:
            assert profile.max_message_bytes == int(row["max_message_bytes"])
        for name, column in (("max_file_bytes", "max_per_file_bytes"), ("max_files", "max_attachments")):
            if row[column]:
                assert getattr(profile, name) == int(row[column])


def test_a_route_extends_its_account() -> None:
    """What the route does not say holds from the account, and its figures say so."""
    route = find_profile("twilio:short_code:us-att")
    assert (route.max_message_bytes, route.max_files, route.max_text_chars) == (600_000, 10, 1600)
    assert route.bound_by("max_files") == "twilio"
    assert route.bound_by("max_message_bytes") == route.id
    assert "support.twilio.com" in origins(route, "max_message_bytes")[0].where
    assert "accepted-mime-types" in origins(route, "max_files")[0].where


def test_every_destination_is_a_network() -> None:
    """The last word of a route's id is a profile, or any."""
    for profile in SHIPPED:
        if ":" in profile.id:
            to = profile.id.rpartition(":")[2]
            assert to in ("any", "ca") or find_profile(to).kind in ("network", "floor")


# Known values


def test_att() -> None:
    """AT&T: the operator's page and three sources agree on 1 MiB."""
    profile = find_profile("us-att")
    assert profile.figures["max_message_bytes"] == Figure(
        1_048_576, ("G26", "P25", "C25", "CARRIER"), "2026-01-01", "documented"
    )
    assert (profile.max_image_width, profile.max_image_height, profile.max_recipients) == (2592, 1944, 20)


def test_tmobile_recipients() -> None:
    """T-Mobile: its own page is stricter than the phones, so it holds."""
    assert find_profile("us-tmobile").figures["max_recipients"] == Figure(
        10, ("CARRIER",), None, "documented", high=20
    )


def test_classes() -> None:
    """The OMA sizes with 1 KB as 1024 bytes, pictures that are not turned, and PNG in none of them."""
    sizes = {"oma-text": 30, "oma-image-basic": 30, "oma-image-rich": 100, "oma-video-basic": 100}
    sizes |= {"oma-video-rich": 300, "oma-megapixel": 600}
    for name, size in sizes.items():
        profile = find_profile(name)
        assert profile.max_message_bytes == size * 1024
        assert not profile.turn
        assert "image/png" not in profile.formats
    basic = find_profile("oma-image-basic").limits()
    assert basic.box(portrait=True) == basic.box(portrait=False) == (160, 120)
    assert set(find_profile("oma-text").formats) == {"text/plain"}
    assert find_profile("us-att").limits().box(portrait=True) == (1944, 2592)


def test_floors() -> None:
    """North America and the world have one number each, and no picture size."""
    assert find_profile("na").max_message_bytes == 600_000
    assert find_profile("world").max_message_bytes == 300_000
    assert find_profile("world").max_image_width is None
