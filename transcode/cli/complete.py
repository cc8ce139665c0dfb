"""Words that a shell completes: ids of profiles and providers, and bearers. No profile is parsed."""

from __future__ import annotations

from transcode.profile.find import shipped_names

_BEARER = "bearer-"


def profile_ids(incomplete: str) -> list[tuple[str, str]]:
    """Ids of networks and classes that begin with what was typed, and their names."""
    return [
        (own, name)
        for own, name in shipped_names().items()
        if own.startswith(incomplete) and ":" not in own and not own.startswith(_BEARER)
    ]


def provider_ids(incomplete: str) -> list[str]:
    """Providers, and with the sender behind a colon: ``twilio``, ``twilio:short_code``."""
    routes = [own.split(":") for own in shipped_names() if ":" in own]
    found = dict.fromkeys(
        word
        for provider, sender, *_ in routes
        for word in (provider, f"{provider}:{sender}" if sender != "any" else provider)
    )
    return sorted(word for word in found if word.startswith(incomplete))


def bearers(incomplete: str) -> list[str]:
    """Slow networks."""
    known = (own.removeprefix(_BEARER) for own in shipped_names() if own.startswith(_BEARER))
    return [name for name in known if name.startswith(incomplete)]
