"""Reads the headers by which an internet message or a part describes its body (RFC 2045 to 2047, 2231)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from transcode.wire.parts import ID_MARKS, MEDIA_TYPE, PART_FIELDS, is_token, typed
from transcode.wire.texts import decode_name, decode_text, decode_words, parameters_of_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from transcode.model import Part
    from transcode.wire.oddities import Odd

__all__ = ["Entity", "decoded_text", "split_type"]

#: Characters that the text of a header can't have.
_FORBIDDEN = re.compile(r"[\x00\r\n]")
_COMMENT = re.compile(r"\([^()]*\)")
_EXTENDED_NAME = re.compile(r"([^*]+)(?:\*([0-9]{1,3}))?(\*)?")


def decoded_text(value: str) -> str:
    """Return the text of a header with its encoded words decoded, always on one line."""
    return _FORBIDDEN.sub(" ", decode_words(value))


def split_type(value: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the value, lower-case and without comments, and the parameters of a header like Content-Type."""
    kind, mark, rest = value.partition(";")
    kind = _COMMENT.sub("", kind)
    pairs = parameters_of_text(mark + rest)
    if any("*" in name for name, _ in pairs):
        pairs = _extended(pairs)
    return kind.strip().lower(), pairs


def _extended(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Join numbered parameters and decode those with a charset (RFC 2231)."""
    texts: list[tuple[str, str]] = []
    places: dict[str, int] = {}
    pieces: dict[int, dict[int, tuple[str, bool]]] = {}
    for name, value in pairs:
        found = _EXTENDED_NAME.fullmatch(name)
        if found is None or name == found[1]:
            texts.append((name, value))
            continue
        number = int(found[2] or 0)
        if found[1] not in places or number in pieces[places[found[1]]]:
            places[found[1]] = len(texts)
            pieces[len(texts)] = {}
            texts.append((found[1], ""))
        pieces[places[found[1]]][number] = (value, bool(found[3]))
    for place, numbered in pieces.items():
        texts[place] = (texts[place][0], _assembled(numbered))
    return texts


def _assembled(pieces: Mapping[int, tuple[str, bool]]) -> str:
    """Return the value of a parameter in numbered pieces; the first piece names the charset of all."""
    charset, octets = None, bytearray()
    for number, (text, is_encoded) in sorted(pieces.items()):
        rest = text
        if is_encoded and number == 0 and text.count("'") >= 2:
            charset, _, rest = text.split("'", 2)
        octets += unquote_to_bytes(rest) if is_encoded else rest.encode("utf-8", "replace")
    return _FORBIDDEN.sub(" ", decode_text(bytes(octets), charset and charset.lower())[0])


class Entity:
    """The description of a body by the headers of a message or a part.

    Attributes:
        content_type: in lower case; empty where no header states the type.
        parameters: the parameters of the content type.
        encoding: the transfer encoding, in lower case; empty where no header states it.
        content_id, content_location, disposition, filename: as in Part.
        others: the other headers, in order.
    """

    def __init__(self, headers: Iterable[tuple[str, str]], odd: Odd) -> None:
        self.content_type = ""
        self.parameters: list[tuple[str, str]] = []
        self.encoding = ""
        self.content_id: str | None = None
        self.content_location: str | None = None
        self.disposition: str | None = None
        self.filename: str | None = None
        self.others: list[tuple[str, str]] = []
        seen = set()
        for name, value in headers:
            folded = name.lower()
            if folded in PART_FIELDS and folded in seen:
                odd(f"a second {name} is left out: {value!r}")
                continue
            if not is_token(name):
                odd(f"{name!r} is not a header name, left out: {value!r}")
                continue
            seen.add(folded)
            self._take(name, value, odd)

    def _take(self, name: str, value: str, odd: Odd) -> None:
        match name.lower():
            case "content-type":
                self.content_type, self.parameters = split_type(value)
                if self.content_type.startswith("multipart/") and not MEDIA_TYPE.fullmatch(self.content_type):
                    # An unknown subtype counts as mixed (RFC 2046, 5.1.7).
                    odd(f"{self.content_type!r} is not a content type, read as multipart/mixed")
                    self.content_type = "multipart/mixed"
            case "content-transfer-encoding":
                self.encoding = value.partition(";")[0].strip().lower()
            case "content-id":
                self.content_id = decoded_text(value).strip(ID_MARKS)
            case "content-location":
                # Some writers put the URI into quotes.
                self.content_location = decode_name(value).strip(' "')
            case "content-disposition":
                kind, pairs = split_type(value)
                self.filename = dict(pairs).get("filename")
                if not is_token(kind):
                    # An unknown disposition counts as attachment (RFC 2183, 2.8).
                    odd(f"{kind!r} is not a disposition, read as attachment")
                    kind = "attachment"
                self.disposition = kind
            case "content-length":
                pass
            case _:
                self.others.append((name, decoded_text(value)))

    @property
    def boundary(self) -> str | None:
        """The boundary between the parts; None where the body is not a multipart."""
        if not self.content_type.startswith("multipart/"):
            return None
        return dict(self.parameters).get("boundary") or None

    def part(self, data: bytes | memoryview) -> Part:
        """Return the part with these headers and data."""
        return replace(
            typed(self.content_type or "text/plain", self.parameters, data),
            content_id=self.content_id,
            content_location=self.content_location,
            disposition=self.disposition,
            filename=self.filename,
            headers=tuple(self.others),
        )
