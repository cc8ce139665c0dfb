"""``transcode doctor``: the state of the installation."""

from __future__ import annotations

import dataclasses

from rich.table import Table
from rich.text import Text

from transcode.cli.options import Debug, Json
from transcode.cli.outcome import Exit, guarded
from transcode.cli.show import console, print_json


def doctor(as_json: Json = False, debug: Debug = False) -> None:
    """Show versions, vector code, and what is missing.

    With what the absence costs.
    """

    def run() -> Exit:
        # It looks at every library; the other commands do without most of them.
        from transcode.doctor import examine

        findings = examine()
        if as_json:
            for finding in findings:
                print_json(**dataclasses.asdict(finding))
            return Exit.DONE
        table = Table("", "what", "found", "what its absence costs", box=None, pad_edge=False)
        for finding in findings:
            mark = Text("ok", "green") if finding.present else Text("missing", "yellow")
            table.add_row(mark, finding.what, finding.found, "" if finding.present else finding.cost)
        console.print(table)
        return Exit.DONE

    guarded(run, as_json=as_json, debug=debug)
