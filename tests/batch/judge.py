"""What became of the folder of the fixture ``folder``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import transcode
from transcode.batch import Converted
from transcode.profile import find_profile

PROFILE = replace(find_profile("us-att"), max_message_bytes=20_000)


def check(results: list[Converted], target: Path) -> None:
    names = [Path(result.source).name for result in results]
    assert names == ["a.jpg", "a.png", "c.jpg", "broken.jpg", "notes.txt"]
    for result in results:
        if result.error is None:
            assert result.target is not None
            pdu = Path(result.target).read_bytes()
            assert len(pdu) == result.message_bytes
            assert len(pdu) <= 20_000
            assert transcode.read(pdu).parts
        else:
            assert result.source in result.error
    assert [bool(result.error) for result in results] == [False, False, False, True, True]
    written = sorted(str(path.relative_to(target)) for path in target.rglob("*") if path.is_file())
    assert written == ["a.jpg.mms", "a.png.mms", "below/c.jpg.mms"]
