"""Public functions raise only errors of this package, and pass errors of the caller's code unchanged."""

from __future__ import annotations

import errno
import io
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import transcode
from tests.made import clips
from tests.made.pictures import photo, save
from tests.made.sounds import container, sine
from transcode import preview
from transcode.door import Door
from transcode.errors import CapError, LimitsError, MessageError, OutputError, PduError, SourceError
from transcode.fit import medium
from transcode.message import smil
from transcode.model import FitProgress

LIMITS = transcode.Limits(20_000)
PROFILE = transcode.find_profile("world")
PICTURE = save(photo(48, 32))
CLIP = bytes(clips.clip(seconds=2.5, sound=sine(2.5)).data)


class Odd(Exception):
    """An unforeseen error."""


def failing(error: BaseException) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> Any:
        raise error

    return fail


@pytest.mark.parametrize(
    "error", [Odd("so\nodd"), ValueError("x"), KeyError("x"), OSError("x"), ZeroDivisionError(), Warning("x")]
)
def test_unknown_faults_are_the_sources(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any error of a decoder becomes a SourceError with a cause, and with one line that names the source."""
    monkeypatch.setattr(medium, "fit_content", failing(error))
    with pytest.raises(SourceError) as caught:
        transcode.fit(PICTURE, LIMITS)
    assert caught.value.__cause__ is error
    assert str(caught.value).startswith("<bytes>: ")
    assert type(error).__name__ in str(caught.value)
    assert "\n" not in str(caught.value)


def test_memory_is_a_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that needs too much memory is a CapError, like a source with too many pixels."""
    monkeypatch.setattr(medium, "_fit_each", failing(MemoryError()))
    with pytest.raises(CapError, match="not enough memory"):
        transcode.fit_each_limit(PICTURE, [LIMITS])


def test_full_disk_is_no_fault_of_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without space for temporary files the error is an OutputError."""
    monkeypatch.setattr(medium, "fit_content", failing(OSError(errno.ENOSPC, "No space left on device")))
    with pytest.raises(OutputError, match="temporary files: no space left"):
        transcode.fit(PICTURE, LIMITS)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
def test_what_is_no_exception_passes(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """KeyboardInterrupt and similar exceptions are not wrapped."""
    monkeypatch.setattr(medium, "fit_content", failing(error))
    with pytest.raises(type(error)) as caught:
        transcode.fit(PICTURE, LIMITS)
    assert caught.value is error


def test_callbacks_own_errors_pass() -> None:
    """Errors of the callbacks progress and report pass unchanged."""
    for error in (Odd(), ValueError("mine"), OSError("mine")):
        with pytest.raises(type(error)) as caught:
            transcode.fit(CLIP, transcode.Limits(9_000), progress=failing(error))
        assert caught.value is error
        with pytest.raises(type(error)) as caught:
            transcode.fit_each_limit(CLIP, [transcode.Limits(9_000)], report=failing(error))
        assert caught.value is error
        with pytest.raises(type(error)) as caught:
            transcode.slideshow_clip(
                [transcode.Slide(PICTURE, duration=2.5)], PROFILE, max_bytes=9_000, progress=failing(error)
            )
        assert caught.value is error


def test_a_callbacks_error_is_no_failed_trial() -> None:
    """The search goes on if an encoder refuses a bit rate, but a ValueError of a callback ends it."""
    mine = ValueError("mine")

    def refuse(step: FitProgress) -> None:
        if step.phase == "encode":
            raise mine

    with pytest.raises(ValueError, match="mine") as caught:
        transcode.fit(bytes(container(sine(2.5)).data), transcode.Limits(9_000), progress=refuse)
    assert caught.value is mine


def test_the_callers_iterable_is_the_callers() -> None:
    """Errors of the caller's generator of sources pass unchanged."""

    def sources() -> Iterator[bytes]:
        yield PICTURE
        raise Odd

    with pytest.raises(Odd):
        transcode.compose(sources(), PROFILE)
    with pytest.raises(Odd):
        transcode.slideshow_clip(sources(), PROFILE)
    with pytest.raises(Odd):
        transcode.fit_each_limit(PICTURE, (failing(Odd())() for _ in range(1)))


def test_file_objects_may_raise_anything() -> None:
    """An error of a file object becomes a SourceError."""

    class File(io.RawIOBase):
        name = "remote.jpg"
        read = failing(Odd("gone"))

    with pytest.raises(SourceError, match=r"remote\.jpg: can't be read: gone") as caught:
        transcode.fit(File(), LIMITS)  # type: ignore[arg-type]
    assert isinstance(caught.value.__cause__, Odd)


def test_messages_name_the_medium(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of a decoder names its medium; other errors are errors of the message."""
    path = tmp_path / "second.jpg"
    path.write_bytes(PICTURE)
    real = medium.prepare

    def prepare(content: Any, *rest: Any) -> Any:
        if content.name == str(path):
            raise Odd("second")
        return real(content, *rest)

    monkeypatch.setattr("transcode.message.place.prepare", prepare)
    with pytest.raises(SourceError, match=r"second\.jpg: given up at an unexpected Odd"):
        transcode.compose([PICTURE, path], PROFILE)
    monkeypatch.setattr(smil, "to_bytes", failing(Odd()))
    with pytest.raises(MessageError, match="message: given up at an unexpected Odd"):
        transcode.compose_split([PICTURE], PROFILE, to=["+15555550100"])


@pytest.mark.parametrize(
    "write",
    [
        lambda message: message.to_mm1(),
        lambda message: message.to_mm4(date=0),
        lambda message: message.to_mm7(vaspid="a"),
        lambda message: message.to_media(),
        lambda message: message.content_class(),
        lambda message: message.converted("mm4-forward-req"),
    ],
)
def test_messages_of_nonsense(write: Callable[[Any], object]) -> None:
    """Writing a message with fields of wrong types raises a typed error."""
    message = transcode.Message(
        to=("+15555550100/TYPE=PLMN",),
        headers=(("X-Mms-Expiry", None), (3, 4)),  # type: ignore[arg-type]
        parts=(3,),  # type: ignore[arg-type]
    )
    with pytest.raises(transcode.TranscodeError):
        write(message)


def test_octets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers raise PduError, even for a RecursionError."""
    octets = transcode.compose([PICTURE], PROFILE, to=["+15555550100"]).to_mm1()
    monkeypatch.setattr(smil, "slides", failing(RecursionError()))
    with pytest.raises(PduError, match="nested too deeply"):
        preview.page(octets)
    monkeypatch.setattr("transcode.wire.mm1.pdu_reader.from_bytes", failing(Odd()))
    with pytest.raises(PduError, match="unexpected Odd"):
        transcode.read(octets)


WRONG: list[tuple[str, type[Exception], Callable[[Any], object]]] = [
    ("limits", LimitsError, lambda odd: transcode.fit(PICTURE, odd)),
    ("limits", LimitsError, lambda odd: transcode.fit_each_limit(PICTURE, odd)),
    ("start", LimitsError, lambda odd: transcode.fit(PICTURE, LIMITS, start=odd)),
    ("max_seconds", LimitsError, lambda odd: transcode.fit(PICTURE, LIMITS, max_seconds=odd)),
    ("loudness", LimitsError, lambda odd: transcode.fit(PICTURE, LIMITS, loudness=odd)),
    ("max_pixels", LimitsError, lambda odd: transcode.fit(PICTURE, LIMITS, max_pixels=odd)),
    ("progress", LimitsError, lambda odd: transcode.fit(PICTURE, LIMITS, progress=odd)),
    ("max_seconds", LimitsError, lambda odd: transcode.Limits(1, max_seconds=odd)),
    ("max_frame_rate", LimitsError, lambda odd: transcode.Limits(1, max_frame_rate=odd)),
    ("formats", LimitsError, lambda odd: transcode.Limits(1, formats=odd)),
    ("profile", transcode.errors.ProfileError, lambda odd: transcode.compose(PICTURE, odd)),
    ("profile", transcode.errors.ProfileError, lambda odd: transcode.slideshow_clip([PICTURE], odd)),
    ("sources", MessageError, lambda odd: transcode.compose(odd, PROFILE)),
    ("to", MessageError, lambda odd: transcode.compose(PICTURE, PROFILE, to=odd)),
    ("subject", MessageError, lambda odd: transcode.compose(PICTURE, PROFILE, subject=odd)),
    ("options", MessageError, lambda odd: transcode.compose(PICTURE, PROFILE, options=odd)),
    ("neither a path, bytes nor a binary file object", SourceError, lambda odd: transcode.read(odd)),
    *(
        (name, LimitsError, partial(call, name))
        for name in ("progress", "report", "as_clip")
        for call in (
            lambda name, odd: transcode.fit(PICTURE, transcode.Limits(9_000), **{name: odd}),
            lambda name, odd: transcode.fit_each_limit(PICTURE, [transcode.Limits(9_000)], **{name: odd}),
        )
    ),
    ("progress", LimitsError, lambda odd: transcode.slideshow_clip([PICTURE], PROFILE, progress=odd)),
    ("progress", LimitsError, lambda odd: transcode.convert_directory(".", "o", PROFILE, progress=odd)),
    ("cancel", LimitsError, lambda odd: transcode.convert_directory(".", "o", PROFILE, cancel=odd)),
    ("<object>: no path", SourceError, lambda odd: transcode.convert_directory(odd, "o", PROFILE)),
    ("<object>: no path", OutputError, lambda odd: transcode.convert_directory(".", odd, PROFILE)),
]


class Broken:
    """A path-like object whose conversion raises."""

    def __fspath__(self) -> str:
        raise RuntimeError("no such bucket")


@pytest.mark.parametrize(
    "call",
    [
        lambda path: transcode.fit(path, transcode.Limits(9_000)),
        lambda path: transcode.fit_each_limit(path, [transcode.Limits(9_000)]),
        lambda path: transcode.compose(path, PROFILE),
        lambda path: transcode.convert_directory(path, "o", PROFILE),
        lambda path: transcode.read(path),
    ],
)
def test_paths_that_raise(call: Callable[[Any], object]) -> None:
    """Any error of a path-like object becomes a SourceError."""
    with pytest.raises(SourceError, match=r"<Broken>: .*no such bucket"):
        call(Broken())


@pytest.mark.parametrize(("name", "kind", "call"), WRONG)
def test_wrong_arguments_are_named(name: str, kind: type[Exception], call: Callable[[Any], object]) -> None:
    """An argument of the wrong type raises an error of this package that names the argument."""
    with pytest.raises(kind, match=name):
        call(object())


def test_door_by_itself() -> None:
    """Typed errors pass; typed errors without a name get the name of the source."""
    typed = SourceError("a", "b")
    with pytest.raises(SourceError) as caught, Door("source", "c"):
        raise typed
    assert caught.value is typed
    with pytest.raises(SourceError, match=r"^c: aac at 8000 Hz$"), Door("source", "c"):
        raise transcode.TranscodeError("aac at 8000 Hz")
    with Door("octets", "") as door:
        assert door.passing(None, "report") is None
