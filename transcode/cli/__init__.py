"""The command line: arguments and printing, nothing else.

Tables, progress and errors go to stderr, for people; ``--json`` prints one
object a line to stdout, for programs.
"""

from typing import NoReturn

from transcode.cli.stop import leave_on_signals

__all__ = ["main"]


def main() -> NoReturn:
    """Run the command and end the process with its exit code."""
    leave_on_signals()
    # Imported after the handlers: a signal during the import ends with the exit code too, without a trace.
    from transcode.cli.app import run

    run()
