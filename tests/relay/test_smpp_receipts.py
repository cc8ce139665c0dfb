"""Receipts of an SMSC, in their text and in their optional parameters."""

from __future__ import annotations

import pytest

from transcode.relay.ports.smpp_receipts import Receipt, receipt

TEXT = b"id:0123456789 sub:001 dlvrd:001 done date:2611301201 stat:DELIVRD err:000 text:"


@pytest.mark.parametrize(
    ("esm_class", "text", "parameters", "found"),
    [
        (0x04, TEXT, {}, Receipt("0123456789", "DELIVRD", "000")),
        (0x44, TEXT.upper(), {}, Receipt("0123456789", "DELIVRD", "000")),
        (0x04, b"ID:a-b Stat:undeliv", {}, Receipt("a-b", "UNDELIV", "")),
        (0x04, b"", {0x1E: b"7\0", 0x427: b"\x05"}, Receipt("7", "UNDELIV", "")),
        (0x04, b"", {0x424: TEXT}, Receipt("0123456789", "DELIVRD", "000")),
        # The parameters go before the text, where they can be read.
        (0x00, TEXT, {0x1E: b"7\0", 0x427: b"\x08"}, Receipt("7", "REJECTD", "000")),
        (0x04, TEXT, {0x1E: b"\x1b[2J\0", 0x427: b"\x63"}, Receipt("0123456789", "DELIVRD", "000")),
        (0x04, TEXT, {0x1E: b"", 0x427: b""}, Receipt("0123456789", "DELIVRD", "000")),
        (0x04, b"id:\x1b[2J stat:\xff err:\n", {}, Receipt("", "", "")),
        (0x04, b"grid:7 restat:A", {}, Receipt("", "", "")),
        (0x00, TEXT, {}, None),
        # An acknowledgement by a phone's user.
        (0x10, TEXT, {}, None),
    ],
)
def test_receipts(esm_class: int, text: bytes, parameters: dict[int, bytes], found: Receipt | None) -> None:
    """What can't be read is left out; what is no receipt is none."""
    assert receipt(esm_class, text, parameters) == found
