"""The options of a sender as headers of MM1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.errors import MessageError
from transcode.model import SendOptions
from transcode.wire.values import folded

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from transcode.model import HeaderValue

__all__ = ["asked"]


def asked(
    options: SendOptions | None, headers: Iterable[tuple[str, object]]
) -> list[tuple[str, HeaderValue]]:
    """Return the options of a sender as MM1 headers.

    Raises:
        MessageError: the options are of another type, or one of the given headers sets the same.
    """
    if options is None:
        return []
    if not isinstance(options, SendOptions):
        raise MessageError(f"options must be SendOptions, not {type(options).__name__}")
    visible = {None: None, True: "Show", False: "Hide"}[options.show_sender]
    values = {
        "X-Mms-Message-Class": options.message_class and options.message_class.capitalize(),
        "X-Mms-Expiry": _time(options.expiry),
        "X-Mms-Delivery-Time": _time(options.delivery_time),
        "X-Mms-Priority": options.priority and options.priority.capitalize(),
        "X-Mms-Sender-Visibility": visible,
        "X-Mms-Delivery-Report": options.delivery_report,
        "X-Mms-Read-Report": options.read_report,
    }
    found = [(name, value) for name, value in values.items() if value is not None]
    twice = folded(found).keys() & {name.lower() for name, _ in headers}
    if twice:
        raise MessageError(f"headers: {min(twice)} is set by options too")
    return found


def _time(value: float | datetime | None) -> HeaderValue | None:
    """Return a number of seconds or a datetime as the value of an MM1 header."""
    if value is None:
        return None
    if isinstance(value, int | float):
        return "relative", round(value)
    return "absolute", int(value.timestamp())
