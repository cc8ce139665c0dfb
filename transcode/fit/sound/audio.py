"""A recording under a limit in bytes.

The requested range is decoded once. The bit rate that the limit leaves, and whether the recording is speech
or music, determine codec, sample rate and channels. The recording is then encoded and measured, usually once
or twice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from transcode.errors import BudgetError, NotTakenError, TranscodeError
from transcode.fit.container_format import container_format_of
from transcode.fit.record import Record, tracks_dropped, trimmed
from transcode.fit.search import largest
from transcode.media.samples.pcm import Pcm, faded, levelled, loudness, mixed_as_loud, resampled
from transcode.media.sound import amr, audio_encode
from transcode.media.sound.audio_copy import copied
from transcode.media.sound.speech import is_speech
from transcode.media.source.rates import rated
from transcode.model import Note, Trial
from transcode.model.tuning import Tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from transcode.fit.sound.sounds import FitRequest
    from transcode.media.sound.audio import DecodedSound, SoundInfo
    from transcode.media.sound.audio_copy import Copied
    from transcode.media.sound.audio_encode import Encoded
    from transcode.model import FitOptions, Limits, Rendition

__all__ = [
    "TUNING",
    "FittedSound",
    "Heard",
    "SoundForm",
    "Tuning",
    "besides",
    "decode_recorded",
    "fit_audio",
    "fit_forms",
    "prepared",
]

#: Content types that sound is written in, the most widely supported first.
_TYPES = ("audio/mp4", "audio/3gpp", "audio/aac", "audio/mpeg", "audio/amr", "audio/amr-wb")

#: Durations of fades at cuts, in seconds. Chosen: long enough to avoid clicks and abrupt ends.
FADE_OUT, FADE_IN = 0.3, 0.02

#: Magnitude above which peaks are compressed when a recording is made louder, and the largest peak before the
#: compression: twice full scale. Chosen.
_KNEE, _MOST_PEAK = 0.8, 2.0

#: Difference of durations that is rounding, in seconds.
_ROUNDED = 0.001

#: Share of the limit at which a size ends the search. Chosen: each trial encodes the whole recording.
_ENOUGH = 0.98

_SOUND = Tool("bench/tune_sound.py", "recordings")

#: A bit rate in bit/s, and the sample rate in Hz and the channels up to that bit rate.
_Step = tuple[float, int, int]


def _steps(codec: str, *steps: _Step) -> tuple[_Step, ...]:
    return _SOUND.tuned(
        steps,
        f"Operating points of {codec}: a bit rate, and the sample rate and channels with the best score up to"
        " that bit rate.",
        unit="bits / second, samples / second, channels",
    )


@dataclass(frozen=True, slots=True)
class Tuning:
    """Operating points by bit rate. Scores are mean opinion scores of Zimtohrli, 1 to 5."""

    aac_steps: tuple[_Step, ...] = _steps(
        "AAC",
        (9_000, 8000, 1),
        (24_000, 16000, 1),
        (34_000, 32000, 1),
        (72_000, 44100, 1),
        (100_000, 32000, 2),
        (math.inf, 44100, 2),
    )
    mp3_steps: tuple[_Step, ...] = _steps(
        "MP3",
        (28_000, 16000, 1),
        (44_000, 22050, 1),
        (64_000, 32000, 1),
        (80_000, 22050, 2),
        (math.inf, 44100, 2),
    )
    decent_speech: int = _SOUND.tuned(
        18_000,
        "Bit rate below which speech in AAC or MP3 is garbled and AMR-NB, a speech codec, is still clear.",
        unit="bits / second",
    )
    decent_music: int = _SOUND.tuned(
        12_000,
        "Bit rate down to which music is better in AAC or MP3.",
        unit="bits / second",
    )

    mp3_speech: int = _SOUND.tuned(
        66_000,
        "Bit rate up to which speech is better in MP3 than in AAC, by the mean of Zimtohrli and PESQ, which"
        " gains 0.3 to 0.5 of 5.",
        unit="bits / second",
    )
    mp3_music: int = _SOUND.tuned(
        30_000,
        "Bit rate up to which music is better in MP3 than in AAC, by up to 0.7 of 5.",
        unit="bits / second",
    )


TUNING = Tuning()

#: Highest bit rates in bit/s, for one channel and for two. Chosen: higher bit rates make no audible
#: difference. And the lowest bit rates that the encoders keep to.
_CEILING = {"aac": (72_000, 128_000), "mp3": (96_000, 160_000)}
_FLOOR = {"aac": 6_000, "mp3": 8_000}


def prepared(pcm: Pcm, options: FitOptions, *, cut: bool) -> tuple[Pcm, tuple[Note, ...]]:
    """Return decoded sound at the requested loudness, with fades at its cuts.

    Peaks above full scale, which a mix-down can cause, lower the level of the whole range. Recordings and the
    sound of clips are treated alike.

    Args:
        pcm: the requested range.
        options: the loudness and the start.
        cut: whether the source continues after the range.
    """
    notes: list[Note] = []
    peak = pcm.peak
    factor, knee = (1.0 / peak, 1.0) if peak > 1 else (1.0, 1.0)
    found: float | None = None
    if options.loudness is not None:
        found = loudness(pcm)
        if found is None:
            notes.append(Note("loudness-kept", "too quiet or too short to measure the loudness"))
        else:
            factor, knee = 10 ** ((options.loudness - found) / 20), _KNEE
            if factor * peak > _MOST_PEAK:
                factor = _MOST_PEAK / peak
    if factor != 1.0:
        pcm = levelled(pcm, factor, knee=knee)
    if found is not None:
        # The compression of peaks lowers the loudness, so it is measured again.
        notes.append(
            Note("loudness", f"loudness changed from {found:.1f} to {loudness(pcm) or found:.1f} LUFS")
        )
    fade_in = FADE_IN if options.start > 0 else 0.0
    fade_out = FADE_OUT if cut else 0.0
    if fade_in or fade_out:
        pcm = faded(pcm, fade_in=fade_in, fade_out=min(fade_out, pcm.seconds / 4))
    return pcm, tuple(notes)


def decode_recorded(request: FitRequest) -> tuple[Record, DecodedSound]:
    """Start the record of a recording with the notes ``lost``, and decode the requested range."""
    content, limits, options = request.sounds.content, request.limits, request.options
    source_type = content.content_type or "application/octet-stream"
    record = Record(content, source_type, limits.max_bytes, request.report, source_start=options.start)
    record.add(request.lost)
    seconds = options.seconds(limits)
    return record, request.sounds.decode(start=options.start, max_seconds=seconds, progress=options.progress)


def fit_audio(request: FitRequest, *, tuning: Tuning = TUNING) -> Rendition:
    """Return the best rendition of a recording that keeps to the limits.

    A recording whose codec the limits take is copied without tags into a container that the limits take, cut
    at its frames where it is too long.

    Args:
        request: what is asked of the rendition.
        tuning: the measured constants.

    Raises:
        SourceError: the recording can't be decoded.
        NotTakenError: the limits have no format that sound is written in.
        BudgetError: not even the smallest rendition fits.
        LimitsError: the recording ends before the requested start.
    """
    content, limits, options = request.sounds.content, request.limits, request.options
    forms, copies = list(_forms(limits, options)), _copies(limits)
    if not forms and not copies:
        raise _not_taken(content.name, limits)
    record, decoded = decode_recorded(request)
    is_whole = decoded.ended and not options.start
    copy = None
    if decoded.is_plain and options.loudness is None:
        same = [name for name, codec in copies if codec == decoded.info.codec]
        window = None if is_whole else (options.start, options.seconds(limits))
        copy = copied(content, same, window=window) if same else None
        if copy is not None and len(copy.data) <= limits.max_bytes:
            return _passed(record, decoded, copy)
    if not forms and copy is not None:
        raise BudgetError(content.name, limits.max_bytes, smallest=len(copy.data))
    if not forms:
        raise _not_taken(content.name, limits)
    record.add(decoded.notes)
    if decoded.info.codec == "amr_nb":
        # Sound from AMR-NB has telephone bandwidth; no other codec improves it.
        forms.sort(key=lambda form: form.codec != "amr_nb")
    heard = Heard(decoded, options)
    fitted = fit_forms(heard, forms, limits.max_bytes, options, record, tuning=tuning)
    if fitted is None:
        smallest = min((trial.size for trial in record.trials), default=None)
        raise BudgetError(content.name, limits.max_bytes, smallest=smallest)
    record.add(heard.within(fitted.sound.channels)[1])
    return _rendition(record, decoded, fitted)


def _not_taken(name: str, limits: Limits) -> NotTakenError:
    """Return the error that the receiver accepts no sound, with a remedy."""
    formats = ", ".join(limits.formats)
    if "audio/amr-wb" in limits.formats:
        formats += "; AMR-WB is copied but not encoded"
    form = container_format_of(limits)
    if form is None or form.audio is None:
        reason = f"the receiver accepts neither sound nor clips with sound ({formats})"
        return NotTakenError(name, reason, kind="sound", remedy="a link to it can be sent")
    remedy = "as_clip=True (--as-clip) sends it as a clip that shows its waveform or a photo"
    return NotTakenError(name, f"the receiver accepts no sound ({formats})", kind="sound", remedy=remedy)


class Heard:
    """A prepared recording in one channel or two; the loudness depends on the number of channels."""

    def __init__(self, decoded: DecodedSound, options: FitOptions) -> None:
        self.pcm = decoded.pcm
        self._cut = not decoded.ended
        self._options = options
        self._made: dict[int, tuple[Pcm, tuple[Note, ...]]] = {}

    def within(self, channels: int) -> tuple[Pcm, tuple[Note, ...]]:
        """Return the sound in at most ``channels`` channels, with notes about its preparation."""
        count = min(channels, self.pcm.channels)
        if count not in self._made:
            self._made[count] = prepared(mixed_as_loud(self.pcm, count), self._options, cut=self._cut)
        return self._made[count]


@dataclass(frozen=True, slots=True)
class SoundForm:
    """A content type and a codec that the limits take and that can be written.

    Attributes:
        content_type, codec: content type of the file, and codec of its sound.
        pack: writes the encoded sound into a file.
        taken: approximate number of bytes in the file besides the sound.
        seconds: longest duration of all frames together, where the file can't state the encoder's delay.
    """

    content_type: str
    codec: str
    pack: Callable[[Encoded], bytes]
    taken: int = 0
    seconds: float = math.inf


def _copies(limits: Limits) -> list[tuple[str, str]]:
    """Return the content types and codecs for copied sound, the most widely supported first."""
    return [
        (content_type, codec)
        for content_type in _TYPES
        if content_type in limits.formats
        for codec in audio_encode.CONTAINERS[content_type][1]
        # The content type names its codec; few lists of codecs contain AMR-WB.
        if codec in limits.codecs or content_type == "audio/amr-wb"
    ]


def _forms(limits: Limits, options: FitOptions) -> Iterator[SoundForm]:
    """Yield the formats that sound can be encoded in, the most widely supported first."""
    longest = options.seconds(limits)
    for content_type, codec in _copies(limits):
        if audio_encode.can_encode(codec):
            pack = partial(audio_encode.mux, content_type=content_type)
            yield SoundForm(
                content_type, codec, pack, seconds=longest if content_type == "audio/aac" else math.inf
            )


@dataclass(frozen=True, slots=True)
class FittedSound:
    """An encoded file that fits."""

    form: SoundForm
    sound: Encoded
    data: bytes


def fit_forms(
    heard: Heard,
    forms: Sequence[SoundForm],
    max_bytes: int,
    options: FitOptions,
    record: Record,
    *,
    tuning: Tuning = TUNING,
) -> FittedSound | None:
    """Return the best file in the first format that fits at a decent bit rate, else in the last that fits.

    At low bit rates MP3 comes before AAC, because it is better there. None: no format fits.

    Args:
        heard: the recording.
        forms: the formats, in order of preference.
        max_bytes: the largest size of the file.
        options: the other options of the fit.
        record: receives the trials.
        tuning: the measured constants.
    """
    fallback: FittedSound | None = None
    is_voice = is_speech(heard.pcm)
    decent = tuning.decent_speech if is_voice else tuning.decent_music
    bits = 8 * max_bytes / max(heard.pcm.seconds, 0.1)
    if forms and forms[0].codec == "aac" and bits <= (tuning.mp3_speech if is_voice else tuning.mp3_music):
        forms = sorted(forms, key=lambda form: form.codec != "mp3")
    for form in forms:
        fitted = _fit_form(heard, form, max_bytes, options, record, tuning)
        if fitted is not None:
            if form.codec == "amr_nb" or fitted.sound.bit_rate >= decent:
                return fitted
            if fallback is None or fallback.form.codec != "mp3":
                fallback = fitted
    return fallback


def _fit_form(
    heard: Heard, form: SoundForm, max_bytes: int, options: FitOptions, record: Record, tuning: Tuning
) -> FittedSound | None:
    """Return the best file of one format that fits; None: none fits."""
    if form.codec == "amr_nb":
        return _fit_amr(heard.within(1)[0], form, max_bytes, options, record)
    made: dict[int, FittedSound] = {}
    steps = tuning.aac_steps if form.codec == "aac" else tuning.mp3_steps
    wanted = 8 * max(max_bytes - form.taken, 0) / max(heard.pcm.seconds, 0.1) * 0.95
    # The available bit rate decides, not the requested bit rate. An encoder makes fewer bytes of simple
    # sound, so the requested bit rate would give different sample rates to parts of one recording.
    _, rate, channels = next(step for step in steps if wanted <= step[0])
    source = _shortened(resampled(heard.within(channels)[0], min(rate, _rate(heard.pcm))), form.seconds)

    def measure(setting: float) -> int:
        bit_rate = round(math.exp(setting))
        try:
            encoded = audio_encode.encode(source, form.codec, bit_rate, progress=options.progress)
            data = form.pack(encoded)
        except TranscodeError:
            return 1 << 40
        made[len(data)] = FittedSound(form, encoded, data)
        record.trials.append(Trial(None, None, None, len(data), encoded.words))
        return len(data)

    ceiling = _CEILING[form.codec][source.channels - 1]
    found = largest(
        measure,
        max_bytes,
        math.log(_FLOOR[form.codec]),
        math.log(ceiling),
        start=math.log(max(wanted, 1)),
        growth=1.0,
        enough=_ENOUGH,
    )
    return None if found.setting is None else made[found.size]


def _shortened(sound: Pcm, seconds: float) -> Pcm:
    """Return sound whose frames of AAC last at most so long, with the frame of the encoder's delay."""
    if seconds == math.inf:
        return sound
    most = max(1, math.floor(seconds * sound.rate / audio_encode.AAC_SAMPLES) - 1) * audio_encode.AAC_SAMPLES
    if sound.length <= most:
        return sound
    short = Pcm(np.ascontiguousarray(sound.samples[:, :most]), sound.rate)
    return faded(short, fade_in=0.0, fade_out=min(FADE_OUT, short.seconds / 4))


def _rate(sound: Pcm) -> int:
    """Return the lowest sample rate of AAC and MP3 that is not below that of the sound."""
    return next((rate for rate in audio_encode.AAC_RATES if rate >= sound.rate), 48000)


def _fit_amr(
    sound: Pcm, form: SoundForm, max_bytes: int, options: FitOptions, record: Record
) -> FittedSound | None:
    frames = math.ceil(sound.seconds * 50) + 1
    least = min(audio_encode.AMR_MODES)
    for bit_rate, octets in reversed(audio_encode.AMR_MODES.items()):
        # The lowest mode is always encoded: BudgetError reports the smallest size.
        if bit_rate > least and frames * octets > max_bytes - form.taken:
            continue
        encoded = audio_encode.encode(sound, "amr_nb", bit_rate, progress=options.progress)
        data = form.pack(encoded)
        record.trials.append(Trial(None, None, None, len(data), encoded.words))
        if len(data) <= max_bytes:
            return FittedSound(form, encoded, data)
    return None


def _rendition(record: Record, decoded: DecodedSound, fitted: FittedSound) -> Rendition:
    encoded = fitted.sound
    seconds = encoded.seconds
    if not decoded.ended or decoded.pcm.seconds - seconds > _ROUNDED:
        record.add([trimmed(seconds, decoded.source_seconds)])
    record.add(besides(decoded.info))
    record.add([Note("converted", f"{decoded.info.codec} re-encoded as {encoded.words}")])
    return record.rendition(
        fitted.data,
        fitted.form.content_type,
        source_seconds=decoded.source_seconds,
        seconds=seconds,
        settings=(encoded.words,),
    )


def besides(info: SoundInfo) -> list[Note]:
    """Return notes about tracks and metadata that are not in re-encoded sound."""
    notes = [tracks_dropped(info.others)] if info.others else []
    if info.besides:
        notes.append(Note("metadata-dropped", f"dropped: {', '.join(info.besides)}"))
    return notes


def _passed(record: Record, decoded: DecodedSound, copy: Copied) -> Rendition:
    # Frames that are marked as damaged are copied; the player conceals them.
    left = [replace(note, text=note.text.replace(amr.MADE_UP, "left as they are")) for note in decoded.notes]
    record.add([*left, *copy.notes])
    info, seconds = decoded.info, decoded.pcm.seconds
    if copy.seconds is not None:
        record.source_start, seconds = copy.begin, copy.seconds
        begin = f" from {copy.begin:.4g} s on" if copy.begin else ""
        record.add([trimmed(seconds, decoded.source_seconds, begin), *besides(info)])
    channels = "mono" if info.channels == 1 else "stereo"
    rates = rated(len(copy.data), seconds)
    return record.rendition(
        copy.data,
        copy.content_type,
        source_seconds=decoded.source_seconds,
        seconds=seconds,
        settings=(f"{info.codec}, {info.rate:,} Hz, {channels}{rates}, copied",),
    )
