"""Compare operating points of sound: ``python bench/tune_sound.py``, which takes half an hour.

For each bit rate every number of samples a second and of channels is encoded, decoded and scored against
the source, by Zimtohrli's mean opinion score (1 to 5, at 48,000 Hz).
The table has, for speech and for music, the three best of each codec and bit rate: what the steps of
transcode.fit.sound.audio are taken from. The recordings are those of the shared corpus.
"""

import sys
from itertools import product
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import corpus, judge
from transcode.errors import TranscodeError
from transcode.media.samples.pcm import Pcm, mixed, resampled
from transcode.media.sound import audio_encode
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


def points(source: Pcm) -> dict[tuple[str, int, int, int], float]:
    """Scores by codec, bit rate, samples a second and channels."""
    wanted = [("amr_nb", 12_200, 8000, 1)]
    channels = range(1, source.channels + 1)
    for point in product(("aac", "mp3"), BIT_RATES, RATES, channels):
        _, bit_rate, rate, count = point
        too_few = bit_rate / count < 0.2 * rate
        if rate <= 1.1 * source.rate and bit_rate <= 5.4 * rate * count and not too_few:
            wanted.append(point)
    scores = {}
    for point in wanted:
        codec, bit_rate, rate, count = point
        try:
            sound = resampled(mixed(source, count), rate)
            data = audio_encode.mux(audio_encode.encode(sound, codec, bit_rate), TYPES[codec])
        except TranscodeError:
            continue  # Not every rate is one of every codec.
        scores[point] = judge.opinion(source, decode(Input("made", data)).pcm)
    return scores


def main() -> None:
    for kind, names in RECORDINGS.items():
        scores: dict[tuple[str, int], dict[tuple[int, int], list[float]]] = {}
        for name in names:
            source = decode(read(corpus.folder().parent / "audio" / name), max_seconds=SECONDS).pcm
            for (codec, bit_rate, rate, channels), score in points(source).items():
                by_point = scores.setdefault((codec, bit_rate), {})
                by_point.setdefault((rate, channels), []).append(score)
        for (codec, bit_rate), by_point in sorted(scores.items()):
            most = max(map(len, by_point.values()))
            whole = {point: np.mean(found) for point, found in by_point.items() if len(found) >= most - 1}
            best = sorted(whole.items(), key=lambda item: -item[1])[:3]
            shown = ", ".join(f"{rate:,} Hz x {channels}: {score:.2f}" for (rate, channels), score in best)
            print(f"{kind:7}{codec:7}{bit_rate:8,}  {shown}")


if __name__ == "__main__":
    main()
