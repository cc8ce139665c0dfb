"""Requests as values: JSON, or the fields and files of a form. What is wrong names its field."""

from __future__ import annotations

import asyncio
import io
import os
import re
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, TypeVar

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from transcode.relay.api.composing import Source
from transcode.relay.api.problems import ApiError
from transcode.relay.api.schema import NewCampaign, NewMessage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.datastructures import FormData, Headers

__all__ = ["CampaignForm", "read_campaign", "read_form", "read_json", "read_query"]

_Value = TypeVar("_Value")

#: The place of a fault in msgspec's errors, and the name of a field that is not known.
_PLACE = re.compile(r" - at `\$\.?(?P<place>[^`]*)`\Z")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>[^`]*)`")
#: Fields of a form that are lists: they may come several times.
_LISTS = ("to", "media_urls")
#: The most files and the most fields that are read. A file may have any number of octets that the request
#: may have; a field is a text.
_MOST_FIELDS, _LARGEST_FIELD = 2000, 1_000_000
#: Octets at the end of a form that have the last boundary.
_LAST = 1000
#: Octets that are parsed at once.
_PIECE = 262_144


def read_json(kind: type[_Value], octets: bytes) -> _Value:
    """Return the value of a JSON document.

    Raises:
        ApiError: it is no JSON, or a field has a value that can't be.
    """
    try:
        return msgspec.json.decode(octets, type=kind)
    except msgspec.ValidationError as error:
        raise invalid(error) from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ApiError("malformed", f"the request is no JSON: {error}") from error


def read_query(kind: type[_Value], words: dict[str, Any]) -> _Value:
    """Return the value of words, in which numbers and truth values are texts.

    Raises:
        ApiError: one has a value that can't be.
    """
    try:
        return msgspec.convert(words, kind, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(error) from error


class _Parser(MultiPartParser):
    """Keeps files in memory, where the whole request is."""

    spool_max_size = 1 << 40


async def read_form(headers: Headers, octets: bytes) -> tuple[NewMessage, list[Source]]:
    """Return the message of a form (multipart/form-data), and its files, the fields ``media``, in order.

    Args:
        headers: those of the request.
        octets: its body.

    Raises:
        ApiError: it is no such form, or a field has a value that can't be.
    """

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(octets), _PIECE):
            yield octets[start : start + _PIECE]
            # Others have their turn.
            await asyncio.sleep(0)

    _, options = parse_options_header(headers.get("content-type"))
    # The parser takes the end of the octets for the end of the last part.
    if b"--" + options.get(b"boundary", b"") + b"--" not in octets[-_LAST:]:
        raise ApiError("malformed", "the form has no boundary at its end")
    form = await _parsed(_Parser, headers, pieces())
    try:
        return await _message(form)
    finally:
        await form.close()


async def _parsed(kind: type[MultiPartParser], headers: Headers, pieces: AsyncIterator[bytes]) -> FormData:
    parser = kind(
        headers,
        pieces,  # type: ignore[arg-type]  # it is only iterated
        max_files=_MOST_FIELDS,
        max_fields=_MOST_FIELDS,
        max_part_size=_LARGEST_FIELD,
    )
    try:
        return await parser.parse()
    except (MultiPartException, FormParserError, KeyError, ValueError, LookupError) as error:
        raise ApiError("malformed", f"the request is no form that can be read: {error}") from error


async def read_campaign(headers: Headers, file: BinaryIO) -> CampaignForm:
    """Return the campaign of a form: fields, files of media, and the file or text of recipients.

    Args:
        headers: those of the request.
        file: its body. Large files of the form are in files without names.

    Raises:
        ApiError: it is no such form, or a field has a value that can't be.
    """

    async def pieces() -> AsyncIterator[bytes]:
        while piece := await run_in_threadpool(file.read, _PIECE):
            yield piece

    _, options = parse_options_header(headers.get("content-type"))
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _LAST))
    if b"--" + options.get(b"boundary", b"") + b"--" not in file.read():
        raise ApiError("malformed", "the form has no boundary at its end")
    file.seek(0)
    form = await _parsed(MultiPartParser, headers, pieces())
    try:
        return await _campaign(form)
    except BaseException:
        await form.close()
        raise


class CampaignForm(NamedTuple):
    """A campaign as a form.

    Attributes:
        new: its fields.
        media: its files of media, in order.
        recipients: the rows, or None.
        form: what is to be closed afterwards.
    """

    new: NewCampaign
    media: list[Source]
    recipients: BinaryIO | None
    form: FormData


async def _campaign(form: FormData) -> CampaignForm:
    words: dict[str, Any] = {}
    media: list[Source] = []
    recipients: BinaryIO | None = None
    for name, value in form.multi_items():
        if name == "recipients" and recipients is None:
            # Of a field that is no file, the parser has checked the characters.
            recipients = value.file if isinstance(value, UploadFile) else io.BytesIO(value.encode())
        elif name == "media" and isinstance(value, UploadFile):
            media.append(Source(f"media[{len(media)}]", await value.read()))
        elif isinstance(value, UploadFile):
            raise ApiError.of_field("invalid", name, "is a file; files are media and recipients")
        elif name == "media_urls":
            words.setdefault(name, []).append(value)
        elif name in words or name == "recipients":
            raise ApiError.of_field("invalid", name, "comes twice")
        else:
            words[name] = _object(name, value) if name == "pace" else value
    return CampaignForm(read_query(NewCampaign, words), media, recipients, form)


def _object(name: str, text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ApiError.of_field("invalid", name, f"is no JSON: {error}") from error


async def _message(form: FormData) -> tuple[NewMessage, list[Source]]:
    words: dict[str, Any] = {}
    files: list[Source] = []
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            if name != "media":
                raise ApiError.of_field("invalid", name, "is a file; files are fields with the name media")
            files.append(Source(f"media[{len(files)}]", await value.read()))
        elif name == "media":
            raise ApiError.of_field("invalid", name, "is no file: its part of the form has no filename")
        elif name in _LISTS:
            words.setdefault(name, []).append(value)
        elif name in words:
            raise ApiError.of_field("invalid", name, "comes twice")
        else:
            words[name] = value
    return read_query(NewMessage, words), files


def invalid(error: msgspec.ValidationError) -> ApiError:
    """Return the error of a value that can't be, with its field."""
    text = str(error)
    place = _PLACE.search(text)
    detail = text[: place.start()] if place else text
    unknown = _UNKNOWN.match(detail)
    parts = [place["place"] if place else "", unknown["name"] if unknown else ""]
    field = ".".join(filter(None, parts))
    if unknown:
        detail = "is not known"
    return ApiError.of_field("invalid", field or "the request", detail)
