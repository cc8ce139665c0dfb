"""Scores of the quality of renditions.

Pictures: SSIMULACRA2. The reference is the original, upright and in sRGB, reduced to the box by Pillow's
Lanczos. A rendition with fewer pixels is enlarged to the size of the reference by Lanczos. 100 is
identical, 90 visually lossless, 70 high, 50 medium and 30 low quality. Sound: the mean opinion score of
Zimtohrli, 1 to 5, at 48,000 Hz; for speech PESQ too, where it is installed.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from transcode.media.samples.pcm import Pcm, mixed, resampled
from transcode.media.samples.score import ssimulacra2


def reference(data: bytes, box: tuple[int, int]) -> Image.Image:
    """The original, upright and in sRGB, reduced to the box."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    icc = image.info.get("icc_profile")
    image = image.convert("RGB")
    if icc:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        image = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB")) or image
    limit = box[::-1] if image.height > image.width else box
    scale = min(limit[0] / image.width, limit[1] / image.height, 1)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


def decoded(made: bytes, original: Image.Image) -> Image.Image:
    """A decoded rendition, resized to the size of the original."""
    image = Image.open(io.BytesIO(made)).convert("RGB")
    if image.size != original.size:
        image = image.resize(original.size, Image.Resampling.LANCZOS)
    return image


def score(made: bytes, original: Image.Image) -> float:
    """The SSIMULACRA2 score of a rendition, by this project's kernel."""
    return ssimulacra2(np.asarray(original), np.asarray(decoded(made, original)))


def published(made: bytes, original: Image.Image) -> float:
    """The SSIMULACRA2 score by the Python package ssimulacra2, which takes a hundred times as long."""
    from ssimulacra2 import compute_ssimulacra2

    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder, "original.png"), Path(folder, "made.png")
        original.save(first, compress_level=1)
        decoded(made, original).save(second, compress_level=1)
        return float(compute_ssimulacra2(str(first), str(second)))


def opinion(source: Pcm, made: Pcm) -> float:
    """The mean over the channels of Zimtohrli's opinion score, 1 to 5."""
    import zimtohrli

    channels = max(source.channels, made.channels)
    pairs = zip(_heard(source, channels), _heard(made, channels), strict=True)
    scores = []
    for before, after in pairs:
        length = min(len(before), len(after))
        signals = (np.ascontiguousarray(signal[:length]) for signal in (before, after))
        scores.append(zimtohrli.mos_from_signals(*signals))
    return float(np.mean(scores))


def speech_opinion(source: Pcm, made: Pcm) -> float:
    """PESQ's opinion score of wide-band speech, 1 to 4.6 (ITU-T P.862.2), at 16,000 Hz in one channel."""
    import pesq

    before, after = (np.asarray(resampled(mixed(pcm, 1), 16_000).samples[0]) for pcm in (source, made))
    length = min(len(before), len(after))
    return float(pesq.pesq(16_000, before[:length], after[:length], "wb"))


def _heard(pcm: Pcm, channels: int) -> NDArray[np.float32]:
    """The samples at 48,000 Hz, with the channels repeated to a count."""
    samples = np.asarray(resampled(pcm, 48_000).samples)
    return samples if len(samples) == channels else np.repeat(samples, channels, 0)[:channels]
