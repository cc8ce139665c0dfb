"""What is counted has its names from the start."""

from __future__ import annotations

from tests.relay.made import delivery
from transcode.relay import metrics
from transcode.relay.model import Changed, Event, State
from transcode.relay.refusals import Reason, Refusal


def value(name: str, **labels: str) -> float:
    found = metrics.REGISTRY.get_sample_value(f"transcode_relay_{name}", labels)
    assert found is not None, name
    return found


def test_every_event_state_and_reason_is_there() -> None:
    """At zero: a rate over a series that appears later misses its first events."""
    for event in Event:
        value("events_total", event=event.name.lower())
    for state in State:
        value("states_entered_total", state=state)
    for reason in Reason:
        value("refused_total", door="mm4", reason=reason.name.lower())
    for step in ("accept", "adapt", "fetch", *metrics.STEPS.values()):
        value("step_seconds_count", step=step)


def test_changes_are_counted() -> None:
    """Each event; a state only when it is entered."""
    events, states = (value("events_total", event="cancel"), value("states_entered_total", state="cancelled"))
    before, after = delivery(State.PENDING), delivery(State.CANCELLED)
    changes = metrics.Changes()
    changes.changed([Changed(before, after, Event.CANCEL, ""), Changed(after, after, Event.CANCEL, "")])
    changes.committed(0.25)
    assert value("events_total", event="cancel") == events + 2
    assert value("states_entered_total", state="cancelled") == states + 1


def test_submissions_and_steps() -> None:
    """A step that fails is timed too."""
    accepted = value("accepted_total", door="mm7")
    refused = value("refused_total", door="mm7", reason="not_now")
    steps = value("step_seconds_count", step="mail")
    metrics.submitted("mm7", "id")
    metrics.submitted("mm7", Refusal(Reason.NOT_NOW, "full"))
    try:
        with metrics.step("mail"):
            raise KeyError
    except KeyError:
        pass
    metrics.timed("mail")(None)
    assert value("accepted_total", door="mm7") == accepted + 1
    assert value("refused_total", door="mm7", reason="not_now") == refused + 1
    assert value("step_seconds_count", step="mail") == steps + 2
