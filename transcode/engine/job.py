"""The future of a job of an engine: typed errors, and what is told of it when it is over."""

from __future__ import annotations

import time
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING

from transcode.counted import counted
from transcode.engine.telling import Done
from transcode.errors import JobError, JobTimeout, QueueFull, SourceError
from transcode.jobs.child import JobFuture
from transcode.jobs.job_limits import JobLate, JobLost
from transcode.model import Rendition

if TYPE_CHECKING:
    from transcode.messages.message import Message
    from transcode.model import Report

__all__ = ["Job"]


class Job(JobFuture):
    """The future of a job. It can be cancelled at any time.

    Args:
        number: of the job, from 1.
        action: ``"fit"`` or ``"compose"``.
        seconds: within which it is to be done, from now on; None: any time.

    Attributes:
        name: of the source, for errors.
        octets: the bytes that are sent to the process.
        given: seconds of the monotonic clock at which the job was given to the engine.
        deadline: likewise, by which it is to be done.
    """

    def __init__(self, number: int, action: str, seconds: float | None) -> None:
        super().__init__()
        self.number = number
        self.action = action
        self.name = "message" if action == "compose" else "source"
        self.octets = 0
        self.given = time.monotonic()
        self._seconds = seconds
        self.deadline = None if seconds is None else self.given + seconds

    def left(self) -> float | None:
        """Seconds until the deadline; None: there is none."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    def finish(self, value: object = None, error: BaseException | None = None) -> None:
        """Set the result, or the error in the words of the package."""
        if isinstance(error, CancelledError):
            self.cancel()
        elif error is not None:
            error = self._typed(error)
        super().finish(value, error)

    def late(self) -> JobTimeout:
        """The error of a job that was not done in time."""
        return JobTimeout(self.name, f"it was not done within {counted(self._seconds or 0, 'second')}")

    def _typed(self, error: BaseException) -> BaseException:
        if isinstance(error, JobLate):
            return self.late()
        if isinstance(error, JobLost):
            lost = SourceError(self.name, f"the process that decoded it {error}")
            lost.__cause__ = error
            return lost
        if isinstance(error, ChildProcessError) or not isinstance(error, Exception):
            return JobError(self.name, str(error) or type(error).__name__)
        return error

    def done_so(self) -> Done:
        """What is told of the job, once it is over."""
        error = None if self.cancelled() else self.exception()
        outcome = "done" if error is None else "failed"
        if self.cancelled():
            outcome = "cancelled"
        elif isinstance(error, JobTimeout):
            outcome = "late"
        elif isinstance(error, QueueFull):
            outcome = "refused"
        elif error is not None and (isinstance(error.__cause__, JobLost) or type(error) is JobError):
            outcome = "lost"
        made = self.result() if outcome == "done" else None
        now = time.monotonic()
        begun = now if self.begun is None else self.begun
        reports = () if made is None else _reports(made)
        stages: dict[str, float] = {}
        for report in reports:
            for stage, seconds in report.stages:
                stages[stage] = stages.get(stage, 0.0) + seconds
        return Done(
            job=self.number,
            action=self.action,
            outcome=outcome,
            error=None if error is None else type(error).__name__,
            waited=begun - self.given,
            worked=now - begun,
            octets_in=self.octets,
            octets_out=0 if made is None else _octets(made),
            stages=stages,
            worker=self.process,
        )


def _reports(made: Rendition | Message) -> tuple[Report, ...]:
    return (made.report,) if isinstance(made, Rendition) else made.reports


def _octets(made: Rendition | Message) -> int:
    return len(made.data) if isinstance(made, Rendition) else sum(len(part.data) for part in made.parts)
