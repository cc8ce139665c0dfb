"""What a centre says of itself when a part of it does not work."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from tests.relay.phone import PATIENCE
from transcode.relay.admin.health import Health
from transcode.relay.patience import Parts
from transcode.relay.store import SqliteStore


def wrong(store: SqliteStore, folder: Path, lanes: dict[str, bool], least: int) -> dict[str, str]:
    """The parts that do not work."""
    with closing(Parts(PATIENCE)) as parts:
        checks = Health(store, folder, lambda: lanes, least, parts).checks()
    assert list(checks) == ["disk", "space", "database", "writer", "lanes"]
    return {name: why for name, why in checks.items() if why}


def test_all_is_well(store: SqliteStore, tmp_path: Path) -> None:
    """Nothing is wrong, and nothing is left behind."""
    before = sorted(tmp_path.iterdir())
    assert wrong(store, tmp_path, {"timers": True}, 1) == {}
    assert sorted(tmp_path.iterdir()) == before


def test_each_part_is_named(store: SqliteStore, tmp_path: Path) -> None:
    """A folder that is gone, too little room, a closed database, a thread that ended."""
    assert set(wrong(store, tmp_path / "gone", {}, 1)) == {"disk", "space"}
    assert "are wanted" in wrong(store, tmp_path, {}, 2**62)["space"]
    assert wrong(store, tmp_path, {"timers": False, "routes": True}, 1) == {"lanes": "stopped: timers"}
    store.close()
    assert "closed" in wrong(store, tmp_path, {}, 1)["writer"]
