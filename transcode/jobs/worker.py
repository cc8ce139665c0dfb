"""The child's side of ``isolated``: one job after the other, until the parent ends."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
import warnings
from typing import IO, NamedTuple

from transcode.jobs import telling
from transcode.jobs.confinement import confine, confinement
from transcode.jobs.job_limits import bound_memory, out_of_memory, too_large

#: An option of prctl: the signal that a process gets when its parent dies.
_PR_SET_PDEATHSIG = 1

#: Terms.confines of a process that ends where it can't be confined.
_WHOLLY = 2

#: Octets of the length in front of each frame, in both directions.
LENGTH = 8
#: How a frame begins that is no result, but what a job tells of itself. A pickle begins otherwise.
TOLD = b"\0"


class Terms(NamedTuple):
    """What a process of jobs is told when it starts.

    Attributes:
        parent: the number of the parent's process.
        jobs, results: descriptors to read from and to write to.
        max_cpu_seconds: seconds of processor time, after which a job ends the process; 0: no limit.
        max_memory: bytes that a job may take beyond what the process has when it begins; 0: no limit.
        max_output: bytes of a result as it is written; 0: no limit.
        confines: whether the process may do no more than it needs, as far as the system can (1) or not at all
            if it can't (2); see confinement.
        folder: where temporary files go; empty: where they usually go.
    """

    parent: int
    jobs: int
    results: int
    max_cpu_seconds: float
    max_memory: int
    max_output: int
    confines: int
    folder: str

    @classmethod
    def of(cls, words: list[str]) -> Terms:
        """The terms in the arguments of a program, which are the fields as texts."""
        parent, jobs, results, seconds, memory, output, confines, folder = words
        return cls(
            int(parent),
            int(jobs),
            int(results),
            float(seconds),
            int(memory),
            int(output),
            int(confines),
            folder,
        )


def main(terms: Terms) -> None:
    """Read jobs, do each, and write its result or its error."""
    _forget_signals()
    _die_with(terms.parent)
    if terms.folder:
        _keep_temporary_files_in(terms.folder)
    if terms.confines:
        # A container may show what it then refuses.
        with contextlib.suppress(*(() if terms.confines == _WHOLLY else (OSError,))):
            confine(terms.folder)
        if terms.confines == _WHOLLY and not confinement().is_whole:
            raise OSError(f"this system can't confine a process ({confinement()})")
    # NumPy, which is not loaded yet, else starts a thread a processor for products of matrices; none of ours
    # is large enough for two.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with contextlib.suppress(OSError):
        # Libraries may print; the parent's stdout may be read by a program.
        os.dup2(2, 1)
        sys.stdout = sys.stderr
    if not sys.warnoptions:
        # Nobody would read warnings: the report has what matters of a source.
        warnings.simplefilter("ignore")
    with os.fdopen(terms.jobs, "rb") as source, os.fdopen(terms.results, "wb") as sink:
        _write(sink, b"")
        telling.listen(lambda *told: _write(sink, TOLD + pickle.dumps(told)))
        while length := int.from_bytes(source.read(LENGTH)):
            payload = source.read(length)
            bound_memory(terms.max_memory or None)
            # The kernel counts the time, so a decoder that never returns is ended too.
            signal.setitimer(signal.ITIMER_PROF, terms.max_cpu_seconds)
            answer = _answer(payload)
            signal.setitimer(signal.ITIMER_PROF, 0)
            if terms.max_output and len(answer) > terms.max_output:
                answer = _refused(too_large(terms.max_output))
            _write(sink, answer)


def _keep_temporary_files_in(folder: str) -> None:
    """Have temporary files made in a folder, also where a fork knows another one already."""
    os.environ["TMPDIR"] = folder
    if "tempfile" in sys.modules:
        sys.modules["tempfile"].__dict__["tempdir"] = None


def _forget_signals() -> None:
    """Let signals end the process at once, whatever the parent's handlers did.

    A terminal sends its interrupt to children too. The parent answers it, so it stays blocked here.
    """
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGPROF, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, {signal.SIGINT})


def _die_with(parent: int) -> None:
    """End the process when its parent ends, in whatever way and whatever the process does then."""
    if sys.platform == "linux":
        # Without ctypes the end of the pipe of jobs tells, between two jobs.
        with contextlib.suppress(ImportError, OSError, AttributeError):
            import ctypes

            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        # The parent died before the signal was asked for.
        os._exit(1)


def _answer(payload: bytes) -> bytes:
    """Do a pickled job (function, arguments, named arguments); gives the pickled result or error."""
    try:
        function, arguments, named = pickle.loads(payload)  # noqa: S301  (written by the parent)
        return pickle.dumps((True, function(*arguments, **named)), pickle.HIGHEST_PROTOCOL)
    except MemoryError as error:
        return _refused(out_of_memory() or error)
    except BaseException as error:  # noqa: BLE001  (any error is that of one job)
        return _refused(error)


def _refused(error: BaseException) -> bytes:
    """The answer of a job without a result."""
    try:
        return pickle.dumps((False, error), pickle.HIGHEST_PROTOCOL)
    except Exception:  # noqa: BLE001  (an error that holds what can't be pickled)
        return pickle.dumps((False, RuntimeError(repr(error))), pickle.HIGHEST_PROTOCOL)


def _write(sink: IO[bytes], payload: bytes) -> None:
    sink.write(len(payload).to_bytes(LENGTH) + payload)
    sink.flush()
