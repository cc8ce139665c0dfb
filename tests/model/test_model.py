"""Values refuse what makes no sense, and text comes out of any charset."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import transcode
from transcode import errors
from transcode.errors import LimitsError
from transcode.model import FitOptions, Limits, Part


@pytest.mark.parametrize(
    "arguments",
    [
        {"max_bytes": 0},
        {"max_bytes": 1.5},
        {"max_bytes": True},
        {"max_bytes": 9, "max_width": 0},
        {"max_bytes": 9, "max_height": -1},
        {"max_bytes": 9, "max_seconds": 0},
        {"max_bytes": 9, "max_seconds": float("nan")},
        {"max_bytes": 9, "formats": "image/jpeg"},
        {"max_bytes": 9, "formats": ()},
    ],
    ids=str,
)
def test_limits_that_make_no_sense(arguments: dict[str, object]) -> None:
    """Senseless limits are refused, and the error names the limit."""
    with pytest.raises(LimitsError) as caught:
        Limits(**arguments)  # type: ignore[arg-type]
    assert list(arguments)[-1] in str(caught.value)


@pytest.mark.parametrize(
    "arguments",
    [
        {"start": -1.0},
        {"start": float("nan")},
        {"max_seconds": 0.0},
        {"max_seconds": float("inf")},
        {"loudness": 0.0},
        {"loudness": -80.0},
        {"max_pixels": 0},
    ],
    ids=str,
)
def test_options_that_make_no_sense(arguments: dict[str, float]) -> None:
    """Senseless options are refused, and the error names the option."""
    with pytest.raises(LimitsError, match=next(iter(arguments))):
        FitOptions(**arguments)  # type: ignore[arg-type]


def test_the_strictest_duration_holds() -> None:
    """What is asked, what the limits allow, and forty seconds."""
    assert FitOptions().seconds(Limits(9, max_seconds=90)) == 40
    assert FitOptions().seconds(Limits(9, max_seconds=20)) == 20
    assert FitOptions(max_seconds=60).seconds(Limits(9, max_seconds=20)) == 20
    assert FitOptions(max_seconds=5).seconds(Limits(9)) == 5


def test_the_box_is_turned_for_portrait_pictures() -> None:
    """Networks turn it, content classes do not; an open side stays open."""
    assert Limits(9, 400, 300).box(portrait=True) == (300, 400)
    assert Limits(9, 400, 300, turn=False).box(portrait=True) == (400, 300)
    assert Limits(9, 400).box(portrait=True) == (None, 400)


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        (b"abc", None, "abc"),
        ("Grüße".encode(), "utf-8", "Grüße"),
        ("Grüße".encode("latin-1"), "iso-8859-1", "Grüße"),
        (b"\xef\xbb\xbfabc", "utf-8", "abc"),
        ("añ".encode("utf-16-be"), "utf-16", "añ"),
        ("añ".encode("utf-16"), "utf-16", "añ"),
        (b"a\xff", "us-ascii", "a\ufffd"),
        ("Grüße".encode(), "mib-4711", "Grüße"),
        (b"abc-", "punycode", "abc-"),
        (b"abc", "undefined", "abc"),
        (b"abc", "zlib", "abc"),
        (b"abc", "\x00", "abc"),
    ],
)
def test_text_of_a_part(data: bytes, charset: str | None, text: str) -> None:
    """Each charset is decoded; a name that is none is read as UTF-8."""
    assert Part("text/plain", data, charset=charset).text == text


@given(st.binary(max_size=40), st.one_of(st.none(), st.text(max_size=12)))
def test_any_octets_have_a_text(data: bytes, charset: str | None) -> None:
    """No octets and no charset raise."""
    assert isinstance(Part("text/plain", data, charset=charset).text, str)


NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"priority": "urgent"}, "'urgent' is not one of low, normal, high"),
        ({"message_class": "Auto"}, "'Auto' is not one of personal"),
        ({"message_class": "auto", "read_report": True}, "can't ask for reports"),
        ({"expiry": 0}, "from 1 to"),
        ({"expiry": float("nan")}, "from 1 to"),
        ({"expiry": True}, "neither seconds nor a datetime"),
        ({"expiry": "3d"}, "neither seconds nor a datetime"),
        ({"delivery_time": datetime(2030, 1, 1)}, "no time zone"),
        ({"expiry": datetime(1969, 1, 1, tzinfo=UTC)}, "before 1970"),
        ({"expiry": 60, "delivery_time": 60}, "not after the delivery time"),
        ({"expiry": NOON, "delivery_time": NOON}, "not after the delivery time"),
    ],
    ids=str,
)
def test_send_options_refuse_what_makes_no_sense(arguments: dict[str, Any], words: str) -> None:
    """Words that are none, times that are none, and wishes that exclude each other."""
    with pytest.raises(transcode.MessageError, match=words):
        transcode.SendOptions(**arguments)
    assert transcode.SendOptions(expiry=NOON, delivery_time=60).expiry == NOON


#: One of each class of errors that is raised.
ERRORS = (
    errors.SourceError("a.jpg", "broken", offset=7),
    errors.UnsupportedError("a.jpg", "odd"),
    errors.NotTakenError("a.mp3", "no sound", kind="sound", remedy="send a link"),
    errors.CapError("a.jpg", "large"),
    errors.BudgetError("a.jpg", 100, smallest=200, hint="try less"),
    errors.LimitsError("no"),
    errors.ProfileError("us-x", "wrong"),
    errors.ProfileNotFound("us-x", ["us-y"]),
    errors.ProfileNotFound("http://phone.example/", reason="not in the store"),
    errors.ConfigError("config.toml", "no such option", key="message.carier", line=3),
    errors.MessageError("no"),
    errors.MmsUnavailable("us-x", "off"),
    errors.OutputError("a.mms", "no space left"),
    errors.OverwriteError("a.mms", "is the source"),
    errors.SuffixError("a.heic", "is not written"),
    errors.JobError("a.jpg", "killed"),
    errors.Cancelled("a.jpg", "cancelled"),
    errors.JobTimeout("a.jpg", "late"),
    errors.QueueFull("a.jpg", "full"),
    errors.PduError("short", offset=3, source="a.mms"),
    errors.MissingPackage("httpx", "posting", extra="send"),
    errors.SendError("mail.example:25", "refused", refused={"a@b.example": "550 no"}, temporary=True),
    errors.SendError("mail.example:25", "451 busy", status=451, temporary=True),
    errors.SubmitError("https://mmsc.example/", "unreachable", temporary=True),
    errors.SubmitTimeout("https://mmsc.example/", "no answer"),
    errors.HttpStatusError("https://mmsc.example/", 503),
    errors.SubmitRefused("https://mmsc.example/", "no", response="M-Send.conf", temporary=True),
)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errors.ProfileNotFound("us-x"), "transcode profiles lists all"),
        (errors.ProfileNotFound("us-x", ["us-y"]), "did you mean us-y?"),
        (errors.MmsUnavailable("us-x", "off"), "send a link"),
        (errors.MissingPackage("httpx", "posting", extra="send"), "pip install 'mms-transcode[send]'"),
        (errors.HttpStatusError("https://mmsc.example/", 401), "401: check name and password"),
        (errors.HttpStatusError("https://mmsc.example/", 404), "404: check the address"),
        (errors.HttpStatusError("https://mmsc.example/", 413), "413: a smaller message"),
    ],
)
def test_errors_say_what_would_help(error: transcode.TranscodeError, words: str) -> None:
    """Behind the thing and the reason stands what would help, where it is known."""
    assert words in str(error)


def test_errors_are_all_there() -> None:
    """Each class is in the list that travels, but for the roots, which nothing raises."""
    roots = {"TranscodeError", "TransportError"}
    classes = [one for one in vars(errors).values() if isinstance(one, type)]
    wanted = {one.__name__ for one in classes if issubclass(one, transcode.TranscodeError)} - roots
    assert {type(error).__name__ for error in ERRORS} == wanted


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_errors_travel_between_processes(error: transcode.TranscodeError) -> None:
    """Each keeps its words and its numbers when pickled, and is one line."""
    found = pickle.loads(pickle.dumps(error))
    assert type(found) is type(error)
    assert str(found) == str(error)
    assert vars(found) == vars(error)
    assert "\n" not in str(error)
