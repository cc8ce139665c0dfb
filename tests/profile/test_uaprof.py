"""Devices: real UAProf documents against what is known of them, odd ones, hostile ones, and the store."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import transcode
from transcode.errors import MmsUnavailable, ProfileError, ProfileNotFound
from transcode.profile import Profile, combine, device, find_profile, origins, profile_url, read_uaprof
from transcode.profile.uaprof import MAX_DOCUMENT_BYTES

URL = "http://wap.example.com/uaprof/one.xml"


def document(properties: str, head: str = '<?xml version="1.0"?>', outside: str = "") -> bytes:
    """A document with these properties of MmsCharacteristics, and others."""
    return f"""{head}
<rdf:RDF xmlns:rdf="urn:rdf" xmlns:prf="urn:prf" xmlns:mms="urn:mms"><rdf:Description rdf:ID="Profile">
<prf:component><rdf:Description rdf:ID="HardwarePlatform">
<prf:Vendor>Maker</prf:Vendor><prf:Model>One</prf:Model>{outside}</rdf:Description></prf:component>
<prf:component><rdf:Description rdf:ID="MmsCharacteristics">{properties}</rdf:Description></prf:component>
</rdf:Description></rdf:RDF>""".encode()


def bag(name: str, *items: str) -> str:
    listed = "".join(f"<rdf:li>{item}</rdf:li>" for item in items)
    return f"<mms:{name}><rdf:Bag>{listed}</rdf:Bag></mms:{name}>"


def read(properties: str, outside: str = "") -> Profile:
    return read_uaprof(document(properties, outside=outside), name=URL)


# Real documents


def known(shared: Path) -> list[tuple[Path, str]]:
    """The documents of the vectors, and what their list says of each."""
    folder = shared / "vectors" / "uaprof"
    rows = re.findall(
        r"^\| ((?:url-known|odd-values|not-well-formed)/\S+) \|.*\| (.+) \|$",
        (folder / "SOURCES.md").read_text("utf-8"),
        re.MULTILINE,
    )
    return [(folder / path, said) for path, said in rows]


def test_real_documents(shared: Path) -> None:
    """Size, box and name of every real document are those that are known of it, and a picture fits."""
    found = 0
    for path, said in known(shared):
        match = re.fullmatch(r"(.+): MmsMaxMessageSize (\d+), MmsMaxImageResolution (\d+)[xX*](\d+)", said)
        if match is None:
            continue
        profile = read_uaprof(path.read_bytes(), name=path.name)
        size, width, height = map(int, match.groups()[1:])
        assert profile.name == match[1], path.name
        assert (profile.kind, profile.id, profile.mms_enabled) == ("device", path.name, True)
        assert profile.max_message_bytes == size, path.name
        assert (profile.max_image_width, profile.max_image_height) == (width, height), path.name
        assert {"image/jpeg", "image/gif"} <= set(profile.formats), path.name
        assert profile.charsets, path.name
        assert profile.notes == (), path.name
        assert profile.limits().max_bytes == size
        found += 1
    assert found == 46


def test_real_documents_that_are_broken(shared: Path) -> None:
    """Octets that are no well-formed XML are refused, by name, reason and place."""
    broken = [path for path, said in known(shared) if "mismatched tag" in said]
    assert len(broken) == 1
    for path in broken:
        with pytest.raises(ProfileError, match=r"is no well-formed XML: .+: line \d+, column \d+") as caught:
            read_uaprof(path.read_bytes(), name="http://example.com/x")
        assert caught.value.profile == "http://example.com/x"


def test_real_document_that_was_copied_from_a_browser(shared: Path) -> None:
    """Blanks before the first line, and hyphens before elements: 13 of 3,353 documents have them."""
    path = next(path for path, said in known(shared) if "XML or text declaration not at start" in said)
    profile = read_uaprof(path.read_bytes(), name=path.name)
    assert profile.name == "Prestigio PAP4500T DUO"
    assert (profile.max_message_bytes, profile.max_image_width, profile.max_image_height) == (
        307_200,
        960,
        540,
    )
    assert profile.charsets == ("us-ascii", "utf-16", "utf-8")


def test_real_phone_as_a_whole(shared: Path) -> None:
    """A phone of 2007 states formats, codecs, charsets and screen, and each has its origin."""
    path = shared / "vectors" / "uaprof" / "url-known" / "wap.sonyericsson.com__K770iR201.xml"
    profile = read_uaprof(path.read_bytes(), name=URL)
    assert profile.formats[:3] == ("image/jpeg", "image/gif", "image/png")
    assert profile.formats[3:8] == ("video/mp4", "video/3gpp", "audio/amr", "audio/mp4", "audio/mpeg")
    assert set(profile.codecs) == {"aac", "h263", "mpeg4", "amr_nb", "mp3", "amr_wb"}
    assert {"utf-8", "us-ascii", "koi8-r"} <= set(profile.charsets or ())
    assert (profile.max_video_width, profile.max_video_height) == (240, 320)
    assert not profile.turn
    (origin,) = origins(profile, "max_message_bytes")
    assert (origin.tag, origin.where) == ("UAPROF", URL)
    both = combine(find_profile("us-att"), profile)
    assert (both.max_message_bytes, both.bound_by("max_message_bytes")) == (307_200, URL)
    assert (both.max_image_width, both.max_recipients) == (2048, 20)
    assert origins(both, "max_message_bytes") == [origin]


# Values


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("307200", 307_200),
        (" 614400 ", 614_400),
        ("307,200", 307_200),
        ("1,048,576", 1_048_576),
        ("100000,300000", 100_000),
        ("300KB", 300_000),
        ("300 kb", 300_000),
        ("1MBout-2MBin", 1_000_000),
        ("1.5 MB", 1_500_000),
        ("300", 102_400),
        ("0", 102_400),
        ("-1", 102_400),
        ("unlimited", 102_400),
        ("", 102_400),
    ],
)
def test_message_size(text: str, size: int) -> None:
    """Numbers with and without units; the smallest of several; what makes no sense is not believed."""
    profile = read(f"<mms:MmsMaxMessageSize>{text}</mms:MmsMaxMessageSize>" + bag("MmsVersion", "1.2"))
    if text:
        assert profile.max_message_bytes == size
    believed = size != 102_400
    assert profile.figures["max_message_bytes"].confidence == ("documented" if believed else "default only")
    assert believed != any("gives no sensible max_message_bytes" in note for note in profile.notes)


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("640x480", (640, 480)),
        ("2048X1536", (2048, 1536)),
        ("2048*1536", (2048, 1536)),
        ("2592 x 1944", (2592, 1944)),
        ("480x640", (480, 640)),
        ("0x0", (640, 480)),
        ("big", (640, 480)),
        ("640", (640, 480)),
    ],
)
def test_image_resolution(text: str, box: tuple[int, int]) -> None:
    """The box in every spelling, never turned; what is none is that of image rich."""
    profile = read(f"<mms:MmsMaxImageResolution>{text}</mms:MmsMaxImageResolution>")
    assert (profile.max_image_width, profile.max_image_height) == box
    assert profile.limits().box(portrait=True) == box


def test_accept_lists_are_normalised() -> None:
    """Aliases, cases, parameters, commas, doubles and wildcards come out as proper names."""
    words = (
        "image/jpg",
        "IMAGE/JPEG; q=1",
        "audio/mp3, audio/x-mpeg",
        "video/3gp",
        "text/x-vCard",
        "rubbish",
    )
    profile = read(bag("MmsCcppAccept", *words))
    assert profile.formats == ("image/jpeg", "video/3gpp", "audio/mpeg", "text/x-vcard")
    assert profile.codecs == ("h263", "amr_nb", "mp3")
    wide = read(bag("MmsCcppAccept", "image/jpeg", "audio/x-awb", "audio/AMR-WB"))
    assert (wide.formats, wide.codecs) == (("image/jpeg", "audio/amr-wb"), ("amr_wb",))
    assert read(bag("MmsCcppAccept", "image/*")).formats == ("image/jpeg", "image/gif", "image/png")


def test_pictures_that_the_list_of_messages_leaves_out() -> None:
    """Four phones of 2013 to 2015 name no picture for messages, but a size of pictures in messages."""
    accepted = bag("CcppAccept", "image/jpg, text/css", "image/gif")
    listed = bag("MmsCcppAccept", "audio/amr", "text/plain")
    size = "<mms:MmsMaxImageResolution>640x480</mms:MmsMaxImageResolution>"
    assert read(listed + size, outside=accepted).formats == (
        "image/jpeg",
        "image/gif",
        "audio/amr",
        "text/plain",
    )
    assert read(listed, outside=accepted).formats == ("audio/amr", "text/plain")
    pictured = bag("MmsCcppAccept", "image/gif", "text/plain")
    assert read(pictured + size, outside=accepted).formats == ("image/gif", "text/plain")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("audio/imy", "audio/imelody"),
        ("audio/amrwb", "audio/amr-wb"),
        ("audio/AMR_WB", "audio/amr-wb"),
        ("audio/amr_nb", "audio/amr"),
        ("audio/3gp", "audio/3gpp"),
    ],
)
def test_names_of_sound_that_few_phones_give(written: str, meant: str) -> None:
    """229 of 3,118 documents name one of these formats by such a name alone."""
    assert read(bag("MmsCcppAccept", written)).formats == (meant,)


def test_codecs_follow_from_the_lists() -> None:
    """H.264 is only believed where it is named; its level follows from the screen."""
    plain = read(bag("MmsCcppAccept", "video/mp4", "video/3gpp", "image/jpeg"))
    assert set(plain.codecs) == {"h263", "mpeg4", "amr_nb"}
    assert (plain.max_video_width, plain.max_video_height, plain.h264_level) == (176, 144, "1.3")
    listed = bag("MmsCcppAccept", "video/mp4", "video/H264", "audio/AAC", "image/jpeg")
    rich = read(listed, outside="<prf:ScreenSize>480x800</prf:ScreenSize>")
    assert {"h264", "aac"} <= set(rich.codecs)
    assert (rich.max_video_width, rich.max_video_height) == (480, 800)
    assert (rich.h264_profile, rich.h264_level) == ("baseline", "3")


@pytest.mark.parametrize("name", ["MmsCcppAcceptCharSet", "MmsCcppAcceptCharset", "MmsCcppAccept-Charset"])
def test_charsets(name: str) -> None:
    """All spellings of the property are read, and give IANA's names in lower case."""
    assert read(bag(name, "UTF-8", "usASCII", "csKOI8R")).charsets == ("utf-8", "us-ascii", "koi8-r")


@pytest.mark.parametrize(
    ("words", "size"),
    [
        (("TX", "IB", "IR"), 102_400),
        (("TX IR IB VB VR",), 307_200),
        (("video-rich",), 307_200),
        (("MP",), 614_400),
        (("IB",), 30_720),
        (("text",), 30_720),
        (("unheard of",), 102_400),
    ],
)
def test_content_class_stands_in(words: tuple[str, ...], size: int) -> None:
    """A document without figures has those of the richest class that it names."""
    profile = read(bag("MmsContentClass", *words))
    assert profile.max_message_bytes == size
    assert profile.bound_by("max_message_bytes").startswith("oma-")


def test_first_value_wins_and_namespaces_do_not_matter() -> None:
    """The first value counts, as attribute or element, in any namespace or none."""
    data = b"""<r xmlns:a="urn:a" xmlns:b="urn:b"><d a:MmsMaxMessageSize="50000"/>
        <MmsMaxImageResolution/><b:MmsMaxImageResolution>320x240</b:MmsMaxImageResolution>
        <b:MmsMaxMessageSize>60000</b:MmsMaxMessageSize></r>"""
    profile = read_uaprof(data, name="x")
    assert (profile.max_message_bytes, profile.max_image_width) == (50_000, 320)


def test_phone_without_mms() -> None:
    """A document that does not speak of MMS is an outcome: off, with the reason, also when combined."""
    profile = read_uaprof(b"<rdf><Vendor>Maker</Vendor><Model>One</Model></rdf>", name=URL)
    assert not profile.mms_enabled
    assert profile.mms_off_reason == "its UAProf document does not speak of MMS"
    both = combine(find_profile("us-att"), profile)
    with pytest.raises(MmsUnavailable, match="Maker One: its UAProf document does not speak of MMS"):
        transcode.compose([], both, to=["+15555550100"], text="hello")
    assert read_uaprof(
        b"<r><CcppAccept>application/vnd.wap.mms-message</CcppAccept></r>", name="x"
    ).mms_enabled


# Hostile documents


def test_short_entities_are_read() -> None:
    """Some documents abbreviate their namespace: that is harmless."""
    head = "<!DOCTYPE r [<!ENTITY ns 'http://example.com/ns#'>]>"
    data = document("<mms:MmsMaxMessageSize t='&ns;Number'>50000</mms:MmsMaxMessageSize>", head)
    assert read_uaprof(data, name="x").max_message_bytes == 50_000


@pytest.mark.parametrize(
    "declared",
    [
        "<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>",
        "<!ENTITY a SYSTEM 'file:///etc/passwd'>",
        "<!ENTITY % a 'x'>",
        f"<!ENTITY a '{'x' * 500}'>",
    ],
)
def test_hostile_entities_are_refused(declared: str) -> None:
    """Nested, external, parameter and long entities are refused."""
    with pytest.raises(ProfileError, match="is unsafe XML"):
        read_uaprof(document("", f"<!DOCTYPE r [{declared}]>"), name="x")


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 100, b"<a>", b"GIF89a", b'<?xml version="1.0" encoding="x-none"?><a/>']
)
def test_no_document(data: bytes) -> None:
    """What is no XML is refused."""
    with pytest.raises(ProfileError, match="is no well-formed XML"):
        read_uaprof(data, name="x")


def test_large_document() -> None:
    """A document above the cap is refused unread."""
    with pytest.raises(ProfileError, match=f"{MAX_DOCUMENT_BYTES:,}"):
        read_uaprof(b"<a>" + b" " * MAX_DOCUMENT_BYTES + b"</a>", name="x")


def test_deep_document() -> None:
    """Depth costs no stack."""
    depth = 20_000
    data = b"<a>" * depth + b"<MmsMaxMessageSize>50000</MmsMaxMessageSize>" + b"</a>" * depth
    assert read_uaprof(data, name="x").max_message_bytes == 50_000


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40), st.binary(max_size=200))
def test_any_values_end_well(size: str, box: str, kind: str, octets: bytes) -> None:
    """Any values give a profile with valid limits, or a ProfileError."""
    for data in (
        document(f"<a MmsMaxMessageSize={size!r}/><MmsMaxImageResolution>{box}</MmsMaxImageResolution>"),
        document(bag("MmsCcppAccept", kind)),
        octets,
    ):
        try:
            profile = read_uaprof(data, name="x")
        except ProfileError:
            continue
        assert profile.limits().max_bytes >= 10_000


# The store


def test_device_is_kept_by_its_address() -> None:
    """A document is fetched once; what the phone sends as a header is the same key."""
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        return document("<mms:MmsMaxMessageSize>50000</mms:MmsMaxMessageSize>")

    store: dict[str, bytes] = {}
    first = device(f'"{URL}"', store, fetch=fetch)
    assert device('"HTTP://WAP.example.com/uaprof/one.xml","1-Rb0sq/nuUFQU75vAjKyiHw=="', store) == first
    assert (first.id, first.max_message_bytes) == (URL, 50_000)
    assert asked == list(store) == [URL]


def test_device_that_nobody_knows() -> None:
    """Without a fetch an unknown address is not found; a broken document does not get into the store."""
    store: dict[str, bytes] = {}
    with pytest.raises(ProfileNotFound, match=f"{re.escape(URL)}: .*give fetch"):
        device(URL, store)
    with pytest.raises(ProfileError, match="well-formed"):
        device(URL, store, fetch=lambda url: b"<html><p></html>")
    assert store == {}


@pytest.mark.parametrize(
    ("header", "url"),
    [
        ('"http://Example.com/UAP.aspx?CF62,11"', "http://example.com/UAP.aspx?CF62,11"),
        ("http://example.com/UAP.aspx?CF62,11", "http://example.com/UAP.aspx?CF62,11"),
        ("http://example.com/a.xml,http://example.com/b.xml", "http://example.com/a.xml"),
        ('"http://example.com/a.xml", "1-x=="', "http://example.com/a.xml"),
        ("  HTTPS://EXAMPLE.com:8080/A.xml#b ", "https://example.com:8080/A.xml"),
        ("http://Me:Secret@Example.com/a.xml", "http://example.com/a.xml"),
        ("http://example.com/a//u@v.xml", "http://example.com/a//u@v.xml"),
        ("http://example.com/a//w@v.xml", "http://example.com/a//w@v.xml"),
        ("http://m@example.com/?u=http://b@c/x", "http://example.com/?u=http://b@c/x"),
    ],
)
def test_address_of_a_header(header: str, url: str) -> None:
    """Addresses are found quoted, bare, among several, with a comma or an @; scheme and host are lowered."""
    assert profile_url(header) == url
    assert profile_url(url) == url


def test_an_address_with_a_password_behind_the_host() -> None:
    """It tells documents from each other, and is in no error; nor is one that stands where a port would."""
    for header, shown in (
        ("http://example.com/?u=http://me:secret@c/x", "http://example.com/?u=http://c/x"),
        ("http://me:secret/x@example.com/", "http://example.com/"),
    ):
        with pytest.raises(ProfileError) as caught:
            device(header, {})
        assert caught.value.profile == shown
        assert "secret" not in repr(caught.value)


@pytest.mark.parametrize(
    "header", ["", '"1-Rb0sq/nuUFQU75vAjKyiHw=="', "file:///etc/passwd", "http://[", "ftp://a"]
)
def test_header_without_an_address(header: str) -> None:
    """Only http and https addresses count."""
    with pytest.raises(ProfileError, match="no address"):
        profile_url(header)


def test_differences_of_a_document() -> None:
    """They take the place of what the document says, but make no message larger than any of them says."""
    document = (
        b"<r><MmsMaxMessageSize>50000</MmsMaxMessageSize>"
        b"<MmsMaxImageResolution>640x480</MmsMaxImageResolution></r>"
    )
    small = b"<r><MmsMaxImageResolution>160x120</MmsMaxImageResolution></r>"
    sizes = [b"<r><MmsMaxMessageSize>%d</MmsMaxMessageSize></r>" % size for size in (90_000, 30_000, 40_000)]
    plain = read_uaprof(document, name="a")
    assert (plain.max_message_bytes, plain.max_image_width) == (50_000, 640)
    changed = read_uaprof(document, name="a", differences=[small, *sizes])
    assert (changed.max_message_bytes, changed.max_image_width, changed.id) == (30_000, 160, "a")
    assert read_uaprof(small, name="a", differences=sizes[:1]).max_message_bytes == 90_000
    with pytest.raises(ProfileError, match="difference"):
        read_uaprof(document, name="a", differences=[b"<r>"])
