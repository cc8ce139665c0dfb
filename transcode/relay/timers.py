"""When something is due for a delivery next: pure functions of its row and the configured seconds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.relay.model import Event, Route, State

if TYPE_CHECKING:
    from transcode.relay.model import Delivery

__all__ = ["Timers", "due", "retry_wait"]

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0


@dataclass(frozen=True, slots=True)
class Timers:
    """The seconds of each timer.

    Attributes:
        retry: from a failed attempt to the next one: the first, the second ... failure; the last one repeats.
        jitter: the part of ``retry`` by which a wait is longer or shorter, so that attempts spread.
        remind: from a notification without a reaction to the next one; the last one repeats.
        remind_deferred: from Deferred to the only reminder.
        link: from the first notification to the link, where the recipient's policy allows one and names no
            other time.
        fetch: the longest transfer.
        confirm: from the last octet to Retrieved without an acknowledgement.
        answer: from the mail to the next one where the other centre answers nothing to it: to a message, or
            to a report.
        mails: how many mails of one message or report a centre gets that answers nothing to them.
        no_news: from the expiry to Indeterminate where the other centre reports nothing.
        expiry: the life of a message whose sender names none.
        max_expiry: the longest life that a sender may ask for, and the longest wait before it.
        duplicate: for how long the same submission again is the same message.
        lease: from the longest time that an attempt may take to another one, where who made it died.
        keep: from the last recipient's end to the deletion of the octets.
    """

    retry: tuple[float, ...] = (10.0, 30.0, 2 * _MINUTE, 10 * _MINUTE, _HOUR, 6 * _HOUR)
    jitter: float = 0.2
    remind: tuple[float, ...] = (15 * _MINUTE, 2 * _HOUR, 12 * _HOUR, _DAY)
    remind_deferred: float = _DAY
    link: float = _DAY
    fetch: float = 10 * _MINUTE
    confirm: float = _HOUR
    answer: float = 30 * _MINUTE
    mails: int = 3
    no_news: float = _DAY
    expiry: float = 7 * _DAY
    max_expiry: float = 30 * _DAY
    duplicate: float = 3 * _DAY
    lease: float = _MINUTE
    keep: float = _DAY


def due(delivery: Delivery, timers: Timers) -> tuple[float, Event | None] | None:
    """Return when a delivery needs work next, and the event of the timer.

    The event is None where the work is an attempt: to route an accepted delivery, or to send a pending one.
    None alone: nothing is due, the delivery ended.
    """
    since, state = delivery.changed_at, delivery.state
    expire = (delivery.expires_at, Event.EXPIRE)
    match state:
        case State.ACCEPTED | State.PENDING:
            attempt = (since + retry_wait(delivery.id, delivery.attempts, timers), None)
            # Whoever has a time of delivery is routed before it.
            return min(attempt if state is State.ACCEPTED else _woken(delivery, attempt), expire, key=_time)
        case State.WAITING:
            held = since if delivery.deliver_at is None else delivery.deliver_at
            return min((held, Event.DELIVERY_TIME), expire, key=_time)
        case State.NOTIFIED:
            remind = (since + _step(timers.remind, delivery.reminders), Event.REMIND)
            first = min((remind, *_link(delivery, timers)), key=_time)
            return min(_woken(delivery, first), expire, key=_time)
        case State.DEFERRED:
            # The reminder comes before the link: who deferred wants the message.
            if delivery.reminders == 0:
                remind = (since + timers.remind_deferred, Event.REMIND)
                return min(_woken(delivery, remind), expire, key=_time)
            links = [_woken(delivery, one) for one in _link(delivery, timers)]
            return min((expire, *links), key=_time)
        case State.FETCHING:
            return (since + timers.fetch, Event.FETCH_OVERDUE)
        case State.FETCHED:
            return (since + timers.confirm, Event.CONFIRM)
        case State.RELAYED:
            answer = since + timers.answer
            if delivery.mails >= timers.mails:
                return min((answer, Event.ANSWER_GIVEN_UP), expire, key=_time)
            return min(_woken(delivery, (answer, Event.ANSWER_OVERDUE)), expire, key=_time)
        case State.AT_PEER:
            return (max(delivery.expires_at, since) + timers.no_news, Event.NO_NEWS)
        case State.LINKED:
            return expire
        case (
            State.RETRIEVED
            | State.READ
            | State.REJECTED
            | State.UNRECOGNISED
            | State.VIEWED
            | State.HANDED_OVER
            | State.EXPIRED
            | State.REFUSED
            | State.CANCELLED
            | State.INDETERMINATE
        ):
            return None


def _time(one: tuple[float, Event | None]) -> float:
    return one[0]


def _woken(delivery: Delivery, one: tuple[float, Event | None]) -> tuple[float, Event | None]:
    """Return what leads to an attempt, at the earliest when the delivery has its time."""
    at, event = one
    return (at if delivery.deliver_at is None else max(at, delivery.deliver_at), event)


def _step(seconds: tuple[float, ...], count: int) -> float:
    return seconds[min(count, len(seconds) - 1)]


def retry_wait(number: int, failures: int, timers: Timers) -> float:
    """Return the seconds from a failed attempt to the next one.

    Args:
        number: the number of the row.
        failures: failed attempts in a row; 0: the first attempt is due at once.
        timers: the seconds.
    """
    if not failures:
        return 0.0
    # Drawn from the row, not from a generator: the same row gives the same time.
    drawn = hashlib.blake2b(f"{number}.{failures}".encode(), digest_size=4).digest()
    spread = int.from_bytes(drawn) / 0xFFFFFFFF * 2 - 1
    return _step(timers.retry, failures - 1) * (1 + timers.jitter * spread)


def _link(delivery: Delivery, timers: Timers) -> list[tuple[float, Event | None]]:
    is_linking = delivery.route is Route.LINK
    if not delivery.may_link or is_linking or delivery.first_notified_at is None:
        return []
    wait = timers.link if delivery.link_after is None else delivery.link_after
    return [(max(delivery.first_notified_at + wait, delivery.changed_at), Event.LINK_DUE)]
