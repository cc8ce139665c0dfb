"""Campaigns as the API takes, shows and ends them."""

from __future__ import annotations

import hashlib
import math
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, BinaryIO

import msgspec
from starlette.concurrency import run_in_threadpool

import transcode
from transcode.relay.api import campaign_views, operations, schema, stand_ins
from transcode.relay.api.problems import ApiError
from transcode.relay.api.reading import read_campaign, read_json
from transcode.relay.api.uploads import Reader, WrongHead
from transcode.relay.centre import Origin
from transcode.relay.estimate.reckoning import estimate
from transcode.relay.model import API_PEER
from transcode.relay.ports.api_messages import REFUSED, Page, idempotency_key
from transcode.relay.refusals import Refusal
from transcode.relay.statuses import RecipientStatus  # noqa: TC001  (msgspec reads it)
from transcode.relay.store import campaigns, recipients, submissions
from transcode.relay.store.campaigns import Action, Campaign, CampaignState, WrongState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transcode.relay.api.composing import Composed, Source
    from transcode.relay.api_settings import Api
    from transcode.relay.centre import Centre
    from transcode.relay.config import Config
    from transcode.relay.estimate.reckoning import Estimate
    from transcode.relay.estimate.versions import Versions
    from transcode.relay.model import Envelope
    from transcode.relay.ports.api_messages import Messages
    from transcode.relay.ports.api_requests import Asked
    from transcode.relay.store import Blobs, SqlStore
    from transcode.relay.store.keys import ApiKey
    from transcode.relay.store.recipients import Row

__all__ = ["Campaigns"]

#: Rows that are written in one transaction.
_TOGETHER = 1000
#: What CSV and lines of JSON are called.
_ROWS = ("text/csv", "application/x-ndjson", "application/jsonl", "application/json-lines", "text/plain")
_OF_MESSAGE = (
    *("text", "subject", "media_urls", "text_first", "as_clip", "validity_period"),
    *("profile", "profile_size", "bearer"),
    "priority",
    *("message_class", "delivery_report", "read_report", "show_sender", "client_reference"),
)


class _Recipients(msgspec.Struct):
    """The words of an address that asks for a page of recipients."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=operations.LONGEST_ROWS)] = 100
    after: Annotated[str, msgspec.Meta(pattern="^[0-9]{0,15}$")] = ""
    status: RecipientStatus | None = None


class _Asked:
    """A campaign that is asked for: what it has, and the rows of its recipients."""

    def __init__(
        self, new: schema.NewCampaign, media: Sequence[Source], file: BinaryIO | None, fingerprint: str
    ) -> None:
        self.new = new
        self.media = media
        self.file = file
        self.fingerprint = fingerprint


class Campaigns:
    """Answers requests on campaigns.

    Args:
        config, settings: the configuration, and its part for the API.
        centre: the rules.
        store, blobs: where everything is kept.
        messages: fetches media, and composes messages of them.
        versions: makes what each carrier's phones get.
    """

    def __init__(
        self,
        config: Config,
        settings: Api,
        centre: Centre,
        store: SqlStore,
        blobs: Blobs,
        messages: Messages,
        versions: Versions,
    ) -> None:
        self._settings = settings
        self._numbers = config.numbers
        self._timers = config.timers
        self._most_bytes = config.policy.max_message_bytes
        self._seconds = config.policy.receive_seconds
        self._estimate_seconds = config.policy.wait_seconds
        self._centre = centre
        self._store = store
        self._blobs = blobs
        self._messages = messages
        self._versions = versions

    # Making

    async def create(self, asked: Asked) -> schema.Campaign:
        """Take a campaign."""
        name = idempotency_key(asked)
        read = await self._read(asked)
        self._check(read, asked.key)
        sender = self._messages.sender(read.new.sender, asked.key)
        read.new = msgspec.structs.replace(read.new, sender=sender)
        claim = submissions.Claim(asked.key.account, name, read.fingerprint, read.new.client_reference, "[]")
        async with self._messages.alone(claim):
            made = await run_in_threadpool(self._earlier, claim)
            if made is None:
                made = await self._made(asked, read, claim)
        asked.headers["Location"] = f"/v1/campaigns/{made.id}"
        return await run_in_threadpool(campaign_views.campaign, self._store, made)

    async def _read(self, asked: Asked) -> _Asked:
        if asked.content_type == "application/json":
            octets = await asked.octets(self._settings.max_request_bytes, self._seconds)
            new = read_json(schema.NewCampaign, octets)
            return _Asked(new, (), None, await run_in_threadpool(_digest, new, (), None))
        if asked.content_type != "multipart/form-data":
            taken = "application/json and multipart/form-data are taken"
            raise ApiError("media-type", f"{taken}, not {asked.content_type or 'nothing'}")
        most = self._settings.max_request_bytes + self._settings.max_campaign_bytes
        file = await asked.file(most, self._seconds)
        form = await read_campaign(asked.request.headers, file)
        asked.held.push_async_callback(form.form.close)
        size = sum(len(one.octets) for one in form.media)
        if size > self._settings.max_request_bytes:
            most = self._settings.max_request_bytes
            raise ApiError.of_field("too-large", "media", f"at most {most} octets are taken", most)
        if not asked.in_flight.take(size):
            raise ApiError.later("busy", "too many messages at once", 30)
        asked.held.callback(asked.in_flight.release, size)
        digest = await run_in_threadpool(_digest, form.new, form.media, form.recipients)
        return _Asked(form.new, form.media, form.recipients, digest)

    def _check(self, read: _Asked, key: ApiKey) -> None:
        """Refuse what would be refused anyway, before it costs work; give a pace to what has none.

        Raises:
            ApiError: a field has a value that can't be.
        """
        new = read.new
        count, most = len(new.media_urls) + len(read.media), self._settings.max_media
        if count > most:
            field = "media" if read.media else "media_urls"
            raise ApiError.of_field("invalid", field, f"{count} media, at most {most}", most)
        if not (count or new.text):
            raise ApiError.of_field("invalid", "text", "is missing, and media too")
        most_a_second = min(self._settings.campaign_per_second, key.campaign_per_second or math.inf)
        if new.pace == schema.Pace():
            # Who asks for no pace gets the usual one, or that of the key.
            pace = schema.Pace(per_second=min(new.pace.per_second, most_a_second))
            read.new = new = msgspec.structs.replace(new, pace=pace)
        campaign_views.plan(new.pace, most_a_second)
        if new.start_at is not None and new.start_at.timestamp() > time.time() + self._timers.max_expiry:
            most_days = self._timers.max_expiry / 86_400
            raise ApiError.of_field("invalid", "start_at", f"is more than {most_days:.0f} days ahead")
        begin = time.time() if new.start_at is None else new.start_at.timestamp()
        if new.expires_at is not None and new.expires_at.timestamp() <= begin:
            raise ApiError.of_field("invalid", "expires_at", "is before the start")

    def _earlier(self, claim: submissions.Claim) -> Campaign | None:
        """Return the campaign that an Idempotency-Key stands for; None: there is none, or half of one."""
        try:
            name = submissions.earlier(self._store, claim, time.time())
        except submissions.Reused as error:
            raise ApiError("idempotency", str(error)) from error
        found = campaigns.campaign(self._store, name, claim.account) if name else None
        return None if found is None or found.state == CampaignState.LOADING else found

    async def _made(self, asked: Asked, read: _Asked, claim: submissions.Claim) -> Campaign:
        """Fetch media, compose the message, and keep it with its recipients."""
        new = read.new
        content = schema.NewMessage(
            to=[], sender=new.sender, **{one: getattr(new, one) for one in _OF_MESSAGE}
        )
        media = await self._messages.media(asked, content, read.media)
        # Without that right a key reaches the phones of this centre alone.
        is_local = "messages:relay" not in asked.key.scopes
        composed = await self._messages.composed(content, media, is_local=is_local)
        claim = claim._replace(media=msgspec.json.encode(composed.media).decode())
        return await run_in_threadpool(self._kept, read, composed, asked.key, claim)

    def _kept(self, read: _Asked, composed: Composed, key: ApiKey, claim: submissions.Claim) -> Campaign:
        envelope = self._envelope(composed, read.new, key)
        new = read.new
        draft = campaigns.Draft(
            key=key.id,
            template=new.text,
            plan=campaign_views.plan_text(new.pace),
            paid=uuid.uuid4().hex,
            start_at=None if new.start_at is None else new.start_at.timestamp(),
            expires_at=None if new.expires_at is None else new.expires_at.timestamp(),
            validity=float(new.validity_period or self._timers.expiry),
        )
        write = partial(campaigns.begin, envelope=envelope, claim=claim, draft=draft)
        try:
            name, state, is_mine = self._store.write(write).result()
        except submissions.Reused as error:
            raise ApiError("idempotency", str(error)) from error
        # Again, after the row names them: a sweep may have been between.
        self._blobs.put_again(envelope.blob, composed.pdu)
        if not is_mine and state == CampaignState.LOADING:
            raise ApiError.later("busy", "another request with this key is being read", campaigns.LEASE)
        if is_mine:
            try:
                self._added(name, self._reader(name), read.file, new.recipients, draft.paid)
                stand_ins.settle(self._store, self._blobs, name)
                # In one transaction: the same request again finds a campaign that began, or none.
                start = time.time() if new.start else None
                end = partial(recipients.loaded, name=name, reader=draft.paid, starts_at=start)
                self._store.write(end).result()
            except recipients.NotLoading as error:
                raise ApiError.later("busy", str(error), campaigns.LEASE) from error
            except BaseException:
                # Half of a campaign is none, and the key may come again with all of it.
                self._store.write(partial(campaigns.drop, name=name)).result()
                raise
        return self._there(name)

    def _envelope(self, composed: Composed, new: schema.NewCampaign, key: ApiKey) -> Envelope:
        """Keep the octets of the message.

        Raises:
            ApiError: the centre does not take it.
        """
        origin = Origin(
            "mm1",
            new.sender or "",
            API_PEER + key.account,
            fingerprint=uuid.uuid4().hex,
            door="api",
            may_relay="messages:relay" in key.scopes,
        )
        held = self._centre.hold(transcode.read(composed.pdu), composed.pdu, origin)
        if isinstance(held, Refusal):
            raise ApiError(REFUSED[held.reason], held.text)
        return replace(held, lane=campaigns.lane(held.id))

    # Recipients

    async def add(self, asked: Asked) -> schema.Uploaded:
        """Add recipients to a draft."""
        own = await run_in_threadpool(self._own, asked)
        if asked.content_type not in _ROWS:
            taken = "text/csv and application/x-ndjson are taken"
            raise ApiError("media-type", f"{taken}, not {asked.content_type or 'nothing'}")
        if own.state != CampaignState.DRAFT:
            raise ApiError("too-late", f"a campaign that is {own.state} takes no more recipients")
        file = await asked.file(self._settings.max_campaign_bytes, self._seconds)
        return await run_in_threadpool(self._uploaded, own, file)

    def _uploaded(self, own: Campaign, file: BinaryIO) -> schema.Uploaded:
        try:
            read, usable, first = self._added(own.id, self._reader(own.id), file, ())
        except recipients.NotLoading as error:
            raise ApiError("too-late", str(error)) from error
        stand_ins.settle(self._store, self._blobs, own.id)
        return schema.Uploaded(rows=read, accepted=usable, rejected=read - usable, first_row=first)

    def _added(
        self,
        name: str,
        reader: Reader,
        file: BinaryIO | None,
        values: Sequence[schema.NewRecipient],
        word: str = "",
    ) -> tuple[int, int, int]:
        """Add rows; return how many were read, how many of them can be used, and the first one's number.

        Raises:
            ApiError: there are too many, or CSV has no head.
            NotLoading: the campaign began meanwhile, or another request reads its recipients.
        """
        read = usable = 0
        first = self._there(name).total + 1
        most = self._settings.max_campaign_recipients
        sources: list[Iterable[Row]] = [reader.of_values(values)]
        if file is not None:
            sources.append(reader.of_file(file))
        try:
            for rows in map(iter, sources):
                while part := list(islice(rows, _TOGETHER)):
                    if first - 1 + read + len(part) > most:
                        raise ApiError.of_field("invalid", "recipients", f"more than {most} rows", most)
                    add = partial(recipients.add, name=name, rows=part, now=time.time(), reader=word)
                    usable += self._store.write(add, large=True).result()
                    read += len(part)
        except WrongHead as error:
            raise ApiError.of_field("invalid", "recipients", str(error)) from error
        return read, usable, first

    def _reader(self, name: str) -> Reader:
        """Return what reads recipients of a campaign.

        Raises:
            ApiError: its media leave no room for a text.
        """
        own = self._there(name)
        room = stand_ins.room(self._blobs, own, self._most_bytes)
        if room <= 0:
            raise ApiError.of_field("refused", "text", "the media leave it no room", self._most_bytes)
        return Reader(own.template, self._numbers.normal, room, own.subject)

    # Seeing

    async def one(self, asked: Asked) -> schema.Campaign:
        """Show a campaign."""
        return await run_in_threadpool(self._shown, asked)

    def _shown(self, asked: Asked) -> schema.Campaign:
        return campaign_views.campaign(self._store, self._own(asked))

    async def page(self, asked: Asked) -> schema.CampaignPage:
        """List campaigns."""
        find = partial(campaigns.page, self._store, asked.key.account)
        place, view = attrgetter("made_at", "id"), partial(campaign_views.campaign, self._store)
        return await run_in_threadpool(asked.words(Page).page, find, place, view, schema.CampaignPage)

    async def recipients(self, asked: Asked) -> schema.CampaignRecipientPage:
        """List recipients of a campaign."""
        return await run_in_threadpool(self._listed, asked, asked.words(_Recipients))

    def _listed(self, asked: Asked, words: _Recipients) -> schema.CampaignRecipientPage:
        own = self._own(asked)
        status = "" if words.status is None else str(words.status)
        found = recipients.listed(
            self._store, own.id, status=status, after=int(words.after or 0), most=words.limit + 1
        )
        more = str(found[words.limit - 1].number) if len(found) > words.limit else None
        return schema.CampaignRecipientPage(list(map(campaign_views.recipient, found[: words.limit])), more)

    async def estimate(self, asked: Asked) -> schema.Estimate:
        """Say what a campaign takes."""
        return await run_in_threadpool(self._estimated, asked)

    def _estimated(self, asked: Asked) -> schema.Estimate:
        found = estimate(
            self._store, self._versions, self._own(asked), now=time.time(), seconds=self._estimate_seconds
        )
        return _shown_estimate(found)

    # Doing

    async def start(self, asked: Asked) -> schema.Campaign:
        """Start a campaign."""
        return await run_in_threadpool(self._acted, asked, Action.START)

    async def pause(self, asked: Asked) -> schema.Campaign:
        """Send nothing of a campaign until it is resumed."""
        return await run_in_threadpool(self._acted, asked, Action.PAUSE)

    async def resume(self, asked: Asked) -> schema.Campaign:
        """Go on with a campaign."""
        return await run_in_threadpool(self._acted, asked, Action.RESUME)

    async def cancel(self, asked: Asked) -> schema.Campaign:
        """End what is left of a campaign."""
        return await run_in_threadpool(self._acted, asked, Action.CANCEL)

    def _acted(self, asked: Asked, action: Action) -> schema.Campaign:
        own = self._own(asked)
        try:
            if action is Action.START:
                after = stand_ins.settle(self._store, self._blobs, own.id, is_start=True)
            else:
                after = campaigns.set_state(self._store, own.id, action, time.time())
        except WrongState as error:
            raise ApiError("too-late", str(error)) from error
        return campaign_views.campaign(self._store, after)

    def _own(self, asked: Asked) -> Campaign:
        found = campaigns.campaign(self._store, asked.path["id"], asked.key.account)
        if found is None or found.state == CampaignState.LOADING:
            # Of another account's campaign it says no more than of one that never was.
            raise ApiError("not-found", "there is no such campaign")
        return found

    def _there(self, name: str) -> Campaign:
        found = campaigns.campaign(self._store, name)
        if found is None:
            raise LookupError(f"campaign {name} is not there")
        return found


def _shown_estimate(found: Estimate) -> schema.Estimate:
    """Return an estimate."""
    return schema.Estimate(
        messages=found.recipients,
        unsorted=found.unsorted,
        refused=found.refused,
        carriers=[schema.CarrierEstimate(**one._asdict()) for one in found.carriers],
        size=found.octets,
        begins_at=datetime.fromtimestamp(found.begins_at, UTC),
        ends_at=datetime.fromtimestamp(found.ends_at, UTC),
        minutes=round(found.seconds / 60, 2),
    )


def _digest(new: schema.NewCampaign, media: Sequence[Source], file: BinaryIO | None) -> str:
    """Return what is equal in the same request again, however it is written."""
    digest = hashlib.sha256(msgspec.json.encode(new))
    for one in media:
        digest.update(hashlib.sha256(one.octets).digest())
    if file is not None:
        while piece := file.read(1_000_000):
            digest.update(piece)
        file.seek(0)
    return f"campaign {digest.hexdigest()}"
