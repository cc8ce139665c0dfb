"""Short messages that phones write to the centre's own number: the one place where they arrive.

Whatever becomes of a text, the gateway is told that it has arrived, so that none comes again for ever.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

__all__ = ["Hear", "Text", "dropped", "handed_on"]

_LOG = logging.getLogger(__name__)


class Text(NamedTuple):
    """A short message of a phone.

    Attributes:
        sender: the number of the phone, as ``Numbers.normal`` returns it.
        recipient: the number that it wrote to, likewise.
        text: the text; ``""`` where it has none, such as data for a program.
    """

    sender: str
    recipient: str
    text: str


#: What is done with a text. It may block; an exception is logged.
Hear: TypeAlias = Callable[[Text], None]


def dropped(_text: Text) -> None:
    """Do nothing but to say so, without number and text."""
    _LOG.info("a short message of a phone is dropped")


def handed_on(hear: Hear, text: Text) -> None:
    """Hand a text on; what goes wrong is logged, for nobody waits for an answer."""
    try:
        hear(text)
    except Exception:  # noqa: BLE001  # whatever the hook does
        _LOG.exception("a short message of a phone can't be handled")
