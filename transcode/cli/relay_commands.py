"""``transcode relay`` with all its commands."""

from transcode.cli.help import Command
from transcode.cli.relay import relay
from transcode.cli.relay_blocks import block, unblock
from transcode.cli.relay_keys import key
from transcode.cli.relay_operations import backup, expire, export, peers, restore, secret
from transcode.cli.relay_pages import takedown
from transcode.cli.relay_phones import phone

__all__ = ["relay"]

for function in (phone, block, unblock, takedown, peers, expire, export, backup, restore, secret):
    relay.command(cls=Command)(function)
relay.add_typer(key, name="key")
