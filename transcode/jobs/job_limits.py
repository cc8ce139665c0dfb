"""What one job may take: seconds, memory, and octets of its result."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, fields
from pathlib import Path

from transcode.counted import counted
from transcode.errors import LimitsError
from transcode.jobs.confinement import confinement

__all__ = ["JobLate", "JobLimits", "JobLost", "bound_memory", "memory_words", "out_of_memory", "too_large"]

#: The sizes of a process in pages; the sixth number is that of its data: heaps, stacks and private mappings.
_SIZES = Path("/proc/self/statm")
_DATA = 5


@dataclass(frozen=True, slots=True)
class JobLimits:
    """What one job of a process may take: a file of a batch, a message of a message centre.

    A job that takes more costs itself, with an error that names the limit, and no other job. None: no limit.
    The defaults are several times what the largest medium takes that is decoded at all, with one thread.

    Attributes:
        max_cpu_seconds: seconds of processor time, of all threads together. A busy machine costs no file.
        max_seconds: seconds by the clock, for what waits and never ends.
        max_memory: bytes that the process may take beyond what it has when the job begins: heaps, stacks of
            threads, private mappings (``RLIMIT_DATA`` of Linux). Mapped files and what libraries have
            reserved and not used count for nothing, so a number of threads costs 8 MB each and no more.
        max_output: bytes of all that the job makes, as it is sent from the process.
        confine: whether the process may open no sockets, start no programs, and write no files but temporary
            ones, by Landlock and seccomp of Linux. True: where the system can't do that, no job is done.
            None: as far as it can. A confined process starts a tenth of a second later.

    Raises:
        LimitsError: a limit is no number above 0, or confine is something else.
    """

    max_cpu_seconds: float | None = 300
    max_seconds: float | None = 1800
    max_memory: int | None = 4_000_000_000
    max_output: int | None = None
    confine: bool | None = False

    def __post_init__(self) -> None:
        if self.confine is not None and not isinstance(self.confine, bool):
            raise LimitsError(f"confine must be True, False or None, not {self.confine!r}")
        if self.confine and not confinement().is_whole:
            raise LimitsError(f"confine: this system can't confine a process ({confinement()})")
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name == "confine":
                continue
            kinds = (int,) if one.name in ("max_memory", "max_output") else (int, float)
            if value is not None and (type(value) not in kinds or not 0 < value < float("inf")):
                number = "a whole number" if kinds == (int,) else "a number"
                raise LimitsError(f"{one.name} must be {number} above 0 or None, not {value!r}")


class JobLost(RuntimeError):
    """A job that ended its process, or took more than it may; the text says which.

    Attributes:
        limit: what it took more of, by its name in JobLimits; empty: it ended its process.
    """

    def __init__(self, said: str, limit: str = "") -> None:
        super().__init__(said)
        self.limit = limit


class JobLate(JobLost):
    """A job that was not done by the time that its caller gave."""

    def __init__(self) -> None:
        super().__init__("was not done in time")

    def __reduce__(self) -> tuple[type[JobLate], tuple[()]]:
        return (JobLate, ())


#: The most memory of a job of this process; None: it has no limit.
_most_memory: int | None = None


def bound_memory(limit: int | None) -> None:
    """Give this process so many bytes of memory beyond what it has now; only Linux keeps such a limit."""
    global _most_memory
    if limit is None:
        return
    # A system without this limit has none.
    with contextlib.suppress(OSError, ValueError, ImportError):
        import resource

        data = int(_SIZES.read_bytes().split()[_DATA]) * resource.getpagesize()
        _, hardest = resource.getrlimit(resource.RLIMIT_DATA)
        most = data + limit if hardest == resource.RLIM_INFINITY else min(data + limit, hardest)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hardest))
        _most_memory = limit


def memory_words() -> str:
    """The end of a text on memory that was not there: the limit of the job, if it has one."""
    return "" if _most_memory is None else f": a job may take {_most_memory:,} bytes"


def out_of_memory() -> JobLost | None:
    """The error of a job that ran into its limit of memory; None where it has none."""
    if _most_memory is None:
        return None
    return JobLost(f"took more than {counted(_most_memory, 'byte')} of memory", "max_memory")


def too_large(limit: int) -> JobLost:
    """The error of a job that made more than it may."""
    return JobLost(f"made more than {counted(limit, 'byte')}", "max_output")
