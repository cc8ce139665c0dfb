"""A wheel in empty environments: ``python -m tests.wheel_trial WHEEL PYTHON...``, which ``make wheel`` runs.

Each Python gets an environment of its own, in which pip installs the wheel from wheels alone: no compiler and
no program is found there. It fits a picture of each kind and a clip, and its doctor must miss nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import av
import numpy as np

import transcode
from tests.made import clips, heifs
from tests.made.pictures import photo, save

LIMITS = transcode.Limits(20_000, 320, 240)

#: What runs in the empty environment: it fits each file, and says what came out.
FIT = """
import hashlib, json, sys, transcode
made = {}
for path in sys.argv[1:]:
    data = transcode.fit(path, transcode.Limits(20_000, 320, 240)).data
    assert 0 < len(data) <= 20_000
    made[path] = hashlib.sha256(data).hexdigest()
import av, PIL
said = {"made": made, "place": transcode.__file__, "python": sys.version.split()[0], "av": av.__version__}
print(json.dumps(said | {"pillow": PIL.__version__}))
"""


def media(folder: Path) -> list[Path]:
    """Files of the kinds that are tried: JPEG, PNG, GIF, HEIC and a clip with sound."""
    files = {
        "photo.jpg": save(photo(640, 480)),
        "photo.png": save(photo(640, 480), "PNG"),
        "loop.gif": save(photo(200, 150), "GIF"),
        "photo.heic": heifs.heif({1: heifs.coded(np.asarray(photo(64, 64)))}),
        "clip.mp4": clips.clip(clips.moving(), sound=clips.beeping([0.2], 1.0)).data,
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return [folder / name for name in files]


def trial(wheel: Path, python: str, folder: Path) -> dict[str, Any]:
    """Try a wheel in an empty environment.

    Args:
        wheel: the wheel.
        python: the Python that makes the environment.
        folder: a folder of the trial's own.

    Returns:
        The versions in the environment.

    Raises:
        RuntimeError: a command failed, or the bytes are not those that this environment makes. Those of HEIC
            and of clips are compared where both have the same PyAV.
    """
    empty = folder / "empty"
    programs = empty / "bin"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    _run([python, "-m", "venv", "--without-pip", str(empty)], environment)
    environment["PATH"] = str(programs)
    pip = [sys.executable, "-m", "pip", "--python", str(programs / "python"), "--quiet"]
    install = ["--disable-pip-version-check", "install", "--no-compile", "--only-binary", ":all:", str(wheel)]
    _run([*pip, *install], environment)
    paths = media(folder)
    inside = str(programs / "python")
    said: dict[str, Any] = json.loads(
        _run([inside, "-I", "-W", "error", "-c", FIT, *map(str, paths)], environment)
    )
    if not Path(said["place"]).is_relative_to(empty):
        raise RuntimeError(f"{said['place']} was tried, which is not in {empty}")
    for path in paths:
        if path.suffix in (".heic", ".mp4") and said["av"] != av.__version__:
            continue
        here = hashlib.sha256(transcode.fit(path, LIMITS).data).hexdigest()
        if said["made"][str(path)] != here:
            raise RuntimeError(f"{path.name} has other bytes from the wheel on Python {said['python']}")
    if "pillow-simd" in _run([str(programs / "transcode"), "doctor"], environment):
        raise RuntimeError("the environment has pillow-simd, not Pillow")
    return said


def _run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    """Try a wheel with each Python, and print a line for each."""
    wheel = Path(sys.argv[1]).resolve()
    for given in sys.argv[2:]:
        # The trial runs elsewhere. The link of an environment stays a link, a name is looked up as before.
        python = str(Path(given).absolute()) if "/" in given else given
        with tempfile.TemporaryDirectory() as folder:
            said = trial(wheel, python, Path(folder))
        versions = f"Python {said['python']}, Pillow {said['pillow']}, PyAV {said['av']}"
        print(f"{wheel.name} was tried in an empty environment: {versions}")


if __name__ == "__main__":
    main()
