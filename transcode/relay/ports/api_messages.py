"""Messages as the API takes, shows and cancels them."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import math
import re
import time
import uuid
from dataclasses import replace
from datetime import timedelta
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, TypeVar

import anyio
import msgspec
from starlette.concurrency import run_in_threadpool

import transcode
from transcode.errors import MessageError, ProfileError, TranscodeError
from transcode.jobs.isolated import JobLost
from transcode.relay.api import operations, schema, views
from transcode.relay.api.composing import Order, Source, centre_profile
from transcode.relay.api.media import fetched
from transcode.relay.api.problems import ApiError
from transcode.relay.api.reading import read_form, read_json
from transcode.relay.buckets import Charge, Rate
from transcode.relay.centre import Origin
from transcode.relay.model import API_PEER
from transcode.relay.numbers import NUMBER_OR_MAIL
from transcode.relay.policy import matches
from transcode.relay.refusals import Reason, Refusal
from transcode.relay.store import limits, submissions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from transcode.messages.message import Message
    from transcode.profile import Profile
    from transcode.relay.amendments import Amendments
    from transcode.relay.api.composing import Composed, Composer
    from transcode.relay.api_settings import Api
    from transcode.relay.centre import Centre
    from transcode.relay.config import Config
    from transcode.relay.ports.api_requests import Asked
    from transcode.relay.store import SqlStore
    from transcode.relay.store.keys import ApiKey

__all__ = ["REFUSED", "Messages", "Page", "idempotency_key"]

_Row = TypeVar("_Row")
_View = TypeVar("_View")
_Page = TypeVar("_Page")

#: The kinds of problems by the reason of a refusal.
REFUSED = {
    Reason.DENIED: "forbidden",
    Reason.CORRUPT: "invalid",
    Reason.CONTENT: "refused",
    Reason.UNRESOLVED: "refused",
    Reason.REPLY_CHARGING: "refused",
    Reason.NOT_NOW: "rate",
}
_KEY = re.compile(r"[!-~]{1,255}")
#: The fields of what the engine calls otherwise.
_NAMED = {
    "delivery_time": "send_at",
    "x-mms-delivery-time": "send_at",
    "expiry": "validity_period",
    "x-mms-expiry": "validity_period",
    "message_class": "message_class",
}
_OPTIONS = ("read_report", "priority", "message_class", "show_sender")


class Page(msgspec.Struct):
    """The words of an address that asks for a page."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=operations.LONGEST_PAGE)] = 50
    after: str = ""
    client_reference: str = ""

    def before(self) -> tuple[float, str] | None:
        """Return time and id of the last row of the page before; None: the first page is asked for.

        Raises:
            ApiError: no page had such a word.
        """
        try:
            return views.of_cursor(self.after) if self.after else None
        except ValueError as error:
            raise ApiError.of_field("invalid", "after", "is none that next had") from error

    def page(
        self,
        find: Callable[..., Sequence[_Row]],
        place: Callable[[_Row], tuple[float, str]],
        view: Callable[[_Row], _View],
        of: Callable[[list[_View], str | None], _Page],
    ) -> _Page:
        """Return the page.

        Args:
            find: finds rows by the keywords of submissions.page.
            place: returns time and id of a row.
            view: returns what is shown of a row.
            of: makes the page of what is shown and the word for the next page; None: there is none.

        Raises:
            ApiError: no page had such a word.
        """
        # One more than the page has, where there is one.
        found = find(before=self.before(), reference=self.client_reference, most=self.limit + 1)
        shown = found[: self.limit]
        more = views.cursor(*place(shown[-1])) if len(found) > self.limit else None
        return of([view(one) for one in shown], more)


class Messages:
    """Answers requests on messages.

    Args:
        config, settings: the configuration, and its part for the API.
        centre, amendments: the rules.
        store: the rows.
        composer: composes messages.
    """

    def __init__(
        self,
        config: Config,
        settings: Api,
        centre: Centre,
        amendments: Amendments,
        store: SqlStore,
        composer: Composer,
    ) -> None:
        self._settings = settings
        self._numbers = config.numbers
        self._most_bytes = config.policy.max_message_bytes
        self._seconds = config.policy.receive_seconds
        self._profile = centre_profile(settings.network, self._most_bytes)
        self._centre = centre
        self._amendments = amendments
        self._store = store
        self._composer = composer
        #: Requests to other hosts have threads of their own, so that slow ones keep no other door waiting.
        self._fetches = anyio.CapacityLimiter(settings.fetches)
        #: Requests with the same Idempotency-Key wait for each other, and how many do.
        self._same: dict[tuple[str, str], tuple[asyncio.Lock, int]] = {}

    # Sending

    async def create(self, asked: Asked) -> schema.Message:
        """Take a message."""
        name = idempotency_key(asked)
        new, files = await self._read(asked)
        new = self._checked(new, files, asked.key)
        # Hashing a large request takes a moment that phones would wait for.
        fingerprint = await run_in_threadpool(_fingerprint, new, files)
        claim = submissions.Claim(asked.key.account, name, fingerprint, new.client_reference, "")
        async with self.alone(claim):
            known = await run_in_threadpool(self._earlier, claim)
            if known is None:
                known = await self._accepted(asked, new, files, claim)
            shown = await run_in_threadpool(partial(views.message, self._store, known, is_new=True))
        asked.headers["Location"] = f"/v1/messages/{shown.id}"
        return shown

    async def _read(self, asked: Asked) -> tuple[schema.NewMessage, list[Source]]:
        if asked.content_type not in ("application/json", "multipart/form-data"):
            taken = "application/json and multipart/form-data are taken"
            raise ApiError("media-type", f"{taken}, not {asked.content_type or 'nothing'}")
        octets = await asked.octets(self._settings.max_request_bytes, self._seconds)
        if asked.content_type == "application/json":
            return read_json(schema.NewMessage, octets), []
        return await read_form(asked.request.headers, octets)

    def _checked(self, new: schema.NewMessage, files: Sequence[Source], key: ApiKey) -> schema.NewMessage:
        """Return a message with its sender, and each recipient once.

        Raises:
            ApiError: a field has a value that can't be.
        """
        to = list(dict.fromkeys(map(self._numbers.normal, new.to)))
        for place, address in enumerate(new.to):
            # A pattern's $ takes a line break at the end.
            if not address.isprintable():
                raise ApiError.of_field("invalid", f"to[{place}]", "has a control character")
            if not NUMBER_OR_MAIL.fullmatch(self._numbers.normal(address)):
                raise ApiError.of_field(
                    "invalid", f"to[{place}]", f"{address} is no number and no mail address"
                )
        most = self._settings.max_recipients
        if len(to) > most:
            raise ApiError.of_field("invalid", "to", f"has {len(to)} recipients, at most {most}", most)
        count, most = len(new.media_urls) + len(files), self._settings.max_media
        if count > most:
            field = "media" if files else "media_urls"
            raise ApiError.of_field("invalid", field, f"{count} media, at most {most}", most)
        if not (count or new.text):
            raise ApiError.of_field("invalid", "text", "is missing, and media too")
        return msgspec.structs.replace(new, to=to, sender=self.sender(new.sender, key))

    def sender(self, named: str | None, key: ApiKey) -> str:
        """Return who a message is from.

        Raises:
            ApiError: the key may not send from there, or has no number of its own.
        """
        senders = tuple(map(self._numbers.pattern, key.senders))
        sender = self._numbers.normal(named or next((one for one in senders if "*" not in one), ""))
        if not sender:
            raise ApiError.of_field("invalid", "from", "is missing, and the key has no number of its own")
        if not sender.isprintable() or not matches(sender, senders):
            raise ApiError.of_field("forbidden", "from", f"the key may not send from {sender}")
        return sender

    @contextlib.asynccontextmanager
    async def alone(self, claim: submissions.Claim) -> AsyncIterator[None]:
        """Let one request with an Idempotency-Key be at work here: the others then find its message."""
        if not claim.name:
            yield
            return
        place = (claim.account, claim.name)
        lock, waiting = self._same.get(place, (asyncio.Lock(), 0))
        self._same[place] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._same[place]
            if waiting == 1:
                del self._same[place]
            else:
                self._same[place] = (lock, waiting - 1)

    def _earlier(self, claim: submissions.Claim) -> submissions.Submitted | None:
        try:
            name = submissions.earlier(self._store, claim, time.time())
        except submissions.Reused as error:
            raise ApiError("idempotency", str(error)) from error
        return submissions.submitted(self._store, claim.account, name) if name else None

    async def _accepted(
        self, asked: Asked, new: schema.NewMessage, files: Sequence[Source], claim: submissions.Claim
    ) -> submissions.Submitted:
        """Fetch media, compose the message, and have the centre accept it."""
        key = asked.key
        charge = Charge(f"key {key.id}", Rate(key.per_minute, key.burst), len(new.to))
        await run_in_threadpool(self._check, new, key, charge)
        media = await self.media(asked, new, files)
        composed = await self.composed(new, media, is_local=await run_in_threadpool(self._is_local, new, key))
        claim = claim._replace(media=msgspec.json.encode(composed.media).decode())
        return await run_in_threadpool(self._kept, new, composed, key, charge, claim)

    def _check(self, new: schema.NewMessage, key: ApiKey, charge: Charge) -> None:
        """Refuse what would be refused anyway, before it costs work."""
        may_relay = "messages:relay" in key.scopes
        faults = [
            schema.Fault(f"to[{place}]", f"no route serves {address}")
            for place, address in enumerate(new.to)
            if not self._centre.serves(address, API_PEER + key.account, may_relay=may_relay)
        ]
        if faults:
            detail = f"no route serves {len(faults)} of {len(new.to)} recipients with this key"
            raise ApiError("refused", detail, faults)
        self._profile_of(new)
        _options(new)
        wait = limits.wait(self._store, charge, time.time())
        if wait > 0:
            raise ApiError.later("rate", f"too many messages; the next one in {wait:.0f} seconds", wait)

    async def media(self, asked: Asked, new: schema.NewMessage, files: Sequence[Source]) -> list[Source]:
        """Return the media of a message, those at addresses first."""
        room = self._settings.max_request_bytes - sum(len(one.octets) for one in files)
        if not new.media_urls:
            return list(files)
        taken: list[int] = []

        def take(octets: int) -> bool:
            if asked.in_flight.take(octets):
                taken.append(octets)
                return True
            return False

        asked.held.callback(lambda: asked.in_flight.release(sum(taken)))
        get = partial(fetched, new.media_urls, room, self._settings, take)
        return [*await anyio.to_thread.run_sync(get, limiter=self._fetches), *files]

    async def composed(self, new: schema.NewMessage, media: Sequence[Source], *, is_local: bool) -> Composed:
        """Compose a message.

        Args:
            new: what is asked for.
            media: its media.
            is_local: whether every recipient's message is adapted here.

        Raises:
            ApiError: it can't be composed.
        """
        order = await run_in_threadpool(self._order, new, media, is_local)
        try:
            return await asyncio.wrap_future(await run_in_threadpool(self._composer.begin, order))
        except JobLost as error:
            seconds = self._settings.compose_seconds
            raise ApiError.of_field("media", "media", f"composing the message {error}", seconds) from error
        except TranscodeError as error:
            raise _of_engine(error) from error

    def _is_local(self, new: schema.NewMessage, key: ApiKey) -> bool:
        # Without that right a key reaches the phones of this centre alone.
        return all(self._centre.serves(one, API_PEER + key.account) for one in new.to)

    def _order(self, new: schema.NewMessage, media: Sequence[Source], is_local: bool) -> Order:
        recipients = tuple(new.to)
        is_open = new.group or len(recipients) == 1
        return Order(
            tuple(media),
            self._profile_of(new),
            new.profile is not None,
            is_local,
            new.sender or "",
            recipients if is_open else (),
            # A campaign gets its recipients later, and no submission is without one.
            () if is_open else recipients or (new.sender or "",),
            new.subject,
            new.text,
            new.text_first,
            new.as_clip,
            _options(new),
        )

    def _profile_of(self, new: schema.NewMessage) -> Profile:
        if new.profile is None:
            for field, usual in (("profile_size", "safe"), ("bearer", None)):
                if getattr(new, field) != usual:
                    raise ApiError.of_field("invalid", field, "needs a profile")
            return self._profile
        try:
            profile = transcode.receiver(new.profile, bearer=new.bearer, size=new.profile_size)
        except ProfileError as error:
            raise ApiError.of_field("invalid", "profile", str(error)) from error
        return replace(
            profile, max_message_bytes=min(profile.max_message_bytes, self._most_bytes), max_recipients=None
        )

    def _kept(
        self,
        new: schema.NewMessage,
        composed: Composed,
        key: ApiKey,
        charge: Charge,
        claim: submissions.Claim,
    ) -> submissions.Submitted:
        message: Message = transcode.read(composed.pdu)
        origin = Origin(
            "mm1",
            new.sender or "",
            API_PEER + key.account,
            # Two requests that are equal are two messages, but with one Idempotency-Key.
            fingerprint=uuid.uuid4().hex,
            max_recipients=self._settings.max_recipients,
            door="api",
            charge=charge,
            may_relay="messages:relay" in key.scopes,
            claim=claim,
        )
        try:
            taken = self._centre.accept(message, composed.pdu, new.to, origin)
        except submissions.Reused as error:
            raise ApiError("idempotency", str(error)) from error
        if isinstance(taken, Refusal):
            if taken.wait:
                raise ApiError.later(REFUSED[taken.reason], taken.text, taken.wait)
            raise _of_words(REFUSED[taken.reason], taken.text)
        kept = submissions.submitted(self._store, key.account, taken)
        if kept is None:
            raise LookupError(f"message {taken} is not there")
        return kept

    # Seeing and cancelling

    async def one(self, asked: Asked) -> schema.Message:
        """Show a message."""
        return await run_in_threadpool(self._shown, asked)

    def _shown(self, asked: Asked) -> schema.Message:
        return views.message(self._store, self._own(asked), with_trail=True)

    def _own(self, asked: Asked) -> submissions.Submitted:
        kept = submissions.submitted(self._store, asked.key.account, asked.path["id"])
        if kept is None:
            # Of another account's message it says no more than of one that never was.
            raise ApiError("not-found", "there is no such message")
        return kept

    async def page(self, asked: Asked) -> schema.MessagePage:
        """List messages."""
        find = partial(submissions.page, self._store, asked.key.account)
        place, view = attrgetter("made_at", "message"), partial(views.message, self._store)
        return await run_in_threadpool(asked.words(Page).page, find, place, view, schema.MessagePage)

    async def cancel(self, asked: Asked) -> schema.Message:
        """Cancel a message."""
        return await run_in_threadpool(self._cancelled, asked)

    def _cancelled(self, asked: Asked) -> schema.Message:
        kept = self._own(asked)
        amended = self._amendments.cancel(kept.message, ())
        if amended.left and not amended.done:
            raise ApiError("too-late", "every recipient began to fetch the message, has it, or never will")
        return views.message(self._store, kept, with_trail=True)


def idempotency_key(asked: Asked) -> str:
    """Return the Idempotency-Key of a request, or ``""``.

    Raises:
        ApiError: it is none that can be.
    """
    names = asked.request.headers.getlist("idempotency-key")
    if not names:
        return ""
    if len(names) > 1 or not _KEY.fullmatch(names[0]):
        reason = "must be one word of 1 to 255 printable characters of ASCII"
        raise ApiError.of_field("invalid", "Idempotency-Key", reason, 255)
    return names[0]


def _fingerprint(new: schema.NewMessage, files: Sequence[Source]) -> str:
    """Return what is equal in the same request again, however it is written."""
    digest = hashlib.sha256(msgspec.json.encode(new))
    for one in files:
        digest.update(hashlib.sha256(one.octets).digest())
    return digest.hexdigest()


def _options(new: schema.NewMessage) -> transcode.SendOptions:
    is_automatic = new.message_class == "auto"
    asks = not is_automatic if new.delivery_report is None else new.delivery_report
    expiry = None
    try:
        if new.validity_period is not None:
            after = timedelta(seconds=new.validity_period)
            expiry = new.validity_period if new.send_at is None else new.send_at + after
    except OverflowError as error:
        raise ApiError.of_field("invalid", "send_at", "is no time that a message has") from error
    try:
        return transcode.SendOptions(
            delivery_report=asks,
            expiry=expiry,
            delivery_time=new.send_at,
            **{name: getattr(new, name) for name in _OPTIONS},
        )
    except MessageError as error:
        raise _of_engine(error) from error


def _of_engine(error: Exception) -> ApiError:
    """Return the problem that an error of the engine is, with the field that it names."""
    source = getattr(error, "source", None)
    if source:
        return ApiError.of_field("media", str(source), str(getattr(error, "reason", error)))
    limit = getattr(error, "limit", None)
    if limit is not None:
        size = float(limit) if math.isfinite(limit) else None
        return ApiError.of_field("media", "media", str(error), size)
    return _of_words("invalid", str(error))


def _of_words(kind: str, text: str) -> ApiError:
    """Return the problem of a text that may begin with the engine's name of a value."""
    name, _, reason = text.partition(": ")
    field = _NAMED.get(name.lower())
    return ApiError.of_field(kind, field, reason) if field else ApiError(kind, text)
