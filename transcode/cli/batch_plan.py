"""What ``transcode batch`` makes of which files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from transcode.batch.names import FIELDS
from transcode.batch.plan import BatchPlan
from transcode.cli.effect import refuse_idle
from transcode.cli.general import GENERAL
from transcode.cli.given import is_given
from transcode.cli.options import MADE, MEDIA, LimitForm, WrittenAs
from transcode.errors import LimitsError
from transcode.jobs.job_limits import JobLimits

if TYPE_CHECKING:
    from transcode.batch.cluster import Cluster
    from transcode.cli.message import NamesForMm7
    from transcode.cli.options import Envelope

__all__ = ["Files", "OutputName", "Processes", "Shape", "without_words"]


OutputName = Annotated[
    str | None,
    typer.Option(
        "--name",
        metavar="NAME",
        help=f"What files are called, as '{{folder}}/{{stem}}.{{ext}}'; of {', '.join(FIELDS)}.",
        rich_help_panel=MADE,
    ),
]


@dataclass(frozen=True)
class Files:
    """Which files are read."""

    panel: ClassVar[str] = "Files"

    include: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN",
            help="Read only such files: '*.jpg' in any folder, '2026/**/IMG_*', 'raw/'; may be repeated.",
        ),
    ] = None
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Leave such files out, and tell how many; may be repeated."),
    ] = None


@dataclass(frozen=True)
class Processes:
    """Who does the work."""

    panel: ClassVar[str] = GENERAL

    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, metavar="N", help="Processes; one a processor by default.")
    ] = None
    threads: Annotated[
        int | None,
        typer.Option(
            "--threads",
            min=1,
            metavar="N",
            help="The most threads that a file may have in each process; by default processors are shared.",
        ),
    ] = None
    max_cpu_seconds: Annotated[
        float, typer.Option(metavar="S", help="Seconds of processor time after which a file is given up.")
    ] = 300.0
    max_seconds: Annotated[
        float, typer.Option(metavar="S", help="Seconds by the clock after which a file is given up.")
    ] = 1800.0
    max_memory: Annotated[
        int, typer.Option(metavar="BYTES", help="Memory above which a file is given up.")
    ] = 4_000_000_000
    max_output: Annotated[
        int | None, typer.Option(metavar="BYTES", help="Size of all that is made of a file, likewise.")
    ] = None
    confine: Annotated[
        bool,
        typer.Option(
            "--confine",
            help="Open no sockets, start no programs and write no files in the processes that decode: Linux"
            " with Landlock and seccomp (see transcode doctor).",
        ),
    ] = False

    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Workers of this Dask scheduler do the work: tcp://10.0.0.1:8786."
        ),
    ] = None

    @contextlib.contextmanager
    def executor(self) -> Iterator[Cluster | None]:
        """The workers of the cluster, if there is one.

        Raises:
            LimitsError: processes of our own are asked for, too.
            MissingPackage, JobError: there is no cluster.
        """
        if self.cluster is None:
            yield None
            return
        if self.jobs is not None:
            raise LimitsError("--jobs would have no effect: the workers of the cluster do the work")
        # Imported here: without a cluster nothing of it is needed.
        from transcode.batch.cluster import Cluster

        with Cluster(self.cluster) as workers:
            yield workers

    def limits(self) -> JobLimits:
        """What each file may take.

        Raises:
            LimitsError: a limit is not above 0, or this system can't confine a process.
        """
        return JobLimits(
            max_cpu_seconds=self.max_cpu_seconds,
            max_seconds=self.max_seconds,
            max_memory=self.max_memory,
            max_output=self.max_output,
            confine=self.confine,
        )


@dataclass(frozen=True)
class Shape:
    """What is made of each file."""

    panel: ClassVar[str] = MADE

    written_as: Annotated[
        WrittenAs,
        typer.Option(
            "--as",
            help="Messages: PDUs of MM1 (.mms), mails of MM4 dated now (.eml), submissions of MM7 with their"
            " headers of HTTP (.http); or media that keep to the limits, with the endings of their formats.",
        ),
    ] = "mm1"
    renditions: Annotated[
        bool,
        typer.Option(
            "--renditions", help="Pictures, clips and recordings, no messages: the same as --as media."
        ),
    ] = False
    name: OutputName = None
    limit_form: LimitForm = "mm1"

    @property
    def form(self) -> WrittenAs:
        """What is written.

        Raises:
            LimitsError: --renditions and another form are asked for.
        """
        if not self.renditions or self.written_as == MEDIA:
            return self.written_as
        if is_given("--as"):
            if is_given("--renditions"):
                raise LimitsError(f"--renditions and --as {self.written_as} are two things; give one")
            return self.written_as
        return MEDIA

    def plan(self, files: Files, names: NamesForMm7) -> BatchPlan:
        """The plan of the batch.

        Raises:
            LimitsError: a name, a pattern or an option will not do.
        """
        form = self.form
        names.check("mm7" in (form, self.limit_form))
        refuse_idle({"--limit-form": form == MEDIA and self.limit_form != "mm1"}, "media are no messages")
        return BatchPlan(
            form,
            name=self.name,
            include=files.include or (),
            exclude=files.exclude or (),
            limit_form="mm1" if form == MEDIA else self.limit_form,
            **names.words(),
        )


def without_words(envelope: Envelope, text: str | None) -> tuple[Envelope, None]:
    """Refuse what messages say where media are made; a default of messages is set aside.

    Raises:
        LimitsError: recipients, a text or an option of messages is given.
    """
    named = {"message_class": "--class"}
    given: dict[str, object] = {
        named.get(one.name, f"--{one.name.replace('_', '-')}"): getattr(envelope, one.name) is not None
        for one in fields(envelope)
    }
    refuse_idle({**given, "--text": text}, "media are no messages")
    return type(envelope)(), None
