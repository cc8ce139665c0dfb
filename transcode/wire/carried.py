"""Replaces or drops what one interface allows and another refuses, and reports each change."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.wire.addresses import without_name
from transcode.wire.parts import MEDIA_TYPE, portable, sound_parameters
from transcode.wire.rules import is_multipart
from transcode.wire.submission import MULTIPART, WAP_MULTIPART

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transcode.model import Part, SomeMessage
    from transcode.wire.oddities import Odd

__all__ = ["as_in_mail", "as_in_soap", "bare", "cleaned"]

#: Characters that neither MM1 nor XML can carry: control characters, surrogates and noncharacters.
_UNSEEN = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]+")
_OTHER_TYPE = re.compile(r".*/TYPE=(?!PLMN\Z).*", re.IGNORECASE | re.DOTALL)


class _Cleaner:
    """Replaces characters that some interface refuses by blanks, and reports each replacement."""

    def __init__(self, odd: Odd) -> None:
        self._odd = odd

    def text(self, text: str) -> str:
        found = _UNSEEN.search(text)
        if found is None:
            return text
        self._odd(f"a text has the character {found[0][0]!r}, replaced by a blank: {text!r}")
        return _UNSEEN.sub(" ", text)

    def maybe(self, text: str | None) -> str | None:
        return None if text is None else self.text(text)

    def addresses(self, addresses: Iterable[str]) -> tuple[str, ...]:
        found = tuple(map(self.text, addresses))
        if "" in found:
            self._odd("an empty address is left out")
        return tuple(filter(None, found))

    def pairs(self, pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        return tuple((name, self.text(text)) for name, text in pairs)

    def part(self, part: Part) -> Part:
        return replace(
            part,
            name=self.maybe(part.name),
            content_id=self.maybe(part.content_id),
            content_location=self.maybe(part.content_location),
            disposition=self.maybe(part.disposition),
            filename=self.maybe(part.filename),
            headers=self.pairs(part.headers),
            parameters=self.pairs(part.parameters),
        )


def cleaned(message: SomeMessage, odd: Odd) -> SomeMessage:
    """Return the message without empty addresses, and with texts that every interface can carry."""
    cleaner = _Cleaner(odd)
    return replace(
        message,
        transaction_id=cleaner.maybe(message.transaction_id),
        sender=cleaner.maybe(message.sender) or None,
        to=cleaner.addresses(message.to),
        cc=cleaner.addresses(message.cc),
        bcc=cleaner.addresses(message.bcc),
        subject=cleaner.maybe(message.subject),
        parts=tuple(map(cleaner.part, message.parts)),
    )


def bare(part: Part, odd: Odd) -> Part:
    """Return the part without headers, for a body that is not a multipart."""
    found = replace(part, content_id=None, content_location=None, disposition=None, filename=None, headers=())
    if found != part:
        told = [part.content_id, part.content_location, part.filename, *(name for name, _ in part.headers)]
        odd(f"headers that only a part of a multipart can have, left out: {', '.join(filter(None, told))}")
    return found


def as_in_mail(message: SomeMessage, odd: Odd) -> SomeMessage:
    """Return the message with content types and parameters that MIME allows, and texts as in cleaned."""
    message = cleaned(message, odd)
    parts = tuple(portable(part, odd) for part in message.parts)
    sole = message.content_type is not None and not is_multipart(message.content_type) and len(parts) == 1
    if sole and parts[0].headers:
        odd(f"headers of the only part, left out: {', '.join(name for name, _ in parts[0].headers)}")
        parts = (replace(parts[0], headers=()),)
    return replace(
        message,
        content_type=parts[0].content_type if sole else _body_type(message.content_type, odd),
        parameters=tuple(sound_parameters(message.parameters, odd, mail=True)),
        parts=parts,
    )


def _body_type(content_type: str | None, odd: Odd) -> str | None:
    """Return the content type of a body; multipart/mixed for a multipart that MIME does not allow."""
    if content_type is None or not is_multipart(content_type):
        return content_type
    if MEDIA_TYPE.fullmatch(content_type.lower().replace(WAP_MULTIPART, MULTIPART)):
        return content_type
    odd(f"{content_type!r} is not a content type, read as multipart/mixed")
    return f"{WAP_MULTIPART}mixed"


def as_in_soap(message: SomeMessage, odd: Odd) -> SomeMessage:
    """Return the message with the addresses that MM7 can express: numbers, mailboxes and short codes."""
    message = as_in_mail(message, odd)
    return replace(
        message,
        # MM7 ignores blanks around the TransactionID.
        transaction_id=message.transaction_id and message.transaction_id.strip(),
        sender=None if message.sender is None else _in_soap(message.sender, odd),
        to=_all_in_soap(message.to, odd),
        cc=_all_in_soap(message.cc, odd),
        bcc=_all_in_soap(message.bcc, odd),
    )


def _all_in_soap(addresses: Iterable[str], odd: Odd) -> tuple[str, ...]:
    return tuple(found for address in addresses if (found := _in_soap(address, odd)) is not None)


def _in_soap(address: str, odd: Odd) -> str | None:
    """Return an address as MM7 writes it; None where MM7 has no element for its type."""
    found = address.strip()
    if "/TYPE=" in found.upper() or "<" in found:
        found = without_name(found)
    if not found or _OTHER_TYPE.fullmatch(found):
        odd(f"MM7 has no element for an address, which is left out: {address!r}")
        return None
    return found
