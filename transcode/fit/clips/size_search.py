"""Search for the frame size and bit rate of a clip whose file fits the limit.

The bit rate that the limit leaves determines the frame size, the frame rate and the audio bit rate. Frames
are encoded in two passes. The size of the whole file is measured; if the file is over the limit or uses too
little of it, the frames are encoded again.
"""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from transcode.errors import BudgetError, TranscodeError
from transcode.fit.clips.clip_tuning import TUNING
from transcode.fit.clips.notes import BETTER
from transcode.fit.clips.soundtrack import encode_richer, encode_soundtrack, packet_bytes
from transcode.fit.clips.video_plan import LEAST_BIT_RATE, Shape, effort_of, frame_format_of, level_of
from transcode.fit.container_format import sparing_format
from transcode.media.clips.frame_variants import framed, halved, motion, resized
from transcode.media.clips.video_encode import Encoder, Settings, mux
from transcode.model import Trial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.fit.clips.clip_tuning import Tuning
    from transcode.fit.container_format import ContainerFormat
    from transcode.media.clips.frames import Frames
    from transcode.media.clips.video_colour import FrameConversion
    from transcode.media.samples.pcm import Pcm
    from transcode.media.sound.audio_encode import Encoded as Sound
    from transcode.model import Limits, ProgressCallback

__all__ = ["FittedClip", "fit_size"]

#: Share of the limit at which a file ends the search. Chosen: each further pass takes as long as the first.
_ENOUGH = 0.95

#: Mean quantiser of a first pass up to which the encoder has no use for more bits: nobody sees a difference,
#: and another pass takes as long as the one before. Chosen.
_FINEST = 4.0

#: Smallest unused share of the limit at which the sound is encoded again with a higher bit rate. Chosen.
_UNUSED = 0.05

#: Largest number of passes after the first. Chosen.
_PASSES = 5

#: Approximate bytes of the file besides the media: a fixed number, and the bytes of each frame in the MP4
#: index.
_FIXED, _A_PICTURE = 1_500, 13

#: Bits per pixel beyond which quality does not rise, and the smallest width and height of a frame, in pixels.
#: Chosen.
_MOST_BITS, _SMALLEST = 2.0, 32

#: Smallest ratio of the pixels of a trial size to those of the size before, and the largest number of sizes
#: in one search. Chosen: each size costs a first pass.
_LEAST_PART, _SIZES = 0.3, 4

#: Largest ratio of the mean bit rate of MPEG-4 and H.263 to that of the level: the measured bit rate is a
#: mean. That of a clip shorter than a second is counted for a second: the first frame is larger than others.
_LOOSE = 1.02


@dataclass(frozen=True, slots=True)
class FittedClip:
    """A clip that fits.

    Attributes:
        data: the file.
        content_type: such as ``"video/mp4"``.
        width, height: size in pixels.
        seconds: duration of the clip.
        trials: the encodings that were tried, in order.
        settings: descriptions of the codecs and bit rates of video and audio.
        quantiser: mean quantiser of H.264 at the bit rate, 0 to 51; None: unknown.
    """

    data: bytes
    content_type: str
    width: int
    height: int
    seconds: float
    trials: tuple[Trial, ...]
    settings: tuple[str, ...]
    quantiser: float | None = None


def fit_size(
    name: str,
    form: ContainerFormat,
    limits: Limits,
    frames: Frames,
    sound: Pcm | None,
    colours: FrameConversion,
    progress: ProgressCallback | None,
    *,
    tuning: Tuning = TUNING,
) -> FittedClip:
    """Return the best clip of frames and sound; if none fits, try AMR-NB, which has the lowest bit rate.

    Raises:
        BudgetError: not even the smallest clip fits.
    """
    search = _Search(name, form, limits, progress, tuning)
    try:
        return search.fit(frames, sound, colours)
    except BudgetError:
        sparing = None if sound is None else sparing_format(limits, form)
        if sparing is None:
            raise
        return search.within(sparing).fit(frames, sound, colours)


class _Search:
    """A search with its limits, and its trials so far."""

    def __init__(
        self,
        name: str,
        form: ContainerFormat,
        limits: Limits,
        progress: ProgressCallback | None,
        tuning: Tuning,
    ) -> None:
        self._name = name
        self._form = form
        self._limits = limits
        self._progress = progress
        self._tuning = tuning
        self._trials: list[Trial] = []

    def within(self, form: ContainerFormat) -> _Search:
        """Return a search with another format that continues the list of trials."""
        other = _Search(self._name, form, self._limits, self._progress, self._tuning)
        other._trials = self._trials
        return other

    def fit(self, frames: Frames, sound: Pcm | None, colours: FrameConversion) -> FittedClip:
        """Return the best clip of the frames, at a smaller size where necessary."""
        coded = encode_soundtrack(sound, self._form, self._limits, frames.end)
        fitted = self._with_sound(frames, coded, colours)
        if coded is None or sound is None:
            return fitted
        left = self._limits.max_bytes - len(fitted.data)
        if left < _UNUSED * self._limits.max_bytes:
            return fitted
        # The video can't use the remaining bytes. It keeps the lowest bit rate of its encoder.
        spare = self._bit_rate(frames, coded) - LEAST_BIT_RATE
        left = min(left, round(spare * coded.seconds / 8))
        richer = encode_richer(sound, coded, self._form, left, tuning=self._tuning)
        if richer is None:
            return fitted
        try:
            again = self._with_sound(frames, richer, colours)
        except BudgetError:
            # The remaining video bit rate is below the lowest of the encoder.
            return replace(fitted, trials=tuple(self._trials))
        as_large = (again.width, again.height) == (fitted.width, fitted.height)
        return again if as_large else replace(fitted, trials=again.trials)

    def _with_sound(self, frames: Frames, coded: Sound | None, colours: FrameConversion) -> FittedClip:
        """Return the best clip of the frames and the encoded sound."""
        limit = self._limits.max_bytes
        with ExitStack() as stack:
            while True:
                if self._form.video == "h264":
                    fitted = self._at_half_rate(frames, coded, colours)
                    fitted = fitted or self._at_size(frames, coded, colours, settled=False)
                else:
                    canvas = frame_format_of(frames.width, frames.height)
                    with framed(frames, canvas.width, canvas.height) as whole:
                        fitted = self._at_size(whole, coded, colours, settled=True)
                if fitted is not None:
                    return fitted
                width, height = frames.width * 3 // 10 * 2, frames.height * 3 // 10 * 2
                if min(width, height) < _SMALLEST:
                    smallest = min((trial.size for trial in self._trials), default=None)
                    raise BudgetError(self._name, limit, smallest=smallest, hint=BETTER)
                frames = stack.enter_context(resized(frames, width, height))

    def _at_half_rate(
        self, frames: Frames, sound: Sound | None, colours: FrameConversion
    ) -> FittedClip | None:
        """Return the best clip of every second frame; None: all frames are worth their bits."""
        tuning, rate = self._tuning, len(frames.times) / frames.end
        pixels = frames.width * frames.height * rate
        if rate < tuning.fluent or self._bit_rate(frames, sound) > tuning.scarce * pixels:
            return None
        if motion(frames) > tuning.still:
            return None
        with halved(frames) as fewer:
            return self._at_size(fewer, sound, colours, settled=False, least=tuning.coarse)

    def _bit_rate(self, frames: Frames, sound: Sound | None) -> float:
        """Return the video bit rate in bit/s that the limit leaves; negative: nothing is left."""
        overhead = _FIXED + _A_PICTURE * len(frames.times)
        if sound is not None:
            overhead += sound.size + packet_bytes(sound)
        return 8 * (self._tuning.margin * self._limits.max_bytes - overhead) / frames.end

    def _at_size(
        self,
        frames: Frames,
        sound: Sound | None,
        colours: FrameConversion,
        *,
        settled: bool,
        least: float = 0.0,
    ) -> FittedClip | None:
        """Return the best clip at the size of the frames, or, unless ``settled``, at a better smaller size.

        None: no clip fits, or the mean quantiser of the first pass is below ``least``.
        """
        tried: list[tuple[int, float]] = []
        sized = frames
        with ExitStack() as stack:
            while True:
                encoder = stack.enter_context(Encoder(sized, self._progress))
                bit_rate = min(self._bit_rate(sized, sound), self._most(sized))
                settings = self._settings(sized, bit_rate, len(sized.times) / sized.end, colours)
                if settings is None:
                    return None
                quantiser = encoder.measure(settings)
                if quantiser is not None:
                    if not tried and quantiser < least:
                        return None
                    tried.append((sized.width * sized.height, quantiser))
                size = None if settled or quantiser is None else _suited(frames, tried, self._tuning)
                if size is None or size == (sized.width, sized.height):
                    fitted = self._passes(encoder, settings, sized, sound, quantiser)
                    return None if fitted is None else replace(fitted, quantiser=quantiser)
                sized = stack.enter_context(resized(frames, *size))

    def _at_quantiser(
        self, encoder: Encoder, settings: Settings, frames: Frames, sound: Sound | None
    ) -> FittedClip | None:
        """Encode MPEG-4 or H.263 at the bit rate, else with the lowest quantiser within limit and level.

        Rate control of these encoders needs some seconds to reach the bit rate; short clips end earlier.
        """
        made: dict[int, FittedClip] = {}

        def encode(settings: Settings) -> tuple[int, int]:
            """Return the size of the file, and the size of the file without the video, in bytes."""
            coded = encoder.encode(settings)
            data = mux(coded, sound, self._form.content_type)
            self._trials.append(Trial(frames.width, frames.height, None, len(data), coded.words))
            words = (coded.words,) if sound is None else (coded.words, sound.words)
            made[len(data)] = self._fitted(frames, data, words)
            return len(data), len(data) - coded.size

        size, rest = encode(settings)
        within = round(rest + _LOOSE * self._most(frames) * max(frames.end, 1.0) / 8)
        limit = min(self._limits.max_bytes, within)
        if not _ENOUGH * limit <= size <= limit:
            finest, coarsest = settings.quantisers
            while finest < coarsest:
                middle = math.isqrt(finest * coarsest)
                if encode(replace(settings, quantisers=(middle, middle)))[0] <= limit:
                    coarsest = middle
                else:
                    finest = middle + 1
            if coarsest == settings.quantisers[1]:
                encode(replace(settings, quantisers=(coarsest, coarsest)))
        best = max((size for size in made if size <= limit), default=None)
        return None if best is None else replace(made[best], trials=tuple(self._trials))

    def _passes(
        self,
        encoder: Encoder,
        settings: Settings,
        frames: Frames,
        sound: Sound | None,
        quantiser: float | None,
    ) -> FittedClip | None:
        """Encode until the file uses most of the limit and is not above it; None: no file fits.

        Args:
            encoder, settings, frames, sound: what is encoded, and how.
            quantiser: the mean quantiser of the first pass; None: there was none.
        """
        if settings.codec != "h264" or quantiser is None:
            return self._at_quantiser(encoder, settings, frames, sound)
        limit = self._limits.max_bytes
        best: FittedClip | None = None
        for _ in range(_PASSES):
            try:
                coded = encoder.encode(settings)
            except TranscodeError:
                # The bit rate is lower than that of the highest quantiser.
                break
            data = mux(coded, sound, self._form.content_type)
            self._trials.append(Trial(frames.width, frames.height, None, len(data), coded.words))
            if len(data) <= limit and (best is None or len(data) > len(best.data)):
                words = (coded.words,) if sound is None else (coded.words, sound.words)
                best = self._fitted(frames, data, words)
            if _ENOUGH * limit <= len(data) <= limit:
                break
            if quantiser <= _FINEST and len(data) <= limit:
                break
            ratio = (self._tuning.margin * limit - (len(data) - coded.size)) / coded.size
            wanted = round(min(settings.bit_rate * ratio, self._most(frames)))
            if wanted < LEAST_BIT_RATE or wanted == settings.bit_rate:
                break
            settings = replace(settings, bit_rate=wanted)
        return best

    def _settings(
        self, frames: Frames, bit_rate: float, frame_rate: float, colours: FrameConversion
    ) -> Settings | None:
        if bit_rate < LEAST_BIT_RATE:
            return None
        codec = self._form.video
        shape = Shape(frames.width, frames.height, frame_rate)
        return Settings(
            codec,
            round(bit_rate),
            frame_rate,
            profile=self._limits.h264_profile,
            effort=effort_of(shape, frames.end),
            level=0 if codec == "h264" else dict(frame_format_of(frames.width, frames.height).levels)[codec],
            colour=colours.names,
        )

    def _most(self, frames: Frames) -> float:
        """Return the largest useful bit rate of the level in bit/s.

        x264 writes a level whose bit rate covers peaks of twice the mean, so H.264 gets half of it.
        """
        if self._form.video != "h264":
            return frame_format_of(frames.width, frames.height).bit_rate
        # Flat content can't use a higher bit rate.
        useful = _MOST_BITS * frames.width * frames.height * len(frames.times) / frames.end
        return min(level_of(self._limits.h264_level).bit_rate / 2, useful)

    def _fitted(self, frames: Frames, data: bytes, words: tuple[str, ...]) -> FittedClip:
        return FittedClip(
            data,
            self._form.content_type,
            frames.width,
            frames.height,
            frames.end,
            tuple(self._trials),
            words,
        )


def _suited(
    frames: Frames, tried: Sequence[tuple[int, float]], tuning: Tuning = TUNING
) -> tuple[int, int] | None:
    """Return the next frame size to try when the last quantiser was too high or too low; None: keep the last.

    Args:
        frames: the frames at the first and largest size.
        tried: pixels and mean quantiser of each first pass so far.
        tuning: the measured constants.
    """
    pixels, quantiser = tried[-1]
    if quantiser <= tuning.coarsest and (len(tried) == 1 or quantiser >= tuning.fine):
        return None
    if len(tried) == _SIZES:
        return None
    step = tuning.quantiser_step
    if len(tried) > 1:
        before, other = tried[-2]
        step = max(step, (quantiser - other) / math.log2(pixels / before))
    wanted = pixels * max(_LEAST_PART, 2 ** ((tuning.bearable - quantiser) / step))
    scale = min(1.0, math.sqrt(wanted / (frames.width * frames.height)))
    width, height = (
        min(side, max(_SMALLEST, 2 * round(side * scale / 2))) for side in (frames.width, frames.height)
    )
    return width, height
