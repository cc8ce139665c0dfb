"""Reads the elements of an MM7 SOAP envelope by their local names, without regard to namespaces."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transcode.errors import PduError
from transcode.wire.mm7 import schema
from transcode.wire.mm7.address_elements import bare_address, read_address
from transcode.wire.mm7.headers import CODINGS, RECIPIENTS, fault_words
from transcode.wire.mm7.schema_rules import DEFAULT_VERSION, VERSION
from transcode.wire.mm7.xml_text import BLANKS, TRUE_FALSE, local_name
from transcode.wire.values import fits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree import ElementTree

    from transcode.model import HeaderValue, MessageType
    from transcode.wire.oddities import Odd

__all__ = ["ElementReader"]

#: The most recipients that are read.
_MOST_RECIPIENTS = 10_000

_ADDRESS_HOLDERS = (*RECIPIENTS, "Sender", "SenderAddress", "Recipient")


class ElementReader:
    """Reads the elements of one envelope.

    Attributes:
        message_type: the type of the message.
        headers: the elements that are headers of the message, in order.
        texts: the texts of TransactionID, MM7Version and Subject, by name.
        content: the element Content; None: SOAP has no such element.
    """

    def __init__(self, odd: Odd) -> None:
        self.odd = odd
        self.message_type: MessageType = "mm7-rs-error-rsp"
        self.headers: list[tuple[str, HeaderValue]] = []
        self.texts: dict[str, str] = {}
        self.content: ElementTree.Element | None = None
        self._marks: dict[tuple[str, HeaderValue], None] = {}
        self._seen: set[str] = set()
        self._addresses: dict[str, list[str]] = {}

    def take_envelope(self, root: ElementTree.Element, at: int) -> None:
        """Read the SOAP header and the element in the SOAP body.

        Args:
            root: the root of the XML.
            at: the octet at which the XML begins, for errors.

        Raises:
            PduError: the SOAP body has no MM7 message.
        """
        body: ElementTree.Element | None = None
        if local_name(root.tag) in schema.BY_ROOT:
            self.odd("the SOAP envelope is missing")
            body = root
        else:
            for child in root:
                if local_name(child.tag).lower() == "header":
                    self._take_transaction(child)
                elif local_name(child.tag).lower() == "body" and body is None:
                    body = next(iter(child), None)
        if body is not None and local_name(body.tag) == "Fault":
            body = self._take_fault(body)
            if body is None:
                return
        if body is not None and local_name(body.tag) not in schema.BY_ROOT:
            inner = next((child for child in body if local_name(child.tag) in schema.BY_ROOT), None)
            if inner is not None:
                self.odd(f"the message is within the element {local_name(body.tag)[:80]}")
                body = inner
        name = "empty" if body is None else self._in_schema(local_name(body.tag), tuple(schema.BY_ROOT))
        if body is None or name not in schema.BY_ROOT:
            raise PduError(f"not an MM7 message: the body of SOAP is {name[:80]}", offset=at)
        self._take_root(name, body)

    def _take_transaction(self, header: ElementTree.Element) -> None:
        for child in header:
            if local_name(child.tag).lower() == "transactionid":
                self.texts.setdefault("TransactionID", (child.text or "").strip(BLANKS))
            else:
                self.odd(f"an element of the SOAP header is left out: {local_name(child.tag)}")

    def _take_fault(self, fault: ElementTree.Element) -> ElementTree.Element | None:
        """Read a SOAP fault; return the MM7 element in its detail, or None."""
        found = {local_name(child.tag): child for child in fault}
        detail = next(
            (child for child in found.get("detail", ()) if local_name(child.tag) in schema.BY_ROOT), None
        )
        code: int | None = None
        for element in () if detail is None else detail.iter():
            text = (element.text or "").strip(BLANKS)
            if local_name(element.tag) == "StatusCode" and re.fullmatch("[0-9]{1,18}", text):
                code = int(text)
                break
        for name, usual in zip(("faultcode", "faultstring"), fault_words(code), strict=True):
            if name not in found:
                continue
            text = found[name].text or ""
            if name == "faultcode":
                text = text.strip(BLANKS).rpartition(":")[2]
            if text != usual:
                self.headers.append((name, text))
        if detail is None:
            self.odd("the detail of the SOAP fault has no MM7 message")
        return detail

    def _take_root(self, name: str, root: ElementTree.Element) -> None:
        self.message_type = schema.BY_ROOT[name]
        self._walk(root, schema.SCHEMAS[self.message_type].elements)
        self.headers += self._marks
        namespace = root.tag[1:].partition("}")[0] if root.tag.startswith("{") else ""
        if not namespace:
            self.odd(f"{name} has no namespace")
        elif namespace != schema.NAMESPACE + schema.default_release(self.texts.get("MM7Version", "")):
            self.headers.insert(0, ("xmlns", namespace))

    def _walk(self, parent: ElementTree.Element, places: Sequence[str], depth: int = 0) -> None:
        """Read the children of an element; places has their names in the schema's order."""
        last = 0
        for child in parent:
            name = self._in_schema(local_name(child.tag), places)
            if name not in places:
                self._take_misplaced(name, child, depth)
                continue
            place = places.index(name)
            if place < last:
                self.odd(f"{name} is not in the schema's order")
            last = max(place, last)
            if name in schema.GROUPS:
                self._walk(child, schema.GROUPS[name], depth + 1)
            else:
                self._take(name, child)

    def _in_schema(self, name: str, places: Sequence[str]) -> str:
        """Return the name of an element in the schema's spelling."""
        folded = name.lower()
        known = name if name in places else next((place for place in places if place.lower() == folded), name)
        if known != name:
            self.odd(f"{name} is read as {known}")
        return known

    def _take_misplaced(self, name: str, element: ElementTree.Element, depth: int) -> None:
        """Read an element that is not where the schema has it, or that the schema does not have."""
        places = set(schema.SCHEMAS[self.message_type].places())
        if name == "TransactionID" and name not in self.texts:
            self.odd("TransactionID is in the body of SOAP")
            self.texts[name] = "".join(element.itertext()).strip(BLANKS)
        elif name == "Recipients" and "Recipient" in places:
            self.odd("Recipients is read as Recipient")
            self._take_addresses("Recipient", element)
        elif name in schema.GROUPS and set(schema.GROUPS[name]) & places and not depth:
            self.odd(f"{schema.SCHEMAS[self.message_type].root} has no element {name}; its children are read")
            self._walk(element, [place for place in schema.GROUPS[name] if place in places], depth + 1)
        elif name in ("Sender", "SenderAddress") and {"Sender", "SenderAddress"} & places:
            self.odd(f"{name} is not an element of this message and is read as the sender")
            self._take_addresses(name, element)
        elif name in places and name not in schema.GROUPS:
            self.odd(f"{name} is not where the schema has it")
            self._take(name, element)
        else:
            self.odd(f"{name} is not allowed here and is left out: {(element.text or '').strip()!r}")

    def _take(self, name: str, element: ElementTree.Element) -> None:
        if name in RECIPIENTS or name in ("Sender", "SenderAddress", "Recipient"):
            self._take_addresses(name, element)
        elif name in self._seen:
            self.odd(f"a second {name} is left out")
        elif name in schema.REPEATED:
            for child in element:
                if local_name(child.tag) == schema.REPEATED[name]:
                    self._take_value(name, child)
        elif name in schema.ELEMENTS:
            self._take_value(name, element)
        elif name == "Content":
            self.content = element
        else:
            text = "".join(element.itertext())
            self.texts[name] = text if name == "Subject" else text.strip(BLANKS)
        self._seen.add(name)

    def _take_value(self, name: str, element: ElementTree.Element) -> None:
        value = schema.ELEMENTS[name].value.read(element, self.odd)
        if fits(schema.ELEMENTS[name].value.write, value):
            self.headers.append((name, value))
        else:
            self.odd(f"{name} is left out, because its value is invalid: {value!r}")

    def version(self) -> str:
        """Return the MM7Version of the message, else the version that belongs to its namespace."""
        stated = self.texts.get("MM7Version", "")
        if VERSION.fullmatch(stated):
            return stated
        found = VERSION.search(stated)
        release = next((str(value) for name, value in self.headers if name == "xmlns"), "")
        version = found[0] if found else "5.3.0" if "REL-5" in release else DEFAULT_VERSION
        self.odd(f"MM7Version is {stated!r}, read as {version}" if stated else "MM7Version is missing")
        return version

    def _take_addresses(self, name: str, element: ElementTree.Element, depth: int = 0) -> None:
        if not len(element) and (text := (element.text or "").strip(BLANKS)):
            self._add_address(name, bare_address(text, self.odd), {})
        for child in element:
            if local_name(child.tag) in _ADDRESS_HOLDERS and not depth:
                self.odd(f"{local_name(child.tag)} is within {name}")
                self._take_addresses(name, child, depth + 1)
                continue
            address = read_address(child, self.odd)
            if address is not None and not self._add_address(name, address, dict(child.items())):
                return

    def _add_address(self, name: str, address: str, attributes: dict[str, str]) -> bool:
        """Add an address to the addresses of an element; False if the element has too many."""
        found = self._addresses.setdefault(name, [])
        if found and name not in RECIPIENTS:
            self.odd(f"a second {name} is left out: {address!r}")
            return True
        if len(found) >= _MOST_RECIPIENTS:
            self.odd(f"there are more than {_MOST_RECIPIENTS:,} recipients; the others are left out")
            return False
        found.append(address)
        for key, text in attributes.items():
            self._take_mark(name, local_name(key), text.strip(BLANKS), address)
        return True

    def _take_mark(self, place: str, name: str, text: str, address: str) -> None:
        """Read an attribute of an address that is in the element ``place``."""
        if name == "displayOnly" and text in TRUE_FALSE and place in RECIPIENTS:
            if TRUE_FALSE[text]:
                self._marks[name, address] = None
        elif name == "addressCoding" and text in CODINGS:
            self._marks[name, (address, text)] = None
        else:
            self.odd(f"an attribute of the address {address!r} is left out: {name}={text!r}")

    def addresses(self, *names: str) -> tuple[str, ...]:
        """Return the addresses in elements of the given names, in wire form."""
        return tuple(address for name in names for address in self._addresses.get(name, ()))
