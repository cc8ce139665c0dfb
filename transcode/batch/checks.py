"""The arguments that calls for directories and for job files share, as they are checked."""

from __future__ import annotations

from transcode.batch.plan import BatchPlan
from transcode.batch.resume import BatchOptions
from transcode.errors import LimitsError

__all__ = ["check_callbacks", "check_cancel", "check_plan"]


def check_plan(plan: object, keep: object) -> None:
    """Check what is made, and what is kept.

    Raises:
        LimitsError: one is something else.
    """
    if not isinstance(plan, BatchPlan):
        raise LimitsError(f"plan must be a BatchPlan or None, not {plan!r}")
    if keep is not None and not isinstance(keep, BatchOptions):
        raise LimitsError(f"keep must be BatchOptions or None, not {keep!r}")


def check_callbacks(progress: object, standing: object) -> None:
    """Check what is called while the work goes on.

    Raises:
        LimitsError: one is no function.
    """
    for name, called in (("progress", progress), ("standing", standing)):
        if called is not None and not callable(called):
            raise LimitsError(f"{name} must be a function, not {called!r}")


def check_cancel(cancel: object) -> None:
    """Check what cancels the work.

    Raises:
        LimitsError: it has no method ``is_set``.
    """
    if cancel is not None and not callable(getattr(cancel, "is_set", None)):
        raise LimitsError(f"cancel must have is_set(), as threading.Event has, not {cancel!r}")
