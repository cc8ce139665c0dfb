"""Tests each codec: encodes and decodes a tiny clip or recording, and compares the result with the input.

A codec in a library's list is not enough: some builds list codecs that refuse every setting.
"""

from __future__ import annotations

import base64
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from av.video.codeccontext import VideoCodecContext

from transcode.errors import TranscodeError
from transcode.kernels import amr
from transcode.media.clips import video_encode
from transcode.media.clips.frames import Frames
from transcode.media.clips.packed import packed_rows
from transcode.media.samples.pcm import Pcm
from transcode.media.sound import audio, audio_encode
from transcode.media.source.container import open_container
from transcode.media.source.inputs import Input
from transcode.media.source.packets import packet_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["TRIALS"]

#: Minimal streams of one frame of 64 x 64 pixels in the colour _COLOUR: HEVC by x265, and AV1 by SVT-AV1.
_HEVC = base64.b64decode(
    "AAAAAUABDAH//wFgAAADAJAAAAMAAAMAHpWYCQAAAAFCAQEBYAAAAwCQAAADAAADAB6gIIEFllZpJMrwFoCAAAADAIAAAAMAhAAAAAFE"
    "AcFytCJAAAABKAGvE4DlMlH/4Sor+1HV/oBrQAhfgA=="
)
_AV1 = base64.b64decode("EgAKCgAAAAKv/59/IAgyFBAAs4IEECCBAAIAldY3VDp7S/Z1")
_COLOUR = (108, 170, 81)

#: Width and height of the test clip, a size that H.263 supports (ITU-T H.263, 4.1), and its frames.
_WIDTH, _HEIGHT, _PICTURES = 128, 96, 3

#: Largest mean difference of decoded samples from the input, out of 255. Largest relative difference of the
#: RMS level of the sound.
_NEAR = 4.0
_LOUD = 0.3


def _clip(codec: str, content_type: str) -> str:
    """Encode frames of a horizontal gradient, and compare the decoded frames with them."""
    ground = np.full((packed_rows(_HEIGHT), _WIDTH), 128, np.uint8)
    ground[:_HEIGHT] = np.linspace(40, 200, _WIDTH).astype(np.uint8)
    with Frames(_WIDTH, _HEIGHT) as frames:
        for number in range(_PICTURES):
            frames.append(number / 10, ground)
        frames.end = _PICTURES / 10
        settings = video_encode.Settings(codec, 100_000, 10.0, level=10 if codec == "h263" else 1)
        with video_encode.Encoder(frames) as encoder:
            encoder.measure(settings)
            made = video_encode.mux(encoder.encode(settings), None, content_type)
    with open_container(Input(codec, made)) as container:
        pictures = [frame.to_ndarray() for frame in container.decode(video=0)]
    if len(pictures) != _PICTURES:
        raise TranscodeError(f"{_PICTURES} frames were encoded, {len(pictures)} were decoded")
    _check(pictures[-1][:_HEIGHT], ground[:_HEIGHT])
    return "encoded and decoded"


def _still(codec: str, stream: bytes) -> str:
    """Decode a picture of a known colour."""
    context = cast(VideoCodecContext, VideoCodecContext.create(codec, "r"))
    frame, *_ = [*context.decode(packet_of(stream)), *context.decode(None)]
    samples = frame.to_ndarray().reshape(-1)
    luma, quarter = 64 * 64, 32 * 32
    for place, wanted in zip((0, luma, luma + quarter), _COLOUR, strict=True):
        _check(samples[place : place + quarter], np.full(quarter, wanted, np.uint8))
    return "decoded"


def _check(found: NDArray[Any], wanted: NDArray[np.uint8]) -> None:
    apart = float(np.abs(found.astype(float) - wanted).mean())
    if apart > _NEAR:
        raise TranscodeError(f"decoded samples differ from the input by {apart:.0f} of 255 on average")


def _sound(codec: str, bit_rate: int, rate: int, content_type: str) -> str:
    """Encode a tone, and compare duration and level of the decoded sound."""
    seconds = 0.5
    tone = 0.5 * np.sin(2 * np.pi * 440 / rate * np.arange(int(seconds * rate)), dtype=np.float32)
    encoded = audio_encode.encode(Pcm(tone[None, :], rate), codec, bit_rate)
    pcm = audio.decode(Input(codec, audio_encode.mux(encoded, content_type))).pcm
    if abs(pcm.seconds - seconds) > seconds / 2:
        raise TranscodeError(f"{seconds} s were encoded, {pcm.seconds:.2f} s were decoded")
    found, wanted = (float(np.sqrt(np.mean(np.square(samples)))) for samples in (pcm.samples, tone))
    if abs(found / wanted - 1) > _LOUD:
        raise TranscodeError(f"the decoded sound has {found / wanted:.2f} times the level of the input")
    return "encoded and decoded"


def _amr_wide() -> str:
    """Decode a frame of 6,600 bit/s (RFC 4867, 5.3)."""
    out = np.empty(amr.WIDE_SAMPLES, np.int16)
    frames, _ = amr.Decoder(wide=True).decode(b"\x04" + bytes(17), out)
    if frames != 1:
        raise TranscodeError("a frame was not decoded")
    return "decoded"


#: The trials: the codec's name, the function that tests it and returns what it did, and the consequence of a
#: missing codec. A function raises any exception of its libraries.
TRIALS: tuple[tuple[str, Callable[[], str], str], ...] = (
    ("HEVC", partial(_still, "hevc", _HEVC), "no HEIC pictures, no HEVC clips"),
    ("AV1", partial(_still, "libdav1d", _AV1), "no AVIF pictures, no AV1 clips"),
    ("H.264", partial(_clip, "h264", "video/mp4"), "no H.264 clips"),
    ("MPEG-4", partial(_clip, "mpeg4", "video/3gpp"), "no MPEG-4 clips for old phones"),
    ("H.263", partial(_clip, "h263", "video/3gpp"), "no H.263 clips for old phones"),
    ("AAC", partial(_sound, "aac", 64_000, 44_100, "audio/mp4"), "no AAC sound"),
    ("AMR-NB", partial(_sound, "amr_nb", 12_200, 8_000, "audio/amr"), "no AMR-NB sound for old phones"),
    ("AMR-WB", _amr_wide, "recordings in AMR-WB are refused"),
    ("MP3", partial(_sound, "mp3", 64_000, 44_100, "audio/mpeg"), "no MP3 sound"),
)
