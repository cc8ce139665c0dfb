"""The public functions, each tried with octets that may be damaged, and what may come of it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import av
from PIL import Image

import transcode
from transcode import preview
from transcode.cli import inspect as inspecting
from transcode.errors import PduError, SourceError, TranscodeError
from transcode.message import smil
from transcode.profile import read_uaprof

__all__ = ["LIMITS", "OLD_PHONE", "Call", "Fault", "calls", "tried"]

LIMITS = transcode.Limits(20_000, 320, 240)
OLD_PHONE = transcode.Limits(15_000, 176, 144, formats=("image/jpeg", "video/3gpp", "audio/amr"))

#: Nothing of a picture leaves as it is.
_SMALL = transcode.Limits(15_000, 32, 24, formats=("image/jpeg", "video/3gpp", "audio/amr"))

#: A name and what is called.
Call = tuple[str, Callable[[], Any]]

_NAME = "damaged.bin"


class Fault(Exception):
    """A result or an error that is not as promised."""


def calls(family: str, data: bytes, number: int) -> Iterator[Call]:
    """What a file of such a family is tried with.

    Args:
        family: ``"media"``, ``"message"``, ``"smil"`` or ``"uaprof"``.
        number: every file goes through the first doors, and by its number through one of the others.
    """
    if family == "media":
        return _media(data, number)
    if family == "uaprof":
        return iter([("uaprof", lambda: read_uaprof(data, name=_NAME).limits())])
    return _message(_presented(data) if family == "smil" else data, number)


def tried(call: Callable[[], Any]) -> str:
    """What comes of a call: ``"done"`` or an error's class; where nobody foresaw it, ``!`` and its words.

    Raises:
        Fault: it ends in another error, or in one with no name, or with several lines.
        Exception: what is untyped.
    """
    try:
        call()
    except TranscodeError as error:
        said = str(error)
        if not said or "\n" in said:
            raise Fault(f"words of {type(error).__name__}: {said!r}") from error
        if isinstance(error, SourceError) and not said.startswith((_NAME, "message", "slideshow")):
            raise Fault(f"no name: {said}") from error
        if isinstance(error, PduError) and error.offset < 0:
            raise Fault(f"offset {error.offset}: {said}") from error
        foreseen = "unexpected" not in said and "not enough memory" not in said
        return type(error).__name__ if foreseen else f"!{said}"
    return "done"


def _file(data: bytes) -> io.BytesIO:
    file = io.BytesIO(data)
    file.name = _NAME
    return file


def _fitted(data: bytes, limits: transcode.Limits, **options: Any) -> None:
    _check(transcode.fit(_file(data), limits, **options), limits)


def _many(data: bytes) -> None:
    for limits, made in zip(
        (LIMITS, _SMALL), transcode.fit_each_limit(_file(data), [LIMITS, _SMALL]), strict=True
    ):
        if isinstance(made, TranscodeError):
            raise made
        _check(made, limits)


def _check(made: transcode.Rendition, limits: transcode.Limits) -> None:
    """It is within its limits, and others read it."""
    if len(made.data) > limits.max_bytes:
        raise Fault(f"{len(made.data)} octets, {limits.max_bytes} allowed")
    if made.content_type not in limits.formats:
        raise Fault(f"{made.content_type} is none of the formats")
    if made.content_type.startswith("image/"):
        with Image.open(io.BytesIO(made.data)) as image:
            image.load()
    else:
        with av.open(io.BytesIO(made.data), "r") as container:
            if not any(True for _ in container.demux()):
                raise Fault("nothing is in it")


def _media(data: bytes, number: int) -> Iterator[Call]:
    yield "fit", partial(_fitted, data, LIMITS)
    yield "old phone", partial(_fitted, data, _SMALL)
    rich, world = transcode.find_profile("oma-image-rich"), transcode.find_profile("world")
    others: tuple[Call, ...] = (
        ("tiny", partial(_fitted, data, transcode.Limits(900))),
        ("cut", partial(_fitted, data, LIMITS, start=0.1, max_seconds=0.15, keyframe_cut=True)),
        ("as clip", partial(_fitted, data, LIMITS, as_clip=True)),
        ("loud", partial(_fitted, data, LIMITS, loudness=-16.0)),
        ("many", partial(_many, data)),
        ("compose", lambda: transcode.compose([_file(data)], rich, text="a").to_mm1()),
        (
            "slideshow",
            lambda: transcode.slideshow_clip(
                [transcode.Slide(_file(data), duration=0.4)], world, max_bytes=9_000
            ),
        ),
    )
    if number % 6 == 0:
        yield others[number // 6 % len(others)]


def _message(data: bytes, number: int) -> Iterator[Call]:
    found: list[transcode.Message] = []
    yield "read", lambda: found.append(transcode.read(data))
    if not found:
        return
    one = found[0]
    yield "to_mm1", partial(one.to_mm1, strict=False)
    yield "to_mm4", partial(one.to_mm4, date=0, strict=False)
    yield "to_mm7", partial(one.to_mm7, vaspid="a", vasid="b", strict=False)
    yield "strict", one.to_mm1
    yield "content_class", one.content_class
    yield "to_media", one.to_media
    yield "preview", partial(preview.page, data)
    yield "inspect", partial(_inspected, data)
    kinds = (
        "mm4-forward-req",
        "mm7-submit-req",
        "m-retrieve-conf",
        "m-send-req",
        "mm7-deliver-req",
        "m-forward-req",
    )
    kind: Any = kinds[number % len(kinds)]
    changed: list[transcode.Message] = []
    yield kind, lambda: changed.append(one.converted(kind))
    for each in changed:
        yield "converted mm1", partial(each.to_mm1, strict=False)
        yield "converted mm4", partial(each.to_mm4, date=0, strict=False)


def _inspected(data: bytes) -> None:
    """What the command shows: whatever can be read can be shown, so nothing at all may be raised."""
    found = transcode.read(data)
    slides = smil.slides(found)
    try:
        names = inspecting._part_names(found.parts)
        json.dumps(inspecting._message_json(found, names))
        inspecting._part_tree(found, names)
        inspecting._slide_tree(found, slides, names)
    except Exception as error:
        raise Fault(f"can't be shown: {error!r}") from error


def _presented(presentation: bytes) -> bytes:
    """A message whose presentation this is."""
    one = transcode.compose([], transcode.find_profile("oma-image-rich"), to=["+15555550100"], text="a")
    shown = [
        replace(part, data=presentation) if part.content_type == "application/smil" else part
        for part in one.parts
    ]
    return replace(one, parts=tuple(shown)).to_mm1(strict=False)
