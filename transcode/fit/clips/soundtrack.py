"""The sound of a clip beside its pictures: decoded, and encoded with its part of the limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from transcode.errors import LimitsError, SourceError
from transcode.fit.clips.clip_tuning import TUNING
from transcode.fit.clips.video_plan import richest_sound, sound_of
from transcode.fit.sound.audio import prepared
from transcode.media.samples.pcm import Pcm, mixed, resampled
from transcode.media.sound import audio_encode
from transcode.model import Note

if TYPE_CHECKING:
    from transcode.fit.clips.clip_tuning import Tuning
    from transcode.fit.container_format import ContainerFormat
    from transcode.fit.sound.sounds import Sounds
    from transcode.media.clips.window import ClipWindow
    from transcode.media.sound.audio_encode import Encoded
    from transcode.model import FitOptions, Limits

__all__ = ["encode_richer", "encode_soundtrack", "packet_bytes", "soundtrack"]

#: How many times as large sound must become by more bits to be worth them: silence does not. So many rates
#: are tried. Chosen.
_MORE_SOUND = 1.05
_SOUNDS = 3

#: Bytes of the file for each packet of sound, besides the packet.
_A_SOUND = 5


def soundtrack(
    sounds: Sounds,
    window: ClipWindow,
    form: ContainerFormat,
    limits: Limits,
    seconds: float,
    options: FitOptions,
) -> tuple[Pcm | None, list[Note]]:
    """The sound of a window as it is to be heard, and what is said of it.

    Args:
        sounds: of the source.
        window: of the clip.
        form: that the clip is written in.
        limits: of the clip.
        seconds: how long the window is; the sound ends before where the source's does.
        options: what is asked of the source besides; the window begins at its start.

    Returns:
        The sound, None where there is none or it is lost, and the notes.
    """
    clip, found = window.clip, window.scan
    if clip.audio is None or not found.audio:
        return None, []
    if form.audio is None:
        return None, [Note("sound-dropped", "the receiver decodes no sound that can be written here")]
    try:
        decoded = sounds.decode(start=options.start, max_seconds=seconds, origin=clip.begin)
    except LimitsError:
        # The sound ends before the window: there is none to lose.
        return None, []
    except SourceError as error:
        return None, [Note("sound-dropped", f"its sound can't be decoded: {error.reason}")]
    pcm = decoded.pcm
    shown = min(seconds, max(found.pictures_end - options.start, pcm.seconds))
    channels = sound_of(form.audio, 8 * limits.max_bytes / shown, pcm.channels)[2]
    pcm, notes = prepared(mixed(pcm, channels), options, cut=not decoded.ended)
    return pcm, [*decoded.notes, *notes]


def encode_soundtrack(
    sound: Pcm | None, form: ContainerFormat, limits: Limits, seconds: float
) -> Encoded | None:
    """The first ``seconds`` of the sound with its part of the limit; None where there is none."""
    if sound is None or form.audio is None or not sound.length:
        return None
    bits, rate, channels = sound_of(form.audio, 8 * limits.max_bytes / seconds, sound.channels)
    samples = np.ascontiguousarray(sound.samples[:, : round(seconds * sound.rate)])
    reduced = resampled(mixed(Pcm(samples, sound.rate), channels), rate)
    return audio_encode.encode(reduced, form.audio, bits)


def encode_richer(
    sound: Pcm, coded: Encoded, form: ContainerFormat, left: int, *, tuning: Tuning = TUNING
) -> Encoded | None:
    """The sound with more bytes; None where it has no use for them.

    Args:
        sound: all of it.
        coded: its first encoding.
        form: that the clip is written in.
        left: the bytes that the new one may take more.
        tuning: the numbers that it goes by.
    """
    assert form.audio is not None  # noqa: S101  (there is coded sound)
    samples = np.ascontiguousarray(sound.samples[:, : round(coded.seconds * sound.rate)])
    most = coded.bit_rate + tuning.margin * 8 * left / coded.seconds
    for _ in range(_SOUNDS):
        bits, rate, channels = richest_sound(form.audio, most, sound.channels)
        if bits <= coded.bit_rate:
            return None
        reduced = resampled(mixed(Pcm(samples, sound.rate), channels), rate)
        richer = audio_encode.encode(reduced, form.audio, bits)
        # More samples a second are more packets.
        room = coded.size + left + packet_bytes(coded) - packet_bytes(richer)
        if richer.size < room:
            return richer if richer.size > _MORE_SOUND * coded.size else None
        # The encoder keeps to a rate on the average only.
        most = tuning.margin * bits * room / richer.size
    return None


def packet_bytes(sound: Encoded) -> int:
    """Bytes that a container takes for packets of sound, about."""
    return round(_A_SOUND * sound.seconds * sound.rate / 1024)
