"""The command line: arguments and printing, nothing else.

Tables, progress and errors go to stderr, for people; ``--json`` prints one
object a line to stdout, for programs.
"""

from transcode.cli.app import app, main

__all__ = ["app", "main"]
