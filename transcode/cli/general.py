"""What all commands have in their help."""

from __future__ import annotations

from typing import Annotated

import typer

#: The title of the options that most commands have.
GENERAL = "General"

Debug = Annotated[bool, typer.Option("--debug", help="Show the trace of an error.", rich_help_panel=GENERAL)]
