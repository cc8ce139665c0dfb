"""Which figures bind: formats, pixels, bytes and seconds, each only where it changed something."""

from __future__ import annotations

from dataclasses import replace

import pytest

import transcode
from tests.made import clips
from tests.made.pictures import photo, save
from tests.made.sounds import container, sine
from transcode.message.limiting_figures import bounds
from transcode.profile import Profile, combine, narrowed

PICTURE = save(photo(800, 600), quality=95)
SOUND = container(sine(3.0)).data
FORMATS = ("image/jpeg", "audio/mp4", "audio/wav", "video/mp4")
#: Level 1 of the high profile, 25 frames a second.
CLIP = bytes(clips.clip(seconds=1, options={"profile": "high", "level": "1", "refs": "1"}).data)


@pytest.mark.parametrize(
    ("source", "values", "keys"),
    [
        (PICTURE, {}, ()),
        (PICTURE, {"max_image_width": 400, "max_image_height": 300}, ("max_image_width", "max_image_height")),
        (PICTURE, {"max_image_width": 400}, ("max_image_width",)),
        (PICTURE, {"max_message_bytes": 20_000}, ("max_message_bytes",)),
        (PICTURE, {"max_file_bytes": 20_000}, ("max_file_bytes",)),
        (PICTURE, {"max_message_bytes": 4_000}, ("max_message_bytes",)),
        (save(photo(80, 60), "PNG"), {"formats": ("image/jpeg",)}, ("formats",)),
        (SOUND, {}, ()),
        (SOUND, {"max_seconds": 2.0}, ("max_seconds",)),
        (CLIP, {"h264_profile": "high"}, ()),
        (CLIP, {"h264_profile": "high", "max_frame_rate": 15.0}, ("max_frame_rate",)),
        (CLIP, {"h264_profile": "high", "max_frame_rate": 25.0}, ()),
        (CLIP, {}, ("h264_profile",)),
        (CLIP, {"codecs": ("mpeg4",), "formats": ("video/mp4", "video/3gpp")}, ("codecs",)),
    ],
    ids=range(14),
)
def test_what_binds(source: bytes, values: dict[str, object], keys: tuple[str, ...]) -> None:
    """Just those figures bind that the source exceeds, with both numbers and the profile's id."""
    given = {"max_message_bytes": 1_000_000, "formats": FORMATS, **values}
    profile = Profile(id="mine", name="Mine", **given)  # type: ignore[arg-type]
    found = bounds(transcode.fit(source, profile.limits()), profile)
    assert tuple(bound.key for bound in found) == keys
    assert {bound.profile for bound in found} <= {"mine"}
    assert all(bound.why for bound in found)


def test_levels_stand_in_their_order() -> None:
    """1b is above 1 and below 1.1."""
    made = transcode.fit(CLIP, transcode.Limits(10**6, h264_profile="high"))
    assert made.report.source_clip is not None
    keys = {}
    for source, allowed in (("1b", "1"), ("1b", "1.1"), ("4", "3.1"), ("3.1", "3.1")):
        told = replace(made.report.source_clip, h264_level=source)
        changed = replace(made, report=replace(made.report, source_clip=told))
        profile = Profile(
            id="mine", name="Mine", max_message_bytes=10**6, h264_profile="high", h264_level=allowed
        )
        keys[source, allowed] = [bound.key for bound in bounds(changed, profile)]
    assert keys == {
        ("1b", "1"): ["h264_level"],
        ("1b", "1.1"): [],
        ("4", "3.1"): ["h264_level"],
        ("3.1", "3.1"): [],
    }


def test_portrait_uses_the_box_turned() -> None:
    """The figure that binds is the one that holds for the side: the box's width for a portrait's height."""
    profile = Profile(id="mine", name="Mine", max_message_bytes=1_000_000, max_image_width=500)
    (bound,) = bounds(transcode.fit(save(photo(600, 800)), profile.limits()), profile)
    assert (bound.key, bound.why) == ("max_image_width", "the source has 800 pixels, the limit is 500")


def test_the_profile_that_bound_is_named() -> None:
    """A combination names the part whose figure it was."""
    profile = narrowed(
        combine(transcode.find_profile("us-att"), transcode.find_profile("twilio:short_code:us-att")), "gprs"
    )
    found = bounds(transcode.fit(save(photo(2800, 2000), quality=97), profile.limits()), profile)
    named = {bound.key: bound.profile for bound in found}
    assert named["max_image_width"] == "us-att"
    assert named["max_message_bytes"] == "bearer-gprs"
