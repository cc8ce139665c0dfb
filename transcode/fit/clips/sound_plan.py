"""Audio parameters of a clip for a bit rate, and the sound that a receiver plays as it is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from transcode.fit.container_format import ContainerFormat, container_formats
from transcode.media.clips.video_encode import CONTAINERS
from transcode.media.sound.audio_encode import AMR_MODES

if TYPE_CHECKING:
    from transcode.media.clips.clip import Clip
    from transcode.model import Limits

__all__ = ["copying_format", "richest_sound", "sound_of", "sound_within"]

#: Audio codecs that are copied into a content type but not encoded.
_KEPT = {"video/3gpp": ("amr_wb",)}

#: Video codecs that are copied into MP4 where 3GP is not taken; they are not encoded for it.
_IN_MP4 = ("mpeg4",)

#: Sample rate of speech codecs for telephones, in Hz.
_TELEPHONE = 8_000

#: Audio parameters by total bit rate in bit/s. AAC: total bit rate, audio bit rate, sample rate in Hz,
#: channels; AMR-NB: total bit rate, audio bit rate. Chosen: no metric rates sound and video on one scale.
_AAC_SHARES = (
    (40_000, 8_000, 8000, 1),
    (80_000, 12_000, 12000, 1),
    (140_000, 18_000, 16000, 1),
    (260_000, 24_000, 22050, 1),
    (500_000, 40_000, 32000, 1),
    (1_200_000, 64_000, 44100, 2),
    (math.inf, 96_000, 44100, 2),
)
_AMR_SHARES = ((12_000, 4750), (60_000, 5150), (120_000, 7950), (math.inf, 12200))


def copying_format(limits: Limits, clip: Clip, *, keeps_sound: bool) -> ContainerFormat | None:
    """Return the best format in which the video of a clip can be copied; None: there is none.

    Args:
        limits: what the receiver takes.
        clip: the streams of the source.
        keeps_sound: whether a format in which its sound can be copied too is better than all others.
    """
    kept = _keeping_format(limits, clip) if keeps_sound else None
    if kept is not None:
        return kept
    forms = [form for form in container_formats(limits) if form.video == clip.video.codec]
    # Where old devices take AAC too, sound of more than telephone bandwidth stays so.
    is_full = clip.audio is not None and (clip.audio.rate or 0) > _TELEPHONE
    full = [form for form in forms if is_full and form.audio == "aac"]
    if clip.video.codec in _IN_MP4 and clip.video.codec in limits.codecs and "video/mp4" in limits.formats:
        forms.append(
            ContainerFormat("video/mp4", clip.video.codec, "aac" if "aac" in limits.codecs else None)
        )
    return next(iter([*full, *forms]), None)


def _keeping_format(limits: Limits, clip: Clip) -> ContainerFormat | None:
    """Return a format in which video and sound of a clip can be copied; None: there is none.

    AMR fits only 3GP; AMR-WB is copied but not encoded.
    """
    if clip.audio is None or clip.video.codec not in limits.codecs:
        return None
    for content_type, (_, codecs) in CONTAINERS.items():
        kept = (*codecs.get(clip.video.codec, ()), *_KEPT.get(content_type, ()))
        form = ContainerFormat(content_type, clip.video.codec, clip.audio.codec)
        is_taken = clip.audio.codec in limits.codecs and clip.audio.codec in kept
        if content_type in limits.formats and is_taken and sound_within(clip, form):
            return form
    return None


def sound_within(clip: Clip, form: ContainerFormat) -> bool:
    """Return whether the receiver plays the source's sound, or the clip has none."""
    audio = clip.audio
    return audio is None or (audio.codec == form.audio and (audio.codec != "aac" or audio.profile == "LC"))


def sound_of(codec: str, bit_rate: float, channels: int) -> tuple[int, int, int]:
    """Return audio bit rate in bit/s, sample rate in Hz and number of channels for a clip.

    Args:
        codec: ``"aac"`` or ``"amr_nb"``.
        bit_rate: total bit rate of video and audio in bit/s.
        channels: number of channels of the source.
    """
    if codec == "amr_nb":
        return next((mode for most, mode in _AMR_SHARES if bit_rate <= most)), 8000, 1
    return next(
        (bits, rate, min(channels, wanted)) for most, bits, rate, wanted in _AAC_SHARES if bit_rate <= most
    )


def richest_sound(codec: str, bits: float, channels: int) -> tuple[int, int, int]:
    """Return, like sound_of, the best audio parameters up to a bit rate, or those with the lowest."""
    if codec == "amr_nb":
        return max((mode for mode in AMR_MODES if mode <= bits), default=min(AMR_MODES)), 8000, 1
    within = [point for point in _AAC_SHARES if point[1] <= bits] or [_AAC_SHARES[0]]
    _, least, rate, wanted = within[-1]
    return min(max(least, round(bits)), _AAC_SHARES[-1][1]), rate, min(channels, wanted)
