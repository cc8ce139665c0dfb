"""What ``transcode batch`` keeps of earlier runs, and what it tells of them."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from transcode.batch.read_manifest import recorded
from transcode.batch.resume import BatchOptions
from transcode.cli.command import Exit
from transcode.cli.show import json_line, print_json, print_line
from transcode.errors import LimitsError, SourceError
from transcode.jobs.files import Outputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transcode.batch import Converted

__all__ = ["Keeping", "as_object", "export", "tell_why"]

_SHARD = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


@dataclass(frozen=True)
class Keeping:
    """What is done again of what an earlier run has made, and what is told of it."""

    panel: ClassVar[str] = "What earlier runs have made"

    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try the files again that failed.")] = (
        False
    )
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Read the messages that are there, and make those again that differ."),
    ] = False
    max_failures: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="End when more than N files have failed.")
    ] = None
    shard: Annotated[
        str | None, typer.Option(metavar="K/N", help="Do the K-th of N parts of the files, as 3/10.")
    ] = None
    why: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Say what became of one file in earlier runs, and do nothing."),
    ] = None
    export: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write what became of all files: .jsonl, or .csv as a table."),
    ] = None
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write a page that shows all files before and after: FILE.html, FILE-2.html, ...",
        ),
    ] = None

    def options(self) -> BatchOptions:
        """The options of the batch.

        Raises:
            LimitsError: the part is none, or the name of what is to be written has another ending.
        """
        if self.export is not None and self.export.suffix not in (".jsonl", ".csv"):
            raise LimitsError(f"--export must end in .jsonl or .csv, not {self.export.name}")
        part = None
        if self.shard is not None:
            found = _SHARD.fullmatch(self.shard)
            if found is None:
                raise LimitsError(f"--shard must look like 3/10, not {self.shard!r}")
            part = (int(found[1]), int(found[2]))
        return BatchOptions(
            retry_failed=self.retry_failed, verify=self.verify, max_failures=self.max_failures, shard=part
        )


def as_object(result: Converted) -> dict[str, object]:
    """The result of a file, in the words of all commands."""
    return {
        "source": result.source,
        "carrier": result.carrier or None,
        "output": result.target,
        "further": result.further,
        "source_bytes": result.source_bytes,
        "bytes": result.message_bytes,
        "output_bytes": result.target_bytes,
        "limit": result.limit,
        "width": result.width,
        "height": result.height,
        "seconds": result.duration,
        "elapsed_seconds": result.seconds,
        "kept": result.is_kept,
        "notes": result.notes,
        "error": result.error,
        "error_type": result.error_type,
    }


def tell_why(root: Path, target: Path, file: Path, *, as_json: bool) -> Exit:
    """Print what the manifests of a target say of a file; gives the exit code.

    Args:
        root, target: the directories of the batch.
        file: the path of a source or of a message; a path below root too.

    Raises:
        SourceError: they say nothing of it.
        OutputError: a manifest can't be used.
    """
    is_known = False
    wanted = {file.absolute(), (root / file).absolute()}
    for result in recorded(root, target):
        paths = (result.source, *filter(None, (result.target,)), *result.further)
        if wanted.isdisjoint(Path(path).absolute() for path in paths):
            continue
        is_known = True
        if as_json:
            print_json(**as_object(result))
            continue
        said = f"{result.source}: {result.message_bytes or 0:,} of {result.limit:,} bytes"
        print_line(f"{result.carrier}: {result.error or said}" if result.carrier else result.error or said)
        for note in result.notes:
            print_line(note.text)
    if not is_known:
        raise SourceError(str(file), f"no manifest in {target} has it")
    return Exit.DONE


def export(source: Path, target: Path, file: Path) -> None:
    """Write what the manifests of a target say of all files.

    Args:
        source, target: the directory or the job file of the batch, and its target.
        file: what is written.

    Raises:
        OutputError: the file can't be written, or is one of the batch.
    """
    root = source.parent if source.is_file() else source
    objects = [as_object(result) for result in recorded(root, target)]
    lines = "".join(f"{json_line(one)}\n" for one in objects) if file.suffix == ".jsonl" else _table(objects)
    used = [path for one in objects for path in (one["source"], one["output"]) if isinstance(path, str)]
    Outputs([source, *used]).write({file: lines.encode("utf-8", "surrogateescape")})


def _table(objects: list[dict[str, object]]) -> str:
    """A table of CSV; what a file has several of is JSON in one cell."""
    text = io.StringIO(newline="")
    writer: csv.DictWriter[str] | None = None
    for one in objects:
        row: Mapping[str, object] = {
            name: json_line(value) if isinstance(value, tuple) else value for name, value in one.items()
        }
        if writer is None:
            writer = csv.DictWriter(text, list(row))
            writer.writeheader()
        writer.writerow(row)
    return text.getvalue()
