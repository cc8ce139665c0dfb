"""Domains for the phone numbers of a mail: Internet mail requires a domain, MM4 does not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transcode.model import MessageFields, SomeMessage

__all__ = ["DOMAIN_ROOM", "LONGEST_DOMAIN", "with_domains", "without_domain"]

#: The octets that a limit on mails reserves for a domain that sending appends. The longest domains of
#: operators have 34 octets (``mms.mnc006.mcc260.3gppnetwork.org``).
LONGEST_DOMAIN = 40
#: The octets that it reserves for each number: "@" and a domain.
DOMAIN_ROOM = 1 + LONGEST_DOMAIN


def without_domain(message: MessageFields) -> int:
    """Return the number of addresses without a domain; sending as Internet mail appends one to each."""
    everyone = (message.sender or "@", *message.to, *message.cc, *message.bcc)
    return sum("@" not in address for address in everyone)


def with_domains(message: SomeMessage, recipients: str | None, sender: str | None) -> SomeMessage:
    """Return the message with a domain appended to each address that has none.

    ``+15555550100/TYPE=PLMN`` becomes ``+15555550100/TYPE=PLMN@domain``, an address of Internet mail (RFC
    5322, 3.4.1). Mail servers refuse a number without a domain, or append their own domain.

    Args:
        message: an MM4 message.
        recipients, sender: the domains of the MMSCs of recipients and sender; None: the addresses stay
            unchanged.
    """
    return replace(
        message,
        sender=None if message.sender is None else _with_domain(message.sender, sender),
        to=tuple(_with_domain(address, recipients) for address in message.to),
        cc=tuple(_with_domain(address, recipients) for address in message.cc),
        bcc=tuple(_with_domain(address, recipients) for address in message.bcc),
    )


def _with_domain(address: str, domain: str | None) -> str:
    if domain is None or "@" in address:
        return address
    return f"{address[:-1]}@{domain}>" if address.endswith(">") else f"{address}@{domain}"
