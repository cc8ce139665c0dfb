"""``transcode batch`` of a job file instead of a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.cli.effect import refuse_idle
from transcode.errors import LimitsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.cli.batch_keeping import Keeping
    from transcode.cli.batch_plan import Files
    from transcode.cli.options import Envelope
    from transcode.profile import Profile

__all__ = ["profile_of_rows", "refuse_for_rows"]


def refuse_for_rows(files: Files, envelope: Envelope, keeping: Keeping) -> None:
    """Refuse what has no effect where rows say what messages are.

    Raises:
        LimitsError: such an option is given.
    """
    refuse_idle({"--include": files.include, "--exclude": files.exclude}, "a job file names its files")
    refuse_idle(
        {"--to": envelope.to, "--cc": envelope.cc, "--bcc": envelope.bcc}, "rows have their own recipients"
    )
    refuse_idle({"--report": keeping.report}, "a report shows the files of a folder")


def profile_of_rows(profiles: Sequence[Profile]) -> Profile:
    """The receiver of rows that name none.

    Raises:
        LimitsError: there are several.
    """
    if len(profiles) > 1:
        raise LimitsError("a job file takes one --carrier; rows may have their own in the column carrier")
    return profiles[0]
