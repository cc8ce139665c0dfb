"""Tests of the measurement that sets two Pillows side by side."""

from __future__ import annotations

import json
from pathlib import Path

import PIL

from bench import pillows
from tests.made.pictures import photo, save


def test_a_process_says_its_pillow_and_times(tmp_path: Path) -> None:
    """A process says the release of the Pillow that it found, then the seconds of each fit."""
    (tmp_path / "0").write_bytes(save(photo(64, 48)))
    with pillows.process(tmp_path, None) as ask:
        assert json.loads(ask("")).endswith(f" {PIL.__version__}")
        assert float(ask("0")) > 0
        assert float(ask("0")) > 0


def test_another_pillow_is_found_first(tmp_path: Path) -> None:
    """A Pillow in the given folder is the one that the process imports."""
    (tmp_path / "PIL").mkdir()
    (tmp_path / "PIL" / "__init__.py").write_text("raise SystemExit(print('the other'))\n")
    with pillows.process(tmp_path, tmp_path) as ask:
        assert ask("") == "the other\n"
