"""What the options of a receiver come to: a profile, or limits."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from transcode.errors import LimitsError
from transcode.model import Limits
from transcode.profile import FolderStore, fetch, receiver

if TYPE_CHECKING:
    from transcode.profile import Profile, SizeChoice


def chosen_receiver(
    carrier: str | None, provider: str | None, device: str | None, bearer: str | None, size: SizeChoice
) -> Profile | None:
    """What satisfies all that was said of the receiver; None when nothing was."""
    if carrier is provider is device is None:
        if bearer is not None:
            raise LimitsError("--bearer goes with --carrier, --provider or --device")
        return None
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    store = FolderStore(Path(cache, "transcode", "devices"))
    return receiver(
        carrier, provider=provider, device=device, bearer=bearer, size=size, store=store, fetch=fetch
    )


def chosen_profile(
    carrier: str | None, provider: str | None, device: str | None, bearer: str | None, size: SizeChoice
) -> Profile:
    found = chosen_receiver(carrier, provider, device, bearer, size)
    if found is None:
        raise LimitsError("give --carrier, --provider or --device; --carrier world fits any network")
    return found


def chosen_limits(profile: Profile | None, max_bytes: int | None, box: str | None) -> Limits:
    if (profile is None) == (max_bytes is None):
        raise LimitsError("give either --carrier (or --provider, --device) or --max-bytes")
    if profile is not None:
        if box is not None:
            raise LimitsError("--box goes with --max-bytes; a profile has its own")
        profile.require_mms()
        return profile.limits()
    width, height = _box(box) if box is not None else (None, None)
    return Limits(max_bytes or 0, width, height)


def _box(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and max(len(width), len(height)) < 10):
        raise LimitsError(f"--box must look like 1600x1200, not {text!r}")
    return int(width), int(height)
