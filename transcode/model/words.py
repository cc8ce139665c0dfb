"""The keywords that several public functions share, for type checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.model.limits import Source
    from transcode.model.message import Form, HeaderValue, SendOptions

__all__ = ["ComposeWords", "FitWords", "MessageWords", "RowWords"]


class FitWords(TypedDict, total=False):
    """The arguments of fit() besides source and limits."""

    start: float
    max_seconds: float | None
    strict: bool
    loudness: float | None
    max_pixels: int
    keyframe_cut: bool
    as_clip: bool | Source


class RowWords(TypedDict, total=False):
    """The arguments of compose() that the rows of a job file share, where they do not say."""

    sender: str | None
    subject: str | None
    text: str | None
    options: SendOptions | None
    as_clip: bool | Source


class MessageWords(RowWords, total=False):
    """The arguments of compose() that all messages of a batch share."""

    to: Sequence[str]
    cc: Sequence[str]
    bcc: Sequence[str]


class ComposeWords(MessageWords, total=False):
    """The arguments of compose() besides sources and profile."""

    headers: Sequence[tuple[str, HeaderValue]]
    content_class: bool
    form: Form
    reserve: int
    text_first: bool
