"""Decode the sound of a clip, and encode it with its share of the limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from transcode.errors import LimitsError, SourceError
from transcode.fit.clips.clip_tuning import TUNING
from transcode.fit.clips.sound_plan import richest_sound, sound_of
from transcode.fit.sound.audio import prepared
from transcode.media.samples.pcm import Pcm, mixed_as_loud, resampled
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

#: Smallest ratio of sizes at which sound with a higher bit rate is used (silence does not grow), and the
#: largest number of bit rates that are tried. Chosen.
_MORE_SOUND = 1.05
_SOUNDS = 3

#: Container bytes for each audio packet.
_A_SOUND = 5


def soundtrack(
    sounds: Sounds,
    window: ClipWindow,
    form: ContainerFormat,
    limits: Limits,
    seconds: float,
    options: FitOptions,
) -> tuple[Pcm | None, list[Note]]:
    """Return the prepared sound of a window, with notes about it.

    Args:
        sounds: the sound of the source.
        window: the window of the clip.
        form: the format of the clip.
        limits: the limits of the clip.
        seconds: duration of the window; the sound is shorter where that of the source ends earlier.
        options: the options of the fit; the window begins at ``options.start``.

    Returns:
        The sound, or None where the clip has none or it can't be used; and the notes.
    """
    clip, found = window.clip, window.scan
    if clip.audio is None or not found.audio:
        return None, []
    if form.audio is None:
        return None, [Note("sound-dropped", "the receiver decodes no audio codec that this package encodes")]
    try:
        decoded = sounds.decode(start=options.start, max_seconds=seconds, origin=clip.begin)
    except LimitsError:
        # The sound ends before the window, so none is lost.
        return None, []
    except SourceError as error:
        return None, [Note("sound-dropped", f"its sound can't be decoded: {error.reason}")]
    pcm = decoded.pcm
    shown = min(seconds, max(found.pictures_end - options.start, pcm.seconds))
    channels = sound_of(form.audio, 8 * limits.max_bytes / shown, pcm.channels)[2]
    pcm, notes = prepared(mixed_as_loud(pcm, channels), options, cut=not decoded.ended)
    return pcm, [*decoded.notes, *notes]


def encode_soundtrack(
    sound: Pcm | None, form: ContainerFormat, limits: Limits, seconds: float
) -> Encoded | None:
    """Encode the first ``seconds`` of the sound with its share of the limit; None: there is no sound."""
    if sound is None or form.audio is None or not sound.length:
        return None
    parameters = sound_of(form.audio, 8 * limits.max_bytes / seconds, sound.channels)
    return _encoded(sound, seconds, form.audio, parameters)


def _encoded(sound: Pcm, seconds: float, codec: str, parameters: tuple[int, int, int]) -> Encoded:
    """Encode the first ``seconds`` of the sound with a bit rate, a sample rate and a number of channels."""
    bits, rate, channels = parameters
    samples = np.ascontiguousarray(sound.samples[:, : round(seconds * sound.rate)])
    return audio_encode.encode(
        resampled(mixed_as_loud(Pcm(samples, sound.rate), channels), rate), codec, bits
    )


def encode_richer(
    sound: Pcm, coded: Encoded, form: ContainerFormat, left: int, *, tuning: Tuning = TUNING
) -> Encoded | None:
    """Encode the sound with a higher bit rate; None: the sound does not use the bytes.

    Args:
        sound: the whole sound.
        coded: the first encoding.
        form: the format of the clip.
        left: number of bytes by which the new encoding may be larger.
        tuning: the measured constants.
    """
    assert form.audio is not None  # noqa: S101  (there is coded sound)
    most = coded.bit_rate + tuning.margin * 8 * left / coded.seconds
    for _ in range(_SOUNDS):
        richest = richest_sound(form.audio, most, sound.channels)
        if richest[0] <= coded.bit_rate:
            return None
        richer = _encoded(sound, coded.seconds, form.audio, richest)
        # A higher sample rate makes more packets.
        room = coded.size + left + packet_bytes(coded) - packet_bytes(richer)
        if richer.size < room:
            return richer if richer.size > _MORE_SOUND * coded.size else None
        # The encoder keeps to a bit rate only on average.
        most = tuning.margin * richer.bit_rate * room / richer.size
    return None


def packet_bytes(sound: Encoded) -> int:
    """Return the approximate number of container bytes for the packets of the sound."""
    return round(_A_SOUND * sound.seconds * sound.rate / 1024)
