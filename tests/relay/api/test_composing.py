"""Messages of the API composed: what stays as it came, and what is converted."""

from __future__ import annotations

import io

import pytest
from PIL import Image

import transcode
from tests.made.clips import clip, moving
from tests.made.pictures import photo, save
from transcode.errors import SourceError, UnsupportedError
from transcode.relay.api.composing import Composed, Order, Source, centre_profile, compose

PROFILE = centre_profile("world", 2_000_000)
PICTURE = save(photo(80, 60), quality=90)


def made(*media: bytes, is_local: bool = True, profile: transcode.Profile | None = None) -> Composed:
    sources = [Source(f"media[{place}]", octets) for place, octets in enumerate(media)]
    return compose(
        Order(
            sources,
            profile or PROFILE,
            profile is not None,
            is_local,
            "+15550007",
            ("+15550001",),
            (),
            None,
            "Hello",
            False,
            False,
            transcode.SendOptions(delivery_report=True),
        )
    )


def types(composed: Composed) -> list[str]:
    """The types of the media of a message."""
    parts = transcode.read(composed.pdu).parts
    return [
        part.content_type for part in parts if part.content_type not in ("application/smil", "text/plain")
    ]


def quicktime() -> bytes:
    """A clip as QuickTime has it."""
    return bytes(clip(moving(), seconds=0.2, form="mov").data)


def test_what_every_network_shows_stays() -> None:
    composed = made(PICTURE, PICTURE)
    parts = transcode.read(composed.pdu).parts
    assert [bytes(part.data) for part in parts if part.content_type == "image/jpeg"] == [PICTURE] * 2
    assert [(one.source, one.notes) for one in composed.media] == [("media[0]", []), ("media[1]", [])]


def test_other_formats_are_converted() -> None:
    """What was done to each is said, under the name of its field."""
    webp = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(webp, "WEBP")
    composed = made(PICTURE, webp.getvalue())
    assert types(composed) == ["image/jpeg", "image/jpeg"]
    assert [one.content_type for one in composed.media] == ["image/jpeg", "image/webp"]
    assert "adapted" in [note.code for note in composed.media[1].notes]


@pytest.mark.parametrize(("is_local", "kind"), [(True, "video/quicktime"), (False, "video/mp4")])
def test_clips_of_quicktime(is_local: bool, kind: str) -> None:
    """Where each phone's message is adapted here, they stay; other centres get what phones show."""
    assert types(made(quicktime(), is_local=is_local)) == [kind]


def test_what_is_too_large_is_fitted() -> None:
    noise = save(Image.effect_noise((700, 500), 90).convert("RGB"), quality=95)
    small = centre_profile("world", 100_000)
    sources = [Source("media[0]", noise)]
    order = Order(sources, small, False, True, "+1555", ("+1556",), (), None, None, False, False, None)  # type: ignore[arg-type]
    assert len(noise) > 100_000
    assert 50_000 < len(compose(order).pdu) <= 100_000


@pytest.mark.parametrize(
    ("octets", "error"),
    [(b"no picture " * 9, UnsupportedError), (PICTURE[:200], SourceError), (None, SourceError)],
)
def test_what_can_not_be_used_names_its_field(octets: bytes | None, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        made(PICTURE, quicktime()[:400] if octets is None else octets)
    assert getattr(caught.value, "source", "") == "media[1]"
