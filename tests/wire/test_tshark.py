"""Wireshark follows whatever is encoded: composed messages, vectors written again, other forms as PDUs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import transcode
from tests.fit.sound.test_audio import tone
from tests.made.pdus import COMPLETE
from tests.made.pictures import photo, save
from tests.wire import judge
from transcode.errors import MessageError
from transcode.wire.mm1 import pdu_reader, pdu_writer

VCARD = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Doe;Jane\r\nEND:VCARD\r\n"
EVENT = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"

#: Wireshark knows the multiparts of WAP only, and this one says multipart/related.
NO_WAP = "vectorcore-mmsc/m-send-req.bin"


def animation() -> bytes:
    """A GIF of three frames."""
    frames = [Image.fromarray(photo(64, 48, seed)) for seed in (1, 2, 3)]
    return save(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)


def check(shared: Path, folder: Path, octets: Mapping[str, bytes]) -> None:
    """No complaint, no octet unread, the type and every part found."""
    found = judge.examine(shared, octets, folder)
    assert found.keys() == octets.keys()
    for name, finding in found.items():
        assert (finding.problems, finding.unread) == ([], []), name
        assert finding.message_type == pdu_reader.from_bytes(octets[name]).message_type, name
        assert finding.parts == judge.parts_of(octets[name]), name


def test_composed_messages(shared: Path, tmp_path: Path) -> None:
    """Wireshark reads pictures, an animation, recordings, texts in other scripts and cards of any size."""
    profile = transcode.find_profile("us-att")
    compose = partial(transcode.compose, profile=profile, to=["+15555550100"])
    sources: dict[str, list[Any]] = {
        "jpeg": [save(photo(640, 480))],
        "png": [save(Image.fromarray(photo(64, 48)).quantize(4), "PNG")],
        "animation": [animation()],
        "recording": [tone(2.0)],
        "cards": [save(photo(64, 48)), VCARD, EVENT],
        "slides": [
            transcode.Slide(image=save(photo(320, 240, seed)), text=f"№ {seed}", audio=tone(1.0))
            for seed in (1, 2)
        ],
    }
    octets = {name: compose(media).to_mm1() for name, media in sources.items()}
    octets["text"] = compose([], text="Здравствуйте, 世界 🙂", subject="日本語").to_mm1()
    octets["many"] = compose(
        sources["jpeg"], to=["+15555550100", "12345", "a@example.org", "192.0.2.1"], sender="+15555550101"
    ).to_mm1()
    kinds = {part.content_type for data in octets.values() for part in pdu_reader.from_bytes(data).parts}
    assert {"image/jpeg", "image/png", "image/gif", "text/plain", "text/x-vcard", "text/calendar"} <= kinds
    assert any(kind.startswith("audio/") for kind in kinds)
    check(shared, tmp_path, octets)


def test_clips_of_the_corpus(shared: Path, tmp_path: Path) -> None:
    """Clips are parts of messages to a client and from one."""
    files = {
        "mpeg4_amr_5s.3gp": "video/3gpp",
        "derived_h263_amr_60s.3gp": "video/3gpp",
        "audio_only_15s.mp4": "audio/mp4",
    }
    parts = tuple(
        transcode.Part(
            kind, (shared / "media" / "video" / name).read_bytes(), content_location=name, name=name
        )
        for name, kind in files.items()
    )
    sent = transcode.Message(transaction_id="T1", to=("+15555550100/TYPE=PLMN",), parts=parts)
    retrieved = replace(sent, message_type="m-retrieve-conf", headers=(("Date", 1_700_000_000),))
    check(shared, tmp_path, {"sent": sent.to_mm1(), "retrieved": retrieved.to_mm1()})


def test_vectors_written_again(shared: Path, tmp_path: Path) -> None:
    """All of them, those among them that Wireshark does not follow as they came."""
    folder = shared / "vectors" / "pdu"
    octets = {}
    for path in sorted(folder.glob("*/*")):
        data = path.read_bytes()
        if "__parts__" not in path.name:
            try:
                octets[f"{path.parent.name}/{path.name}"] = pdu_writer.to_bytes(
                    pdu_reader.from_bytes(data), strict=False
                )
            except (transcode.PduError, MessageError):
                continue
    assert len(octets) >= 48
    assert judge.parts_of(octets.pop(NO_WAP)) == 1
    check(shared, tmp_path, octets)


def test_pdus_of_mailboxes(shared: Path, tmp_path: Path) -> None:
    """Those of MMS 1.2, complete: it knows the names of their headers, and not all values."""
    kinds = {kind for kind in COMPLETE if kind.startswith("m-mbox")}
    # It knows the count of the location there, not that of the status.
    deletion = COMPLETE["m-mbox-delete-conf"]
    octets = {kind: pdu_writer.to_bytes(COMPLETE[kind]) for kind in kinds - {"m-mbox-delete-conf"}}
    octets["deletion"] = pdu_writer.to_bytes(replace(deletion, headers=deletion.headers[:1]), strict=False)
    found = judge.examine(shared, octets, tmp_path)
    assert found.keys() == octets.keys()
    for name, finding in found.items():
        assert [problem for problem in finding.problems if not problem.endswith("(not decoded)")] == [], name
        assert finding.unread == [], name
        message = pdu_reader.from_bytes(octets[name])
        assert finding.message_type == message.message_type
        assert finding.parts == judge.parts_of(octets[name])


@pytest.mark.parametrize("kind", ["mm4", "mm7"])
def test_messages_of_other_forms_as_pdus(shared: Path, tmp_path: Path, kind: str) -> None:
    """Wireshark reads what came between servers in the form that a client retrieves."""
    octets = {}
    for path in sorted((shared / "vectors" / kind).glob("*/*")):
        try:
            found = transcode.read(path.read_bytes()).converted("m-retrieve-conf")
            # It takes a part of no octets at the very end for a malformed one.
            whole = replace(found, parts=tuple(part for part in found.parts if part.data))
            octets[path.name] = whole.to_mm1(strict=False)
        except (transcode.PduError, MessageError):
            # Not a message, or one without a body.
            continue
    # It does not know the headers of 1.3.
    octets = {name: data for name, data in octets.items() if b"\x8d\x93" not in data}
    assert len(octets) >= 4
    check(shared, tmp_path, octets)
