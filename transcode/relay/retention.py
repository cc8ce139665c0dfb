"""How long rows are kept after their messages ended, and for how long they name numbers."""

from __future__ import annotations

from dataclasses import dataclass

from transcode.errors import ConfigError

__all__ = ["DAY", "IDEMPOTENT", "Retention", "check_retention"]

#: The seconds of a day.
DAY = 86_400.0
#: The seconds for which an Idempotency-Key of the API stands for its request.
IDEMPOTENT = 3 * DAY


@dataclass(frozen=True, slots=True)
class Retention:
    """How long is kept what outlives the octets, in days from the end of the last recipient.

    Attributes:
        number_days: until words take the place of the numbers of senders and recipients.
        event_days: until all rows of the message, with its trail, are deleted.
    """

    number_days: float = 30.0
    event_days: float = 90.0


def check_retention(retention: Retention, duplicate: float, source: str, *, has_api: bool) -> None:
    """Check the values of a configuration.

    Args:
        retention: the values.
        duplicate: for how many seconds the same submission again is found by its sender.
        source: the name of the file.
        has_api: whether the centre has the API.

    Raises:
        ConfigError: numbers or rows would go while they are needed.
    """
    for key, days in (("number_days", retention.number_days), ("event_days", retention.event_days)):
        if days * DAY < duplicate:
            raise ConfigError(
                source,
                "must not be shorter than timers.duplicate, which is in seconds",
                key=f"retention.{key}",
            )
        if has_api and days * DAY < IDEMPOTENT:
            reason = f"must be at least {IDEMPOTENT / DAY:.0f}: so long an Idempotency-Key makes one message"
            raise ConfigError(source, reason, key=f"retention.{key}")
