"""``python -m transcode`` is the command ``transcode``."""

from transcode.cli import main

main()
