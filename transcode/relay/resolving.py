"""The configuration of what knows the networks of numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from transcode.errors import ConfigError
from transcode.net import is_address, is_timeout
from transcode.relay.numbers import wrong_beginning

__all__ = ["Resolving", "check_resolver"]


@dataclass(frozen=True, slots=True)
class Resolving:
    """What knows the networks of numbers: one of a file, a service over HTTP, and ENUM.

    Attributes:
        file: a CSV file with a prefix or a number, and an MCC-MNC, in each line.
        url: the address of a service; ``{number}`` stands for the digits. It answers 200 with an MCC-MNC or
            the domain of a message centre, as text or JSON, and 404 or 410 where it knows nothing of the
            number.
        authorization: the value of the header Authorization for it.
        enum: the zone of ENUM, such as ``"e164.arpa"``.
        servers: the addresses of name servers, with ``#`` and a port where it is not 53; none: the system's.
        prefixes: the beginnings of numbers of which it is asked, where no longer one is named elsewhere.
        seconds: the longest time of an answer.
        keep_seconds: how long an answer counts.
        lines: the questions at once.
        campaign_seconds: seconds after the start of a campaign until which an answer is waited for. After
            that its recipients go where their numbers lead without one.
    """

    file: Path = Path()
    url: str = ""
    authorization: str = field(default="", repr=False)
    enum: str = ""
    servers: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ("+",)
    seconds: float = 2.0
    keep_seconds: float = 86_400.0
    lines: int = 4
    campaign_seconds: float = 3600.0

    @property
    def is_there(self) -> bool:
        """Whether there is a resolver."""
        return bool(self.file != Path() or self.url or self.enum)


def check_resolver(resolver: Resolving, source: str) -> None:
    """Check the table ``resolver``.

    Raises:
        ConfigError: a value can't be right; the error names file and key.
    """
    named = [name for name in ("file", "url", "enum") if getattr(resolver, name) not in ("", Path())]
    if len(named) > 1:
        raise ConfigError(source, f"of {' and '.join(named)} only one is asked", key=f"resolver.{named[1]}")
    for name, needed in (("authorization", "url"), ("servers", "enum")):
        if getattr(resolver, name) and not getattr(resolver, needed):
            raise ConfigError(source, f"has no effect without {needed}", key=f"resolver.{name}")
    if resolver.url and not (is_address(resolver.url) and "{number}" in resolver.url):
        raise ConfigError(source, "is no http or https address with {number}", key="resolver.url")
    if wrong := wrong_beginning(resolver.prefixes):
        raise ConfigError(source, wrong, key="resolver.prefixes")
    if not is_timeout(resolver.seconds):
        raise ConfigError(source, "must be more than 0, and a day at most", key="resolver.seconds")
    if not resolver.lines:
        raise ConfigError(source, "must be at least 1", key="resolver.lines")
