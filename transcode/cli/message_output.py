"""Messages as files: written, read, and described."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.cli.effect import refuse_idle
from transcode.cli.options import MEDIA, WrittenAs
from transcode.cli.show import print_json, print_line, print_notes, print_remark, report_json
from transcode.cli.streams import STREAM, refuse_terminal, write_octets
from transcode.door import Door
from transcode.errors import BudgetError, CapError, LimitsError, MessageError, PduError, SourceError
from transcode.jobs.files import require_empty
from transcode.media.source import probe
from transcode.message.address import plain
from transcode.messages.message import encoded
from transcode.wire.convert import as_form

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import transcode
    from transcode.jobs.files import Outputs
    from transcode.model import Report
    from transcode.profile import Profile
    from transcode.wire.mm7.mm7_convert import ProviderNames


@contextlib.contextmanager
def reading(file: Path, data: bytes | memoryview) -> Iterator[None]:
    """Name the file in the error of a file that is no message, and its kind, if known."""
    try:
        with Door("octets", ""):
            yield
    except PduError as error:
        kind = probe.content_type(data)
        if kind is not None:
            raise SourceError(str(file), f"{kind}, not a message") from error
        raise SourceError(
            str(file), f"not a message, or a broken one: {error.reason}", offset=error.offset
        ) from error


@contextlib.contextmanager
def naming(file: Path) -> Iterator[None]:
    """Name the file in an error about the message that it holds."""
    try:
        yield
    except MessageError as error:
        raise MessageError(f"{file}: {error}") from error
    except CapError as error:
        raise CapError(f"{file}: {error.source}", error.reason, offset=error.offset) from error
    except BudgetError as error:
        raise BudgetError(
            str(file), error.limit, smallest=error.smallest, hint=error.hint, finished=error.finished
        ) from error


def numbered(output: Path, count: int) -> list[Path]:
    """The paths of one message, or of several."""
    if count == 1:
        return [output]
    return [output.with_stem(f"{output.stem}-{number}") for number in range(1, count + 1)]


@dataclass(frozen=True)
class OutputOptions:
    """How messages are written to files.

    Attributes:
        written_as: the form of the files.
        names: a provider's names for the sender, for MM7.
        force: whether a directory may have entries already.
    """

    written_as: WrittenAs
    names: ProviderNames
    force: bool = False


def write_messages(
    made: Sequence[transcode.Message],
    output: Path,
    profile: Profile,
    options: OutputOptions,
    outputs: Outputs,
    *,
    pages: Mapping[Path, bytes] | None = None,
    as_json: bool,
) -> None:
    """Write messages and their pages, all or none; print their sizes and the report of each medium."""
    paths = numbered(output, len(made))
    written = [_files(one, path, options) for path, one in zip(paths, made, strict=True)]
    if options.written_as == MEDIA and not options.force:
        for path in paths:
            require_empty(path)
    outputs.write({name: octets for files, _ in written for name, octets in files} | dict(pages or {}))
    for path, one, (_, length) in zip(paths, made, written, strict=True):
        whom = len(made) > 1
        _print_written(one, path, length, options.written_as, whom=whom, name=profile.name, as_json=as_json)
    if not as_json:
        # Messages to several groups of recipients have the same media.
        for reports in dict.fromkeys(one.reports for one in made):
            _print_reports(reports)


def refuse_for_stdout(written_as: WrittenAs, *, as_json: bool) -> None:
    """Refuse what does not go with a message on stdout.

    Raises:
        LimitsError: media, JSON beside the message, or a terminal.
    """
    if written_as == MEDIA:
        raise LimitsError("-o - takes a message; media go into a directory")
    refuse_idle({"--json": as_json}, "with -o - stdout has the message alone")
    refuse_terminal()


def write_to_stdout(made: Sequence[transcode.Message], options: OutputOptions) -> None:
    """Write one message to stdout, and nothing else.

    Raises:
        MessageError: there are several messages.
    """
    if len(made) > 1:
        raise MessageError(f"-o - takes one message; {len(made)} are needed, which go into files")
    ((_, octets),), _ = _files(made[0], STREAM, options)
    write_octets(octets)
    for text in _left_out(made[0], options.written_as):
        print_remark(text)


def _files(
    made: transcode.Message, output: Path, options: OutputOptions
) -> tuple[list[tuple[Path, bytes]], int]:
    """The files of a message, one or a directory's, and the number of bytes that the limit counts."""
    written_as = options.written_as
    if written_as == "mm7":
        http = made.to_mm7(**options.names)
        return [(output, bytes(http))], len(http.body)
    if written_as == MEDIA:
        found = made.to_media()
        manifest = (output / "manifest.json", found.to_json().encode("ascii"))
        files = [*((output / file.filename, file.data) for file in found.files), manifest]
        return files, sum(len(octets) for _, octets in files)
    octets = made.to_mm4(date=int(time.time())) if written_as == "mm4" else encoded(made, written_as)
    return [(output, octets)], len(octets)


def _left_out(made: transcode.Message, written_as: WrittenAs) -> tuple[str, ...]:
    """One sentence for each part or header that the form has no place for."""
    if written_as == MEDIA:
        return tuple(f"{name} has no place in the manifest, and is left out" for name, _ in made.headers)
    with Door("message", "message"):
        other = as_form(made, written_as)
    return other.oddities[len(made.oddities) :]


def _print_written(
    one: transcode.Message,
    path: Path,
    size: int,
    written_as: WrittenAs,
    *,
    whom: bool,
    name: str,
    as_json: bool,
) -> None:
    """Print a message's path, its part of the limit, and what its form has no place for."""
    left_out = _left_out(one, written_as)
    if as_json:
        print_json(
            output=str(path),
            form=written_as,
            bytes=size,
            limit=one.limit,
            **{role: [plain(address) for address in getattr(one, role)] for role in ("to", "cc", "bcc")},
            left_out=left_out,
            reports=[report_json(report) for report in one.reports],
        )
        return
    share = " bytes"
    if one.limit is not None and written_as == one.limit_form:
        share = f" of {one.limit:,} bytes ({size / one.limit:.1%})"
    everyone = map(plain, (*one.to, *one.cc, *one.bcc))
    recipients = f", to {', '.join(everyone)}" if whom else ""
    print_line(f"{path}: {size:,}{share} for {name}{recipients}")
    for text in left_out:
        print_line(f"  {text}", "yellow")


def _print_reports(reports: Sequence[Report]) -> None:
    """Print the report of each medium of a message."""
    for report in reports:
        size = f"{report.source_width} x {report.source_height} to {report.width} x {report.height}"
        if report.width is None or report.source_width is None:
            size = f"{report.seconds or 0:.1f} seconds"
        print_line(f"  {report.source}: {size}")
        print_notes(report.notes)
