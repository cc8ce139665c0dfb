"""``transcode doctor``: the state of the installation."""

from __future__ import annotations

import dataclasses

from rich.table import Table
from rich.text import Text

from transcode.cli.command import Exit, command
from transcode.cli.given import config_in_use
from transcode.cli.options import Json
from transcode.cli.show import answer, print_json, visible
from transcode.errors import ConfigError


@command
def doctor(as_json: Json = False) -> Exit:
    """Show versions, vector code and missing parts.

    For each missing part, what does not work without it. The exit code is 1 where a feature is missing.
    """
    # Imported here: it loads every library, and other commands need few of them.
    from transcode.doctor import Finding, examine

    findings = [*examine(), Finding("configuration", *_configuration())]
    lacks = any(finding.needed and not finding.present for finding in findings)
    code = Exit.SOME_FAILED if lacks else Exit.DONE
    if as_json:
        for finding in findings:
            print_json(**dataclasses.asdict(finding))
        return code
    table = Table("", "what", "found", "what its absence costs", box=None, pad_edge=False)
    for finding in findings:
        mark = Text("ok", "green") if finding.present else Text("missing", "yellow")
        cost = "" if finding.present else finding.cost
        table.add_row(mark, *(visible(text) for text in (finding.what, finding.found, cost)))
    answer().print(table)
    return code


def _configuration() -> tuple[bool, str, str]:
    """Whether the configuration file is right, where it is, and what a wrong one costs."""
    used = config_in_use()
    if isinstance(used, ConfigError):
        return False, str(used), "every other command ends with this error"
    return True, str(used or "no file"), ""
