"""Finds the program for the SMS gateway of a configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.relay.ports.sms import Kannel

if TYPE_CHECKING:
    from transcode.relay.ports.sms import Sms
    from transcode.relay.sms_gateway import SmsGateway

__all__ = ["gateway"]


def gateway(config: SmsGateway) -> Sms:
    """Return the gateway of a configuration that names one. SMPP binds at once."""
    if config.url.startswith(("smpp:", "smpps:")):
        # SMPP's library is loaded where it is used.
        from transcode.relay.ports.smpp import Smpp

        return Smpp(config)
    return Kannel(config)
