"""One receiver of all that is known of it: carrier, provider, phone, bearer, and the size of choice."""

from __future__ import annotations

from pathlib import Path

import pytest

from transcode.errors import ProfileError, ProfileNotFound
from transcode.profile import SizeChoice, combine, find_profile, receiver

DOCUMENT = b"<r><Vendor>Maker</Vendor><MmsMaxMessageSize>50000</MmsMaxMessageSize></r>"


@pytest.mark.parametrize(
    ("carrier", "provider", "size", "bound"),
    [
        ("us-att", None, 1_048_576, "us-att"),
        ("us-att", "twilio:long_code", 1_000_000, "twilio:long_code:us-att"),
        ("us-att", "twilio", 600_000, "twilio:short_code:us-att"),
        ("us-att", "Twilio:Short_Code", 600_000, "twilio:short_code:us-att"),
        ("us-att", "twilio:short_code:us-att", 600_000, "twilio:short_code:us-att"),
        ("us-visible", "twilio:short_code", 1_200_000, "twilio:short_code:us-verizon"),
        ("ca-rogers", "plivo:short_code", 1_000_000, "plivo:any:ca"),
        ("us-att", "yakchat", 1_000_000, "yakchat:long_code:us-att"),
        (None, "telnyx", 600_000, "telnyx:short_code:us-att"),
        ("na", "sinch", 600_000, "na"),
        ("world", None, 300_000, "world"),
    ],
)
def test_route_of_a_provider(carrier: str | None, provider: str | None, size: int, bound: str) -> None:
    """The route goes to the network or its host's; without a type of sender it satisfies all types."""
    found = receiver(carrier, provider=provider)
    assert (found.max_message_bytes, found.bound_by("max_message_bytes")) == (size, bound)


@pytest.mark.parametrize(
    ("provider", "near"),
    [
        ("twilo", "twilio"),
        ("twilio:shortcode", "twilio:short_code"),
        ("yakchat:toll_free", "yakchat:long_code"),
    ],
)
def test_provider_that_nobody_knows(provider: str, near: str) -> None:
    """A slip in the provider or its type of sender is refused with what there is: never passed over."""
    with pytest.raises(ProfileNotFound) as caught:
        receiver("us-att", provider=provider)
    assert near in caught.value.suggestions


def test_all_at_once(tmp_path: Path) -> None:
    """Network, route, phone and bearer: each may bind."""
    path = tmp_path / "phone.xml"
    path.write_bytes(DOCUMENT)
    found = receiver("us-att", provider="twilio:short_code", device=path, bearer="gprs")
    assert (found.max_message_bytes, found.bound_by("max_message_bytes")) == (50_000, str(path))
    path.write_bytes(DOCUMENT.replace(b"50000", b"500000"))
    found = receiver("us-att", provider="twilio:short_code", device=str(path), bearer="gprs")
    assert (found.max_message_bytes, found.bound_by("max_message_bytes")) == (102_400, "bearer-gprs")
    assert receiver(device=receiver(device=path)) == receiver(device=path)


@pytest.mark.parametrize(
    ("carrier", "provider", "choice", "size"),
    [
        ("us-cricket", None, "safe", 614_400),
        ("us-cricket", None, "high", 1_048_576),
        ("us-cricket", None, "recommended", 614_400),
        ("us-att", "twilio:long_code", "recommended", 600_000),
        ("us-cricket", "twilio:long_code", "high", 1_048_576),
        ("us-att", "twilio:short_code", "high", 600_000),
    ],
)
def test_size_of_ones_choice(carrier: str, provider: str | None, choice: SizeChoice, size: int) -> None:
    """The highest is taken only where it is asked for, and only from the profile that has it."""
    found = receiver(carrier, provider=provider, size=choice)
    assert found.max_message_bytes == found.figures["max_message_bytes"].value == size


def test_size_of_a_combination() -> None:
    """What was combined keeps its figure: the highest of one part is not that of all."""
    both = combine(find_profile("us-cricket"), find_profile("us-att"))
    assert both.sized("high") is both


def test_size_that_is_none() -> None:
    """A choice of size that there is not is refused, not passed over."""
    with pytest.raises(ProfileError, match="one of safe, recommended, high, not 'highest'"):
        find_profile("us-cricket").sized("highest")  # type: ignore[arg-type]


def test_nothing_is_known() -> None:
    """A bearer alone says nothing of the receiver."""
    with pytest.raises(ProfileError, match="neither carrier, provider nor device"):
        receiver(bearer="gprs")


def test_device_file_that_cannot_be_read(tmp_path: Path) -> None:
    """The error names the path and the reason."""
    with pytest.raises(ProfileError, match=r"none\.xml: can't be read: No such file"):
        receiver("us-att", device=tmp_path / "none.xml")
