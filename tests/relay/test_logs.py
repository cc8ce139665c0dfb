"""The log of a message centre."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path
from unittest import mock

import pytest

from tests.relay.conftest import ALICE, BOB
from tests.relay.made import delivery, envelope
from tests.relay.store.routed import driven
from transcode.relay import logs
from transcode.relay.logs import Changes, Log, logging_to
from transcode.relay.model import Changed, Event
from transcode.relay.pseudonyms import Pseudonyms
from transcode.relay.store import SqliteStore

WORDS = Pseudonyms(bytes(32))
LOG = logging.getLogger("transcode.relay.tests")


def logged(log: Log, call: object = None) -> str:
    out = io.StringIO()
    with logging_to(out, log, WORDS):
        assert callable(call)
        call()
    return out.getvalue()


def test_a_line_for_each_change(tmp_path: Path) -> None:
    """A line of JSON says which message, which phone by its word, what and why; nowhere is a number."""

    def work() -> None:
        store = SqliteStore(tmp_path / "relay.db")
        store.watch(Changes())
        store.accept(envelope(1, sender=ALICE), [BOB]).result()
        driven(store, store.deliveries()[0], Event.PUSH_ACCEPTED)
        store.apply(1, Event.CANCEL, at=2.0, detail=f"by {ALICE}").result()
        store.close()

    text = logged(Log(format="json"), work)
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["event"] for line in lines] == [
        "accepted",
        "routed",
        "notification accepted by the SMSC",
        "cancelled",
    ]
    assert {line["recipient"] for line in lines} == {WORDS.word(BOB)}
    assert {line["message"] for line in lines} == {envelope(1).id}
    assert lines[-1]["detail"] == f"by {WORDS.word(ALICE)}"
    assert (lines[-1]["before"], lines[-1]["state"], lines[-1]["level"]) == ("notified", "cancelled", "info")
    assert lines[-1]["time"].endswith("+00:00")
    assert ALICE not in text
    assert BOB not in text


def test_lines_for_people() -> None:
    """One line, whatever a stranger's text has; errors with their traceback, without numbers."""

    def work() -> None:
        LOG.warning("said %r", "x", extra={"fields": {"peer": "a\x1b[2J\nb", "recipient": BOB, "none": ""}})
        try:
            raise ValueError(f"not {BOB}")
        except ValueError:
            LOG.exception("an error")

    first, second, *error = logged(Log(), work).splitlines()
    assert first.endswith(f" warning said 'x' peer=a\\x1b[2J\\nb recipient={WORDS.word(BOB)}")
    assert second.endswith(" error an error")
    assert error[0].startswith("Traceback")
    assert error[-1] == f"ValueError: not {WORDS.word(BOB)}"


def test_an_error_is_one_object() -> None:
    """Its traceback is a field."""

    def work() -> None:
        try:
            raise ValueError("why")
        except ValueError:
            LOG.exception("an error")

    (line,) = logged(Log(format="json"), work).splitlines()
    assert json.loads(line)["error"].endswith("ValueError: why")


@pytest.mark.parametrize(("level", "count"), [("debug", 3), ("info", 2), ("warning", 1)])
def test_levels(level: str, count: int) -> None:
    """Of other packages only warnings are written: their requests name numbers and passwords."""

    def work() -> None:
        LOG.debug("one")
        LOG.info("two")
        LOG.warning("three")
        logging.getLogger("httpx").info("GET http://127.0.0.1/?password=secret")

    before = logging.getLogger("transcode").level
    assert logged(Log(level=level), work).count("\n") == count
    assert logging.getLogger("transcode").level == before


def test_who_reads_no_log_stops_nobody() -> None:
    """Lines that find no room are counted, and the count is told when there is room again."""
    waiting = logs._Waiting(2)
    handler = logs._Handler(waiting)
    for number in range(5):
        handler.handle(logging.LogRecord("transcode", logging.INFO, "", 0, f"{number}", (), None))
    assert [one.getMessage() for _ in range(2) if (one := waiting.get())] == ["0", "1"]
    handler.handle(logging.LogRecord("transcode", logging.INFO, "", 0, "5", (), None))
    assert [one.getMessage() for _ in range(2) if (one := waiting.get())] == [
        "3 lines were dropped: nobody read the log",
        "5",
    ]


def test_changes_count_as_lines() -> None:
    """A record of many changes has as many lines, in the queue and among those that are dropped."""
    waiting = logs._Waiting(3)
    handler = logs._Handler(waiting)
    change = Changed(delivery(), delivery(), "accepted", "")
    with mock.patch.object(logs._LOG, "handle", handler.handle), mock.patch.object(logs._LOG, "level", 10):
        for _ in range(3):
            Changes().changed([change, change])
        assert waiting.qsize() == 4
        assert [waiting.get_nowait() is None for _ in range(2)] == [False, False]
        Changes().changed([change])
    told = waiting.get_nowait()
    assert told is not None
    assert told.getMessage().startswith("2 lines were dropped")


def test_the_log_ends_whole() -> None:
    """What waits when the centre stops is written, whoever reads slowly."""

    def work() -> None:
        for number in range(1000):
            LOG.info("%d", number)

    lines = logged(Log(), work).splitlines()
    assert [line.rpartition(" ")[2] for line in lines] == [str(number) for number in range(1000)]


def test_what_is_not_written_costs_nothing() -> None:
    """A change below the level makes no line."""
    with mock.patch.object(logs._LOG, "handle") as handle:
        Changes().changed([mock.Mock()])
        assert not handle.called
