"""One file: no error of it leaves the job."""

from __future__ import annotations

from unittest import mock

from tests.batch.judge import PROFILE
from transcode.batch.convert import convert
from transcode.batch.plan import BatchPlan, Job, Output
from transcode.model import MessageWords

WORDS = MessageWords(to=(), cc=(), bcc=(), sender=None, subject=None, text=None, options=None, as_clip=False)


def test_an_error_nobody_thought_of_is_one_file_s() -> None:
    """An unforeseen error is the result of its file, with its class."""
    output = Output("out/a.jpg.mms", "mms", PROFILE, "us-att")
    with mock.patch("transcode.batch.convert.compose_shared", side_effect=ZeroDivisionError):
        (made,) = convert(Job("in/a.jpg", (output,), BatchPlan(), WORDS), threads=1).outputs
    assert made.files == {}
    assert (made.result.error_type, made.result.error) == (
        "ZeroDivisionError",
        "in/a.jpg: ZeroDivisionError()",
    )
