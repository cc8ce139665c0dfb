"""Combination: the stricter of each figure, whatever the order, and never looser for one more."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcode.errors import ProfileError, ProfileNotFound
from transcode.model import DEFAULT_CODECS, DEFAULT_FORMATS, H264_PROFILES, Limits
from transcode.profile import Figure, Figures, Profile, combine, find_profile, narrowed, read_uaprof, search

SIZES = (
    "max_message_bytes",
    "max_recipients",
    "max_subject_chars",
    "max_text_chars",
    "max_file_bytes",
    "max_files",
    "max_seconds",
    "max_frame_rate",
)
PERMISSIONS = (
    "mms_enabled",
    "content_disposition_ok",
    "slide_duration_ok",
    "audio_attach_ok",
    "progressive",
)
#: What two combinations of the same parts must agree on; names tell the way they came about.
VALUES = tuple(
    field.name for field in fields(Profile) if field.name not in ("id", "name", "kind", "figures", "notes")
)


def some(least: int, most: int) -> st.SearchStrategy[int | None]:
    return st.integers(least, most) | st.none()


@st.composite
def made(draw: st.DrawFn) -> Profile:
    """A profile of any values, as a phone or a user's file may have them."""
    pictures = draw(st.sets(st.sampled_from(("image/gif", "image/png"))))
    others = draw(st.sets(st.sampled_from((*DEFAULT_FORMATS[3:], "text/plain", "audio/midi"))))
    return Profile(
        id=draw(st.sampled_from(("one", "two", "three"))),
        name=draw(st.sampled_from(("One", "Two"))),
        kind=draw(st.sampled_from(("network", "device", "route", "user", "class"))),
        mms_enabled=draw(st.booleans()),
        max_message_bytes=draw(st.integers(1, 1 << 24)),
        max_image_width=draw(some(1, 4000)),
        max_image_height=draw(some(1, 4000)),
        max_recipients=draw(some(1, 100)),
        max_subject_chars=draw(some(1, 100)),
        max_text_chars=draw(some(1, 2000)),
        max_file_bytes=draw(some(1, 1 << 24)),
        max_files=draw(some(1, 20)),
        formats=("image/jpeg", *sorted(pictures), *sorted(others)),
        codecs=tuple(sorted(draw(st.sets(st.sampled_from(DEFAULT_CODECS))))),
        charsets=draw(st.sampled_from((None, ("utf-8",), ("us-ascii", "utf-8")))),
        max_seconds=draw(st.floats(1, 100)),
        progressive=draw(st.booleans()),
        max_video_width=draw(some(1, 4000)),
        max_video_height=draw(some(1, 4000)),
        max_frame_rate=draw(st.floats(1, 60) | st.none()),
        h264_profile=draw(st.sampled_from(H264_PROFILES)),
        h264_level=draw(st.sampled_from(("1", "1b", "1.1", "1.3", "3", "3.1"))),
        turn=draw(st.booleans()),
        content_disposition_ok=draw(st.booleans()),
        slide_duration_ok=draw(st.booleans()),
        audio_attach_ok=draw(st.booleans()),
    )


PHONE = read_uaprof(
    b"<r><Vendor>Maker</Vendor><MmsMaxMessageSize>100000</MmsMaxMessageSize><MmsMaxImageResolution>480x640"
    b"</MmsMaxImageResolution><MmsCcppAccept><li>image/jpg</li><li>audio/amr</li></MmsCcppAccept></r>",
    name="http://wap.example.com/one.xml",
)
any_profile = st.sampled_from([*(p for p in search() if "oma-text" not in p.id), PHONE]) | made()


@settings(deadline=None, max_examples=100)
@given(st.lists(any_profile, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_the_order_does_not_matter(parts: list[Profile], random: Random) -> None:
    """Any order gives the same profile, figures and name included."""
    shuffled = list(parts)
    random.shuffle(shuffled)
    assert combine(*shuffled) == combine(*parts)


@settings(deadline=None, max_examples=100)
@given(any_profile, any_profile, any_profile)
def test_the_way_does_not_matter(one: Profile, two: Profile, three: Profile) -> None:
    """What was combined combines further to the same limits, and a profile adds nothing to itself."""
    whole = combine(one, two, three)
    steps = combine(combine(one, two), three)
    strict = [*SIZES, *PERMISSIONS, "codecs", "h264_profile"]
    assert [getattr(steps, key) for key in strict] == [getattr(whole, key) for key in strict]
    assert set(steps.formats) == set(whole.formats)
    assert combine(whole, whole) is whole


def loosest(profile: Profile) -> dict[str, float]:
    """The sizes of a profile; infinity where nobody says."""
    return {key: value if (value := getattr(profile, key)) is not None else float("inf") for key in SIZES}


@settings(deadline=None, max_examples=150)
@given(st.lists(any_profile, min_size=1, max_size=3), any_profile)
def test_one_more_never_loosens(parts: list[Profile], more: Profile) -> None:
    """No size grows, nothing becomes allowed, and no box gets larger than a part's, either way up."""
    whole = combine(*parts, more)
    for part in (*parts, more, combine(*parts)):
        assert all(loosest(whole)[key] <= size for key, size in loosest(part).items())
        assert all(getattr(part, key) for key in PERMISSIONS if getattr(whole, key))
        assert set(whole.formats) <= set(part.formats)
        assert set(whole.codecs) <= set(part.codecs)
        assert H264_PROFILES.index(whole.h264_profile) <= H264_PROFILES.index(part.h264_profile)
        assert level(whole.h264_level) <= level(part.h264_level)
        assert whole.limits().max_bytes <= part.limits().max_bytes
        for kind in ("image", "video"):
            assert all(lies_in(box(whole, kind, turned), box(part, kind, turned)) for turned in (False, True))


def box(profile: Profile, kind: str, portrait: bool) -> tuple[float, float]:
    """The largest picture or clip of that orientation; infinity where nobody says."""
    sides = (getattr(profile, f"max_{kind}_width"), getattr(profile, f"max_{kind}_height"))
    width, height = (float("inf") if side is None else side for side in sides)
    if portrait:
        width, height = (height, width) if profile.turn else (width, height)
        return min(width, height), height
    return width, min(width, height)


def lies_in(inner: tuple[float, float], outer: tuple[float, float]) -> bool:
    return inner[0] <= outer[0] and inner[1] <= outer[1]


def level(text: str) -> float:
    return 1.05 if text == "1b" else float(text)


@settings(deadline=None, max_examples=100)
@given(any_profile, st.sampled_from(("gprs", "edge")))
def test_a_bearer_never_loosens(profile: Profile, bearer: str) -> None:
    """Only the size of the message shrinks, and the figure says by what."""
    slow = narrowed(profile, bearer)
    assert slow.max_message_bytes == min(
        profile.max_message_bytes, find_profile(f"bearer-{bearer}").max_message_bytes
    )
    assert replace(slow, max_message_bytes=1, figures=Figures()) == replace(
        profile, max_message_bytes=1, figures=Figures()
    )
    if slow is not profile:
        assert slow.bound_by("max_message_bytes") == f"bearer-{bearer}"


@settings(deadline=None, max_examples=100)
@given(any_profile, any_profile)
def test_figures_name_what_bound(one: Profile, two: Profile) -> None:
    """Each figure of the result has the result's value and says whose it is."""
    whole = combine(one, two)
    for key, figure in whole.figures.items():
        assert figure.value == getattr(whole, key)
        assert isinstance(figure, Figure)
        assert whole.bound_by(key)


def test_no_bearer_of_that_name() -> None:
    """Another bearer is refused with those that there are."""
    with pytest.raises(ProfileNotFound, match=r"3g.*edge, gprs"):
        narrowed(find_profile("us-att"), "3g")


def test_nothing_in_common() -> None:
    """No profile at all, and profiles without a common picture format, are refused with the reason."""
    with pytest.raises(ProfileError, match="no profile is given"):
        combine()
    png = Profile.from_limits(Limits(1000, formats=("image/png",)))
    with pytest.raises(ProfileError, match=r"no picture format is common to all .*limits: image/png"):
        combine(png, find_profile("oma-image-rich"))


def test_network_route_and_device(shared: Path) -> None:
    """The stricter of each, and who it was: the size is the phone's, the recipients are the network's."""
    path = shared / "vectors" / "uaprof" / "url-known" / "nds.nokia.com__N6230r100.xml"
    phone = read_uaprof(path.read_bytes(), name="http://nds.nokia.com/uaprof/N6230r100.xml")
    whole = combine(find_profile("us-att"), find_profile("twilio:short_code:us-att"), phone)
    bound = {key: whole.bound_by(key) for key in ("max_message_bytes", "max_recipients", "max_files")}
    assert bound == {"max_message_bytes": phone.id, "max_recipients": "us-att", "max_files": "twilio"}
    assert (whole.kind, whole.country, whole.mcc_mnc) == ("combined", "US", find_profile("us-att").mcc_mnc)
