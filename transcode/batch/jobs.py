"""The jobs of a batch: for each file what is made of it for each receiver, and how that is called."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from transcode.batch.convert import written
from transcode.batch.names import Named, distinct, labels
from transcode.batch.plan import Job, Output, ending_of, form_of, naming_of, reserve_of
from transcode.errors import LimitsError, ProfileError
from transcode.messages.compose import compose_split
from transcode.model import SendOptions
from transcode.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from transcode.batch.plan import BatchPlan
    from transcode.model import MessageWords

__all__ = ["check_all", "jobs_of", "receivers"]


def receivers(profile: Profile | Sequence[Profile]) -> list[Profile]:
    """The profiles that a caller gave, each once.

    Raises:
        ProfileError: there is none, or something is no profile.
    """
    several: bool = not isinstance(profile, Profile) and hasattr(profile, "__iter__")
    found: list[Profile] = []
    for one in profile if several else (profile,):  # type: ignore[union-attr]
        if not isinstance(one, Profile):
            raise ProfileError(repr(one), "profile must be a Profile, as find_profile returns it")
        if one not in found:
            found.append(one)
    if not found:
        raise ProfileError("profile", "no profile is given")
    return found


def check_all(profiles: Sequence[Profile], plan: BatchPlan, words: MessageWords, threads: int | None) -> None:
    """Raise here, once, an error that every file would have.

    Raises:
        MmsUnavailable, MessageError, BudgetError, LimitsError: for a receiver nothing could be made.
    """
    form = form_of(plan)
    if form is None:
        said = {name: value for name, value in words.items() if name != "as_clip" and value != SendOptions()}
        idle = [name for name, value in said.items() if value]
        if idle:
            raise LimitsError(f"{' and '.join(idle)} would have no effect: media are no messages")
    for profile in profiles:
        if form is None:
            profile.require_mms()
            continue
        tried: MessageWords = {**words, "text": words["text"] or "-"}
        one, *_ = compose_split(
            (), profile, **tried, form=plan.limit_form, reserve=reserve_of(plan), threads=threads
        )
        written(one, form, replace(plan, date=plan.date or 0))


def jobs_of(
    target: Path,
    files: Sequence[tuple[Path, PurePosixPath]],
    profiles: Sequence[Profile],
    plan: BatchPlan,
    words: MessageWords,
    earlier: Mapping[tuple[str, str], str] | None = None,
) -> list[Job]:
    """The jobs of files; each has an output for each receiver.

    Where there are several receivers, each has a folder in the target.

    Args:
        target: the directory of the outputs.
        files: the files in order, each with its path as outputs are called after it.
        profiles: the receivers.
        plan, words: what is made.
        earlier: how outputs were called before, below the target and without endings of media, by the path of
            the file and the receiver.

    Raises:
        LimitsError: the name of an output leaves the target.
    """
    naming, ending = naming_of(plan), ending_of(plan)
    carriers = labels(profile.id for profile in profiles)
    is_apart = len(profiles) > 1 and not naming.has_carrier
    wanted: list[tuple[PurePosixPath, str, str | None]] = []
    before = {}
    for number, (_, path) in enumerate(files, 1):
        for carrier in carriers:
            known = (earlier or {}).get((str(path), carrier))
            if known is not None:
                before[len(wanted)] = PurePosixPath(known)
            own = naming.path(Named(path, number, carrier), ending)
            wanted.append((PurePosixPath(carrier, own) if is_apart else own, path.suffix, ending))
    bases = iter(distinct(wanted, before))
    return [
        Job(
            str(file),
            tuple(
                Output(str(target / base), ending, profile, carrier)
                for profile, carrier, base in zip(profiles, carriers, bases, strict=False)
            ),
            plan,
            words,
        )
        for file, _ in files
    ]
