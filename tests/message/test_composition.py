"""Messages keep to their limit and use it: what each medium gets of the bytes."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

import transcode
from tests.made.messages import ATT, limited, noisy, score, smooth
from tests.made.pictures import photo, save
from transcode.media.pictures import jpeg
from transcode.model import HeaderValue
from transcode.wire.mm7.mm7_convert import ProviderNames, identity_length


@settings(deadline=None, max_examples=25)
@given(
    limit=st.integers(2_500, 60_000),
    count=st.integers(0, 4),
    text=st.one_of(
        st.none(), st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=60)
    ),
    subject=st.one_of(
        st.none(), st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=30)
    ),
    to=st.lists(st.from_regex(r"\+1[0-9]{10}", fullmatch=True), max_size=5),
)
def test_never_over_the_limit(
    limit: int, count: int, text: str | None, subject: str | None, to: list[str]
) -> None:
    """Any mix of pictures, text, subject and recipients: the PDU is within the limit, and reads back."""
    sources = [save(photo(200 + 60 * number, 150, number)) for number in range(count)]
    try:
        message = transcode.compose(sources, limited(limit), to=to, subject=subject, text=text)
    except transcode.BudgetError:
        assert count or (text and len(text.encode()) > 100)
        return
    except transcode.MessageError:
        assert not sources
        assert not text
        return
    pdu = message.to_mm1(strict=False)
    assert len(pdu) <= limit
    found = transcode.read(pdu)
    assert replace(found, limit=message.limit, reports=message.reports, oddities=()) == message


def test_most_of_the_limit_is_used() -> None:
    """One picture and several use 99 % of the whole message's limit."""
    for count in (1, 3):
        sources = [save(photo(900, 700, seed), quality=97) for seed in range(count)]
        pdu = transcode.compose(sources, limited(90_000), to=["+15555550100"]).to_mm1()
        assert 0.985 * 90_000 <= len(pdu) <= 90_000


@settings(deadline=None, max_examples=15)
@given(
    limit=st.integers(4_000, 60_000),
    count=st.integers(0, 3),
    text=st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=60),
    subject=st.none() | st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=30),
    form=st.sampled_from(["mm4", "mm7"]),
    reserve=st.integers(0, 500),
)
def test_never_over_the_limit_of_other_forms(
    limit: int, count: int, text: str | None, subject: str | None, form: Literal["mm4", "mm7"], reserve: int
) -> None:
    """The mail of MM4 with its Date, or the body of MM7, keeps to it, and leaves free what was asked for."""
    sources = [save(photo(200 + 60 * number, 150, number)) for number in range(count)]
    if not sources and text is None:
        return
    try:
        message = transcode.compose(
            sources,
            limited(limit),
            to=["+15555550100"],
            sender="+15555550101",
            subject=subject,
            text=text,
            headers=[("X-Mms-Priority", "High")],
            form=form,
            reserve=reserve,
        )
    except transcode.BudgetError:
        assert count
        return
    counted = message.to_mm4(date=1_700_000_000) if form == "mm4" else message.to_mm7().body
    assert len(counted) <= limit - reserve
    assert transcode.read(counted).subject == (subject or None)


def test_most_of_the_mails_limit_is_used() -> None:
    """Base64 is counted as it is, not guessed: but for the Message-ID of the mail, 99 % is used."""
    for count in (1, 3):
        sources = [save(photo(900, 700, seed), quality=97) for seed in range(count)]
        message = transcode.compose(
            sources, limited(90_000), to=["+15555550100"], sender="+15555550101", form="mm4"
        )
        assert 0.985 * 90_000 <= len(message.to_mm4(date=0)) <= 90_000
        with pytest.raises(transcode.BudgetError):
            replace(message, subject="x" * 2_000).to_mm4(date=0)


@pytest.mark.parametrize("text", [None, "Grüße & <more>"])
@pytest.mark.parametrize("limit", [9_000, 30_001, 90_000])
def test_never_over_the_limit_of_a_submission(limit: int, text: str | None) -> None:
    """Where the limit counts MM7, the body with a provider's names keeps to it, and uses 99 % of it."""
    names = ProviderNames(vaspid="acme & sons", vasid="promo", service_code="gold")
    message = transcode.compose(
        [save(photo(900, 700, seed), quality=97) for seed in (1, 2)],
        limited(limit),
        to=["+15555550100"],
        text=text,
        form="mm7",
        reserve=identity_length(**names),
    )
    body = message.to_mm7(**names).body
    assert 0.97 * limit <= len(body) <= limit
    with pytest.raises(transcode.BudgetError):
        replace(message, subject="x" * 4_000).to_mm7()


def test_headers_count_too() -> None:
    """They are in the message, within the limit, with the version that knows them."""
    source = save(photo(900, 700), quality=97)
    headers: list[tuple[str, HeaderValue]] = [
        ("X-Mms-Expiry", ("relative", 3600)),
        ("X-Mms-Applic-ID", "a" * 900),
    ]
    message = transcode.compose(source, limited(30_000), to=["+15555550100"], headers=headers)
    assert 0.98 * 30_000 <= len(message.to_mm1()) <= 30_000
    found = transcode.read(message.to_mm1())
    assert (found.headers, found.version, found.oddities) == (tuple(headers), "1.3", ())
    with pytest.raises(transcode.MessageError, match="X-Mms-Priority"):
        transcode.compose(source, limited(30_000), headers=[("X-Mms-Priority", "Hgih")])
    with pytest.raises(transcode.MessageError, match="form"):
        transcode.compose(source, limited(30_000), form="mm9")  # type: ignore[arg-type]


def test_a_large_source_that_becomes_small_leaves_nothing_unused() -> None:
    """What an animation's still, or a flat picture in a large file, leaves goes to the photo beside it."""
    frames = [Image.fromarray(photo(160, 120, seed)) for seed in range(8)]
    large = save(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=80)
    detailed = save(photo(900, 700), quality=97)
    assert len(large) > 90_000
    flat = save(Image.new("RGB", (300, 200), "teal"), "BMP")
    for others in ([flat], [large, flat], [flat, flat, large]):
        message = transcode.compose([*others, detailed], limited(90_000))
        assert len(message.to_mm1(strict=False)) >= 0.98 * 90_000


def test_webp_where_the_profile_takes_it() -> None:
    """A WebP that fits leaves as one, within the limit to the byte."""
    source = save(photo(200, 150), "WEBP")
    takes = replace(ATT, formats=(*ATT.formats, "image/webp"), max_message_bytes=len(source) + 420)
    message = transcode.compose(source, takes, to=["+15555550100"])
    assert len(message.to_mm1(strict=False)) <= takes.max_message_bytes
    (part,) = (part for part in message.parts if part.content_type == "image/webp")
    assert (part.data, part.name) == (source, "image1.webp")


def test_what_a_small_picture_does_not_need_goes_to_the_others() -> None:
    """A tiny picture beside a large one leaves it nearly everything."""
    sources = [save(photo(900, 700), quality=97), save(photo(20, 20))]
    message = transcode.compose(sources, limited(90_000))
    large, small = (part for part in message.parts if part.content_type == "image/jpeg")
    assert len(large.data) > 85_000
    assert len(small.data) < 2_000


def test_bytes_go_where_they_are_needed() -> None:
    """A picture with much detail gets more than one with little; the worst gains by it."""
    sources = [smooth(1), noisy(2), smooth(3)]
    profile = limited(90_000)
    message = transcode.compose(sources, profile)
    length = len(message.to_mm1(strict=False))
    assert 0.985 * 90_000 <= length <= 90_000
    images = [part for part in message.parts if part.content_type == "image/jpeg"]
    sizes = [len(part.data) for part in images]
    assert sizes[1] > 2 * max(sizes[0], sizes[2])
    equal = transcode.fit(sources[1], replace(profile.limits(), max_bytes=29_700))
    worst = min(map(score, images, sources))
    assert worst > score(replace(images[1], data=equal.data), sources[1]) + 3


def test_the_report_tells_the_shares() -> None:
    """Each of several media says its bytes, its estimated quality, and what holds it."""
    message = transcode.compose([noisy(1), save(photo(20, 20))], limited(60_000))
    texts = [next(note.text for note in r.notes if note.code == "share") for r in message.reports]
    sizes = [len(part.data) for part in message.parts if part.content_type == "image/jpeg"]
    assert all(text.startswith(f"{size:,} bytes, ") for text, size in zip(texts, sizes, strict=True))
    assert re.search(r" of the message, estimated quality \d{1,2}/100, ", texts[0])
    assert texts[0].endswith("restricted by the message limit")
    assert texts[1].endswith("it needs no more bytes")
    (report,) = transcode.compose(noisy(1), limited(60_000)).reports
    assert "share" not in {note.code for note in report.notes}


@pytest.mark.parametrize("lines", [150, 270])
def test_the_report_of_a_drawing(lines: int) -> None:
    """A PNG has no quality to estimate by the bytes of a JPEG; one in fewer colours could use more bytes."""
    canvas, draws = Image.new("RGB", (700, 500), "white"), random.Random(1)
    for _ in range(lines):
        ends = [(draws.randrange(700), draws.randrange(500)) for _ in range(2)]
        ImageDraw.Draw(canvas).line(ends, fill=tuple(draws.randbytes(3)))
    message = transcode.compose([save(canvas, "PNG"), save(photo(20, 20))], limited(60_000))
    (part,) = (one for one in message.parts if one.content_type == "image/png")
    notes = {note.code: note.text for note in message.reports[0].notes}
    assert notes["share"].startswith(f"{len(part.data):,} bytes, ")
    assert "estimated quality" not in notes["share"]
    assert notes["share"].endswith("restricted by the message limit") == ("colours-reduced" in notes)
    assert ("colours-reduced" in notes) == (lines == 270)


def test_each_source_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Learning what bytes buy and making the picture share one decode."""
    calls: list[str] = []
    plain = jpeg.decode

    def counted(*arguments: Any, **options: Any) -> Any:
        calls.append(options["name"])
        return plain(*arguments, **options)

    monkeypatch.setattr(jpeg, "decode", counted)
    sources = [save(photo(900, 700, seed), quality=97) for seed in range(3)]
    transcode.compose(sources, limited(60_000))
    assert len(calls) == 3
