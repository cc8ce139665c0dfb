"""The state machine of a delivery: one table of every state and every event. Nothing else decides a state.

The table has no default: a state or an event that is added must be given all its pairs, or the import fails.
``STAY`` is a decision like the others: an event that comes late or again, or from a confused peer. It is
written into the trail and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from transcode.relay.model import Event, ReportStatus, Route, State

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["COUNTS_LATE", "REPORTED", "STAY", "TABLE", "Change", "Rule", "change"]

S, E = State, Event


@dataclass(frozen=True, slots=True)
class Rule:
    """What an event does in a state.

    Attributes:
        to: the next state; None: the state stays.
        or_link: True: where a link may replace the message, the delivery takes the route of links instead and
            an attempt is due.
        keeps_link: True: on the route of links already, the state stays. The event is news of the way before,
            and a phone or a centre may repeat it.
        report: what the sender is told though the state does not say it; None: REPORTED decides.
        unread: True: whoever asked for read reports is told that the message was deleted unread.
    """

    to: State | None
    or_link: bool = False
    keeps_link: bool = False
    report: ReportStatus | None = None
    unread: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """The result of one event.

    Attributes:
        state: the state after the event.
        moved: whether the state was entered by the event; a state can be entered from itself.
        route: the new route, or None where the route stays.
        report: what the sender is told, if the sender asked for reports; None: nothing.
        unread: whether the sender is told that the message was deleted unread, if the sender asked for that.
    """

    state: State
    moved: bool
    route: Route | None = None
    report: ReportStatus | None = None
    unread: bool = False


STAY = Rule(None)

#: What the sender is told when a state is entered.
REPORTED = {
    S.RETRIEVED: ReportStatus.RETRIEVED,
    S.VIEWED: ReportStatus.RETRIEVED,
    S.HANDED_OVER: ReportStatus.RETRIEVED,
    S.DEFERRED: ReportStatus.DEFERRED,
    S.REJECTED: ReportStatus.REJECTED,
    S.REFUSED: ReportStatus.REJECTED,
    S.UNRECOGNISED: ReportStatus.UNRECOGNISED,
    S.EXPIRED: ReportStatus.EXPIRED,
    S.INDETERMINATE: ReportStatus.INDETERMINATE,
    S.LINKED: ReportStatus.INDETERMINATE,
}

#: Outcomes of an attempt that count though its lease was over and another worker had the delivery: somebody
#: has the message, and who sends it again would send it twice. Of a failure the holder alone may speak.
COUNTS_LATE = frozenset(
    (
        E.ROUTED,
        E.HELD,
        E.PUSH_ACCEPTED,
        E.MAIL_ACCEPTED,
        E.REQUEST_ACCEPTED,
        E.LINK_ACCEPTED,
        E.PEER_TOOK,
    )
)

# Groups of states. Each state is in exactly one of them.
_UNROUTED = (S.ACCEPTED, S.WAITING)
#: The phone holds no whole copy, as far as is known.
_OFFERED = (S.PENDING, S.NOTIFIED, S.DEFERRED, S.FETCHING)
_ELSEWHERE = (S.RELAYED, S.AT_PEER)
#: Somebody received or saw the message, or another program has it.
_RECEIVED = (S.RETRIEVED, S.READ, S.VIEWED, S.HANDED_OVER)
#: The sender was told that nobody has the message.
_FAILED = (S.REJECTED, S.UNRECOGNISED, S.EXPIRED, S.REFUSED, S.CANCELLED, S.INDETERMINATE)

_TABLE: dict[tuple[State, Event], Rule] = {}


def _on(event: Event, *rows: tuple[Iterable[State], Rule | State]) -> None:
    """Write the rules of one event; every state must occur once."""
    for states, rule in rows:
        for state in states:
            if (state, event) in _TABLE:
                raise AssertionError(f"two rules for {event!r} in {state!r}")
            _TABLE[state, event] = rule if isinstance(rule, Rule) else Rule(rule)
    missing = [state for state in State if (state, event) not in _TABLE]
    if missing:
        raise AssertionError(f"no rule for {event!r} in {missing}")


def _link_or(state: State) -> Rule:
    return Rule(state, or_link=True, keeps_link=True)


_LATE = (*_RECEIVED, *_FAILED)

# Routing. A second worker may route what a first one routed: its lease ended while the resolver was slow.
_on(
    E.ROUTED,
    ((S.ACCEPTED,), S.PENDING),
    ((S.WAITING, *_OFFERED, *_ELSEWHERE, S.FETCHED, S.LINKED, *_LATE), STAY),
)
_on(
    E.HELD,
    ((S.ACCEPTED,), S.WAITING),
    ((S.WAITING, *_OFFERED, *_ELSEWHERE, S.FETCHED, S.LINKED, *_LATE), STAY),
)
_on(
    E.UNROUTABLE,
    ((S.ACCEPTED,), S.REFUSED),
    ((S.WAITING, *_OFFERED, *_ELSEWHERE, S.FETCHED, S.LINKED, *_LATE), STAY),
)
_on(
    E.UNRESOLVED,
    ((S.ACCEPTED,), S.ACCEPTED),
    ((S.WAITING, *_OFFERED, *_ELSEWHERE, S.FETCHED, S.LINKED, *_LATE), STAY),
)
_on(
    E.DELIVERY_TIME,
    ((S.WAITING,), S.PENDING),
    ((S.ACCEPTED, *_OFFERED, *_ELSEWHERE, S.FETCHED, S.LINKED, *_LATE), STAY),
)

# Outcomes of attempts. The phone may fetch before the SMSC answers, so an outcome counts in PENDING alone.
_ONCE_SENT = (*_UNROUTED, S.NOTIFIED, S.DEFERRED, S.FETCHING, *_ELSEWHERE, S.FETCHED, S.LINKED, *_LATE)
_on(E.PUSH_ACCEPTED, ((S.PENDING,), S.NOTIFIED), (_ONCE_SENT, STAY))
_on(E.MAIL_ACCEPTED, ((S.PENDING,), S.RELAYED), (_ONCE_SENT, STAY))
_on(E.REQUEST_ACCEPTED, ((S.PENDING,), S.HANDED_OVER), (_ONCE_SENT, STAY))
_on(E.LINK_ACCEPTED, ((S.PENDING,), S.LINKED), (_ONCE_SENT, STAY))
_on(E.ATTEMPT_FAILED, ((S.PENDING,), S.PENDING), (_ONCE_SENT, STAY))
_on(E.ATTEMPT_REFUSED, ((S.PENDING,), Rule(S.REFUSED, or_link=True)), (_ONCE_SENT, STAY))
# A recipient who sleeps is what he was: the next time due alone is another one.
_on(E.QUIET, (State, STAY))

# The phone. One that fetches twice gets the same octets twice, and nothing is reported a second time.
_on(
    E.FETCH_BEGUN,
    (_OFFERED, S.FETCHING),
    ((S.FETCHED,), S.FETCHED),
    ((*_UNROUTED, *_ELSEWHERE, S.LINKED, *_LATE), STAY),
)
_on(
    E.FETCH_DONE,
    # ACCEPTED: it was requeued while the phone fetched it. UNRECOGNISED: Android says so where a proxy's page
    # came in place of the message, and fetches it again.
    ((S.ACCEPTED, *_OFFERED, S.LINKED, S.UNRECOGNISED), S.FETCHED),
    (
        (
            S.WAITING,
            *_ELSEWHERE,
            S.FETCHED,
            *_RECEIVED,
            S.REJECTED,
            S.EXPIRED,
            S.REFUSED,
            S.CANCELLED,
            S.INDETERMINATE,
        ),
        STAY,
    ),
)
# A transfer that breaks is offered again, but a phone that already holds a whole copy is left alone.
_on(
    E.FETCH_BROKEN,
    ((S.FETCHING,), S.NOTIFIED),
    ((*_UNROUTED, S.PENDING, S.NOTIFIED, S.DEFERRED, *_ELSEWHERE, S.FETCHED, S.LINKED, *_LATE), STAY),
)
_on(
    E.FETCH_OVERDUE,
    ((S.FETCHING,), S.NOTIFIED),
    ((*_UNROUTED, S.PENDING, S.NOTIFIED, S.DEFERRED, *_ELSEWHERE, S.FETCHED, S.LINKED, *_LATE), STAY),
)
# Its sender forbids adaptation, for one. The phone would get the same answer until the message expires.
_on(
    E.CONTENT_REFUSED,
    ((S.FETCHING,), Rule(S.REFUSED, or_link=True)),
    ((*_UNROUTED, S.PENDING, S.NOTIFIED, S.DEFERRED, *_ELSEWHERE, S.FETCHED, S.LINKED, *_LATE), STAY),
)
# Whatever the sender was told before, a phone that acknowledges has the message.
_on(
    E.ACKNOWLEDGED,
    ((S.ACCEPTED, *_OFFERED, S.FETCHED, S.LINKED, S.EXPIRED, S.UNRECOGNISED), S.RETRIEVED),
    ((S.WAITING, *_ELSEWHERE, *_RECEIVED, S.REJECTED, S.REFUSED, S.CANCELLED, S.INDETERMINATE), STAY),
)
_on(
    E.PHONE_DEFERRED,
    ((S.PENDING, S.NOTIFIED, S.DEFERRED), S.DEFERRED),
    ((*_UNROUTED, S.FETCHING, *_ELSEWHERE, S.FETCHED, S.LINKED, *_LATE), STAY),
)
_on(
    E.PHONE_REJECTED,
    ((*_OFFERED, S.FETCHED, S.LINKED), S.REJECTED),
    ((*_UNROUTED, *_ELSEWHERE, *_LATE), STAY),
)
_on(
    E.PHONE_UNRECOGNISED,
    (_OFFERED, _link_or(S.UNRECOGNISED)),
    # A phone that holds the message is sent no link.
    ((S.FETCHED,), S.UNRECOGNISED),
    ((*_UNROUTED, *_ELSEWHERE, S.LINKED, *_LATE), STAY),
)
# Who reports reading has the message, even if nothing was acknowledged. Some centres send no other report.
_on(
    E.READ_REPORTED,
    ((S.RETRIEVED, S.VIEWED, S.HANDED_OVER), S.READ),
    (
        (*_OFFERED, *_ELSEWHERE, S.FETCHED, S.LINKED, S.EXPIRED, S.UNRECOGNISED, S.INDETERMINATE),
        Rule(S.READ, report=ReportStatus.RETRIEVED),
    ),
    ((*_UNROUTED, S.READ, S.REJECTED, S.REFUSED, S.CANCELLED), STAY),
)
# Who deletes a message unread had it.
_on(
    E.UNREAD_REPORTED,
    ((S.RETRIEVED, S.VIEWED, S.HANDED_OVER), Rule(None, unread=True)),
    (
        (*_OFFERED, *_ELSEWHERE, S.FETCHED, S.LINKED, S.EXPIRED, S.UNRECOGNISED, S.INDETERMINATE),
        Rule(S.RETRIEVED, unread=True),
    ),
    ((*_UNROUTED, S.READ, S.REJECTED, S.REFUSED, S.CANCELLED), STAY),
)

# Another centre, or a provider. Its answer may overtake the 250 of its mail server.
_NOT_THERE = (*_UNROUTED, S.NOTIFIED, S.DEFERRED, S.FETCHING, S.FETCHED, S.LINKED)
_on(E.PEER_TOOK, ((S.PENDING, S.RELAYED), S.AT_PEER), ((*_NOT_THERE, S.AT_PEER, *_LATE), STAY))
_on(E.PEER_BUSY, ((S.PENDING, S.RELAYED), S.PENDING), ((*_NOT_THERE, S.AT_PEER, *_LATE), STAY))
_on(E.PEER_REFUSED, ((S.PENDING, S.RELAYED), _link_or(S.REFUSED)), ((*_NOT_THERE, S.AT_PEER, *_LATE), STAY))
# News that came after the centre gave up replaces what the sender was told.
_NEWS = (S.PENDING, *_ELSEWHERE, S.INDETERMINATE)
_SETTLED = (*_NOT_THERE, *_RECEIVED, S.REJECTED, S.UNRECOGNISED, S.REFUSED, S.CANCELLED)
_OLD_NEWS = (*_SETTLED, S.EXPIRED)
_on(E.PEER_RETRIEVED, ((*_NEWS, S.EXPIRED), S.RETRIEVED), (_SETTLED, STAY))
_on(
    E.PEER_DEFERRED,
    ((S.PENDING, S.RELAYED), Rule(S.AT_PEER, report=ReportStatus.DEFERRED)),
    ((S.AT_PEER,), Rule(None, report=ReportStatus.DEFERRED)),
    ((*_OLD_NEWS, S.INDETERMINATE), STAY),
)
_on(E.PEER_REJECTED, (_NEWS, S.REJECTED), (_OLD_NEWS, STAY))
_on(E.PEER_UNRECOGNISED, (_NEWS, S.UNRECOGNISED), (_OLD_NEWS, STAY))
_on(E.PEER_EXPIRED, (_NEWS, S.EXPIRED), (_OLD_NEWS, STAY))
_on(E.PEER_INDETERMINATE, ((S.PENDING, *_ELSEWHERE), S.INDETERMINATE), ((*_OLD_NEWS, S.INDETERMINATE), STAY))

# The page. It may be opened before the SMSC answers, and by who asked for the message too. Opening it twice
# is one view; deleting it does not undo what was seen.
_on(E.VIEWED, ((*_OFFERED, S.LINKED), S.VIEWED), ((*_UNROUTED, *_ELSEWHERE, S.FETCHED, *_LATE), STAY))
_on(
    E.DELETED,
    ((S.PENDING, S.NOTIFIED, S.DEFERRED, S.LINKED), S.REJECTED),
    ((*_UNROUTED, S.FETCHING, *_ELSEWHERE, S.FETCHED, *_LATE), STAY),
)

# Timers. A timer that runs out while an event of its state is written finds another state, and stays quiet.
_on(
    E.REMIND,
    ((S.NOTIFIED, S.DEFERRED), S.PENDING),
    ((*_UNROUTED, S.PENDING, S.FETCHING, *_ELSEWHERE, S.FETCHED, S.LINKED, *_LATE), STAY),
)
_on(
    E.LINK_DUE,
    ((S.NOTIFIED, S.DEFERRED, S.PENDING), Rule(None, or_link=True)),
    # What the phone holds, or is just fetching, is never sent as a link too.
    ((*_UNROUTED, S.FETCHING, *_ELSEWHERE, S.FETCHED, S.LINKED, *_LATE), STAY),
)
_on(E.CONFIRM, ((S.FETCHED,), S.RETRIEVED), ((*_UNROUTED, *_OFFERED, *_ELSEWHERE, S.LINKED, *_LATE), STAY))
_on(
    E.ANSWER_OVERDUE,
    ((S.RELAYED,), S.PENDING),
    ((*_UNROUTED, *_OFFERED, S.AT_PEER, S.FETCHED, S.LINKED, *_LATE), STAY),
)
_on(
    E.ANSWER_GIVEN_UP,
    # PENDING: a mail was taken, and there is nobody to send another one to.
    ((S.RELAYED, S.PENDING), S.AT_PEER),
    ((*_UNROUTED, S.NOTIFIED, S.DEFERRED, S.FETCHING, S.AT_PEER, S.FETCHED, S.LINKED, *_LATE), STAY),
)
# A transfer that has begun may end; a message that was fetched is confirmed, not expired. At another centre
# the message has a timer of that centre's own, and NO_NEWS ends the waiting for its report.
_on(
    E.EXPIRE,
    ((*_UNROUTED, S.PENDING, S.NOTIFIED, S.DEFERRED, S.LINKED), S.EXPIRED),
    # The other centre's server has the mail, so nobody here can say that the message expired.
    ((S.RELAYED,), S.AT_PEER),
    ((S.FETCHING, S.AT_PEER, S.FETCHED, *_LATE), STAY),
)
_on(
    E.NO_NEWS,
    ((S.AT_PEER,), S.INDETERMINATE),
    ((*_UNROUTED, *_OFFERED, S.RELAYED, S.FETCHED, S.LINKED, *_LATE), STAY),
)

# The sender, or the operator. What a phone or another centre holds can't be called back.
_on(
    E.CANCEL,
    ((*_UNROUTED, S.PENDING, S.NOTIFIED, S.DEFERRED, S.LINKED), S.CANCELLED),
    ((S.FETCHING, *_ELSEWHERE, S.FETCHED, *_LATE), STAY),
)
_on(
    E.REQUEUE,
    # Begun anew, from the search for a route: what failed may have another by now.
    ((S.PENDING, S.NOTIFIED, S.DEFERRED, S.RELAYED, S.AT_PEER, S.LINKED, *_FAILED), S.ACCEPTED),
    ((*_UNROUTED, S.FETCHING, S.FETCHED, *_RECEIVED), STAY),
)

# The operator, by a configuration without the next hop.
_on(
    E.HOP_GONE,
    ((S.PENDING,), S.ACCEPTED),
    (
        (
            *_UNROUTED,
            S.NOTIFIED,
            S.DEFERRED,
            S.FETCHING,
            *_ELSEWHERE,
            S.FETCHED,
            S.LINKED,
            *_LATE,
        ),
        STAY,
    ),
)
# What the sender was not told changes nothing of what became of the message.
_on(E.REPORT_GIVEN_UP, (State, STAY))

_unruled = [event for event in Event if (S.ACCEPTED, event) not in _TABLE]
if _unruled:
    raise AssertionError(f"no rules for {_unruled}")

#: The rule of every state and event.
TABLE = MappingProxyType(_TABLE)


def change(state: State, event: Event, *, may_link: bool, is_linking: bool = False) -> Change:
    """Return what an event does to a delivery.

    Args:
        state: the state before.
        event: what happened.
        may_link: whether the policy of the recipient allows that a link replaces the message.
        is_linking: whether the delivery is on the route of links already, which it takes once.
    """
    rule = TABLE[state, event]
    if rule.keeps_link and is_linking:
        rule = STAY
    if rule.or_link and may_link and not is_linking:
        # Refused is no end here, so nothing is reported of it: LINKED or a later end will be.
        return Change(State.PENDING, moved=True, route=Route.LINK)
    if rule.to is None:
        return Change(state, moved=False, report=rule.report, unread=rule.unread)
    return Change(rule.to, moved=True, report=rule.report or REPORTED.get(rule.to), unread=rule.unread)
