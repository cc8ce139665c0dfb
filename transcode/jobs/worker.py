"""The child's side of ``isolated``: one job after the other, until the parent is gone."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
import warnings
from typing import IO

#: What prctl calls it: the signal that a process gets when its parent dies.
_PR_SET_PDEATHSIG = 1

#: The length of what follows, in octets before it: a frame of either direction.
LENGTH = 8


def main(parent: int, jobs: int, results: int, max_cpu_seconds: float) -> None:
    """Read jobs, work on each, and write what came of it.

    Args:
        parent: the number of the process that started this one.
        jobs, results: descriptors to read from and to write to.
        max_cpu_seconds: of processor time, after which a job ends this process; 0: no limit.
    """
    _forget_signals()
    _die_with(parent)
    with contextlib.suppress(OSError):
        # What a library prints is no result, and what the parent prints may be meant for a program.
        os.dup2(2, 1)
        sys.stdout = sys.stderr
    if not sys.warnoptions:
        # Nobody would read them: what matters of a source is in its report.
        warnings.simplefilter("ignore")
    with open(jobs, "rb") as source, open(results, "wb") as sink:
        _write(sink, b"")
        while length := int.from_bytes(source.read(LENGTH)):
            payload = source.read(length)
            # The kernel counts, so that a decoder that never comes back is ended, too.
            signal.setitimer(signal.ITIMER_PROF, max_cpu_seconds)
            answer = _answer(payload)
            signal.setitimer(signal.ITIMER_PROF, 0)
            _write(sink, answer)


def _forget_signals() -> None:
    """Let signals end this process at once, whatever was done with them where it was started.

    The interrupt of a terminal goes to children, too, and is the parent's to answer: it stays blocked.
    """
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGPROF, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, {signal.SIGINT})


def _die_with(parent: int) -> None:
    """End this process when its parent ends, however that ends and whatever is done here then."""
    if sys.platform == "linux":
        # Without ctypes the end of the jobs is what tells, between two of them.
        with contextlib.suppress(ImportError, OSError, AttributeError):
            import ctypes

            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        # It died before it could be asked for.
        os._exit(1)


def _answer(payload: bytes) -> bytes:
    """Do a pickled job: a function, its arguments, its named ones. What it gives or raises, pickled."""
    try:
        function, arguments, named = pickle.loads(payload)  # noqa: S301  (the parent's)
        return pickle.dumps((True, function(*arguments, **named)), pickle.HIGHEST_PROTOCOL)
    except BaseException as error:  # noqa: BLE001  (one job's, whatever it is)
        try:
            return pickle.dumps((False, error), pickle.HIGHEST_PROTOCOL)
        except Exception:  # noqa: BLE001  (an error that holds what can't be pickled)
            return pickle.dumps((False, RuntimeError(repr(error))), pickle.HIGHEST_PROTOCOL)


def _write(sink: IO[bytes], payload: bytes) -> None:
    sink.write(len(payload).to_bytes(LENGTH) + payload)
    sink.flush()
