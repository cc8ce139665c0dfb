"""The JSON Schema of the lines that ``--json`` prints, for each command."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from transcode.cli.general import GENERAL

#: Beside this module; each command has a definition in it.
FILE = "output.schema.json"


def schema(name: str) -> dict[str, Any]:
    """The schema of a line of a command, with all that it refers to, by the name of its definition."""
    # Imported here: few runs ask for a schema.
    from importlib import resources

    whole: dict[str, Any] = json.loads(resources.files("transcode.cli").joinpath(FILE).read_text("utf-8"))
    needed: dict[str, Any] = {}
    left = [name, "error"]
    while left:
        one = left.pop()
        if one not in needed:
            needed[one] = whole["$defs"][one]
            left += _references(needed[one])
    lines = [{"$ref": f"#/$defs/{one}"} for one in (name, "error")]
    return {
        **{key: value for key, value in whole.items() if key != "$defs"},
        "anyOf": lines,
        "$defs": {one: needed[one] for one in whole["$defs"] if one in needed},
    }


def _references(part: Any) -> list[str]:
    """The names of the definitions that a part of a schema refers to."""
    if isinstance(part, dict):
        own = [part["$ref"].rpartition("/")[2]] if "$ref" in part else []
        return own + [name for value in part.values() for name in _references(value)]
    return [name for value in part for name in _references(value)] if isinstance(part, list) else []


def _print_schema(context: typer.Context, wanted: bool) -> None:
    if wanted:
        name = context.command_path.removeprefix(context.find_root().command_path).strip()
        typer.echo(json.dumps(schema(name.replace(" ", "-")), indent=1))
        raise typer.Exit


JsonSchema = Annotated[
    bool,
    typer.Option(
        "--json-schema",
        callback=_print_schema,
        is_eager=True,
        help="Show the JSON Schema of a line of --json and stop.",
        rich_help_panel=GENERAL,
    ),
]
