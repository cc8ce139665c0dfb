"""``transcode profiles``: searches profiles, shows one, compares two."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

import transcode
from transcode.cli.command import Exit, command
from transcode.cli.complete import profile_ids
from transcode.cli.effect import refuse_idle
from transcode.cli.help import Command, Group
from transcode.cli.options import Country, Json, Route, in_country
from transcode.cli.show import answer, extent, plain_data, print_json, print_line, print_remark, said, visible
from transcode.errors import LimitsError
from transcode.message.limiting_figures import bounds
from transcode.profile import origins, search
from transcode.profile.find import country_code, names_one
from transcode.profile.model import FIGURES

if TYPE_CHECKING:
    from transcode.profile import Origin, Profile


class _Searching(Group):
    """A group of commands; a first word that names none of them is searched for."""

    def parse_args(self, context: Any, arguments: list[str]) -> list[str]:
        # A shell that completes the first word gives none: it is offered the commands.
        first = arguments[0] if arguments else None
        if first not in (*self.commands, *context.help_option_names) and (
            first or not context.resilient_parsing
        ):
            arguments = ["search", *arguments]
        return super().parse_args(context, arguments)


profiles = typer.Typer(cls=_Searching, help="Search the profiles, show one with its sources, compare two.")


@profiles.command("search", cls=Command)
@command
def search_profiles(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="QUERY", help="Part of an id, a name or an MCC-MNC; a country may stand beside it."
        ),
    ] = None,
    country: Country = None,
    as_json: Json = False,
) -> Exit:
    """List profiles, with the limit of each and how well it is known; the word search may be left out."""
    code = None if country is None else country_code(country)
    query = " ".join(words or ())
    found = [profile for profile in search(query) if code in (None, profile.country.lower())]
    if as_json:
        for profile in found:
            print_json(**plain_data(profile))
        return Exit.DONE if found else Exit.SOME_FAILED
    if not found:
        print_remark(f"no profile matches {query!r}")
        return Exit.SOME_FAILED
    table = Table("id", "name", "MCC-MNC", "bytes", "picture", "known by", "date", box=None, pad_edge=False)
    for profile in found:
        figure = profile.figures["max_message_bytes"]
        box = f"{profile.max_image_width}x{profile.max_image_height}" if profile.max_image_width else "-"
        codes = " ".join(profile.mcc_mnc[:3]) + (" ..." if len(profile.mcc_mnc) > 3 else "")
        size = f"{profile.max_message_bytes:,}" if profile.mms_enabled else "MMS off"
        table.add_row(profile.id, profile.name, codes, size, box, figure.confidence, str(figure.date or "-"))
    answer().print(table)
    return Exit.DONE


@profiles.command("show", cls=Command)
@command
def show_profile(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="ID",
            autocompletion=profile_ids,
            help="A profile: an id, an MCC-MNC, a name or a TOML file.",
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A medium: show which figures limit its rendition.")
    ] = None,
    *,
    route: Route,
    as_json: Json = False,
) -> Exit:
    """Show a profile, figure by figure: who says so, when, and how well it is known."""
    if name is route.provider is route.device is None:
        raise LimitsError("name a profile, such as us-att; or give --provider or --device")
    profile = route.profile(name)
    rendition = None if file is None else transcode.fit(file, profile.limits())
    bound = () if rendition is None else bounds(rendition, profile)
    if as_json:
        sources = {key: [dataclasses.asdict(one) for one in origins(profile, key)] for key in profile.figures}
        told = [dataclasses.asdict(one) for one in bound]
        binding = {} if file is None else {"source": str(file), "bound": told}
        print_json(**plain_data(profile), sources=sources, **binding)
        return Exit.DONE
    _print_profile(profile)
    if rendition is not None:
        answer().print()
        print_line(
            f"{file}: {rendition.report.source_bytes:,} bytes of {rendition.report.source_type}"
            f" become {len(rendition.data):,} of {rendition.content_type}, {extent(rendition)}"
        )
        for one in bound:
            print_line(f"    {one.key} of {one.profile} binds: {one.why}")
        if not bound:
            print_line("    nothing binds")
    return Exit.DONE


@profiles.command("diff", cls=Command)
@command
def compare_profiles(
    one: Annotated[
        str, typer.Argument(metavar="A", autocompletion=profile_ids, help="A profile, as for show.")
    ],
    other: Annotated[str, typer.Argument(metavar="B", autocompletion=profile_ids, help="Another.")],
    country: Country = None,
    as_json: Json = False,
) -> Exit:
    """Show the figures in which two profiles differ."""
    if names_one(one) and names_one(other):
        refuse_idle({"--country": country}, f"{one} and {other} are the same in every country")
    pair = [
        transcode.find_profile(name if names_one(name) else in_country(name, country) or name)
        for name in (one, other)
    ]
    told = ("mms_off_reason", *(field for profile in pair for field in profile.figures))
    differing = [
        (key, getattr(pair[0], key), getattr(pair[1], key))
        for key in dict.fromkeys((*sorted(FIGURES), *told))
        if getattr(pair[0], key) != getattr(pair[1], key)
    ]
    if as_json:
        for key, mine, its in differing:
            print_json(key=key, **{"a": mine, "b": its})
    elif differing:
        table = Table(box=None, pad_edge=False)
        for head in ("", pair[0].id, pair[1].id):
            table.add_column(visible(head))
        for key, mine, its in differing:
            table.add_row(key, visible(said(mine)), visible(said(its)))
        answer().print(table)
    else:
        print_line("no figure differs")
    return Exit.DONE


def _print_profile(profile: Profile) -> None:
    print_line(f"{profile.name} ({profile.id}, {profile.kind})")
    if not profile.mms_enabled:
        print_line(f"MMS is off: {profile.mms_off_reason or 'phone settings say so'}", "yellow")
    table = Table("figure", "value", "up to", "known by", "date", "sources", "from", box=None, pad_edge=False)
    told: dict[str, Origin] = {}
    for key, figure in sorted(profile.figures.items()):
        if figure.confidence == "default":
            # The value of a combination may have no source.
            continue
        sources = origins(profile, key)
        told |= {f"{origin.tag} of {origin.where}": origin for origin in sources}
        table.add_row(
            key,
            visible(said(figure.value)),
            "" if figure.high is None else f"{figure.high:,}",
            figure.confidence,
            figure.date or "-",
            " ".join(origin.tag for origin in sources),
            visible(profile.bound_by(key)),
        )
    answer().print(table)
    for origin in told.values():
        print_line(f"{origin.tag}: {origin.what} ({origin.where})", "dim")
    for note in profile.notes:
        print_line(f"- {note}")
