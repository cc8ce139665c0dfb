"""One receiver: a network, the provider's route to it, the phone and the bearer, as one profile."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from transcode.errors import ProfileError, ProfileNotFound
from transcode.profile.combination import combine
from transcode.profile.find import find_profile, narrowed, near_ids, routes
from transcode.profile.model import Profile
from transcode.profile.uaprof import MAX_DOCUMENT_BYTES, device, read_uaprof

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from transcode.model import Limits
    from transcode.profile.model import SizeChoice

__all__ = ["receiver"]


def receiver(
    carrier: str | int | PathLike[str] | Limits | Profile | None = None,
    *,
    provider: str | Profile | None = None,
    device: str | PathLike[str] | Profile | None = None,
    bearer: str | None = None,
    size: SizeChoice = "safe",
    store: MutableMapping[str, bytes] | None = None,
    fetch: Callable[[str], bytes] | None = None,
) -> Profile:
    """The profile of all that is known of a receiver: the strictest value of each figure.

    Args:
        carrier: the network, as find_profile takes it; ``"na"`` or ``"world"`` where it is not known.
        provider: the messaging provider that carries the message (``"twilio"``), with the type
            of sender (``"twilio:short_code"``) or the whole route (``"twilio:short_code:us-att"``).
            Its route to the carrier is taken; without a type of sender, the combination
            of all its routes to the carrier.
        device: the phone: the path of its UAProf document, its address, or a profile.
        bearer: ``"gprs"`` or ``"edge"``, for a slow network.
        size: the size of the message, where a source gives several: see Profile.sized.
        store, fetch: as for transcode.profile.device, where the phone is given by address.

    Returns:
        A single profile, or a combination whose figures name the profile that gave each value.

    Raises:
        ProfileNotFound: a name has no profile; the error suggests similar names.
        ProfileError: no argument but a bearer is given, a file can't be read, or the profiles
            have no picture format in common.
    """
    parts = [] if carrier is None else [find_profile(carrier)]
    if provider is not None:
        parts += _routes(provider, parts[0] if parts else None)
    if device is not None:
        parts.append(_device(device, store, fetch))
    if not parts:
        raise ProfileError("receiver", "neither carrier, provider nor device is given")
    whole = combine(*(part.sized(size) for part in parts))
    return whole if bearer is None else narrowed(whole, bearer)


def _routes(provider: str | Profile, carrier: Profile | None) -> list[Profile]:
    """The provider's account, and its routes to the carrier."""
    if isinstance(provider, Profile) or provider.count(":") > 1:
        return [find_profile(provider)]
    key = provider.strip().lower()
    found = routes(key, carrier)
    if not found:
        account = key.partition(":")[0]
        senders = {":".join(route.id.split(":")[:2]) for route in routes(account, carrier) if ":" in route.id}
        raise ProfileNotFound(provider, sorted(senders) or near_ids(key))
    return found


def _device(
    given: str | PathLike[str] | Profile,
    store: MutableMapping[str, bytes] | None,
    fetch: Callable[[str], bytes] | None,
) -> Profile:
    if isinstance(given, Profile):
        return given
    name = fspath(given)
    if "://" in name:
        return device(name, {} if store is None else store, fetch=fetch)
    try:
        with Path(name).open("rb") as file:
            data = file.read(MAX_DOCUMENT_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ProfileError(name, f"can't be read: {getattr(error, 'strerror', None) or error}") from error
    return read_uaprof(data, name=name)
