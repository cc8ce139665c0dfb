"""The parts of a message as files to save."""

from __future__ import annotations

import base64

import pytest

from tests.test_preview import BLUE, RED, SHOW, Tags, amr, message, part
from transcode.model import Part, SlideParts
from transcode.preview import page
from transcode.preview.downloads import file_name, named


@pytest.mark.parametrize(
    ("location", "content_type", "name"),
    [
        ("red.png", "image/png", "red.png"),
        ("Gr%C3%BC%C3%9Fe%20aus%20Ulm.jpg", "image/jpeg", "Grüße_aus_Ulm.jpg"),
        ("../../etc/passwd", "text/plain", "etc_passwd.txt"),
        ("C:\\a\\b.gif", "image/gif", "C_a_b.gif"),
        ("image1", "image/jpeg", "image1.jpg"),
        ("v1.2 of it", "video/3gpp", "v1.2_of_it.3gp"),
        ("photo\u202egpj.exe", "image/jpeg", "photogpj.exe"),
        ("\x00\x1b[31m", "audio/amr", "[31m.amr"),
        ("...", "application/x-own", "part.bin"),
        ("CON.jpg", "image/jpeg", "_CON.jpg"),
        ("aux.tar.txt", "text/plain", "_aux.tar.txt"),
        ("lpt1", "image/jpeg", "_lpt1.jpg"),
        ("console.jpg", "image/jpeg", "console.jpg"),
        ("x" * 500 + ".mp3", "audio/mpeg", "x" * 60 + ".mp3"),
    ],
)
def test_names(location: str, content_type: str, name: str) -> None:
    """No folder, device, control character or hidden extension; an extension where there is none."""
    assert file_name(Part(content_type, b"", content_location=location)) == name


def test_the_name_is_the_first_that_there_is() -> None:
    """Location, name, file name and id count in this order, for people and for the file."""
    assert named(Part("image/png", b"", filename="a.png", disposition="inline")) == "a.png"
    assert named(Part("image/png", b"")) == "without a name"
    assert named(Part("image/jpeg", b"", name="photo\u202egpj.exe")) == "photogpj.exe"
    assert file_name(Part("image/png", b"", name="a.png", content_id="b")) == "a.png"
    assert file_name(Part("image/png", b"", filename="a.png", disposition="inline")) == "a.png"
    assert file_name(Part("image/png", b"", content_id="b")) == "b.png"
    assert file_name(Part("image/png", b"")) == "part.png"


def test_octets_are_on_the_page_once() -> None:
    """A medium that is shown as it is lends its octets to its link; other links have the original."""
    sound = part("audio/amr", amr(), "tone.amr")
    html = page(message(*SHOW, SlideParts(audio=sound), SlideParts(RED))).decode()
    links = {one["download"]: one for one in Tags(html).named("a") if "download" in one}
    assert set(links) == {"smil.xml", "red.png", "a.txt", "blue.png", "tone.amr"}
    for name, one in (("red.png", RED), ("blue.png", BLUE)):
        assert "href" not in links[name]
        assert f'id="{links[name]["data-octets"]}"' in html
        assert html.count(base64.b64encode(bytes(one.data)).decode()) == 1
    kind, _, octets = links["tone.amr"]["href"].partition(",")
    assert (kind, base64.b64decode(octets)) == ("data:application/octet-stream;base64", sound.data)
