"""Makes the pictures of a report: with what is made, or of what is there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from transcode.batch.convert import convert
from transcode.batch.looks import NOTHING, looking
from transcode.errors import TranscodeError
from transcode.messages.read import read
from transcode.model import Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.batch.convert import Made
    from transcode.batch.looks import Looks
    from transcode.batch.plan import Job

__all__ = ["Pair", "convert_shown", "looks_of"]


class Pair(NamedTuple):
    """The paths of a source and of what was made of it."""

    source: str
    made: str


def convert_shown(job: Job, *, threads: int) -> Made:
    """Make the outputs of one source as convert does, and their pictures without a second decode."""
    with looking() as watcher:
        made = convert(job, threads=threads)
        looks = [
            watcher.looks(job.reads[0], _parts_of(one.files[Path(one.result.target)]))
            if one.result.target is not None and one.files
            else NOTHING
            for one in made.outputs
        ]
    return replace(made, looks=tuple(looks))


def looks_of(pair: Pair) -> Looks:
    """Make the pictures of a source and of what was made of it, in any process."""
    with looking() as watcher:
        return watcher.looks(pair.source, _parts_of(Path(pair.made).read_bytes()))


def _parts_of(octets: bytes) -> Sequence[Part]:
    """The media of a message; of octets that are none, themselves."""
    # Imported here: a batch without a report reads nothing that it has made.
    from transcode.media.source import probe

    kind = probe.content_type(octets)
    if kind is not None:
        return [Part(kind, octets)]
    try:
        return read(octets).parts
    except TranscodeError:
        return ()
