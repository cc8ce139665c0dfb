"""Profiles, pictures and messages for tests, a score of a part, and the octets of a message."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from PIL import Image

import transcode
from tests.made.pictures import photo, save
from transcode.media.samples.score import ssimulacra2
from transcode.model import HeaderValue, MessageFields, Part
from transcode.profile import find_profile

ATT = find_profile("us-att")
#: A text and a picture that are sent to one receiver.
SENT = MessageFields(
    transaction_id="T1",
    sender="+15555550100/TYPE=PLMN",
    to=("+15555550101/TYPE=PLMN",),
    headers=(("Date", 1_700_000_000),),
    content_type="application/vnd.wap.multipart.mixed",
    parts=(
        Part("text/plain", b"text", charset="utf-8"),
        Part("image/gif", bytes(99)),
    ),
)


#: The headers of all that a sender may ask of the network: three days, and 2030-01-02 at 03:04:05 +01:00.
ASKED: dict[str, HeaderValue] = {
    "X-Mms-Message-Class": "Informational",
    "X-Mms-Expiry": ("relative", 259_200),
    "X-Mms-Delivery-Time": ("absolute", 1_893_549_845),
    "X-Mms-Priority": "High",
    "X-Mms-Sender-Visibility": "Hide",
    "X-Mms-Delivery-Report": True,
    "X-Mms-Read-Report": False,
}


def limited(max_message_bytes: int) -> transcode.Profile:
    return replace(ATT, max_message_bytes=max_message_bytes)


def written(message: transcode.Message) -> bytes:
    """The octets of a message in the form of its type, drafts too."""
    if message.message_type.startswith("mm7-"):
        return bytes(message.to_mm7(strict=False))
    if message.message_type.startswith("mm4-"):
        return message.to_mm4(strict=False)
    return message.to_mm1(strict=False)


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
