"""A folder that is watched: files that arrive in it are converted when they are whole.

Every look at the folder is a run of a batch over the files that are whole, with the manifest of the batch: it
makes what is new or has changed, and nothing twice. So a process that is killed goes on where it was, names
are those that a batch gives, and an event that the system lost costs a minute.
"""

from __future__ import annotations

import contextlib
import math
import os
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from transcode.batch.arrivals import Arrivals, is_temporary
from transcode.batch.directory import Work, convert_directory, message_words, prepare
from transcode.batch.manifest import stamp
from transcode.batch.plan import BatchPlan
from transcode.batch.resume import BatchOptions, is_passing
from transcode.errors import LimitsError, MissingPackage, SourceError
from transcode.keywords import keywords_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from typing import Unpack

    from transcode.batch.convert import Converted
    from transcode.batch.directory import BatchWords, Cancel
    from transcode.batch.progress import Progress
    from transcode.profile import Profile

__all__ = ["watch"]

#: Seconds between two looks without an event. Network file systems tell of no event, and systems lose some.
_LOOK = 60.0
#: Seconds after which what failed without a fault of its file is tried again, each time it fails.
_AGAIN = (10.0, 60.0, 600.0)
#: Seconds between two questions whether the work is cancelled, where no event is waited for.
_STEP = 0.2


@keywords_of(convert_directory, but=("executor", "progress", "standing", "report"))
def watch(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    profile: Profile | Sequence[Profile],
    *,
    settle: float = 2.0,
    poll: float | None = None,
    **words: Unpack[BatchWords],
) -> Generator[Converted]:
    """Convert the files in a folder, and those that arrive in it, until it is cancelled or closed.

    Files that are there come first. A file is converted when it is whole: nobody has it open to write it, as
    far as the system says, and it has stood for a while. Names that browsers, rsync, Syncthing and others
    give to files in work are passed over until they get their own. A file that failed is told of once, and
    tried again when it has changed; what failed without a fault of the file is tried three times more, within
    a quarter of an hour.

    Args:
        source, target, profile, jobs, threads: as for convert_directory.
        settle: seconds for which a file must stand.
        poll: seconds between two looks at the folder, for network file systems; None: events of the system
            are waited for, by the package watchfiles, and a look is taken each minute.
        cancel: ends this when it is set: what is in work is ended, and done by the next call.
        to, cc, bcc, sender, subject, text, options, as_clip, plan: as for convert_directory.
        keep: what is done of earlier runs; None: ``BatchOptions()``.

    Yields:
        The results of what is made or fails. What an earlier run has made is not told.

    Raises:
        MissingPackage: watchfiles is not installed.
        SourceError: the folder is gone, or can't be watched.
        LimitsError, OutputError, MmsUnavailable, MessageError, BudgetError: as convert_directory.
    """
    for name, value in (("settle", settle), ("poll", poll)):
        if value is not None and not (0 <= value < math.inf):
            raise LimitsError(f"{name} must be a number of seconds, not {value!r}")
    plan, cancel, threads = words["plan"] or BatchPlan(), words["cancel"], words["threads"]
    made = partial(prepare, source, target, profile, plan, message_words(words), cancel, threads)
    with contextlib.ExitStack() as unless:
        # Watched before the first look: no file comes in between.
        events: _Waits = _Polled(poll) if poll is not None else _Events(Path(source), Path(target))
        unless.callback(events.close)
        watched = _Watched(made, words["keep"] or BatchOptions(), events, max(settle, _STEP), settle)
        unless.pop_all()
    run = partial(Work.run, executor=None, jobs=words["jobs"], threads=threads, cancel=cancel)
    return watched.results(run, cancel)


class _Watched:
    """A folder, and what is known of the files in it.

    Args:
        prepare: gives the work of a look, with the options of the batch and which files are whole.
        keep: the options of the first look.
        events: tells when to look again; it is closed when the results end.
        pause: the least seconds between two looks.
        settle: seconds for which a file must stand.
    """

    def __init__(
        self,
        prepare: Callable[[BatchOptions, Callable[[Path], bool]], Work],
        keep: BatchOptions,
        events: _Waits,
        pause: float,
        settle: float,
    ) -> None:
        self._prepare, self._events, self._pause = prepare, events, pause
        # A file that failed is tried again at the start, not at each look.
        self._later = replace(keep, retry_failed=False, verify=False)
        self._arrivals, self._setbacks = Arrivals(settle, time.monotonic, time.time_ns), _Setbacks()
        self._work = self._look(keep)

    def _look(self, keep: BatchOptions) -> Work:
        self._arrivals.begin()
        return self._prepare(keep, self._is_due)

    def _is_due(self, path: Path) -> bool:
        return self._arrivals.is_whole(path) and self._setbacks.is_due(path)

    def results(
        self, run: Callable[[Work], Generator[Progress]], cancel: Cancel | None
    ) -> Generator[Converted]:
        """Yield what is new, look after look."""
        closed: set[str] = set()
        with contextlib.closing(self._events) as events:
            while True:
                yield from _told(self._work, run(self._work), closed, self._setbacks)
                soon = self._pause if self._arrivals.is_waiting else math.inf
                if not events.wait(min(events.pause, self._setbacks.pause(), soon), self._pause, cancel):
                    return
                self._work = self._look(self._later)


def _told(
    work: Work, run: Generator[Progress], closed: set[str], setbacks: _Setbacks
) -> Generator[Converted]:
    """What is new among the results of a look."""
    unread = {one.source for one in work.closed}
    with contextlib.closing(run) as made:
        for result in (one.latest for one in made):
            if result.source in unread:
                if result.source not in closed:
                    closed.add(result.source)
                    yield result
            elif not result.is_kept:
                setbacks.note(result)
                yield result


class _Setbacks:
    """Files that failed without a fault of their own: when they are tried again."""

    def __init__(self) -> None:
        #: By path the stamp of the file, how often it failed, and when it is tried again.
        self._failed: dict[str, tuple[str, int, float]] = {}

    def note(self, result: Converted) -> None:
        """Note how a file went."""
        if result.error is None or not is_passing(result.error_type):
            if result.error is None:
                self._failed.pop(result.source, None)
            return
        _, count, _ = self._failed.get(result.source, ("", 0, 0.0))
        after = _AGAIN[count] if count < len(_AGAIN) else math.inf
        self._failed[result.source] = (stamp(result.source), count + 1, time.monotonic() + after)

    def is_due(self, path: Path) -> bool:
        """Whether a file may be tried; a changed one is another."""
        found = self._failed.get(str(path))
        if found is None:
            return True
        if found[0] != stamp(path):
            del self._failed[str(path)]
            return True
        return time.monotonic() >= found[2]

    def pause(self) -> float:
        """Seconds until the next file is tried again."""
        return max(
            _STEP, min((when for _, _, when in self._failed.values()), default=math.inf) - time.monotonic()
        )


class _Waits(Protocol):
    """Waits for something that arrives.

    Attributes:
        pause: the most seconds between two looks.
    """

    pause: float

    def wait(self, pause: float, settle: float, cancel: Cancel | None) -> bool:
        """Wait for a time, or until something arrived and has stood; gives whether to look again."""

    def close(self) -> None:
        """End the waiting."""


class _Polled:
    """Looks at a folder from time to time."""

    def __init__(self, seconds: float) -> None:
        self.pause = max(seconds, _STEP)

    def close(self) -> None:
        """Do nothing."""

    def wait(self, pause: float, settle: float, cancel: Cancel | None) -> bool:  # noqa: ARG002
        """Wait for a time."""
        end = time.monotonic() + pause
        while not _is_set(cancel):
            left = end - time.monotonic()
            if left <= 0:
                return True
            time.sleep(min(left, _STEP))
        return False


class _Events:
    """Events of the system in a folder.

    Raises:
        MissingPackage: watchfiles is not installed.
        SourceError: the folder can't be watched.
    """

    pause: float = _LOOK

    def __init__(self, root: Path, target: Path) -> None:
        try:
            import watchfiles
        except ImportError as error:
            raise MissingPackage("watchfiles", "a folder that is watched", extra="watch") from error
        self._own = f"{target.absolute()}{os.sep}"
        self._events = watchfiles.watch(
            root.absolute(),
            watch_filter=None,
            debounce=100,
            rust_timeout=500,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        )
        try:
            # The system is asked for events when the first ones are.
            next(self._events)
        except (OSError, RuntimeError) as error:
            raise SourceError(str(root), f"the system tells of no events in it: {error}") from error

    def close(self) -> None:
        """Ask for no more events."""
        self._events.close()

    def wait(self, pause: float, settle: float, cancel: Cancel | None) -> bool:
        """Wait for a time, or for something that arrives and until it has stood."""
        end = time.monotonic() + pause
        while not _is_set(cancel):
            if time.monotonic() >= end:
                return True
            if any(self._matters(path) for _, path in next(self._events)):
                end = min(end, time.monotonic() + settle)
        return False

    def _matters(self, path: str) -> bool:
        return not path.startswith(self._own) and not is_temporary(Path(path).name)


def _is_set(cancel: Cancel | None) -> bool:
    return cancel is not None and cancel.is_set()
