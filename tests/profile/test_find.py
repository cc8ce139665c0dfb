"""Profiles: the shipped data against the data set, look-ups, a user's own file."""

from __future__ import annotations

import csv
import pickle
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcode.errors import LimitsError, ProfileError, ProfileNotFound
from transcode.model import DEFAULT_FORMATS, Limits
from transcode.profile import Figure, Figures, Profile, find_profile, origins, search
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
by_id = pytest.mark.parametrize("profile", SHIPPED, ids=lambda profile: profile.id)


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


# The shipped files


@by_id
def test_shipped_is_complete(profile: Profile) -> None:
    """Each profile has a name, a known kind, codes where it is a network, and provenance for each value."""
    assert profile.name
    assert profile.kind in KINDS
    assert profile.country or profile.kind not in ("network", "mvno")
    assert re.fullmatch("([A-Z]{2})?", profile.country)
    assert profile.mcc_mnc or profile.kind != "network"
    assert all(re.fullmatch(r"\d{5,6}", code) for code in profile.mcc_mnc)
    given = {name for name in NUMBERS if getattr(profile, name) is not None}
    assert given == set(profile.figures) & set(NUMBERS)
    for name, figure in profile.figures.items():
        assert getattr(profile, name) == figure.value, name
        assert figure.sources, name
        assert figure.confidence in KNOWN_BY, name
        assert figure.date is None or re.fullmatch(r"\d{4}(-\d\d){0,2}", figure.date), name
        if figure.high is not None:
            assert isinstance(figure.value, int)
            assert figure.high > figure.value, name


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
    """No file over 300 KB, and not more than a megabyte in all."""
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
    """One number for North America and one for anywhere, without a picture size."""
    assert find_profile("na").max_message_bytes == 600_000
    assert find_profile("world").max_message_bytes == 300_000
    assert find_profile("world").max_image_width is None


# Look-ups


@pytest.mark.parametrize(
    "name", ["us-verizon", " US-Verizon ", "311480", "311-480", 1839, "1839", "carrier:1839", "Verizon"]
)
def test_found_by_id_code_and_name(name: str | int) -> None:
    """An id in any case, a code with and without a hyphen, Android's number, a name; always the network."""
    assert find_profile(name).id == "us-verizon"


def test_found_twice_is_the_same() -> None:
    """Files are read once."""
    assert find_profile("us-att") is find_profile("310410")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("T-Mobile", "us-tmobile"),
        ("at&t", "us-att"),
        ("bell", "ca-bell"),
        ("us-veriz0n", "us-verizon"),
        ("verison", "us-verizon"),
        ("oma-image", "oma-image-basic"),
    ],
)
def test_not_found_suggests(name: str, near: str) -> None:
    """A display name or a slip is answered with the likeliest id first."""
    with pytest.raises(ProfileNotFound, match=f"{re.escape(name)}.*did you mean {near}") as caught:
        find_profile(name)
    assert caught.value.suggestions[0] == near
    assert len(caught.value.suggestions) <= 5


@pytest.mark.parametrize("name", ["", "xyzzy", "999999", "12345678"])
def test_not_found_at_all(name: str) -> None:
    """What resembles nothing is refused without suggestions."""
    with pytest.raises(ProfileNotFound) as caught:
        find_profile(name)
    assert caught.value.suggestions == ()


def test_code_of_virtual_operators_only() -> None:
    """A code that several virtual operators and no network have is not guessed at."""
    with pytest.raises(ProfileNotFound) as caught:
        find_profile("302480")
    assert set(caught.value.suggestions) == {"ca-eeyou-mobility", "ca-ssi-mobile"}


def test_code_that_is_near() -> None:
    """A code that nobody has is answered with codes that exist."""
    with pytest.raises(ProfileNotFound) as caught:
        find_profile("311479")
    assert caught.value.suggestions
    assert all(find_profile(code) for code in caught.value.suggestions)


@pytest.mark.parametrize(
    ("query", "found"),
    [("VERIZON", "us-verizon"), ("at&t", "us-att"), ("311480", "us-visible"), ("302-72", "ca-rogers")],
)
def test_search(query: str, found: str) -> None:
    """Ids, names and codes are searched, in any case, and come ordered by id."""
    ids = [profile.id for profile in search(query)]
    assert found in ids
    assert ids == sorted(ids)
    assert len(ids) < len(SHIPPED)


def test_found_by_limits_and_by_itself() -> None:
    """Plain limits become a profile with the same limits, and a profile is one."""
    limits = Limits(750_000, 800, 600, 20.0, ("image/jpeg",), turn=False)
    profile = find_profile(limits)
    assert profile.limits() == limits
    assert find_profile(profile) is profile


def test_every_code_is_found() -> None:
    """Each network is found by each of its codes, and by its carrier id where it alone has that."""
    networks = [profile for profile in SHIPPED if profile.kind == "network"]
    for profile in networks:
        assert all(find_profile(code) == profile for code in profile.mcc_mnc), profile.id
    numbers = [profile.carrier_id for profile in networks]
    for profile in networks:
        if profile.carrier_id and numbers.count(profile.carrier_id) == 1:
            assert find_profile(profile.carrier_id) == profile


def test_search_for_nothing() -> None:
    """No query gives all, and a strange one none."""
    assert [profile.id for profile in search()] == sorted({profile.id for profile in SHIPPED})
    assert search("no such network") == []


# A user's own file


@pytest.fixture
def own(tmp_path: Path) -> Callable[[str], Path]:
    """A file of that text."""

    def write(text: str) -> Path:
        path = tmp_path / "own.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_own_file(own: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain numbers do, the rest has defaults; the name may be a path object, a path or a file name."""
    path = own('[profile]\nname = "Mine"\nmax_message_bytes = 750000\nmax_seconds = 15\nturn = false\n')
    profile = find_profile(path)
    assert (profile.id, profile.name, profile.kind) == ("own", "Mine", "user")
    assert (profile.max_message_bytes, profile.max_seconds, profile.turn) == (750_000, 15.0, False)
    assert (profile.formats, profile.mms_enabled, profile.max_image_width) == (DEFAULT_FORMATS, True, None)
    assert profile.figures["max_message_bytes"] == Figure(750_000, ("user",), None, "the user's own")
    monkeypatch.chdir(path.parent)
    assert find_profile(str(path)) == find_profile("own.toml") == profile


def test_own_file_like_a_shipped_one(own: Callable[[str], Path]) -> None:
    """One entry of a shipped file, copied out, is the same profile."""
    text = (FOLDER / "us.toml").read_text("utf-8")
    found = re.search(r"^\[us-verizon\]\n(.+\n)+", text, re.MULTILINE)
    assert found
    assert find_profile(own(found[0])) == find_profile("us-verizon")


def test_own_file_that_extends(tmp_path: Path) -> None:
    """What a file does not say holds from the one it extends, and the figures say whose they are."""
    (tmp_path / "base.toml").write_text('[profile]\nextends = "us-att"\nmax_message_bytes = 900000\n')
    (tmp_path / "own.toml").write_text('[profile]\nextends = "base.toml"\nmax_image_width = 800\n')
    profile = find_profile(tmp_path / "own.toml")
    assert (profile.max_message_bytes, profile.max_image_width, profile.max_recipients) == (900_000, 800, 20)
    whose = [profile.bound_by(key) for key in ("max_message_bytes", "max_image_width", "max_recipients")]
    assert whose == ["base", "own", "us-att"]
    assert profile.kind == "user"


def test_files_that_extend_one_another(tmp_path: Path) -> None:
    """A circle ends in an error, and so does a base that nobody has."""
    (tmp_path / "a.toml").write_text('[profile]\nextends = "b.toml"\n')
    (tmp_path / "b.toml").write_text('[profile]\nextends = "a.toml"\n')
    with pytest.raises(ProfileError, match="extends itself"):
        find_profile(tmp_path / "a.toml")
    (tmp_path / "b.toml").write_text('[profile]\nextends = "us-veriz0n"\n')
    with pytest.raises(ProfileNotFound, match="us-verizon"):
        find_profile(tmp_path / "a.toml")


def test_own_file_is_read_anew(own: Callable[[str], Path]) -> None:
    """A change to the file is seen."""
    assert find_profile(own("[profile]\nmax_message_bytes = 1000\n")).max_message_bytes == 1_000
    assert find_profile(own("[profile]\nmax_message_bytes = 2000\n")).max_message_bytes == 2_000


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            "max_mesage_bytes = 5",
            r"\[profile\] max_mesage_bytes: unknown key; did you mean max_message_bytes\?",
        ),
        ("zzz = 5", r"\[profile\] zzz: unknown key$"),
        ("max_image_width = 0", "max_image_width: must be a whole number of at least 1, not 0"),
        ("max_image_width = -1", "max_image_width: .* not -1"),
        ("max_image_width = 12.5", r"max_image_width: .* not 12\.5"),
        ("max_image_width = true", "max_image_width: .* not True"),
        ('max_image_width = "640"', "max_image_width: .* not '640'"),
        ("max_image_width = { source = ['x'] }", "max_image_width: has no value"),
        ("max_image_width = { value = 5, sources = [] }", "max_image_width.sources: .*did you mean source"),
        ("max_image_width = { value = 5, source = 'x' }", "max_image_width.source: must be a list"),
        ("max_image_width = { value = 5, high = 5 }", "max_image_width.high: must be above the value, 5"),
        ("max_image_width = { value = 5, date = 2020 }", "max_image_width.date: must be a date"),
        ("mms_enabled = 1", "mms_enabled: must be true or false, not 1"),
        ("turn = { value = false, high = 2 }", "turn.high: unknown key"),
        ("name = ''", "name: must be a string that is not empty"),
        ("kind = 'provider'", "kind: must be one of network"),
        ("mcc_mnc = ['311 480']", "mcc_mnc: must be five or six digits"),
        ("mcc_mnc = [311480]", "mcc_mnc: must be a string"),
        ("formats = ['JPEG']", "formats: must be content types in lower case, not 'JPEG'"),
        ("formats = []", "formats: must name at least one"),
        ("max_seconds = 0", "max_seconds: must be a positive number, not 0"),
        ("max_seconds = nan", "max_seconds: must be a positive number, not nan"),
        ("carrier_id = 'x'", "carrier_id: must be a whole number"),
    ],
)
def test_own_file_that_is_wrong(own: Callable[[str], Path], line: str, reason: str) -> None:
    """File, entry, key and reason are named."""
    path = own(f"[profile]\nmax_message_bytes = 1000\n{line}\n")
    with pytest.raises(ProfileError, match=reason) as caught:
        find_profile(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert not isinstance(caught.value, ProfileNotFound)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[profile]\nname = 'x'\n", r"\[profile\] max_message_bytes: is required"),
        ("max_message_bytes = 1000\n", "max_message_bytes: stands outside a table"),
        ("[a]\nmax_message_bytes = 1\n[b]\nmax_message_bytes = 1\n", "holds 2 entries"),
        ("", "holds 0 entries"),
        ("[profile\n", "is not TOML: .*line 1"),
    ],
)
def test_own_file_of_another_shape(own: Callable[[str], Path], text: str, reason: str) -> None:
    """A file that is not one entry is refused, with the reason."""
    with pytest.raises(ProfileError, match=reason):
        find_profile(own(text))


def test_own_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file, a directory and octets that are no text are refused by path, not by name."""
    (tmp_path / "latin.toml").write_bytes(b'[profile]\nname = "\xe9"\n')
    for path, reason in [("none.toml", "No such file"), ("", "directory"), ("latin.toml", "not UTF-8")]:
        with pytest.raises(ProfileError, match=reason) as caught:
            find_profile(tmp_path / path)
        assert not isinstance(caught.value, ProfileNotFound)


# The value


@by_id
def test_travels_to_a_worker(profile: Profile) -> None:
    """A profile is equal and hashed alike after pickling."""
    again = pickle.loads(pickle.dumps(profile))
    assert again == profile
    assert hash(again) == hash(profile)


def test_cannot_be_changed() -> None:
    """A shared profile keeps its values and its provenance."""
    profile = find_profile("us-att")
    with pytest.raises(FrozenInstanceError):
        profile.max_message_bytes = 1  # type: ignore[misc]
    with pytest.raises(TypeError):
        profile.figures["max_message_bytes"] = Figure(1, (), None, "")  # type: ignore[index]
    assert Figures() == {}


@settings(deadline=None, max_examples=100)
@given(
    st.sampled_from(SHIPPED),
    st.integers(1, 1 << 40) | st.none(),
    st.booleans(),
    st.floats(0.1, 1e6, allow_nan=False),
)
def test_limits_are_never_looser(profile: Profile, max_bytes: int | None, turn: bool, seconds: float) -> None:
    """Whatever room is offered, a medium gets no more than the profile's message, box, time and formats."""
    profile = replace(profile, turn=turn, max_seconds=seconds)
    limits = profile.limits(max_bytes)
    most = min(profile.max_message_bytes, profile.max_file_bytes or profile.max_message_bytes)
    assert limits.max_bytes == min(max_bytes or most, most)
    assert (limits.max_width, limits.max_height) == (profile.max_image_width, profile.max_image_height)
    assert (limits.max_seconds, limits.turn) == (seconds, turn)
    assert limits.formats == profile.formats


@pytest.mark.parametrize("size", [0, -5])
def test_limits_without_room(size: int) -> None:
    """No room at all is refused, not taken for the whole message."""
    with pytest.raises(LimitsError):
        find_profile("us-att").limits(size)
