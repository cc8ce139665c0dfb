"""The work on campaigns: recipients are sorted by network, and released at the pace of their plan."""

from __future__ import annotations

import json
import logging
import math
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from transcode.errors import TransportError
from transcode.relay import own_text, pacing
from transcode.relay.buckets import Charge, Rate
from transcode.relay.model import Event, Route, State
from transcode.relay.statuses import STATUSES
from transcode.relay.store import limits, recipients, releases
from transcode.relay.store.campaigns import Campaign, CampaignState, campaign, lane, unsorted_campaigns
from transcode.relay.store.keys import campaign_rate
from transcode.relay.store.occurrences import Occurrence
from transcode.relay.store.progress import QUEUED, REASONS, reason_of
from transcode.relay.store.recipients import Sorted
from transcode.relay.store.releases import Released
from transcode.relay.zones import opens_at, places

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from transcode.relay.judging import Judge, Receivers
    from transcode.relay.model import Envelope
    from transcode.relay.pacing import Plan
    from transcode.relay.resolver import Resolver
    from transcode.relay.resolving import Resolving
    from transcode.relay.store import SqlStore
    from transcode.relay.store.connection import Connection
    from transcode.relay.store.recipients import Recipient
    from transcode.relay.store.releases import Waiting
    from transcode.relay.store.rows import Verdict

__all__ = ["Releasing"]

_LOG = logging.getLogger(__name__)

#: Recipients of one step: of the search for their networks, and of an end.
_TOGETHER = 500
#: The most recipients of one release. They are written in one transaction.
_MOST = 400
#: Seconds of a rate that may wait for one next hop, and the least recipients that may.
_AHEAD, _LEAST_AHEAD = 1.0, 200
#: Questions to the resolver without an answer, one behind the other, after which the others of a step wait.
_MOST_SILENT = 5
#: Seconds until a recipient whom the resolver could not be asked for is asked for again, and until a campaign
#: in which something went wrong is tried again.
_ASKED_AGAIN = 30.0
#: Seconds between two looks where a campaign waits for what others do, and where nothing is to be done.
_SOON, _IDLE = 0.25, 1.0
_DAY, _MINUTE = 86_400.0, 60.0
#: A step that is due within so many seconds is waited for.
_NEAR = 0.2
#: What is said of a recipient whom nobody serves, and of whom the resolver may know who does.
_NO_ANSWER = "the resolver gave no answer until resolver.campaign_seconds were over"
#: What the trail says of a delivery of a campaign that was ended.
_CANCELED = "the campaign was cancelled"


class Releasing:
    """Two kinds of work, which each have a thread; those of several processes do no harm to each other.

    Args:
        store: where everything is kept.
        judge: finds next hops.
        resolver: knows the networks of numbers; None: there is none.
        resolving: how the resolver is asked.
        clock: gives the time, in seconds since 1970.
        per_second: the most recipients a second of all campaigns of a key that has no rate of its own.
        prepare: is told of a message that is about to be released, and of an address of each kind of
            recipients; it returns at once.
    """

    def __init__(
        self,
        store: SqlStore,
        judge: Judge,
        resolver: Resolver | None,
        resolving: Resolving,
        clock: Callable[[], float],
        *,
        per_second: float,
        prepare: Callable[[Envelope, Mapping[pacing.Kind, str]], None] = lambda *_: None,
    ) -> None:
        self._prepare, self._per_second = prepare, per_second
        self._store, self._judge = store, judge
        self._resolver, self._resolving = resolver, resolving
        #: The questions of this step that had no answer since the last one that had.
        self._silent = 0
        self._clock = clock
        lines = resolving.lines
        self._asking = ThreadPoolExecutor(lines, "transcode-campaigns") if resolver is not None else None

    def close(self) -> None:
        """End the threads that ask the resolver."""
        if self._asking is not None:
            self._asking.shutdown(cancel_futures=True)

    # Sorting

    def sort(self) -> bool:
        """Find out where some recipients of each campaign are; False where nobody waits for that."""
        done = False
        for name in unsorted_campaigns(self._store):
            try:
                done = self._sorted(name) or done
            except Exception:  # noqa: BLE001  # what is wrong with one campaign stops no other
                now = self._clock()
                found = recipients.unsorted(self._store, name, now=now, most=_TOGETHER)
                later = [(recipient.number, now + _ASKED_AGAIN) for recipient in found]
                # Where the database is gone, this ends the work.
                self._store.write(partial(recipients.postpone, name=name, dues=later)).result()
                _LOG.exception("campaign %s: its recipients can't be sorted now", name)
        return done

    def _sorted(self, name: str) -> bool:
        now = self._clock()
        found = recipients.unsorted(self._store, name, now=now, most=_TOGETHER)
        if not found:
            return False
        one, envelope = campaign(self._store, name), self._store.envelope(name)
        if one is None:
            return False
        addresses = [recipient.address for recipient in found]
        asked = [address for address in addresses if self._judge.is_asked(address)]
        known = self._judge.known(addresses, asked)
        unknown = {*asked} - {*known.answers} - {*known.subscribers}
        silent = self._resolved([address for address in addresses if address in unknown], known)
        waiting = silent if now < self._patient_until(one) else set()
        plan = pacing.plan_of(one.plan)
        done = [
            self._place(recipient, plan, envelope, known, now, is_resolved=recipient.address not in silent)
            for recipient in found
            if recipient.address not in waiting
        ]
        later = [(one.number, now + _ASKED_AGAIN) for one in found if one.address in waiting]

        def write(connection: Connection) -> None:
            recipients.sort(connection, name, done, now)
            recipients.postpone(connection, name, later)

        self._store.write(write).result()
        return True

    def _resolved(self, addresses: Sequence[str], known: Receivers) -> set[str]:
        """Ask the resolver for numbers; return those of which it could not be asked."""
        silent: set[str] = set()
        if self._asking is None or self._resolver is None:
            return silent
        self._silent = 0
        answers = self._asking.map(self._answer, addresses)
        until = self._clock() + self._resolving.keep_seconds
        for address, answer in zip(addresses, answers, strict=True):
            if answer is None:
                silent.add(address)
                continue
            limits.keep_answer(self._store, address, answer, until=until)
            known.answers[address] = answer
        return silent

    def _answer(self, address: str) -> str | None:
        """Return what the resolver says of a number; None: it can't be asked now."""
        assert self._resolver is not None  # noqa: S101  (nobody else calls it)
        if self._silent >= _MOST_SILENT:
            # Each question costs the whole time of an answer, and campaigns behind this one wait for it.
            return None
        try:
            answer = self._resolver.resolve(address)
        except TransportError as error:
            if error.temporary:
                self._silent += 1
                return None
            answer = ""
        self._silent = 0
        return answer

    def _patient_until(self, one: Campaign) -> float:
        """Return until when a campaign waits for the resolver; one that was not started has time."""
        if one.started_at is None:
            return math.inf
        return max(one.started_at, one.start_at or 0.0) + self._resolving.campaign_seconds

    def _place(
        self,
        recipient: Recipient,
        plan: Plan,
        envelope: Envelope,
        known: Receivers,
        now: float,
        *,
        is_resolved: bool,
    ) -> Sorted:
        verdict = self._judge.verdict(recipient.address, envelope, known)
        if verdict.event is not Event.ROUTED:
            silent = "" if is_resolved else f" ({_NO_ANSWER})"
            return _failed(recipient, verdict._replace(detail=verdict.detail + silent))
        carrier, opens = self._judge.carrier(recipient.address, verdict, known), _opens(recipient, plan, now)
        if opens is None:
            return Sorted(recipient.number, carrier=carrier, reason="quiet", detail=REASONS["quiet"])
        return Sorted(recipient.number, _hop(verdict), carrier, opens)

    # Releasing

    def release(self) -> bool:
        """Do what is due of each campaign; False where nothing is, and will be soon."""
        names = releases.due_campaigns(self._store, self._clock())
        if not names:
            return False
        wait = min(map(self._tried, names))
        if wait > 0:
            time.sleep(min(wait, _NEAR))
        return True

    def _tried(self, name: str) -> float:
        """Do what is due of one campaign; what is wrong with it stops no other."""
        try:
            return self._step(name)
        except Exception:  # noqa: BLE001
            due = self._clock() + _ASKED_AGAIN
            # Where the database is gone, this ends the work.
            self._store.write(partial(releases.postponed, name=name, due=due)).result()
            _LOG.exception("campaign %s: it can't go on now", name)
            return _ASKED_AGAIN

    def _step(self, name: str) -> float:
        """Do what is due of one campaign; return the seconds until more is."""
        one, now = campaign(self._store, name), self._clock()
        if one is None:
            return _IDLE
        if one.state == CampaignState.CANCELING:
            return self._canceled(one, now)
        if one.start_at is not None and one.start_at > now:
            return self._later(one, one.start_at, now)
        if one.expires_at is not None and one.expires_at <= now:
            give_up = partial(
                recipients.give_up, name=name, status="failed", reason="expired", now=now, most=_TOGETHER
            )
            if self._store.write(give_up).result():
                return 0.0
        return self._released(one, now)

    def _released(self, one: Campaign, now: float) -> float:
        charge = self._charge(one)
        wait = limits.wait(self._store, charge, now)
        if wait > 0:
            # Other campaigns of the key are at work.
            return self._later(one, now + wait, now)
        plan, paid = pacing.plan_of(one.plan), json.loads(one.paid)
        rate, _ = pacing.rate(plan, one.released)
        most = min(_MOST, math.ceil(rate * pacing.SLICE) + 1)
        kinds = releases.waiting(self._store, one.id, now=now, most=most)
        if not kinds:
            return self._ended(one, now)
        some = {pacing.Kind(kind.hop, kind.carrier): kind.recipients for kind in kinds}
        envelope = self._store.envelope(one.id)
        self._prepare(envelope, {kind: found[0].address for kind, found in some.items() if found})
        ready = self._awake(one, plan, kinds, now)
        room = max(_LEAST_AHEAD, int(rate * _AHEAD))
        waiting = {
            kind: found
            for kind, found in ready.items()
            if releases.backlog(self._store, kind.route, lane(one.id), now=now, most=room) < room
        }
        granted = pacing.grant(
            plan,
            {kind: len(found) for kind, found in waiting.items()},
            paid,
            released=one.released,
            now=now,
        )
        chosen = [
            (recipient, kind.carrier)
            for kind, count in granted.counts.items()
            for recipient in waiting[kind][:count]
        ]
        if not chosen:
            dues = [kind.due for kind in kinds if kind.due is not None]
            soon = now + (granted.wait or _SOON) if any(ready.values()) else min(dues, default=now + _IDLE)
            return self._later(one, soon, now)
        due = now + max(granted.wait, pacing.SLICE / 2)
        return self._written(one, envelope, chosen, charge, json.dumps(granted.paid), now, due)

    def _charge(self, one: Campaign) -> Charge:
        """Return what a recipient costs: campaigns of one key share its rate."""
        rate = campaign_rate(self._store, one.key, self._per_second)
        return Charge(f"campaigns {one.key}", Rate(rate * _MINUTE, rate * 2 * pacing.SLICE), 1)

    def _awake(
        self, one: Campaign, plan: Plan, kinds: Sequence[Waiting], now: float
    ) -> dict[pacing.Kind, list[Recipient]]:
        """Return those in whose place it is not quiet now: they may have waited for longer than a day."""
        found: dict[pacing.Kind, list[Recipient]] = {}
        asleep: list[tuple[int, float]] = []
        for kind in kinds:
            awake = found.setdefault(pacing.Kind(kind.hop, kind.carrier), [])
            for recipient in kind.recipients:
                opens = _opens(recipient, plan, now)
                if opens is None or opens > now:
                    asleep.append((recipient.number, now + _DAY if opens is None else opens))
                else:
                    awake.append(recipient)
        if asleep:
            self._store.write(partial(recipients.postpone, name=one.id, dues=asleep)).result()
        return found

    def _written(
        self,
        one: Campaign,
        envelope: Envelope,
        chosen: Sequence[tuple[Recipient, str]],
        charge: Charge,
        paid: str,
        now: float,
        due: float,
    ) -> float:
        addresses = [recipient.address for recipient, _ in chosen]
        asked = [address for address in addresses if self._judge.is_asked(address)]
        known = self._judge.known(addresses, asked)
        going, failed = [], []
        for recipient, carrier in chosen:
            verdict = self._judge.verdict(recipient.address, envelope, known)
            if verdict.event is not Event.ROUTED:
                failed.append(_failed(recipient, verdict))
                continue
            text, subject = (_filled(own, recipient) for own in (one.template, one.subject))
            going.append(Released(recipient.number, recipient.address, carrier, text, verdict, subject))
        if failed:
            self._store.write(partial(recipients.sort, name=one.id, found=failed, now=now)).result()
        if going:
            charges = [charge._replace(cost=len(going))]
            self._store.release(one, going, paid=paid, charges=charges, at=now, due=due).result()
        return due - self._clock() if going else 0.0

    def _ended(self, one: Campaign, now: float) -> float:
        """End a campaign of which nobody waits, and nothing is in this centre's hands."""
        left = releases.underway(self._store, one.id)
        if left:
            return self._later(one, now + (_SOON if QUEUED in left else _IDLE), now)
        close = partial(recipients.close, name=one.id, state=CampaignState.COMPLETED, now=now)
        self._store.write(close).result()
        return _IDLE

    def _canceled(self, one: Campaign, now: float) -> float:
        """End what is left of a campaign, some of it at a time."""
        give_up = partial(
            recipients.give_up, name=one.id, status="canceled", reason="canceled", now=now, most=_TOGETHER
        )
        if self._store.write(give_up).result():
            return 0.0
        find = partial(_in_hand, name=one.id)
        if self._store.happen(find, at=now, large=True).result():
            return 0.0
        close = partial(recipients.close, name=one.id, state=CampaignState.CANCELED, now=now)
        self._store.write(close).result()
        return _IDLE

    def _later(self, one: Campaign, due: float, now: float) -> float:
        self._store.write(partial(releases.postponed, name=one.id, state=one.state, due=due)).result()
        return due - now


def _in_hand(connection: Connection, name: str) -> list[Occurrence]:
    """Return the end of deliveries that were not handed over."""
    here = [str(STATUSES[state]) for state in (State.ACCEPTED, State.WAITING, State.PENDING)]
    found = connection.execute(
        "SELECT delivery FROM campaign_recipient WHERE campaign=? AND status IN (?, ?, ?)"
        " AND delivery IS NOT NULL LIMIT ?",
        (name, *here, _TOGETHER),
    ).fetchall()
    return [Occurrence(number, Event.CANCEL, _CANCELED) for (number,) in found]


def _filled(template: str | None, recipient: Recipient) -> str | None:
    """Return a recipient's own text; None: it has the same as all."""
    if template is None or not own_text.has_fields(template):
        return None
    return own_text.filled(template, json.loads(recipient.fields))


def _failed(recipient: Recipient, verdict: Verdict) -> Sorted:
    reason = reason_of(verdict.event, verdict.detail)
    return Sorted(recipient.number, recipient.hop, recipient.carrier, reason=reason, detail=verdict.detail)


def _hop(verdict: Verdict) -> str:
    """Return the name of a next hop in plans."""
    return f"{verdict.route or Route.LOCAL} {verdict.peer}".strip()


def _opens(recipient: Recipient, plan: Plan, now: float) -> float | None:
    """Return when a recipient may be written to, from now on; None: never."""
    if plan.quiet is None:
        return now
    return opens_at(plan.quiet, places(recipient.zone, recipient.address), now)
