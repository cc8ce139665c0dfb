"""Runs one target for a time: ``python -m tests.fuzz TARGET [options of libFuzzer]``.

A target may end in one of the package's own errors and in nothing else. Whatever else comes
out ends the run with the octets in a file ``crash-...``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import atheris

#: Doors of a message centre begin with this. To watch what they do not need takes long.
_RELAY = "relay-"
_is_relay = any(word.startswith(_RELAY) for word in sys.argv[1:2])
_WATCHED = ["transcode.relay", "transcode.wire", "aiosmtpd", "uvicorn"] if _is_relay else ["transcode"]

with atheris.instrument_imports(include=_WATCHED):
    from transcode.errors import TranscodeError
    from transcode.media.pictures import bomb_check, heif, jpeg
    from transcode.media.pictures.gif_read import count
    from transcode.media.pictures.strip import strip_gif
    from transcode.media.source import probe
    from transcode.media.source.decode_limits import Deadline
    from transcode.profile import read_uaprof
    from transcode.wire.mm1 import pdu_reader
    from transcode.wire.mm4 import mm4
    from transcode.wire.mm7 import mm7

    if _is_relay:
        from tests.fuzz import relay_doors

if TYPE_CHECKING:
    from collections.abc import Callable


def jpeg_file(data: bytes) -> None:
    """The marker segments of a JPEG, what they become without metadata, and its planes."""
    header = jpeg.read_header(data, name="fuzz")
    jpeg.strip(data, name="fuzz")
    if header.width * header.height <= 1 << 20:
        for eighths in (8, 1):
            jpeg.decode(data, header, eighths=eighths, name="fuzz", deadline=Deadline("fuzz", 1.0))


def heif_boxes(data: bytes) -> None:
    """The boxes of a HEIF file, and the geometry that they give."""
    heif.read_header(data, name="fuzz")


def gif_blocks(data: bytes) -> None:
    """The frames and blocks of a GIF."""
    count(data, 1000)
    strip_gif(data, name="fuzz")


def picture_pieces(data: bytes) -> None:
    """The chunks, blocks, strips or runs of what Pillow reads."""
    bomb_check.check(data, probe.content_type(data) or "", name="fuzz")


def pdu_octets(data: bytes) -> None:
    """An MM1 PDU."""
    pdu_reader.from_bytes(data)


def mm4_octets(data: bytes) -> None:
    """A mail of MM4."""
    mm4.from_bytes(data)


def mm7_octets(data: bytes) -> None:
    """A message of MM7."""
    mm7.from_bytes(data)


def uaprof_document(data: bytes) -> None:
    """A phone's UAProf document, and the limits that it gives."""
    read_uaprof(data, name="fuzz").limits()


TARGETS: dict[str, Callable[[bytes], None]] = {
    "jpeg": jpeg_file,
    "heif": heif_boxes,
    "gif": gif_blocks,
    "pieces": picture_pieces,
    "pdu": pdu_octets,
    "mm4": mm4_octets,
    "mm7": mm7_octets,
    "uaprof": uaprof_document,
}
if _is_relay:
    TARGETS |= relay_doors.TARGETS


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        # Imported here: what is only named is not watched.
        from tests.fuzz.relay_doors import TARGETS as DOORS

        raise SystemExit(f"usage: python -m tests.fuzz {{{','.join(TARGETS | DOORS)}}} [options]")
    name = sys.argv.pop(1)
    target = TARGETS[name]
    corpus = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    if _is_relay and corpus:
        for number, seed in enumerate(relay_doors.seeds(name)):
            Path(corpus, f"seed-{number}").write_bytes(seed)

    def one(data: bytes) -> None:
        try:
            target(data)
        except TranscodeError:
            return

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
