"""Batches from and into buckets, with SeaweedFS; its road may be bad."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from obstore.store import from_url

import transcode
from tests.batch.judge import PROFILE
from tests.batch.weed import BUCKET, Road, environment, road_to, serving
from tests.made.pictures import photo, save
from tests.relay.store import bucket as small_server
from transcode.batch import BatchOptions, BatchPlan, Converted, convert_directory, far
from transcode.batch.loads import Load, load_of
from transcode.batch.manifest import NAME

pytestmark = pytest.mark.xdist_group("buckets")

PICTURE = save(photo(300, 200))
NAMES = ["a b.jpg", "a#b.jpg", "a%20b.jpg", "deep/c+d&e.jpg", "ü€ 日本.jpg"]
MANIFEST = f"{NAME}.sqlite3"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with serving(tmp_path_factory.mktemp("weed") / "data") as port:
        yield port


@pytest.fixture
def road(server: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Road]:
    """The road that the batches of a test take."""
    with road_to(server) as road:
        for name, value in environment(road.port).items():
            monkeypatch.setenv(name, value)
        far._bucket.cache_clear()
        yield road
    far._bucket.cache_clear()


class Objects:
    """The objects of one test, past the road."""

    def __init__(self, server: int, prefix: str) -> None:
        values: Any = {
            name.lower(): value for name, value in environment(server).items() if "ALLOW" not in name
        }
        options: Any = {"allow_http": True}
        self._store: Any = from_url(f"s3://{BUCKET}/{prefix}", config=values, client_options=options)
        self.url = f"s3://{BUCKET}/{prefix}"

    def put(self, name: str, octets: bytes) -> None:
        self._store.put(name, octets)

    def get(self, name: str) -> bytes:
        return bytes(self._store.get(name).bytes())

    def delete(self, name: str) -> None:
        self._store.delete(name)

    def names(self, prefix: str) -> list[str]:
        found = [one["path"] for objects in self._store.list(prefix) for one in objects]
        return sorted(name.removeprefix(f"{prefix}/") for name in found)


@pytest.fixture
def objects(server: int, road: Road, request: pytest.FixtureRequest) -> Objects:
    """Five pictures, a broken one, a sidecar and a folder."""
    made = Objects(server, request.node.name)
    for name in NAMES:
        made.put(f"in/{name}", PICTURE)
    made.put("in/bad.jpg", b"no picture")
    made.put("in/a b.xmp", b"<x/>")
    made.put("in/.hidden/d.jpg", PICTURE)
    made.put("in/folder", b"")
    return made


def run(objects: Objects, target: str = "out", **more: Any) -> list[Converted]:
    given: dict[str, Any] = {"keep": BatchOptions(), "jobs": 1, **more}
    return convert_directory(f"{objects.url}/in", f"{objects.url}/{target}", PROFILE, **given)


def test_from_a_bucket_into_a_bucket(objects: Objects, tmp_path: Path) -> None:
    """Odd names stay as they are; the messages are those of files; a second run makes what is new."""
    results = run(objects)
    assert {one.source.removeprefix(f"{objects.url}/in/") for one in results} == {*NAMES, "bad.jpg"}
    assert objects.names("out") == sorted([MANIFEST, *(f"{name}.mms" for name in NAMES)])
    (failed,) = [one for one in results if one.error]
    assert failed.error is not None
    assert failed.error.startswith(f"{objects.url}/in/bad.jpg: ")
    for name in NAMES:
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PICTURE)
    for one in convert_directory(tmp_path / "in", tmp_path / "out", PROFILE, jobs=1):
        name = str(Path(str(one.target)).relative_to(tmp_path / "out"))
        assert objects.get(f"out/{name}") == Path(str(one.target)).read_bytes()
    objects.put("in/bad.jpg", save(photo(30, 20)))
    objects.delete("out/a b.jpg.mms")
    far._bucket.cache_clear()
    made = {one.source.rpartition("/")[2] for one in run(objects) if not one.is_kept}
    assert made == {"bad.jpg", "a b.jpg"}
    assert objects.names("out") == sorted([MANIFEST, "bad.jpg.mms", *(f"{name}.mms" for name in NAMES)])


def test_between_a_bucket_and_files(objects: Objects, tmp_path: Path) -> None:
    results = convert_directory(f"{objects.url}/in", tmp_path / "near", PROFILE, jobs=1, keep=BatchOptions())
    assert sum(1 for one in results if one.error is None) == len(NAMES)
    made = [str(path.relative_to(tmp_path / "near")) for path in (tmp_path / "near").rglob("*.mms")]
    assert sorted(made) == sorted(f"{name}.mms" for name in NAMES)
    source = tmp_path / "source"
    source.mkdir()
    (source / "x.jpg").write_bytes(PICTURE)
    (one,) = convert_directory(source, f"{objects.url}/far", PROFILE, jobs=1)
    assert one.target == f"{objects.url}/far/x.jpg.mms"
    assert objects.names("far") == ["x.jpg.mms"]


def test_media_that_change_their_format(objects: Objects) -> None:
    """The object of the earlier format goes, also where nothing could be made in between."""
    made = []
    for octets in (PICTURE, b"no picture", save(photo(30, 20), "GIF")):
        objects.put("in/bad.jpg", octets)
        far._bucket.cache_clear()
        run(objects, "media", plan=BatchPlan(written_as="media"))
        made.append([name for name in objects.names("media") if name.startswith("bad")])
    assert made == [["bad.jpg"], ["bad.jpg"], ["bad.gif"]]


def test_the_time_of_objects_goes_by_their_size(objects: Objects) -> None:
    far.listed(Path(f"s3:/{objects.url[5:]}/in"))
    assert load_of(f"s3:/{objects.url[5:]}/in/a b.jpg") == Load("photo", len(PICTURE))
    assert load_of(f"s3:/{objects.url[5:]}/in/gone.mp4") == Load("clip", 0)


def test_what_others_have_made_stays(objects: Objects) -> None:
    """An object that no manifest knows is not replaced; what a killed run has made counts as made."""
    run(objects)
    objects.delete(f"out/{MANIFEST}")
    mine = objects.get("out/a b.jpg.mms")
    objects.put("out/a#b.jpg.mms", b"of somebody else")
    far._bucket.cache_clear()
    errors = {one.source.rpartition("/")[2]: one.error_type for one in run(objects) if one.error}
    assert errors == {"bad.jpg": "UnsupportedError", "a#b.jpg": "OverwriteError"}
    assert objects.get("out/a#b.jpg.mms") == b"of somebody else"
    assert objects.get("out/a b.jpg.mms") == mine
    # What a manifest knows is replaced.
    far._bucket.cache_clear()
    run(objects, text="Hello")
    assert objects.get("out/a b.jpg.mms") != mine


def test_two_batches_at_once(objects: Objects) -> None:
    """The second to end does not write over the manifest of the first, and says so."""

    def meanwhile(_: object) -> None:
        objects.put(f"out/{MANIFEST}", b"another")

    with pytest.raises(transcode.OutputError, match="another batch has written the manifest meanwhile"):
        run(objects, progress=meanwhile)
    assert objects.get(f"out/{MANIFEST}") == b"another"
    assert len(objects.names("out")) == 1 + len(NAMES)


def test_a_bad_road(objects: Objects, road: Road) -> None:
    """Bursts of 503, and uploads that are cut in the middle, are made up for; each object is whole."""
    road.busy, road.cuts = 4, 2
    results = run(objects)
    assert road.refused == 4
    assert road.cut == 2
    assert [one.error_type for one in results if one.error] == ["UnsupportedError"]
    for one in results:
        if one.target is not None:
            name = one.target.removeprefix(f"{objects.url}/")
            assert len(objects.get(name)) == one.target_bytes


def test_what_is_too_large_or_gone(objects: Objects, tmp_path: Path) -> None:
    """Sizes are looked at before anything is fetched."""
    with pytest.raises(transcode.SourceError, match=r"a b\.jpg: [0-9,]+ bytes; at most 10"):
        far.fetch(f"s3:/{objects.url[5:]}/in/a b.jpg", tmp_path / "x", most=10)
    with pytest.raises(transcode.SourceError, match="no such object"):
        far.fetch(f"s3:/{objects.url[5:]}/in/gone.jpg", tmp_path / "x")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("name", ["../up.jpg", "a/../../up.jpg", "a//b.jpg"])
def test_names_that_would_leave(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A bucket with a name that no path may have is refused; the error has the name. Nothing is written."""
    with small_server.serving() as server:
        for key, value in small_server.environment(server).items():
            monkeypatch.setenv(key, value)
        far._bucket.cache_clear()
        server.kept["/bucket/in/fine.jpg"] = PICTURE
        server.kept[f"/bucket/in/{name}"] = PICTURE
        with pytest.raises(transcode.SourceError, match=r"can't be listed.*(up|b)\.jpg"):
            convert_directory("s3://bucket/in", tmp_path / "out", PROFILE)
    far._bucket.cache_clear()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
