"""Domains behind the numbers of a mail, which Internet mail needs and MM4 does not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transcode.model import MessageFields, SomeMessage

__all__ = ["DOMAIN_ROOM", "with_domains", "without_domain"]

#: What a limit that counts mails has room for behind each number, in octets, since a domain goes there when
#: the mail is sent: the longest of operators have 34 (``mms.mnc006.mcc260.3gppnetwork.org``).
DOMAIN_ROOM = 1 + 40


def without_domain(message: MessageFields) -> int:
    """How many of a message's addresses are not of Internet mail, and get a domain when it is sent as one."""
    everyone = (message.sender or "@", *message.to, *message.cc, *message.bcc)
    return sum("@" not in address for address in everyone)


def with_domains(message: SomeMessage, recipients: str | None, sender: str | None) -> SomeMessage:
    """The message with addresses that Internet mail takes: numbers with the domain that serves them.

    ``+15555550100/TYPE=PLMN`` becomes ``+15555550100/TYPE=PLMN@domain``, which a mail server neither
    refuses nor gives a domain of its own (RFC 5322, 3.4.1).

    Args:
        message: of MM4.
        recipients, sender: the domains of their message centres; None: they stay as they are.
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
