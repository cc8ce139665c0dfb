"""The command line: arguments and printing, nothing else.

The answer of a command goes to stdout: text for people, or with ``--json`` one object
a line for programs. Progress, remarks and errors go to stderr.
"""

from typing import NoReturn

from transcode.cli.stop import leave_on_signals
from transcode.cli.streams import flushed, guard

__all__ = ["main"]


def main() -> NoReturn:
    """Run the command and end the process with its exit code."""
    leave_on_signals()
    guard()
    # Imported after the handlers: a signal during the import ends with the exit code too, without a trace.
    from transcode.cli.app import run

    with flushed():
        run()
