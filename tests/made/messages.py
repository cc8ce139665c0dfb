"""Profiles and pictures for tests that compose messages, and a score of the result."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from PIL import Image

import transcode
from tests.made.pictures import photo, save
from transcode.media.samples.score import ssimulacra2
from transcode.profile import find_profile

ATT = find_profile("us-att")


def limited(max_message_bytes: int) -> transcode.Profile:
    return replace(ATT, max_message_bytes=max_message_bytes)


def score(part: transcode.Part, original: bytes) -> float:
    """The SSIMULACRA2 score of a part against its original."""
    made, wanted = (Image.open(io.BytesIO(bytes(data))).convert("RGB") for data in (part.data, original))
    return ssimulacra2(np.asarray(wanted), np.asarray(made.resize(wanted.size, Image.Resampling.LANCZOS)))


def noisy(seed: int) -> bytes:
    """A noisy picture that needs many bytes, as PNG."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (225, 300, 3), dtype=np.uint8)
    return save(Image.fromarray(coarse).resize((900, 675), Image.Resampling.BICUBIC), "PNG")


def smooth(seed: int) -> bytes:
    """A smooth picture that needs few bytes, as PNG."""
    return save(Image.fromarray(photo(60, 45, seed)).resize((900, 675), Image.Resampling.BICUBIC), "PNG")
