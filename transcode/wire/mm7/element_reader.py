"""Reads the elements of a SOAP envelope of MM7, by their names without their namespaces."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transcode.errors import PduError
from transcode.wire.mm7.address_elements import bare_address, read_address
from transcode.wire.mm7.headers import CODINGS, RECIPIENTS, fault_words
from transcode.wire.mm7.schema import (
    BY_ROOT,
    ELEMENTS,
    GROUPS,
    NAMESPACE,
    REPEATED,
    SCHEMAS,
    default_release,
)
from transcode.wire.mm7.schema_rules import DEFAULT_VERSION, VERSION
from transcode.wire.mm7.xml_text import BLANKS, TRUE_FALSE, local_name
from transcode.wire.values import fits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree import ElementTree

    from transcode.model import HeaderValue, MessageType
    from transcode.wire.oddities import Odd

__all__ = ["ElementReader"]

#: More recipients than any message has.
_MOST_RECIPIENTS = 10_000

_ADDRESS_HOLDERS = (*RECIPIENTS, "Sender", "SenderAddress", "Recipient")


class ElementReader:
    """Takes the elements of one envelope.

    Attributes:
        message_type: of the message.
        headers: its elements that are headers, in order.
        texts: those that are text and no header, TransactionID, MM7Version and Subject, by their names.
        content: the element that refers to the content; None where there is none.
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
        """Take the transaction, and the one element of the body.

        Raises:
            PduError: there is none of MM7; its place is the octet at which the XML begins.
        """
        body: ElementTree.Element | None = None
        if local_name(root.tag) in BY_ROOT:
            self.odd("there is no SOAP envelope")
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
        if body is not None and local_name(body.tag) not in BY_ROOT:
            inner = next((child for child in body if local_name(child.tag) in BY_ROOT), None)
            if inner is not None:
                self.odd(f"the message stands within {local_name(body.tag)[:80]}")
                body = inner
        name = "empty" if body is None else self._in_schema(local_name(body.tag), tuple(BY_ROOT))
        if body is None or name not in BY_ROOT:
            raise PduError(f"no MM7 message: the body of SOAP is {name[:80]}", offset=at)
        self._take_root(name, body)

    def _take_transaction(self, header: ElementTree.Element) -> None:
        for child in header:
            if local_name(child.tag).lower() == "transactionid":
                self.texts.setdefault("TransactionID", (child.text or "").strip(BLANKS))
            else:
                self.odd(f"an element of the SOAP header, left out: {local_name(child.tag)}")

    def _take_fault(self, fault: ElementTree.Element) -> ElementTree.Element | None:
        """Take what a fault says; give the element in its details, or None."""
        found = {local_name(child.tag): child for child in fault}
        detail = next((child for child in found.get("detail", ()) if local_name(child.tag) in BY_ROOT), None)
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
            self.odd("a SOAP fault without a message of MM7 in its details")
        return detail

    def _take_root(self, name: str, root: ElementTree.Element) -> None:
        self.message_type = BY_ROOT[name]
        self._walk(root, SCHEMAS[self.message_type].elements)
        self.headers += self._marks
        namespace = root.tag[1:].partition("}")[0] if root.tag.startswith("{") else ""
        if not namespace:
            self.odd(f"{name} has no namespace")
        elif namespace != NAMESPACE + default_release(self.texts.get("MM7Version", "")):
            self.headers.insert(0, ("xmlns", namespace))

    def _walk(self, parent: ElementTree.Element, places: Sequence[str], depth: int = 0) -> None:
        """Take the elements within one, which should stand in this order."""
        last = 0
        for child in parent:
            name = self._in_schema(local_name(child.tag), places)
            if name not in places:
                self._take_misplaced(name, child, depth)
                continue
            place = places.index(name)
            if place < last:
                self.odd(f"{name} is out of the schema's order")
            last = max(place, last)
            if name in GROUPS:
                self._walk(child, GROUPS[name], depth + 1)
            else:
                self._take(name, child)

    def _in_schema(self, name: str, places: Sequence[str]) -> str:
        """The name of an element in the schema's spelling."""
        folded = name.lower()
        known = name if name in places else next((place for place in places if place.lower() == folded), name)
        if known != name:
            self.odd(f"{name} stands for {known}")
        return known

    def _take_misplaced(self, name: str, element: ElementTree.Element, depth: int) -> None:
        """Take an element that the schema has elsewhere, as far as there is a place for it."""
        schema = set(SCHEMAS[self.message_type].places())
        if name == "TransactionID" and name not in self.texts:
            self.odd("TransactionID stands in the body of SOAP")
            self.texts[name] = "".join(element.itertext()).strip(BLANKS)
        elif name == "Recipients" and "Recipient" in schema:
            self.odd("Recipients stands for Recipient")
            self._take_addresses("Recipient", element)
        elif name in GROUPS and set(GROUPS[name]) & schema and not depth:
            self.odd(f"{name} has no place in {SCHEMAS[self.message_type].root}; what is in it is taken")
            self._walk(element, [place for place in GROUPS[name] if place in schema], depth + 1)
        elif name in ("Sender", "SenderAddress") and {"Sender", "SenderAddress"} & schema:
            self.odd(f"{name} has no place here, and is taken for the sender")
            self._take_addresses(name, element)
        elif name in schema and name not in GROUPS:
            self.odd(f"{name} stands elsewhere than in the schema")
            self._take(name, element)
        else:
            self.odd(f"{name} has no place here, and is left out: {(element.text or '').strip()!r}")

    def _take(self, name: str, element: ElementTree.Element) -> None:
        if name in RECIPIENTS or name in ("Sender", "SenderAddress", "Recipient"):
            self._take_addresses(name, element)
        elif name in self._seen:
            self.odd(f"a second {name}, left out")
        elif name in REPEATED:
            for child in element:
                if local_name(child.tag) == REPEATED[name]:
                    self._take_value(name, child)
        elif name in ELEMENTS:
            self._take_value(name, element)
        elif name == "Content":
            self.content = element
        else:
            text = "".join(element.itertext())
            self.texts[name] = text if name == "Subject" else text.strip(BLANKS)
        self._seen.add(name)

    def _take_value(self, name: str, element: ElementTree.Element) -> None:
        value = ELEMENTS[name].value.read(element, self.odd)
        if fits(ELEMENTS[name].value.write, value):
            self.headers.append((name, value))
        else:
            self.odd(f"{name}, left out, for nothing can have that value: {value!r}")

    def version(self) -> str:
        """The version that the message states, or which goes with its namespace."""
        stated = self.texts.get("MM7Version", "")
        if VERSION.fullmatch(stated):
            return stated
        found = VERSION.search(stated)
        release = next((str(value) for name, value in self.headers if name == "xmlns"), "")
        version = found[0] if found else "5.3.0" if "REL-5" in release else DEFAULT_VERSION
        self.odd(f"MM7Version is {stated!r}, taken for {version}" if stated else "MM7Version is missing")
        return version

    def _take_addresses(self, name: str, element: ElementTree.Element, depth: int = 0) -> None:
        if not len(element) and (text := (element.text or "").strip(BLANKS)):
            self._add_address(name, bare_address(text, self.odd), {})
        for child in element:
            if local_name(child.tag) in _ADDRESS_HOLDERS and not depth:
                self.odd(f"{local_name(child.tag)} stands within {name}")
                self._take_addresses(name, child, depth + 1)
                continue
            address = read_address(child, self.odd)
            if address is not None and not self._add_address(name, address, dict(child.items())):
                return

    def _add_address(self, name: str, address: str, attributes: dict[str, str]) -> bool:
        """Add an address to those of an element; False where there are too many."""
        found = self._addresses.setdefault(name, [])
        if found and name not in RECIPIENTS:
            self.odd(f"a second {name}, left out: {address!r}")
            return True
        if len(found) >= _MOST_RECIPIENTS:
            self.odd(f"more than {_MOST_RECIPIENTS:,} recipients; the rest is left out")
            return False
        found.append(address)
        for key, text in attributes.items():
            self._take_mark(name, local_name(key), text.strip(BLANKS), address)
        return True

    def _take_mark(self, place: str, name: str, text: str, address: str) -> None:
        """Take an attribute of an address in some element."""
        if name == "displayOnly" and text in TRUE_FALSE and place in RECIPIENTS:
            if TRUE_FALSE[text]:
                self._marks[name, address] = None
        elif name == "addressCoding" and text in CODINGS:
            self._marks[name, (address, text)] = None
        else:
            self.odd(f"an attribute of {address!r}, left out: {name}={text!r}")

    def addresses(self, *names: str) -> tuple[str, ...]:
        """The addresses in elements of these names, in wire form."""
        return tuple(address for name in names for address in self._addresses.get(name, ()))
