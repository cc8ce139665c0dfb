"""The demo of two carriers does what it says."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image
from rich.console import Console

import transcode
from tests.made.pictures import photo, save
from tests.relay import demo


def test_a_photo_goes_from_one_carrier_to_an_old_phone_of_the_other(tmp_path: Path) -> None:
    """The phone gets what its document allows, the sender is told, and both trails are shown."""
    told = io.StringIO()
    demo.run(save(photo(2000, 1500), quality=92), tmp_path, Console(file=told, width=140))
    text = told.getvalue()
    assert "Alice is told: Retrieved." in text
    for state in ("relayed", "at peer", "fetching", "retrieved"):
        assert f"  {state} " in text
    got = transcode.read((tmp_path / "bob.mms").read_bytes())
    assert got.message_type == "m-retrieve-conf"
    assert (tmp_path / "bob.mms").stat().st_size <= 100_000
    for name, size in (("alice", (2000, 1500)), ("bob", (640, 480))):
        with Image.open(tmp_path / f"{name}.jpg") as picture:
            assert picture.size == size
