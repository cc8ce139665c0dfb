"""Links to the page of a message. While this centre has no pages, it refuses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.relay.model import Route
from transcode.relay.outlets.outlet import unsent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.relay.model import Delivery, Envelope
    from transcode.relay.outlets.outlet import Outcome

__all__ = ["Links"]


class Links:
    """The route of links: what a page and its short message will take the place of."""

    route = Route.LINK
    peer = ""
    lines = 1
    together = 1
    longest = 0.0

    def attempt(self, deliveries: Sequence[Delivery], envelope: Envelope) -> Sequence[Outcome]:  # noqa: ARG002
        """Refuse links."""
        return [unsent("this centre has no pages")] * len(deliveries)

    def close(self) -> None:
        """Do nothing."""
