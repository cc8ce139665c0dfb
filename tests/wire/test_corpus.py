"""What peers and operators wrote: all of it read, made each form that it can be, and written again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast, get_args

import pytest

import transcode
from tests.made.messages import written
from tests.wire import judge
from transcode.errors import MessageError
from transcode.message import smil
from transcode.message.location import uri
from transcode.model import MessageType, Part

#: Wireshark knows the headers of these not at all, or not as they are written here.
UNKNOWN = ("m-delete-", "m-cancel-", "m-mbox-")


@pytest.fixture(scope="module")
def messages(shared: Path) -> dict[str, transcode.Message]:
    """Every file, read."""
    fresh = shared / "vectors-fresh"
    folders = (shared / "cases" / "wire", *(fresh / name for name in ("pdu", "mm4", "peer-written")))
    paths = [path for folder in folders for path in folder.rglob("*.*") if path.suffix != ".md"]
    found = {path.name: transcode.read(path.read_bytes()) for path in paths}
    assert len(found) == len(paths) >= 59
    return found


def located(part: Part, place: str | None) -> Part:
    return replace(part, content_location=place)


def forms(message: transcode.Message) -> Iterator[transcode.Message]:
    """Yield the message as itself, and as each type with content that the message can become."""
    for kind in get_args(MessageType):
        if kind == "m-notification-ind" and kind != message.message_type:
            continue
        try:
            yield message.converted(cast("MessageType", kind))
        except MessageError:
            continue


def test_everything_is_written_with_the_same_meaning(messages: dict[str, transcode.Message]) -> None:
    """Each form keeps the meaning, and a second writing has the octets of the first."""
    made = 0
    for name, message in messages.items():
        for form in forms(message):
            octets = written(form)
            again = transcode.read(octets)
            assert again.message_type == form.message_type, name
            assert written(again) == octets, (name, form.message_type)
            places = [part.content_location and uri(part.content_location) for part in form.parts]
            parts = tuple(map(located, form.parts, places))
            assert (again.subject, again.to, again.parts) == (form.subject, form.to, parts), name
            assert again.sender == form.sender, name
            made += 1
    assert made > 100


def test_nothing_is_lost_of_what_is_shown(messages: dict[str, transcode.Message]) -> None:
    """Each presentation is found, and whatever it shows is shown in every form."""
    shows = 0
    for name, message in messages.items():
        if message.smil is None:
            assert not any(b"<smil" in bytes(part.data)[:200] for part in message.parts), name
            continue
        shown = [slide.duration for slide in smil.slides(message)]
        assert shown, name
        for form in forms(message):
            assert [slide.duration for slide in smil.slides(transcode.read(written(form)))] == shown, name
        shows += 1
    assert shows >= 20


def test_values_of_operators(messages: dict[str, transcode.Message]) -> None:
    """Values of operators that were read wrongly, or could be, are read as they are."""
    senders = {
        "gammu.push": "33000000000/TYPE=PLMN",
        "openbts.push": "+12345/TYPE=PLMN",
        "hk-zftn.push": "#ADCC00000",
        "cn-10658.push": "12371",
        "free-fr.push": "+33000000000/TYPE=PLMN",
        "pl-plus2.push": "+48000000000/TYPE=PLMN",
        "push-tid-3c.bin": "+15555550199/TYPE=PLMN",
        "cellcom-image.eml": "+972500000101/TYPE=PLMN",
    }
    assert {name: messages[name].sender for name in senders} == senders
    assert messages["hk-zftn.push"].subject == "聽到「4大藉口」\uff1d假客服呃人"
    assert messages["mbuni-mm4-10.eml"].version == "5.5.0"
    assert messages["cellcom-image.eml"].converted("m-send-req").to == ("+972500000100/TYPE=PLMN",)
    assert messages["vectorcore-001-jpeg-text.mms"].smil is not None
    assert messages["conf-golden.mms"].to == ("+15000000000/TYPE=PLMN",) * 2
    assert dict(messages["hot-video.eml"].headers)["X-Mms-Expiry"] == ("absolute", 1642638347)
    odd = [
        (name, oddity)
        for name, message in messages.items()
        if name.endswith((".push", ".conf")) and not name.startswith(("gammu", "from-", "openbts"))
        for oddity in message.oddities
        if "a WAP Push frame" not in oddity
    ]
    assert odd == []


def test_wireshark_follows_them(shared: Path, tmp_path: Path, messages: dict[str, transcode.Message]) -> None:
    """All that are PDUs, or can be: no complaint, no octet unread, every part found."""
    octets = {}
    for name, message in messages.items():
        for form in forms(message):
            kind = form.message_type
            # An empty part at the end it takes for a broken one.
            if kind.startswith("m-") and not kind.startswith(UNKNOWN):
                whole = replace(form, parts=tuple(part for part in form.parts if part.data))
                octets[f"{name} {kind}"] = whole.to_mm1(strict=False)
    assert len(octets) >= 50
    found = judge.examine(shared, octets, tmp_path)
    assert found.keys() == octets.keys()
    for name, finding in found.items():
        assert (finding.problems, finding.unread) == ([], []), name
        assert name.rpartition(" ")[2] == finding.message_type, name
        assert finding.parts == judge.parts_of(octets[name]), name
