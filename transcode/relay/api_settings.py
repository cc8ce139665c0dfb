"""The configuration of the API for web developers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import transcode
from transcode.errors import ConfigError, ProfileError
from transcode.net import is_timeout
from transcode.relay.model import API_PEER, MEGABYTE

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Api", "check_api"]


@dataclass(frozen=True, slots=True)
class Api:
    """The API; a configuration without this table has none.

    Attributes:
        network: the profile whose formats messages are composed in, at the size of
            ``policy.max_message_bytes``; what a phone gets is adapted to its own network.
        max_recipients: the most recipients of one message.
        max_campaign_recipients: the most rows of recipients of a campaign.
        max_campaign_bytes: the most octets of an upload of recipients.
        campaign_per_second: the most recipients a second of all campaigns of one key together, whatever
            their plans say.
        max_media: the most media of one message.
        max_request_bytes: the largest request, and the most octets of all media of a message.
        fetch_seconds: the longest time that all media of a message may take to be fetched.
        fetches: how many messages have media fetched at once.
        compose_seconds: the longest time that composing a message may take.
        compose_processes: how many messages are composed at once; 0: one a processor.
        requests_per_minute: the requests of one key in a minute; 0: any number.
        max_webhooks: the most webhooks of an account.
        webhook_seconds: the longest time that a request to a webhook may take.
        webhook_lines: the requests to webhooks at once.
        allow_private: whether media are fetched from this machine or a private network, and webhooks may be
            there.
    """

    network: str = "world"
    max_recipients: int = 100
    max_campaign_recipients: int = 1_000_000
    max_campaign_bytes: int = 200 * MEGABYTE
    campaign_per_second: float = 1000.0
    max_media: int = 10
    max_request_bytes: int = 25 * MEGABYTE
    fetch_seconds: float = 20.0
    fetches: int = 16
    compose_seconds: float = 60.0
    compose_processes: int = 0
    requests_per_minute: int = 600
    max_webhooks: int = 10
    webhook_seconds: float = 10.0
    webhook_lines: int = 4
    allow_private: bool = False


def check_api(api: Api | None, names: Iterable[str], source: str) -> None:
    """Check the values of a configuration.

    Args:
        api: the values; None: there are none.
        names: the names of other centres and providers.
        source: the name of the file.

    Raises:
        ConfigError: a value can't be; the error names its key.
    """
    if api is None:
        return
    for name in names:
        if name.startswith(API_PEER):
            raise ConfigError(source, f"{name!r} is the name of an account of the API")
    try:
        transcode.find_profile(api.network)
    except ProfileError as error:
        raise ConfigError(source, str(error), key="api.network") from error
    for key in (
        "max_recipients",
        "max_campaign_recipients",
        "max_campaign_bytes",
        "campaign_per_second",
        "max_media",
        "max_request_bytes",
        "fetches",
        "compose_seconds",
        "webhook_lines",
    ):
        if not getattr(api, key):
            raise ConfigError(source, "must be more than 0", key=f"api.{key}")
    for key in ("fetch_seconds", "webhook_seconds"):
        if not is_timeout(getattr(api, key)):
            raise ConfigError(source, "must be above 0 and at most a day", key=f"api.{key}")
