"""Compare operating points of audio encoders: ``python bench/tune_sound.py``, which takes 30 minutes.

``--small`` checks the numbers in use in two minutes. For each bit rate, every sample rate and number of
channels is encoded, decoded and scored against the source by Zimtohrli's mean opinion score (1 to 5, at
48,000 Hz). The table has the three best operating points of each codec and bit rate, for speech and for
music. The steps of transcode.fit.sound.audio are taken from it. The recordings are those of the shared
corpus.
"""

import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import corpus, engines, judge, tuning
from transcode.errors import TranscodeError
from transcode.fit.sound import audio
from transcode.media.samples.pcm import Pcm, mixed, resampled
from transcode.media.sound import audio_encode, speech
from transcode.media.sound.audio import decode
from transcode.media.source.inputs import Input, read

RECORDINGS = {
    "speech": ("speech_14s.ogg", "podcast.m4a", "speech_48k.opus", "speech_24bit_stereo.flac"),
    "music": (
        "guitar_80s.mp3",
        "orchestra_46s.ogg",
        "viper_41s.mp3",
        "podcast_chapters_art.m4a",
        "pcm8_10s.wav",
    ),
}
SECONDS = 5.0
TYPES = {"aac": "audio/mp4", "mp3": "audio/mpeg", "amr_nb": "audio/amr"}
BIT_RATES = (10_000, 14_000, 20_000, 28_000, 40_000, 56_000, 80_000, 112_000)
RATES = (8000, 12000, 16000, 24000, 32000, 44100)


#: Largest ratio of the actual bit rate to the requested bit rate.
MOST = 1.2

#: Recordings of the check, their duration in seconds, and bit rates between the steps in bit/s.
SMALL = {"speech": ("speech_14s.ogg", "podcast.m4a"), "music": ("guitar_80s.mp3", "viper_41s.mp3")}
SMALL_SECONDS = 5.0
SMALL_RATES = {"aac": (14_000, 48_000, 88_000), "mp3": (20_000, 36_000, 56_000)}


def read_pcm(name: str, seconds: float) -> Pcm:
    """The beginning of a recording of the corpus."""
    return decode(read(corpus.folder("audio") / name), max_seconds=seconds).pcm


def points(source: Pcm) -> dict[tuple[str, int, int, int], float]:
    """Scores by codec, bit rate in bit/s, sample rate in Hz and number of channels."""
    wanted = [("amr_nb", 12_200, 8000, 1)]
    channels = range(1, source.channels + 1)
    for point in product(("aac", "mp3"), BIT_RATES, RATES, channels):
        _, bit_rate, rate, count = point
        too_few = bit_rate / count < 0.2 * rate
        if rate <= 1.1 * source.rate and bit_rate <= 5.4 * rate * count and not too_few:
            wanted.append(point)
    scores = {}
    for point in wanted:
        found = opinion(source, *point)
        if found is not None:
            scores[point] = found
    return scores


def opinion(
    source: Pcm, codec: str, bit_rate: int, rate: int, channels: int, *, is_voice: bool = False
) -> float | None:
    """The score of an operating point; None if the codec lacks it or exceeds the bit rate by over 20%.

    For speech it may be the mean of Zimtohrli and PESQ.
    """
    try:
        sound = audio_encode.encode(resampled(mixed(source, channels), rate), codec, bit_rate)
        data = audio_encode.mux(sound, TYPES[codec])
    except TranscodeError:
        return None
    if 8 * sound.size > MOST * bit_rate * sound.seconds:
        return None
    heard = decode(Input("made", data)).pcm
    score = judge.opinion(source, heard)
    return (score + judge.speech_opinion(source, heard)) / 2 if is_voice and engines.module("pesq") else score


def steps(field: str, codec: str, sources: list[Pcm]) -> Iterator[tuning.Finding]:
    """The findings on a codec's operating points, compared with lower and higher sample rates."""
    table = getattr(audio.TUNING, field)
    for bit_rate in SMALL_RATES[codec]:
        _, own, channels = next(step for step in table if bit_rate <= step[0])
        scores = {}
        for rate in sorted({own, 8000, 16000, 22050, 32000, 44100}):
            found = [
                opinion(source, codec, bit_rate, rate, min(channels, source.channels)) for source in sources
            ]
            known = [each for each in found if each is not None]
            if len(known) == len(sources):
                scores[rate] = float(np.mean(known))
        yield tuning.best(
            audio.TUNING,
            field,
            scores,
            lost=0.15,
            unit="of 5",
            value=own,
            part=f"at {bit_rate:,} bit/s",
        )


def decent(sources: dict[str, list[Pcm]]) -> Iterator[tuning.Finding]:
    """Findings on the decent rates: AMR-NB at 12.2 kbit/s scores higher than AAC only below them."""
    for kind, field in (("speech", "decent_speech"), ("music", "decent_music")):
        found = sources[kind]
        value = getattr(audio.TUNING, field)
        gains = {}
        for bit_rate in (round(value * 0.6), round(value * 1.6)):
            _, rate, _ = next(step for step in audio.TUNING.aac_steps if bit_rate <= step[0])
            by_aac, by_amr = (
                np.mean([opinion(each, codec, bits, samples, 1) or 1.0 for each in found])
                for codec, bits, samples in (("aac", bit_rate, rate), ("amr_nb", 12_200, 8000))
            )
            gains[bit_rate] = float(by_aac - by_amr)
        yield tuning.between(audio.TUNING, field, gains, least=0.0, unit="of 5")


def preferred(sources: dict[str, list[Pcm]]) -> Iterator[tuning.Finding]:
    """Findings on the rates up to which MP3 is better than AAC, at their own operating points."""
    for kind, field in (("speech", "mp3_speech"), ("music", "mp3_music")):
        value = getattr(audio.TUNING, field)
        gains = {}
        for bit_rate in (round(value * 0.75), round(value * 1.15)):
            differences = []
            for source in sources[kind]:
                by_codec = {}
                for codec, table in (("aac", audio.TUNING.aac_steps), ("mp3", audio.TUNING.mp3_steps)):
                    _, rate, channels = next(step for step in table if bit_rate <= step[0])
                    by_codec[codec] = opinion(
                        source,
                        codec,
                        bit_rate,
                        rate,
                        min(channels, source.channels),
                        is_voice=kind == "speech",
                    )
                differences.append((by_codec["aac"] or 1.0) - (by_codec["mp3"] or 1.0))
            gains[bit_rate] = float(np.mean(differences))
        yield tuning.between(audio.TUNING, field, gains, least=0.0, unit="of 5")


def findings() -> Iterator[tuning.Finding]:
    """Findings on operating points with four recordings, and on the speech detector with all of them."""
    recordings = {
        kind: [read_pcm(name, 20.0) for name in names if name != "pcm8_10s.wav"]
        for kind, names in RECORDINGS.items()
    }

    def told(numbers: speech.Tuning) -> float:
        return float(
            np.mean(
                [
                    speech.is_speech(pcm, tuning=numbers) is (kind == "speech")
                    for kind, found in recordings.items()
                    for pcm in found
                ]
            )
        )

    # With a smaller step all values of the first two separate all recordings.
    for name, step in (("low_energy", 2.5), ("crossings", 2.5), ("flux", 1.25)):
        yield tuning.sweep(speech.TUNING, name, told, lost=0.0, step=step, unit="of all")
    if not engines.module("zimtohrli"):
        print("zimtohrli is not installed: operating points and decent rates are skipped", file=sys.stderr)
        return
    small = {kind: [read_pcm(name, SMALL_SECONDS) for name in names] for kind, names in SMALL.items()}
    yield from steps("aac_steps", "aac", small["speech"] + small["music"])
    yield from steps("mp3_steps", "mp3", small["speech"] + small["music"])
    yield from decent(small)
    yield from preferred(small)


def main() -> int:
    parser = tuning.parser(__doc__)
    if parser.parse_args().small:
        return tuning.tell(findings)
    for kind, names in RECORDINGS.items():
        scores: dict[tuple[str, int], dict[tuple[int, int], list[float]]] = {}
        for name in names:
            for (codec, bit_rate, rate, channels), score in points(read_pcm(name, SECONDS)).items():
                by_point = scores.setdefault((codec, bit_rate), {})
                by_point.setdefault((rate, channels), []).append(score)
        for (codec, bit_rate), by_point in sorted(scores.items()):
            most = max(map(len, by_point.values()))
            whole = {point: np.mean(found) for point, found in by_point.items() if len(found) >= most - 1}
            best = sorted(whole.items(), key=lambda item: -item[1])[:3]
            shown = ", ".join(f"{rate:,} Hz x {channels}: {score:.2f}" for (rate, channels), score in best)
            print(f"{kind:7}{codec:7}{bit_rate:8,}  {shown}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
