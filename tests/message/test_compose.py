"""Messages: within the limit to the byte, the budget shared, nothing lost."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from unittest import mock

import pytest

import transcode
from tests.made.messages import ASKED, ATT, limited, noisy, score, smooth
from tests.made.pictures import photo, save
from transcode.media.source import probe
from transcode.message import smil


def test_shape_of_a_message() -> None:
    """SMIL first and named by start; each part has Content-ID and Content-Location; slides in order."""
    sources = [save(photo(60, 40)), save(photo(40, 60), "PNG")]
    message = transcode.compose(
        sources, ATT, to=["+15555550100"], sender="+15555550101", subject="Hi", text="Grüße"
    )
    found = transcode.read(message.to_mm1())
    assert found.content_type == "application/vnd.wap.multipart.related"
    assert dict(found.parameters) == {"type": "application/smil", "start": "<smil>"}
    assert [part.content_type for part in found.parts] == [
        "application/smil",
        "image/jpeg",
        "text/plain",
        "image/png",
    ]
    assert all(part.content_id and part.content_location for part in found.parts)
    assert found.smil == found.parts[0]
    assert (found.to, found.sender) == (("+15555550100/TYPE=PLMN",), "+15555550101/TYPE=PLMN")
    assert (found.subject, found.parts[2].text, found.parts[2].charset) == ("Hi", "Grüße", "utf-8")
    smil = found.parts[0].text
    for part in found.parts[1:]:
        assert f'src="{part.content_location}"' in smil


def test_same_bytes_every_time() -> None:
    """The same arguments give the same PDU; another text or recipient another transaction id."""
    source = save(photo(300, 200))
    made = [transcode.compose(source, limited(20_000), to=["+15555550100"], text="a") for _ in range(2)]
    assert made[0].to_mm1() == made[1].to_mm1()
    others = [
        transcode.compose(source, limited(20_000), to=["+15555550100"], text="b"),
        transcode.compose(source, limited(20_000), to=["+15555550101"], text="a"),
    ]
    assert len({message.transaction_id for message in [made[0], *others]}) == 3


def test_text_alone() -> None:
    """A message needs no picture."""
    found = transcode.read(transcode.compose((), ATT, text="Hello").to_mm1(strict=False))
    assert [part.content_type for part in found.parts] == ["application/smil", "text/plain"]


def test_text_never_shrinks() -> None:
    """When the text fills the message, the picture is what does not fit, and the error says so."""
    with pytest.raises(transcode.BudgetError, match="left for <bytes>"):
        transcode.compose(save(photo(300, 200)), limited(3_000), text="x" * 2_900)
    with pytest.raises(transcode.BudgetError):
        transcode.compose((), limited(3_000), text="x" * 3_000)


def test_nothing_to_send() -> None:
    """Neither media nor text is refused."""
    with pytest.raises(transcode.MessageError, match="nothing"):
        transcode.compose((), ATT)


def test_mms_switched_off() -> None:
    """A network without MMS raises what a caller can act on."""
    with pytest.raises(transcode.MmsUnavailable) as caught:
        transcode.compose((), replace(ATT, mms_enabled=False), text="Hello")
    assert caught.value.profile == "us-att"


def test_limits_of_the_profile() -> None:
    """Too many recipients and too long a subject are refused with both numbers."""
    few = replace(ATT, max_recipients=2, max_subject_chars=5)
    with pytest.raises(transcode.MessageError, match=r"3 recipients.* 2"):
        transcode.compose((), few, to=["+15555550100", "+15555550101", "12345"], text="a")
    with pytest.raises(transcode.MessageError, match=r"6 characters.* 5"):
        transcode.compose((), few, subject="abcdef", text="a")
    with pytest.raises(transcode.MessageError, match="sequence"):
        transcode.compose((), few, to="+15555550100", text="a")


def test_more_media_or_text_than_the_profile_takes() -> None:
    """They are refused with both numbers, before anything is fitted."""
    small = replace(ATT, max_files=1, max_text_chars=5)
    with pytest.raises(transcode.MessageError, match=r"2 media; us-att allows at most 1 "):
        transcode.compose([b"GIF89a", b"GIF89a"], small)
    with pytest.raises(transcode.MessageError, match=r"6 characters of text; us-att allows at most 5"):
        transcode.compose([transcode.Slide(text="abc"), transcode.Slide(text="def")], small)


def test_what_is_asked_of_the_network() -> None:
    """Each wish is a header, in the PDU, in the mail and in the submission; none is asked by itself."""
    asked = transcode.SendOptions(
        delivery_report=True,
        read_report=False,
        priority="high",
        message_class="informational",
        expiry=timedelta(days=3).total_seconds(),
        delivery_time=datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=1))),
        show_sender=False,
    )
    message = transcode.compose((), ATT, to=["+15555550100"], sender="+15555550101", text="a", options=asked)
    assert dict(transcode.read(message.to_mm1()).headers) == ASKED
    mail = transcode.read(message.to_mm4(date=0))
    assert dict(mail.headers)["X-Mms-Expiry"] == ("relative", 259_200)
    assert dict(transcode.read(bytes(message.to_mm7())).headers)["DeliveryReport"] is True
    assert transcode.compose((), ATT, to=["+15555550100"], text="a").headers == ()
    with pytest.raises(transcode.MessageError, match="x-mms-priority is set by options too"):
        transcode.compose((), ATT, text="a", options=asked, headers=[("X-MMS-Priority", "Low")])


def test_text_in_a_charset_of_the_receiver() -> None:
    """The one that the receiver reads; nothing is replaced, and what can't be written is refused."""

    def text(words: str, *charsets: str) -> tuple[str | None, str]:
        message = transcode.compose((), replace(ATT, charsets=charsets or None), text=words)
        part = transcode.read(message.to_mm1(strict=False)).parts[1]
        return part.charset, part.text

    assert text("abc", "utf-8") == ("us-ascii", "abc")
    assert text("Grüße") == text("Grüße", "koi8-r", "utf-8") == ("utf-8", "Grüße")
    assert text("Grüße", "us-ascii", "iso-8859-1") == ("iso-8859-1", "Grüße")
    assert text("Grüße 😀", "iso-8859-1", "utf-16") == ("utf-16", "Grüße 😀")
    with pytest.raises(transcode.MessageError, match=r"can't read \(us-ascii, utf-7, iso-8859-1\)"):
        text("Привет", "us-ascii", "utf-7", "iso-8859-1")


@pytest.mark.parametrize("taken", [True, False])
def test_cards_are_attachments_where_the_header_is_taken(taken: bool) -> None:
    """Content-Disposition is on the card, and nowhere for a receiver that does not take it."""
    card = b"BEGIN:VCARD\r\nVERSION:2.1\r\nFN:A\r\nEND:VCARD\r\n"
    profile = replace(ATT, content_disposition_ok=taken)
    message = transcode.compose([save(photo(60, 40)), card], profile, text="a")
    *shown, last = transcode.read(message.to_mm1(strict=False)).parts
    assert [part.disposition for part in shown] == [None, None, None]
    assert (last.disposition, last.filename) == (("attachment", "card1.vcf") if taken else (None, None))


def test_slide_time_that_is_not_honoured() -> None:
    """The report says so where the user asked for a time, and only there."""
    profile = replace(ATT, slide_duration_ok=False)
    slides = [transcode.Slide(save(photo(40, 30)), duration=3.0), transcode.Slide(save(photo(40, 30)))]
    notes = [
        [note.code for note in report.notes if note.code == "slide-time"]
        for report in transcode.compose(slides, profile).reports
    ]
    assert notes == [["slide-time"], []]


def test_limit_is_checked_again_when_written() -> None:
    """A message that was changed afterwards is not written over its limit."""
    message = transcode.compose((), limited(2_000), text="a", to=["+15555550100"])
    with pytest.raises(transcode.BudgetError):
        replace(message, subject="x" * 2_000).to_mm1()


def test_control_characters_are_refused() -> None:
    """A subject can't smuggle a header in."""
    with pytest.raises(transcode.MessageError):
        transcode.compose((), replace(ATT, max_subject_chars=None), subject="a\r\nBcc: b", text="c").to_mm1(
            strict=False
        )


def test_slides_are_divided_over_messages() -> None:
    """Neighbours stay together, each message is within its limit and numbered, recipients get all of them."""
    slides = [transcode.Slide(noisy(n), text=f"Text {n}") for n in range(5)]
    profile = replace(limited(120_000), max_recipients=1)
    to = ["+15555550100", "+15555550101"]
    made = transcode.compose_split(slides, profile, to=to, subject="Trip", max_messages=9)
    count = len(made) // 2
    assert 2 <= count <= 5
    assert [message.subject for message in made[::2]] == [f"Trip ({n}/{count})" for n in range(1, count + 1)]
    assert all(len(message.to_mm1()) <= 120_000 for message in made)
    assert [message.to[0] for message in made[:2]] == [f"{number}/TYPE=PLMN" for number in to]
    assert len({message.transaction_id for message in made}) == len(made)
    texts = [part.text for one in made[::2] for part in one.parts if part.content_type == "text/plain"]
    assert texts == [f"Text {n}" for n in range(5)]
    images = [part for one in made[::2] for part in one.parts if part.content_type.startswith("image/")]
    assert min(score(part, noisy(n)) for n, part in enumerate(images)) > 35
    # Without a subject the number stands before the text.
    first = transcode.compose_split(slides, profile, max_messages=9)[0]
    assert next(part.text for part in first.parts if part.name == "text1.txt") == f"(1/{count}) Text 0"


def test_numbers_stand_where_there_is_room() -> None:
    """Where text is as long as it may be, the number is the subject; a full subject keeps its words."""
    slides = [transcode.Slide(noisy(n), text="x" * 10 if n == 0 else None) for n in range(3)]
    profile = replace(limited(60_000), max_text_chars=10, max_subject_chars=12)
    made = transcode.compose_split(slides, profile, max_messages=9)
    assert [one.subject for one in made][:2] == [f"(1/{len(made)})", None]
    assert [part.text for part in made[0].parts if part.content_type == "text/plain"] == ["x" * 10]
    assert [part.text for part in made[1].parts if part.content_type == "text/plain"] == [f"(2/{len(made)})"]
    full = transcode.compose_split(slides, profile, subject="A long title", max_messages=9)
    assert full[0].subject == "A long title"


def test_too_few_messages() -> None:
    """The error says how many would do; so does that of one message that can't hold all."""
    slides = [transcode.Slide(noisy(n)) for n in range(5)]
    with pytest.raises(transcode.BudgetError, match=r"the media need [3-5] messages; max_messages is 2"):
        transcode.compose_split(slides, limited(60_000), max_messages=2)
    with pytest.raises(
        transcode.BudgetError, match=r"the media fit in 5 messages \(max_messages\)"
    ) as caught:
        transcode.compose(slides, limited(1_800))
    assert pickle.loads(pickle.dumps(caught.value)).messages == 5
    with pytest.raises(transcode.MessageError, match="at least 1"):
        transcode.compose_split(slides, ATT, max_messages=0)


def test_what_fits_stays_together() -> None:
    """More messages than needed are not made, and cards go with the last one."""
    card = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Doe;Jane\r\nEND:VCARD\r\n"
    sources = [smooth(1), card, smooth(2)]
    assert transcode.compose_split(sources, ATT, max_messages=5) == (transcode.compose(sources, ATT),)
    few = replace(ATT, max_files=2)
    made = transcode.compose_split([smooth(1), smooth(2), smooth(3), card], few, max_messages=5)
    assert [len(message.reports) for message in made] == [2, 1]
    assert made[1].parts[-1].content_type == "text/x-vcard"


def test_text_above_or_below() -> None:
    """The presentation has the layout that was asked for, and is read back as the slides that were given."""
    slides = [transcode.Slide(save(photo(60, 40)), text="<a> & 'b'", duration=2.5), transcode.Slide(text="c")]
    for text_first in (False, True):
        message = transcode.compose(slides, ATT, text_first=text_first)
        found = transcode.read(message.to_mm1(strict=False))
        assert smil.has_text_first(found) is text_first
        shown = smil.slides(found)
        assert [slide.text.text for slide in shown if slide.text] == ["<a> & 'b'", "c"]
        assert [(slide.image is not None, slide.duration) for slide in shown] == [(True, 2.5), (False, 5.0)]


def test_the_type_of_each_source_is_told_once() -> None:
    sources = [save(photo(64, 48, seed)) for seed in (1, 2)]
    with mock.patch.object(probe, "content_type", wraps=probe.content_type) as told:
        transcode.compose(sources, ATT, to=["+15555550100"])
    assert told.call_count == 2
