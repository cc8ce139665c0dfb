"""Messages adapted to other receivers: never over the limit, nothing lost in silence, the rest untouched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import transcode
from tests.made import clips, sounds
from tests.made.pictures import photo, save
from transcode.errors import BudgetError, CapError, LimitsError, MessageError, MmsUnavailable
from transcode.media.pictures import jpeg
from transcode.message import smil
from transcode.messages.message import Message
from transcode.model import Limits, Part
from transcode.profile import Profile, find_profile, read_uaprof

ATT = find_profile("us-att")
TO = ("+15550100",)
VCARD = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Doe\r\nEND:VCARD\r\n"


def receiver(max_bytes: int = 100_000, *formats: str, **figures: object) -> Profile:
    """A profile that shows JPEG and what is named."""
    made = Profile.from_limits(Limits(max_bytes, 640, 480, formats=("image/jpeg", *formats)))
    return replace(made, **figures)  # type: ignore[arg-type]


def album() -> Message:
    """A message with a PNG and text, a JPEG with its own time, a sound and a vCard."""
    return transcode.compose(
        [
            transcode.Slide(image=save(photo(600, 400), "PNG"), text="First"),
            transcode.Slide(image=save(photo(900, 700, seed=3), "JPEG", quality=92), duration=7),
            transcode.Slide(audio=sounds.container(sounds.sine(2.0)).data, text="Listen"),
            VCARD,
        ],
        ATT,
        to=TO,
        subject="Holiday",
    )


def texts(message: Message) -> list[str]:
    return [part.text for part in message.parts if part.content_type == "text/plain"]


def test_what_fits_keeps_its_octets() -> None:
    """A message that needs no change has the same bytes, and no report."""
    message = album()
    made = transcode.adapt(message, ATT)
    assert made.to_mm1() == message.to_mm1()
    assert made.reports == ()
    assert made.limit == ATT.max_message_bytes


def test_media_are_fitted_and_the_rest_stays() -> None:
    """Slides, order, times, texts and headers stay; the message is within the limit, and near it."""
    message = album()
    profile = receiver(60_000, "audio/amr", codecs=("amr_nb",))
    made = transcode.adapt(message, profile)
    octets = made.to_mm1()
    assert 0.8 * 60_000 < len(octets) <= 60_000
    assert octets == transcode.adapt(message, profile).to_mm1()
    before, after = smil.slides(message), smil.slides(transcode.read(octets))
    assert [slide.duration for slide in after] == [slide.duration for slide in before]
    kinds = [tuple(part and part.content_type for part in (one.image, one.text, one.audio)) for one in after]
    assert kinds == [
        ("image/jpeg", "text/plain", None),
        ("image/jpeg", None, None),
        (None, "text/plain", "audio/amr"),
    ]
    assert texts(made) == texts(message)
    assert (made.to, made.subject, made.headers) == (message.to, message.subject, message.headers)
    assert [part for part in made.parts if part.content_type == "text/x-vcard"] == [message.parts[-1]]
    assert {report.notes[0].code for report in made.reports} <= {"adapted", "presentation"}
    assert len([report for report in made.reports if report.notes[0].code == "adapted"]) == 3


def test_one_photo_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is allocated to a photo that is alone, so its pixels are needed for its encoding only."""
    decoded: list[str] = []
    decode = jpeg.decode

    def counted(*args: Any, **options: Any) -> jpeg.DecodedJpeg:
        decoded.append(options["name"])
        return decode(*args, **options)

    message = transcode.compose([save(photo(1600, 1200), "JPEG", quality=92)], ATT, to=TO)
    monkeypatch.setattr(jpeg, "decode", counted)
    assert len(transcode.adapt(message, receiver(30_000)).to_mm1()) > 20_000
    assert len(decoded) == 1


def test_what_cannot_be_shown_becomes_a_line() -> None:
    """It names the part, says why, and has the link; the report has the sources of the figure."""
    message = transcode.compose(
        [
            transcode.Slide(audio=sounds.container(sounds.sine(1.0)).data, text="Hi"),
            transcode.Slide(audio=sounds.container(sounds.sine(1.0)).data),
        ],
        ATT,
        to=TO,
    )
    made = transcode.adapt(message, receiver(codecs=()), link="https://m.example/p/1")
    assert texts(transcode.read(made.to_mm1())) == [
        "Hi\n[audio1.m4a: this phone shows no sound]\nhttps://m.example/p/1",
        "[audio2.m4a: this phone shows no sound]\nhttps://m.example/p/1",
    ]
    assert [slide.text is not None and slide.image is None for slide in smil.slides(made)] == [True, True]
    assert [report.notes[0].code for report in made.reports] == ["left-out", "left-out", "presentation"]


@pytest.mark.parametrize("words", ["", "Look"])
def test_a_clip_becomes_a_picture_and_a_line(words: str) -> None:
    """A phone without clips shows a picture of it on the same slide, with a line and the link."""
    parts = [Part("video/mp4", clips.clip(seconds=1).data, content_location="clip.mp4", content_id="clip")]
    if words:
        parts.append(Part("text/plain", words.encode(), content_location="t.txt"))
    document = '<smil><body><par dur="3s"><video src="cid:clip"/><text src="t.txt"/></par></body></smil>'
    profile = receiver(20_000)
    made = transcode.adapt(received(*parts, smil_text=document), profile, link="https://m.example/1")
    octets = made.to_mm1(strict=False)
    assert len(octets) <= 20_000
    (slide,) = smil.slides(transcode.read(octets))
    assert slide.duration == 3.0
    assert slide.image is not None
    assert (slide.image.content_type, slide.image.content_location) == ("image/jpeg", "clip.jpg")
    lines = [
        *([words] if words else []),
        "[clip.mp4: a picture of a clip: this phone shows no clips]",
        "https://m.example/1",
    ]
    assert slide.text is not None
    assert slide.text.text.split("\n") == lines
    report = made.reports[0]
    assert (report.source, report.source_type, report.notes[0].code) == ("clip.mp4", "video/mp4", "still")


def test_a_picture_of_a_clip_on_two_slides() -> None:
    """A slide keeps its own text; the line is beside the picture where there is none."""
    sent = Part("video/mp4", clips.clip(seconds=1).data, content_location="v.mp4")
    words = Part("text/plain", b"again", content_location="t.txt")
    document = (
        '<smil><body><par><video src="v.mp4"/></par>'
        '<par><video src="v.mp4"/><text src="t.txt"/></par></body></smil>'
    )
    made = transcode.adapt(received(sent, words, smil_text=document), receiver(20_000))
    first, second = smil.slides(transcode.read(made.to_mm1(strict=False)))
    assert first.image is second.image
    assert first.text is not None
    assert first.text.text == "[v.mp4: a picture of a clip: this phone shows no clips]"
    assert second.text is not None
    assert second.text.text.startswith("again")


def test_a_clip_without_room_becomes_a_picture() -> None:
    """Where not even the smallest clip fits, a picture of it may."""
    sent = Part("video/mp4", clips.clip(seconds=8).data, content_location="clip.mp4")
    profile = receiver(2_500, "video/mp4", codecs=("h264", "aac"))
    made = transcode.adapt(received(sent), profile)
    assert len(made.to_mm1(strict=False)) <= 2_500
    assert [part.content_type for part in made.parts] == ["image/jpeg", "text/plain"]
    assert "bytes are left for it" in texts(made)[0]


def test_work_ends_after_its_time() -> None:
    """The error names the part; a time that is no number is refused."""
    with pytest.raises(CapError, match=r"image1\.png: adapting the message takes"):
        transcode.adapt(album(), receiver(60_000), timeout=1e-9)
    with pytest.raises(LimitsError, match="timeout"):
        transcode.adapt(album(), ATT, timeout=0)


def test_headers_are_true_of_the_parts() -> None:
    """Class, size and protection are those of the new parts; the size of a paid reply stays."""
    protected = Part("application/vnd.oma.drm.message", b"--x", content_location="a.dm")
    headers = (
        ("X-Mms-Content-Class", "megapixel"),
        ("X-Mms-Reply-Charging-Size", 30_000),
        ("X-Mms-DRM-Content", True),
        ("X-Mms-Message-Size", 99),
        ("X-Mms-Adaptation-Allowed", True),
    )
    message = received(
        Part("image/png", picture("PNG"), content_location="a.png"), protected, headers=headers
    )
    document = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:p="http://www.wapforum.org/x#">'
        "<p:MmsCcppAccept><rdf:Bag><rdf:li>image/jpeg</rdf:li></rdf:Bag></p:MmsCcppAccept>"
        "<p:MmsMaxMessageSize>30000</p:MmsMaxMessageSize></rdf:RDF>"
    )
    made = transcode.adapt(message, read_uaprof(document.encode(), name="phone"))
    found = dict(made.headers)
    assert found["X-Mms-Content-Class"] == "image-basic"
    assert found["X-Mms-Reply-Charging-Size"] == 30_000
    assert found["X-Mms-DRM-Content"] is False
    assert found["X-Mms-Message-Size"] == len(made.to_mm1(strict=False))
    assert made.reports[-1].notes[0].text == (
        "X-Mms-Content-Class, X-Mms-DRM-Content, X-Mms-Message-Size put right for the parts that changed"
    )


@pytest.mark.parametrize(
    ("kind", "listed", "stays"),
    [
        ("audio/midi", True, True),
        ("audio/midi", False, False),
        ("application/vnd.oma.drm.message", True, True),
        ("application/vnd.oma.drm.message", False, False),
        ("text/x-vcard", False, True),
        ("application/pdf", False, False),
    ],
)
def test_files_that_phones_list_or_not(kind: str, listed: bool, stays: bool) -> None:
    """Protected and other files pass whole where the phone's document lists them, and are never opened."""
    document = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:p="http://www.wapforum.org/x#">'
        "<p:MmsCcppAccept><rdf:Bag><rdf:li>image/jpeg</rdf:li>"
        f"{f'<rdf:li>{kind}</rdf:li>' if listed else ''}</rdf:Bag></p:MmsCcppAccept>"
        "<p:MmsMaxMessageSize>100000</p:MmsMaxMessageSize></rdf:RDF>"
    )
    phone = read_uaprof(document.encode(), name="phone")
    extra = Part(kind, b"octets of it", content_location="extra.bin", content_id="extra")
    message = album()
    made = transcode.adapt(replace(message, parts=(*message.parts, extra)), phone)
    assert (extra in made.parts) == stays
    assert any("extra.bin" in text for text in texts(made)) != stays
    assert ("extra.bin" in [report.source for report in made.reports]) != stays


def test_a_damaged_medium_costs_only_itself() -> None:
    message = album()
    broken = [
        replace(part, data=b"\xff\xd8 not a picture") if part.content_id == "image2" else part
        for part in message.parts
    ]
    made = transcode.adapt(replace(message, parts=tuple(broken)), receiver(60_000, "audio/amr"))
    assert [report.source for report in made.reports if report.notes[0].code == "left-out"] == ["image2.jpg"]
    assert any(text.startswith("[image2.jpg: ") for text in texts(made))


def test_texts_are_cut_last_and_named() -> None:
    """A text that is larger than the limit is cut; where the headers alone are, that is an error."""
    message = transcode.compose([], ATT, to=TO, text="word " * 4_000)
    made = transcode.adapt(message, receiver(5_000))
    assert len(made.to_mm1()) <= 5_000
    assert 3_500 < len(texts(made)[0]) < 5_000
    assert [report.notes[0].code for report in made.reports] == ["text-cut"]
    with pytest.raises(BudgetError, match="its headers"):
        transcode.adapt(message, receiver(50))


def test_charsets_and_subjects() -> None:
    message = transcode.compose([], ATT, to=TO, text="Zoë ☺", subject="A long subject")
    made = transcode.adapt(message, receiver(charsets=("iso-8859-1",), max_subject_chars=6))
    assert made.subject == "A long"
    assert texts(made) == ["Zoë ?"]
    assert {report.source: report.notes[0].code for report in made.reports} == {
        "subject": "subject-cut",
        "text1.txt": "converted",
    }


@pytest.mark.parametrize("name", ["m-retrieve-conf", "mm4-forward-req", "mm7-submit-req", "mm7-deliver-req"])
def test_any_form(name: transcode.MessageType) -> None:
    """The form stays, and its own octets keep to the limit; another form can be asked for."""
    message = album().converted(name)
    profile = receiver(60_000)
    made = transcode.adapt(message, profile)
    assert made.message_type == name
    assert made.reports
    if name.startswith("mm4"):
        assert len(made.to_mm4(date=0, strict=False)) <= 60_000
    elif name.startswith("mm7"):
        assert len(made.to_mm7(strict=False).body) <= 60_000
    other = transcode.adapt(message, profile, form="mm1")
    assert len(other.to_mm1(strict=False)) <= 60_000
    assert other.limit_form == "mm1"


def test_what_is_refused() -> None:
    message = album()
    forbidden = replace(message, headers=(*message.headers, ("X-Mms-Adaptation-Allowed", False)))
    assert transcode.adapt(forbidden, ATT).parts == message.parts
    with pytest.raises(MessageError, match="forbids adaptation, and image1"):
        transcode.adapt(forbidden, receiver())
    # What a receiver gets does not have the header, which counts all the same.
    submission = forbidden.converted("mm7-submit-req")
    with pytest.raises(MessageError, match="forbids adaptation, and image1"):
        transcode.adapt(submission, receiver(), form="mm1")
    with pytest.raises(MessageError, match="no content"):
        transcode.adapt(Message(message_type="m-acknowledge-ind", content_type=None), ATT)
    with pytest.raises(MmsUnavailable):
        transcode.adapt(message, receiver(mms_enabled=False))
    with pytest.raises(LimitsError):
        transcode.adapt(message, ATT, threads=0)
    with pytest.raises(MessageError, match="must be a Message"):
        transcode.adapt(b"octets", ATT)  # type: ignore[arg-type]


def test_many_parts_are_not_quadratic() -> None:
    """Two thousand files that the limit has no room for: few rounds, and few lines."""
    parts = tuple(
        Part("image/jpeg", b"\xff\xd8\xff" + bytes(500), content_location=f"{number}.jpg")
        for number in range(2_000)
    )
    message = Message(content_type="application/vnd.wap.multipart.mixed", parts=parts)
    made = transcode.adapt(message, receiver(20_000))
    assert len(made.to_mm1(strict=False)) <= 20_000
    assert len(made.reports) == 2_000


def test_real_messages_and_phones(shared: Path) -> None:
    """No message is over a phone's limit, and none changes without a report."""
    folder = shared / "vectors-fresh"
    documents = sorted((folder / "uaprof").iterdir())[::3]
    phones = [read_uaprof(document.read_bytes(), name=document.name) for document in documents]
    files = [*sorted((folder / "peer-written").iterdir()), *sorted((folder / "mm4").iterdir())]
    types = ("m-send-req", "m-retrieve-conf", "mm4-forward-req", "mm7-deliver-req")
    changed = 0
    for file in files:
        message = transcode.read(file)
        if message.message_type not in types:
            continue
        for phone in phones:
            made = transcode.adapt(message, phone, form="mm1")
            assert len(made.to_mm1(strict=False)) <= phone.max_message_bytes
            kept = [part.data for part in made.parts] == [part.data for part in message.parts]
            assert kept == (not made.reports)
            changed += not kept
    assert changed > 3


def received(*parts: Part, smil_text: str = "", **values: object) -> Message:
    """A message as others write it, with a presentation if one is given."""
    shown = [Part("application/smil", smil_text.encode(), content_id="smil")] if smil_text else []
    return replace(Message(parts=(*shown, *parts)), **values)  # type: ignore[arg-type]


def picture(kind: str = "PNG", size: tuple[int, int] = (120, 90)) -> bytes:
    return save(photo(*size), kind)


@pytest.mark.parametrize("source", ["pic.png", "./pic.png", "cid:pic", "pic"])
@pytest.mark.parametrize("named", ["content_location", "name", "filename"])
def test_references_follow_a_new_name(source: str, named: str) -> None:
    """References by any name follow the new name; the other octets of the presentation are kept."""
    layout = '<layout><root-layout backgroundColor="#123456"/></layout>'
    document = f'<smil><head>{layout}</head><body><par dur="3s"><img src="{source}"/></par></body></smil>'
    part = Part("image/png", picture(), content_id="pic", disposition="inline")
    part = replace(part, **{named: "pic.png"})  # type: ignore[arg-type]
    made = transcode.read(
        transcode.adapt(received(part, smil_text=document), receiver()).to_mm1(strict=False)
    )
    (slide,) = smil.slides(made)
    assert slide.image is not None
    assert (slide.image.content_type, getattr(slide.image, named), slide.duration) == (
        "image/jpeg",
        "pic.jpg",
        3.0,
    )
    assert made.smil is not None
    assert b"#123456" in bytes(made.smil.data)


def test_a_presentation_in_utf_16_is_written_anew() -> None:
    shown = '<body><par dur="3s"><img src="a.png"/></par></body>'
    document = f'<?xml version="1.0" encoding="UTF-16"?><smil>{shown}</smil>'
    part = Part("image/png", picture(), content_location="a.png")
    message = received(part, smil_text="x")
    utf_16 = replace(message.parts[0], data=document.encode("utf-16"))
    made = transcode.adapt(replace(message, parts=(utf_16, part)), receiver())
    assert [slide.duration for slide in smil.slides(made)] == [3.0]
    assert made.smil is not None
    assert b'src="a.jpg"' in bytes(made.smil.data)


@pytest.mark.parametrize("wrong", ["image/jpg", "image/pjpeg", "image/png"])
def test_a_wrong_type_is_put_right(wrong: str) -> None:
    """The octets stay, with the name of what they are."""
    data = picture("JPEG")
    made = transcode.adapt(received(Part(wrong, data, content_location="photo.jpg")), receiver())
    assert [(part.content_type, part.data) for part in made.parts] == [("image/jpeg", data)]
    assert [report.notes[0].code for report in made.reports] == ["renamed"]


def test_a_medium_without_a_type_is_known_by_its_octets() -> None:
    """Other files of this type stay, and one that no message could hold is told with its size."""
    data = picture("JPEG")
    files = (
        Part("application/octet-stream", data, content_location="photo.jpg"),
        Part("application/octet-stream", b"%PDF-1.4", content_location="d.pdf"),
        Part("application/octet-stream", b"%PDF-1.4" + bytes(200_000), content_location="large.pdf"),
    )
    made = transcode.adapt(received(*files), receiver())
    assert [part.content_type for part in made.parts] == ["image/jpeg", files[1].content_type, "text/plain"]
    assert made.parts[0].data == data
    assert texts(made) == ["[large.pdf: 200,008 bytes, at most 100,000]"]
    assert [report.notes[0].code for report in made.reports] == ["renamed", "left-out"]


def test_lines_have_names_of_their_own() -> None:
    """Two parts that differ only in their extension: each slide shows its own line."""
    broken = b"\xff\xd8\xff broken"
    parts = [Part("image/jpeg", broken, content_location=f"a.{end}") for end in ("jpg", "jpeg")]
    parts.append(Part("text/plain", b"mine", content_location="a.txt"))
    pars = [f'<par><img src="{part.content_location}"/></par>' for part in parts[:2]]
    document = f"<smil><body>{''.join(pars)}<par><text src='a.txt'/></par></body></smil>"
    made = transcode.adapt(received(*parts, smil_text=document), receiver())
    shown = [
        slide.text.text for slide in smil.slides(transcode.read(made.to_mm1(strict=False))) if slide.text
    ]
    assert [text.partition(":")[0] for text in shown] == ["[a.jpg", "[a.jpeg", "mine"]


def test_small_files_stay_where_media_do_not_fit() -> None:
    """A card is not given up for a picture, and files go one by one, the largest first."""
    card = Part("text/x-vcard", VCARD, content_location="card.vcf")
    message = received(card, *(Part("image/png", picture(), content_location=f"{n}.png") for n in range(9)))
    made = transcode.adapt(message, receiver(1_200))
    assert card in made.parts
    files = [Part("application/pdf", bytes(500), content_location=f"{number}.pdf") for number in range(400)]
    made = transcode.adapt(received(*files), receiver(30_000))
    assert 27_000 < len(made.to_mm1(strict=False)) <= 30_000


def test_a_part_of_two_slides_and_lines_for_both() -> None:
    """A text that two slides share has the lines of both."""
    document = (
        '<smil><body><par><img src="a.mid"/><text src="t"/></par><par><img src="b.png"/><text src="t"/></par>'
        "</body></smil>"
    )
    text = Part("text/plain", b"Both", content_location="t")
    broken = Part("image/png", b"\x89PNG\r\n\x1a\n broken", content_location="b.png")
    other = Part("image/png", b"\x89PNG\r\n\x1a\n other", content_location="a.mid")
    made = transcode.adapt(received(other, text, broken, smil_text=document), receiver())
    assert [line.partition(":")[0] for line in texts(made)[0].split("\n")] == ["Both", "[a.mid", "[b.png"]
    assert len(made.reports) == 3


def test_characters_of_texts_are_limited() -> None:
    """The last texts are cut, and the lines of parts count too."""
    message = received(
        Part("text/plain", b"a" * 30, content_location="a.txt"),
        Part("text/plain", b"b" * 30, content_location="b.txt"),
    )
    made = transcode.adapt(message, receiver(max_text_chars=40))
    assert texts(made) == ["a" * 30, "b" * 10]
    assert [report.source for report in made.reports] == ["b.txt"]
    broken = Part("image/png", b"\x89PNG\r\n\x1a\n broken", content_location="c.png")
    made = transcode.adapt(replace(message, parts=(*message.parts, broken)), receiver(max_text_chars=200))
    assert sum(map(len, texts(made))) <= 200
    with pytest.raises(MessageError, match="characters name"):
        transcode.adapt(replace(message, parts=(*message.parts, broken)), receiver(max_text_chars=5))


@pytest.mark.parametrize(
    ("text", "charsets", "shown"),
    [
        ("Größe ☺ 日本 æ", ("us-ascii", "iso-8859-1"), "Größe ? ?? æ"),
        ("Привет, мир é", ("iso-8859-1", "koi8-r"), "Привет, мир ?"),
        ("naïve", ("us-ascii",), "na?ve"),
    ],
)
def test_only_characters_that_no_charset_has_are_lost(
    text: str, charsets: tuple[str, ...], shown: str
) -> None:
    message = received(Part("text/plain", text.encode(), charset="utf-8", content_location="t.txt"))
    assert texts(transcode.adapt(message, receiver(charsets=charsets))) == [shown]


@pytest.mark.parametrize("link", ["a\nb", "a\r\nBcc: x", 7])
def test_a_link_is_one_line(link: object) -> None:
    with pytest.raises(MessageError, match="link"):
        transcode.adapt(album(), ATT, link=link)  # type: ignore[arg-type]
