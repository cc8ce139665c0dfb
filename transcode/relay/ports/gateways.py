"""Finds the program for the SMS gateway of a configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.relay.ports.sms import Kannel

if TYPE_CHECKING:
    from transcode.relay.config import Config
    from transcode.relay.ports.sms import Sms
    from transcode.relay.texts import Hear

__all__ = ["gateway"]


def gateway(config: Config, hear: Hear) -> Sms:
    """Return the gateway of a configuration that names one. SMPP binds at once.

    Args:
        config: the configuration.
        hear: what is done with a text of a phone that comes over the gateway's own connection.
    """
    if config.sms.url.startswith(("smpp:", "smpps:")):
        # SMPP's library is loaded where it is used.
        from transcode.relay.ports.smpp import Smpp

        return Smpp(config.sms, config.numbers, hear)
    return Kannel(config.sms)
