"""Fingerprints: what is in them, for a corpus of one picture and one message."""

from __future__ import annotations

import hashlib
from pathlib import Path
from unittest import mock

import transcode
from bench import fingerprints
from tests.made.pictures import photo, save


def test_a_picture_and_a_message(tmp_path: Path) -> None:
    """Hashes of what the public calls make, the error's name where they make nothing."""
    picture = tmp_path / "shared" / "media" / "image" / "one.jpg"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(save(photo(160, 120), quality=90))
    vector = tmp_path / "shared" / "vectors" / "one.mms"
    vector.parent.mkdir(parents=True)
    made = transcode.compose([picture], transcode.find_profile("world"), to=["+15555550100"]).to_mm1()
    vector.write_bytes(made)
    out = tmp_path / "out.txt"
    with mock.patch("sys.argv", ["fingerprints", str(tmp_path / "shared"), "-o", str(out), "--jobs", "1"]):
        assert fingerprints.main() == 0
    found = {what: value for value, what in (line.split("  ", 1) for line in out.read_text().splitlines())}
    fitted = transcode.fit(picture, transcode.find_profile("us-att").limits()).data
    assert found["rendition us-att  media/image/one.jpg"] == hashlib.sha256(fitted).hexdigest()
    assert found["written mm1  vectors/one.mms"] == hashlib.sha256(made).hexdigest()
    assert found["m-notification-ind mm4  vectors/one.mms"] == "MessageError"
    for name in fingerprints.RECEIVERS:
        assert len(found[f"message {name} mm4  pictures from one.jpg on"]) == 64
