"""Writes the SOAP envelope of an MM7 message, with the schema's elements in the schema's order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.errors import MessageError
from transcode.message.location import uri
from transcode.wire.mm7 import schema
from transcode.wire.mm7.address_elements import write_address
from transcode.wire.mm7.headers import CODINGS, CONTENT_ID, NO_ELEMENTS, RECIPIENTS, fault_words, spelled
from transcode.wire.mm7.schema_rules import DEFAULT_VERSION, VERSION
from transcode.wire.mm7.xml_text import BLANKS, attribute, escaped
from transcode.wire.rules import is_multipart

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transcode.model import HeaderValue, MessageFields

__all__ = ["EnvelopeWriter"]

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


class EnvelopeWriter:
    """Writes the envelope of one message; removes each header from a dictionary when it is written."""

    def __init__(self, message: MessageFields) -> None:
        self.message = message
        self.schema = schema.SCHEMAS[message.message_type]
        self.headers: dict[str, list[HeaderValue]] = {}
        for name, value in message.headers:
            self.headers.setdefault(spelled(name), []).append(value)
        self.shown = self.headers.pop("displayOnly", [])
        self.coded = dict(map(self._coding, self.headers.pop("addressCoding", [])))

    def envelope(self) -> str:
        """Return the SOAP envelope.

        Raises:
            MessageError: a value of the message can't be sent, or the schema has no element for it.
        """
        message = self.message
        if not VERSION.fullmatch(message.version):
            raise MessageError(f"version: {message.version!r} is not an MM7Version such as {DEFAULT_VERSION}")
        namespace = self._one("xmlns", schema.NAMESPACE + schema.default_release(message.version))
        xmlns = self._attribute("xmlns", "xmlns", namespace)
        header = ""
        if message.transaction_id is not None:
            text = self._token("transaction_id", message.transaction_id)
            header = f'<TransactionID{xmlns} env:mustUnderstand="1">{text}</TransactionID>'
        fault = self._fault() if self.schema.fault else ""
        root = f"<{self.schema.root}{xmlns}>{self._elements(self.schema.elements)}</{self.schema.root}>"
        self._check_rest()
        if self.schema.fault:
            root = f"<env:Fault>{fault}<detail>{root}</detail></env:Fault>"
        return (
            f'<env:Envelope xmlns:env="{_SOAP}"><env:Header>{header}</env:Header>'
            f"<env:Body>{root}</env:Body></env:Envelope>"
        )

    def _fault(self) -> str:
        code, text = fault_words(next(iter(self.headers.get("StatusCode", [])), None))
        code, text = self._one("faultcode", code), self._one("faultstring", text)
        return (
            f"<faultcode>env:{self._token('faultcode', code)}</faultcode>"
            f"<faultstring>{self._text('faultstring', text)}</faultstring>"
        )

    def _one(self, name: str, default: str) -> str:
        """Return the text of a header that is no element, or the default."""
        values = self.headers.pop(name, None) or [default]
        if len(values) > 1 or not isinstance(values[0], str):
            raise MessageError(f"header {name!r}: must occur once and be text")
        return values[0]

    def _elements(self, names: Iterable[str]) -> str:
        return "".join(map(self._element, names))

    def _element(self, name: str) -> str:
        """Return the element for a group, a field or a header; "" if the message does not have it."""
        if name in schema.GROUPS:
            inner = self._elements(schema.GROUPS[name])
            return f"<{name}>{inner}</{name}>" if inner else ""
        if name in schema.FIELDS:
            return self._field(name)
        values = self.headers.pop(name, [])
        if len(values) > 1 and name not in schema.REPEATED:
            raise MessageError(f"header {name!r}: occurs {len(values)} times")
        try:
            written = [schema.ELEMENTS[name].value.write(value) for value in values]
        except ValueError as error:
            raise MessageError(f"header {name!r}: {error}") from error
        if not written:
            return ""
        return f"<{name}{written[0][0]}>{''.join(inner for _, inner in written)}</{name}>"

    def _field(self, name: str) -> str:
        message = self.message
        match name:
            case "MM7Version":
                return f"<MM7Version>{message.version}</MM7Version>"
            case "Subject":
                texts = [] if message.subject is None else [self._text("subject", message.subject)]
                return "".join(f"<Subject>{text}</Subject>" for text in texts)
            case "Content":
                return self._content()
            case "Sender" | "SenderAddress":
                return self._addresses(name, "sender", () if message.sender is None else (message.sender,))
            case "Recipient":
                if len(message.to) > 1:
                    raise MessageError(f"to: {self.schema.root} can have only one recipient")
                return self._addresses(name, "to", message.to)
            case _:
                return self._addresses(name, name.lower(), getattr(message, name.lower()))

    def _addresses(self, name: str, field: str, addresses: Sequence[str]) -> str:
        try:
            inner = "".join(write_address(address, self._marks(name, address)) for address in addresses)
        except ValueError as error:
            raise MessageError(f"{field}: {error}") from error
        return f"<{name}>{inner}</{name}>" if addresses else ""

    def _marks(self, name: str, address: str) -> str:
        """Return the XML attributes of an address. Only recipients can have displayOnly."""
        shown = ' displayOnly="true"' if address in self.shown and name in RECIPIENTS else ""
        return shown + (f' addressCoding="{self.coded[address]}"' if address in self.coded else "")

    def _coding(self, value: HeaderValue) -> tuple[str, str]:
        if not isinstance(value, tuple) or len(value) != 2 or value[1] not in CODINGS:
            raise MessageError(f"header 'addressCoding': {value!r} is not (address, {' or '.join(CODINGS)})")
        return str(value[0]), str(value[1])

    def _content(self) -> str:
        message, allowed = self.message, self.headers.pop("allowAdaptations", [])
        if message.content_type is None:
            if allowed:
                raise MessageError("header 'allowAdaptations': the message has no content")
            return ""
        if len(allowed) > 1 or not all(isinstance(value, bool) for value in allowed):
            raise MessageError("header 'allowAdaptations': must occur once and be True or False")
        multipart = is_multipart(message.content_type)
        reference = CONTENT_ID if multipart else message.parts[0].content_id or ""
        if not reference:
            raise MessageError("parts[0].content_id: is missing, but Content must refer to it")
        mark = "".join(f' allowAdaptations="{str(value).lower()}"' for value in allowed)
        return f"<Content{self._attribute('parts[0].content_id', 'href', f'cid:{uri(reference)}')}{mark}/>"

    def _text(self, field: str, text: str) -> str:
        try:
            return escaped(text)
        except ValueError as error:
            raise MessageError(f"{field}: {error}") from error

    def _token(self, field: str, text: str) -> str:
        """Return the escaped text of an xs:token; blanks around it are refused, as readers remove them."""
        if text != text.strip(BLANKS):
            raise MessageError(f"{field}: {text!r} has blanks around it")
        return self._text(field, text)

    def _attribute(self, field: str, name: str, text: str) -> str:
        try:
            return attribute(name, text)
        except ValueError as error:
            raise MessageError(f"{field}: {error}") from error

    def _check_rest(self) -> None:
        """Raise MessageError for a header or a field that has no element in the schema."""
        for name in self.headers:
            known = name in schema.ELEMENTS or name in NO_ELEMENTS
            reason = f"is not an element of {self.schema.root}" if known else "is not an element of MM7"
            raise MessageError(f"header {name!r}: {reason}")
        message, names = self.message, set(self.schema.places())
        fields: tuple[tuple[str, object, set[str]], ...] = (
            ("subject", message.subject, {"Subject"}),
            ("sender", message.sender, {"Sender", "SenderAddress"}),
            ("to", message.to, {"To", "Recipient"}),
            ("cc", message.cc, {"Cc"}),
            ("bcc", message.bcc, {"Bcc"}),
            ("content_type", message.content_type, {"Content"}),
        )
        for field, value, places in fields:
            if value and not places & names:
                raise MessageError(f"{field}: {self.schema.root} has no element for it")
        recipients = {*message.to, *message.cc, *message.bcc}
        shown = recipients if "To" in names else set()
        stray = [mark for mark in self.shown if mark not in shown]
        stray += [mark for mark in self.coded if mark not in recipients and mark != message.sender]
        if stray:
            raise MessageError(f"headers: {stray[0]!r} has an attribute, but is no address of the message")
