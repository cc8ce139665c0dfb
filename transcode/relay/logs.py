"""Logs of a message centre: one line for each change of a delivery, without numbers and contents."""

from __future__ import annotations

import contextlib
import json
import logging
import queue
import re
import threading
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from transcode.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transcode.relay.model import Changed
    from transcode.relay.pseudonyms import Pseudonyms

__all__ = ["Changes", "Log", "check_log", "logging_to"]

_LOG = logging.getLogger(__name__)

_FORMATS = ("text", "json")
_LEVELS = ("debug", "info", "warning", "error")
_CONTROL, _CONTROL_IN_LINES = (
    re.compile(r"[\x00-\x1f\x7f-\x9f]"),
    re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]"),
)
#: Lines that wait for a slow reader of the log; more are counted, and dropped.
_MOST_WAITING = 10_000


@dataclass(frozen=True, slots=True)
class Log:
    """The log, which goes to the standard error output.

    Attributes:
        format: ``"text"`` for people, ``"json"`` for programs: an object a line.
        level: the least important lines: ``"info"`` has one for each change of a delivery.
    """

    format: str = "text"
    level: str = "info"


def check_log(log: Log, source: str) -> None:
    """Check the values of a configuration.

    Args:
        log: the values.
        source: the name of the file.

    Raises:
        ConfigError: a value is not known.
    """
    for key, value, known in (("format", log.format, _FORMATS), ("level", log.level, _LEVELS)):
        if value not in known:
            raise ConfigError(source, f"must be one of {', '.join(known)}, not {value!r}", key=f"log.{key}")


class Changes:
    """Logs the changes of a store."""

    def changed(self, changes: Sequence[Changed]) -> None:
        """Log changes. A record has all of them, and each has a line."""
        if changes and _LOG.isEnabledFor(logging.INFO):
            # Not by info(), which looks for its caller each time.
            record = _LOG.makeRecord(
                _LOG.name, logging.INFO, "", 0, "delivery", (), None, extra={"changes": changes}
            )
            _LOG.handle(record)

    def committed(self, seconds: float) -> None:
        """Log nothing: one line for each change is there."""


class _Formatter(logging.Formatter):
    """Writes lines with words in the place of numbers.

    Args:
        pseudonyms: makes the words.
        is_json: whether each line is an object.
    """

    def __init__(self, pseudonyms: Pseudonyms, *, is_json: bool) -> None:
        super().__init__()
        self._pseudonyms = pseudonyms
        self._is_json = is_json

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of a record: of one that tells of changes, a line for each."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        level, text = record.levelname.lower(), self._pseudonyms.scrubbed(record.getMessage())
        told = [_fields(one) for one in getattr(record, "changes", ())]
        told = told or [getattr(record, "fields", {})]
        lines = [{name: self._value(name, value) for name, value in fields.items()} for fields in told]
        error = ""
        if record.exc_info:
            error = self._pseudonyms.scrubbed("".join(traceback.format_exception(*record.exc_info))).rstrip()
        if self._is_json:
            head = {"time": at, "level": level, "logger": record.name, "text": text}
            end = {"error": error} if error else {}
            return "\n".join(json.dumps({**head, **fields, **end}) for fields in lines)
        # A stranger's text is one line of the log, and moves no cursor of a terminal.
        shown = "\n".join(_CONTROL.sub(_escaped, f"{at} {level} {text}{_shown(fields)}") for fields in lines)
        return f"{shown}\n{_CONTROL_IN_LINES.sub(_escaped, error)}" if error else shown

    def _value(self, name: str, value: object) -> object:
        if name in ("recipient", "sender"):
            return self._pseudonyms.word(str(value))
        return self._pseudonyms.scrubbed(value) if name == "detail" and isinstance(value, str) else value


def _fields(change: Changed) -> dict[str, object]:
    after = change.after
    return {
        "message": after.message,
        "recipient": after.recipient,
        "before": change.before.state,
        "state": after.state,
        "event": change.event,
        "detail": change.detail,
        "route": after.route or "",
        "peer": after.peer,
    }


def _shown(fields: dict[str, object]) -> str:
    return "".join(f" {name}={value}" for name, value in fields.items() if value)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


class _Waiting(queue.Queue[logging.LogRecord | None]):
    """Records that wait. It is as full as they have lines."""

    def _init(self, maxsize: int) -> None:
        super()._init(maxsize)
        self._lines = 0

    def _qsize(self) -> int:
        return self._lines

    def _put(self, item: logging.LogRecord | None) -> None:
        super()._put(item)
        self._lines += _lines(item)

    def _get(self) -> logging.LogRecord | None:
        item = super()._get()
        self._lines -= _lines(item)
        return item


def _lines(record: logging.LogRecord | None) -> int:
    return max(1, len(getattr(record, "changes", ())))


class _Handler(logging.Handler):
    """Gives records to the thread that writes them: who works never waits for a reader of the log."""

    def __init__(self, waiting: _Waiting) -> None:
        super().__init__()
        self._waiting = waiting
        self._dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Put a record into the queue, or count its lines."""
        try:
            if self._dropped:
                text = f"{self._dropped} lines were dropped: nobody read the log"
                told = logging.LogRecord(__name__, logging.WARNING, "", 0, text, (), None)
                self._waiting.put_nowait(told)
                self._dropped = 0
            self._waiting.put_nowait(record)
        except queue.Full:
            self._dropped += _lines(record)


@contextlib.contextmanager
def logging_to(stream: TextIO, log: Log, pseudonyms: Pseudonyms) -> Iterator[None]:
    """Write the log of this process to a stream for the time of a ``with`` block.

    Args:
        stream: where it goes.
        log: form and level. Of other packages only warnings and errors are written.
        pseudonyms: makes words of numbers.
    """
    waiting = _Waiting(_MOST_WAITING)
    writing = logging.StreamHandler(stream)
    writing.setFormatter(_Formatter(pseudonyms, is_json=log.format == "json"))
    thread = threading.Thread(target=_write, args=(waiting, writing), name="transcode-log", daemon=True)
    handler = _Handler(waiting)
    own, root = logging.getLogger("transcode"), logging.getLogger()
    before = own.level
    own.setLevel(log.level.upper())
    root.addHandler(handler)
    thread.start()
    try:
        yield
    finally:
        root.removeHandler(handler)
        own.setLevel(before)
        waiting.put(None)
        thread.join()


def _write(waiting: _Waiting, handler: logging.Handler) -> None:
    """Write what waits, to the end."""
    while (record := waiting.get()) is not None:
        handler.handle(record)
