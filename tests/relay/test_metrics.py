"""What is counted has its names from the start."""

from __future__ import annotations

import pytest

from tests.relay.made import delivery
from transcode.relay import metrics
from transcode.relay.metrics import REGISTRY
from transcode.relay.model import Changed, Event, State
from transcode.relay.ports import mm1, mm4_mails, mm7
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
    value("orphans_total")
    for door in ("http", "mm4", "admin"):
        value("connections_refused_total", door=door)


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


@pytest.mark.parametrize(
    ("door", "statuses"),
    [
        ("mm1", {"Ok", "Error-transient-failure", "Error-permanent-service-denied", "other"}),
        ("mm1 retrieval", {"Error-permanent-message-not-found", "other"}),
        ("mm4", {"Ok", "Error-content-not-accepted", "Error-network-problem", "other"}),
        ("mm4 mail", {"250 2.0.0", "554 5.7.1", "452 4.3.1", "other"}),
        ("mm7", {"1000", "1100", "2007", "4006", "other"}),
    ],
)
def test_the_answers_of_every_door_are_there(door: str, statuses: set[str]) -> None:
    """Metrics have every word or code of a door from the start."""
    assert statuses <= {status for one, status in answers() if one == door}


def answers() -> set[tuple[str, str]]:
    """The doors and answers that are counted."""
    return {
        (sample.labels["door"], sample.labels["status"])
        for metric in REGISTRY.collect()
        if metric.name == "transcode_relay_answers"
        for sample in metric.samples
        if sample.name.endswith("_total")
    }


def test_what_a_door_does_not_know_is_other() -> None:
    """A status that a stranger made up makes no new series."""
    known = [("mm7", "1000"), ("mm7", "other")]
    before = [value("answers_total", door=door, status=status) for door, status in known]
    series = answers()
    mm7._answered(1000)
    mm7._answered("made up")
    assert [value("answers_total", door=door, status=status) for door, status in known] == [
        count + 1 for count in before
    ]
    assert answers() == series


def test_each_reason_has_an_answer_at_every_door() -> None:
    """A refusal without one would be an error of the door, and the message would come again for days."""
    for statuses in (mm1._STATUSES, mm4_mails._STATUSES, mm7._STATUSES):
        assert set(statuses) == set(Reason)
