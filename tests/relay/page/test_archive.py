"""All parts of a message in one file."""

from __future__ import annotations

import io
import zipfile

from transcode.model import Part
from transcode.relay.page.archive import archive


def test_each_part_has_a_name_of_its_own() -> None:
    """On any file system: to some, other letters and accents that are letters of their own are the same."""
    names = (
        "a.txt",
        "A.TXT",
        "caf\u00e9.txt",
        "cafe\u0301.txt",
        "Stra\u00dfe.txt",
        "STRASSE.txt",
        "../a.txt",
    )
    parts = [Part("text/plain", name.encode(), content_location=name) for name in names]
    octets = archive(parts)
    with zipfile.ZipFile(io.BytesIO(octets)) as file:
        found = file.namelist()
        assert [file.read(name).decode() for name in found] == list(names)
    assert found == [
        "a.txt",
        "A-2.TXT",
        "caf\u00e9.txt",
        "cafe\u0301-2.txt",
        "Stra\u00dfe.txt",
        "STRASSE-2.txt",
        "a-3.txt",
    ]
    assert archive(parts) == octets
