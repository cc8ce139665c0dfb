"""Logs of a message centre: one line for each change of a delivery, without numbers and contents."""

from __future__ import annotations

import contextlib
import json
import logging
import logging.handlers
import queue
import re
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from transcode.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

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

    def changed(self, change: Changed) -> None:
        """Log a change."""
        after = change.after
        if _LOG.isEnabledFor(logging.INFO):
            fields = {
                "message": after.message,
                "recipient": after.recipient,
                "before": change.before.state,
                "state": after.state,
                "event": change.event,
                "detail": change.detail,
                "route": after.route or "",
                "peer": after.peer,
            }
            # Not by info(), which looks for its caller each time: a line is written for each change.
            _LOG.handle(
                _LOG.makeRecord(
                    _LOG.name, logging.INFO, "", 0, "delivery", (), None, extra={"fields": fields}
                )
            )

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
        """Return the line of a record; with a traceback for people, several."""
        fields = {name: self._value(name, value) for name, value in getattr(record, "fields", {}).items()}
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        level, text = record.levelname.lower(), self._pseudonyms.scrubbed(record.getMessage())
        error = ""
        if record.exc_info:
            error = self._pseudonyms.scrubbed("".join(traceback.format_exception(*record.exc_info))).rstrip()
        if self._is_json:
            made = {"time": at, "level": level, "logger": record.name, "text": text, **fields}
            return json.dumps({**made, "error": error} if error else made)
        shown = "".join(f" {name}={value}" for name, value in fields.items() if value)
        # A stranger's text is one line of the log, and moves no cursor of a terminal.
        line = _CONTROL.sub(_escaped, f"{at} {level} {text}{shown}")
        return f"{line}\n{_CONTROL_IN_LINES.sub(_escaped, error)}" if error else line

    def _value(self, name: str, value: object) -> object:
        if name in ("recipient", "sender"):
            return self._pseudonyms.word(str(value))
        return self._pseudonyms.scrubbed(value) if name == "detail" and isinstance(value, str) else value


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


class _Handler(logging.handlers.QueueHandler):
    """Gives lines to the thread that writes them: who works never waits for a reader of the log."""

    def __init__(self, waiting: queue.Queue[logging.LogRecord]) -> None:
        super().__init__(waiting)
        self._dropped = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Return the record as it is: it stays in this process."""
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        """Put a line into the queue, or count it."""
        try:
            if self._dropped:
                text = f"{self._dropped} lines were dropped: nobody read the log"
                told = logging.LogRecord(__name__, logging.WARNING, "", 0, text, (), None)
                self.queue.put_nowait(told)
                self._dropped = 0
            self.queue.put_nowait(record)
        except queue.Full:
            self._dropped += 1


@contextlib.contextmanager
def logging_to(stream: TextIO, log: Log, pseudonyms: Pseudonyms) -> Iterator[None]:
    """Write the log of this process to a stream for the time of a ``with`` block.

    Args:
        stream: where it goes.
        log: form and level. Of other packages only warnings and errors are written.
        pseudonyms: makes words of numbers.
    """
    waiting: queue.Queue[logging.LogRecord] = queue.Queue(_MOST_WAITING)
    writing = logging.StreamHandler(stream)
    writing.setFormatter(_Formatter(pseudonyms, is_json=log.format == "json"))
    listener = logging.handlers.QueueListener(waiting, writing)
    handler = _Handler(waiting)
    own, root = logging.getLogger("transcode"), logging.getLogger()
    before = own.level
    own.setLevel(log.level.upper())
    root.addHandler(handler)
    listener.start()
    try:
        yield
    finally:
        root.removeHandler(handler)
        own.setLevel(before)
        listener.stop()
