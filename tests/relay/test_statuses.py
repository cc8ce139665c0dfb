"""What the API says of a recipient."""

from __future__ import annotations

import pytest

from tests.relay.made import delivery
from transcode.relay.model import ENDED, State
from transcode.relay.statuses import STATUSES, Status, shown


def test_every_state_has_a_status() -> None:
    """Every state has a status, and an end of the centre is one of the API."""
    assert set(STATUSES) == set(State)
    assert set(STATUSES.values()) == set(Status)
    ends = {STATUSES[state] for state in ENDED}
    assert not ends & {STATUSES[state] for state in State if state not in ENDED}


@pytest.mark.parametrize("state", State)
def test_who_forbids_reports(state: State) -> None:
    """What only the recipient knows is not told; that the message waits, expired or was refused is."""
    open_minded, silent = (delivery(state, report_allowed=allowed) for allowed in (True, False))
    assert shown(open_minded) == (STATUSES[state], state)
    hidden = state in ("retrieved", "read", "viewed", "rejected", "unrecognised")
    expected = State.INDETERMINATE if hidden else state
    assert shown(silent) == (STATUSES[expected], expected)
