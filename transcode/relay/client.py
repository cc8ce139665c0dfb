"""Clients of the API of a message centre: for programs that wait, and for those with asyncio.

They need the extra ``relay``, and nothing of a centre.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from transcode.relay.api import schema
from transcode.relay.asking import (
    CAMPAIGNS,
    MESSAGES,
    WEBHOOKS,
    ApiProblem,
    Ask,
    Asking,
    WrongSignature,
    of,
    verify,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from datetime import datetime
    from types import TracebackType
    from typing import Self

    from transcode.relay.asking import Media, Recipients

__all__ = ["ApiProblem", "AsyncClient", "Client", "WrongSignature", "verify"]

_Value = TypeVar("_Value")


class Client(Asking):
    """Sends messages through a message centre, and sees what became of them; a context manager.

    Each request may be made again: after 429 and 5xx, as Retry-After says, and where the connection breaks. A
    message has an Idempotency-Key, so it is sent once all the same.

    Args:
        url: the address of the centre, such as ``"https://mms.example"``.
        key: a key of ``transcode relay key create``.
        timeout: the seconds in which the centre has to go on with an answer. Clips take time to be read.
        retries: how often a request is made again.
    """

    def __init__(self, url: str, key: str, *, timeout: float = 90.0, retries: int = 3) -> None:
        super().__init__(url, key, retries)
        self._client = httpx.Client(**self._settings(timeout))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close connections."""
        self._client.close()

    def send(
        self,
        to: str | Sequence[str],
        *,
        text: str | None = None,
        media: Sequence[Media] = (),
        media_urls: Sequence[str] | None = None,
        sender: str | None = None,
        subject: str | None = None,
        send_at: datetime | None = None,
        idempotency_key: str | None = None,
        **options: Any,
    ) -> schema.Message:
        """Send a message; when it returns, the centre has it on its disk.

        Args:
            to: the recipients.
            text, media_urls, subject, send_at: fields of a message of the API.
            media: paths of files, or octets, in order; they follow those of media_urls.
            sender: the field ``from``.
            idempotency_key: a word that stands for this request for three days; None: a new one each time.
            **options: further fields, such as ``validity_period`` or ``client_reference``.

        Raises:
            ApiProblem: the centre does not take it.
            TransportError: the centre can't be reached.
            OSError: a file can't be read.
        """
        fields = {"text": text, "media_urls": media_urls, "sender": sender, "subject": subject}
        sending = self._sending(to, media, idempotency_key, {**fields, "send_at": send_at, **options})
        return self._ask(sending, schema.Message)

    def message(self, name: str) -> schema.Message:
        """Return a message, with the trail of each recipient; errors are those of send."""
        return self._ask(Ask("GET", of(MESSAGES, name), schema.Message), schema.Message)

    def messages(self, *, page_size: int = 50, client_reference: str = "") -> Iterator[schema.Message]:
        """Yield the messages of the account, the newest first; errors are those of send."""
        after: str | None = ""
        while after is not None:
            page = self._ask(self._page(after, page_size, client_reference), schema.MessagePage)
            yield from page.data
            after = page.next

    def cancel(self, name: str) -> schema.Message:
        """Cancel a message for those who did not begin to fetch it; errors are those of send."""
        return self._ask(Ask("POST", of(MESSAGES, name, "/cancel"), schema.Message), schema.Message)

    def create_campaign(
        self,
        recipients: Recipients = b"",
        *,
        text: str | None = None,
        media: Sequence[Media] = (),
        media_urls: Sequence[str] | None = None,
        sender: str | None = None,
        subject: str | None = None,
        pace: dict[str, Any] | schema.Pace | None = None,
        idempotency_key: str | None = None,
        **options: Any,
    ) -> schema.Campaign:
        """Make a campaign: one message for many recipients, who each get one alone.

        Args:
            recipients: the path of a file of CSV or of lines of JSON, its octets, or rows: mappings with
                ``to``, perhaps ``time_zone``, and fields of the text.
            text: the text; ``{name}`` in it stands for a field.
            media, media_urls, sender, subject, idempotency_key: as for send.
            pace: how fast it goes.
            **options: further fields, such as ``start``, ``start_at`` or ``client_reference``.

        Raises:
            ApiProblem: the centre does not take it.
            TransportError: the centre can't be reached.
            OSError: a file can't be read.
        """
        fields = {"text": text, "media_urls": media_urls, "sender": sender, "subject": subject, "pace": pace}
        asking = self._campaigning(recipients, media, idempotency_key, {**fields, **options})
        return self._ask(asking, schema.Campaign)

    def add_campaign_recipients(self, name: str, recipients: Recipients) -> schema.Uploaded:
        """Add recipients to a draft; arguments and errors are those of create_campaign."""
        return self._ask(self._adding(name, recipients), schema.Uploaded)

    def campaign(self, name: str) -> schema.Campaign:
        """Return a campaign, and how far it is; errors are those of send."""
        return self._ask(Ask("GET", of(CAMPAIGNS, name), schema.Campaign), schema.Campaign)

    def campaigns(self, *, page_size: int = 50, client_reference: str = "") -> Iterator[schema.Campaign]:
        """Yield the campaigns of the account, the newest first; errors are those of send."""
        after: str | None = ""
        while after is not None:
            page = self._ask(self._campaign_page(after, page_size, client_reference), schema.CampaignPage)
            yield from page.data
            after = page.next

    def campaign_recipients(
        self, name: str, *, status: str = "", page_size: int = 1000
    ) -> Iterator[schema.CampaignRecipient]:
        """Yield recipients of a campaign by their rows; errors are those of send.

        Args:
            name: the campaign.
            status: the status that they have, such as ``"failed"``; ``""``: any.
            page_size: how many are asked for at once.
        """
        after: str | None = ""
        while after is not None:
            ask = self._recipient_page(name, after, page_size, status)
            page = self._ask(ask, schema.CampaignRecipientPage)
            yield from page.data
            after = page.next

    def estimate_campaign(self, name: str) -> schema.Estimate:
        """Return what a campaign takes, or what is left of it; errors are those of send."""
        return self._ask(Ask("GET", of(CAMPAIGNS, name, "/estimate"), schema.Estimate), schema.Estimate)

    def start_campaign(self, name: str) -> schema.Campaign:
        """Start a campaign, at once or at its time; errors are those of send."""
        return self._done(name, "start")

    def pause_campaign(self, name: str) -> schema.Campaign:
        """Send nothing of a campaign until it is resumed; errors are those of send."""
        return self._done(name, "pause")

    def resume_campaign(self, name: str) -> schema.Campaign:
        """Go on with a campaign; errors are those of send."""
        return self._done(name, "resume")

    def cancel_campaign(self, name: str) -> schema.Campaign:
        """End a campaign for those whom nobody told of the message yet; errors are those of send."""
        return self._done(name, "cancel")

    def _done(self, name: str, word: str) -> schema.Campaign:
        return self._ask(Ask("POST", of(CAMPAIGNS, name, f"/{word}"), schema.Campaign), schema.Campaign)

    def create_webhook(self, url: str, statuses: Sequence[str] = ()) -> schema.Webhook:
        """Have an address told of changes; the answer has the secret for verify. Errors are those of send."""
        return self._ask(self._webhook(url, statuses), schema.Webhook)

    def webhooks(self) -> list[schema.Webhook]:
        """Return the webhooks of the account; errors are those of send."""
        return self._ask(Ask("GET", WEBHOOKS, schema.WebhookList), schema.WebhookList).data

    def delete_webhook(self, name: str) -> None:
        """Delete a webhook; errors are those of send."""
        self._answer(Ask("DELETE", of(WEBHOOKS, name), None))

    def _ask(self, ask: Ask, kind: type[_Value]) -> _Value:
        value = self._read(ask, self._answer(ask))
        assert isinstance(value, kind)  # noqa: S101  (it was read as one)
        return value

    def _answer(self, ask: Ask) -> httpx.Response:
        tries = 0
        while True:
            try:
                answer = self._client.request(ask.method, ask.path, **self._words(ask))
            except httpx.HTTPError as error:
                wait = self._wait_after(ask, error, tries)
            else:
                if _is_done(ask, answer, tries):
                    return answer
                wait = self._wait(ask, answer, tries)
            tries += 1
            time.sleep(wait)


class AsyncClient(Asking):
    """The same as Client, for asyncio: an asynchronous context manager.

    Args:
        url, key, timeout, retries: as for Client.
    """

    def __init__(self, url: str, key: str, *, timeout: float = 90.0, retries: int = 3) -> None:
        super().__init__(url, key, retries)
        self._client = httpx.AsyncClient(**self._settings(timeout))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close connections."""
        await self._client.aclose()

    async def send(
        self,
        to: str | Sequence[str],
        *,
        text: str | None = None,
        media: Sequence[Media] = (),
        media_urls: Sequence[str] | None = None,
        sender: str | None = None,
        subject: str | None = None,
        send_at: datetime | None = None,
        idempotency_key: str | None = None,
        **options: Any,
    ) -> schema.Message:
        """Send a message; arguments and errors are those of Client.send."""
        fields = {"text": text, "media_urls": media_urls, "sender": sender, "subject": subject}
        given = {**fields, "send_at": send_at, **options}
        # Files are read beside the loop.
        sending = await asyncio.to_thread(self._sending, to, media, idempotency_key, given)
        return await self._ask(sending, schema.Message)

    async def message(self, name: str) -> schema.Message:
        """Return a message, with the trail of each recipient."""
        return await self._ask(Ask("GET", of(MESSAGES, name), schema.Message), schema.Message)

    async def messages(
        self, *, page_size: int = 50, client_reference: str = ""
    ) -> AsyncIterator[schema.Message]:
        """Yield the messages of the account, the newest first."""
        after: str | None = ""
        while after is not None:
            page = await self._ask(self._page(after, page_size, client_reference), schema.MessagePage)
            for one in page.data:
                yield one
            after = page.next

    async def cancel(self, name: str) -> schema.Message:
        """Cancel a message for those who did not begin to fetch it."""
        return await self._ask(Ask("POST", of(MESSAGES, name, "/cancel"), schema.Message), schema.Message)

    async def create_campaign(
        self,
        recipients: Recipients = b"",
        *,
        text: str | None = None,
        media: Sequence[Media] = (),
        media_urls: Sequence[str] | None = None,
        sender: str | None = None,
        subject: str | None = None,
        pace: dict[str, Any] | schema.Pace | None = None,
        idempotency_key: str | None = None,
        **options: Any,
    ) -> schema.Campaign:
        """Make a campaign; arguments and errors are those of Client.create_campaign."""
        fields = {"text": text, "media_urls": media_urls, "sender": sender, "subject": subject, "pace": pace}
        # Files are read beside the loop.
        given = {**fields, **options}
        asking = await asyncio.to_thread(self._campaigning, recipients, media, idempotency_key, given)
        return await self._ask(asking, schema.Campaign)

    async def add_campaign_recipients(self, name: str, recipients: Recipients) -> schema.Uploaded:
        """Add recipients to a draft."""
        return await self._ask(await asyncio.to_thread(self._adding, name, recipients), schema.Uploaded)

    async def campaign(self, name: str) -> schema.Campaign:
        """Return a campaign, and how far it is."""
        return await self._ask(Ask("GET", of(CAMPAIGNS, name), schema.Campaign), schema.Campaign)

    async def campaigns(
        self, *, page_size: int = 50, client_reference: str = ""
    ) -> AsyncIterator[schema.Campaign]:
        """Yield the campaigns of the account, the newest first."""
        after: str | None = ""
        while after is not None:
            page = await self._ask(
                self._campaign_page(after, page_size, client_reference), schema.CampaignPage
            )
            for one in page.data:
                yield one
            after = page.next

    async def campaign_recipients(
        self, name: str, *, status: str = "", page_size: int = 1000
    ) -> AsyncIterator[schema.CampaignRecipient]:
        """Yield recipients of a campaign; arguments are those of Client.campaign_recipients."""
        after: str | None = ""
        while after is not None:
            ask = self._recipient_page(name, after, page_size, status)
            page = await self._ask(ask, schema.CampaignRecipientPage)
            for one in page.data:
                yield one
            after = page.next

    async def estimate_campaign(self, name: str) -> schema.Estimate:
        """Return what a campaign takes, or what is left of it."""
        return await self._ask(Ask("GET", of(CAMPAIGNS, name, "/estimate"), schema.Estimate), schema.Estimate)

    async def start_campaign(self, name: str) -> schema.Campaign:
        """Start a campaign, at once or at its time."""
        return await self._done(name, "start")

    async def pause_campaign(self, name: str) -> schema.Campaign:
        """Send nothing of a campaign until it is resumed."""
        return await self._done(name, "pause")

    async def resume_campaign(self, name: str) -> schema.Campaign:
        """Go on with a campaign."""
        return await self._done(name, "resume")

    async def cancel_campaign(self, name: str) -> schema.Campaign:
        """End a campaign for those whom nobody told of the message yet."""
        return await self._done(name, "cancel")

    async def _done(self, name: str, word: str) -> schema.Campaign:
        return await self._ask(Ask("POST", of(CAMPAIGNS, name, f"/{word}"), schema.Campaign), schema.Campaign)

    async def create_webhook(self, url: str, statuses: Sequence[str] = ()) -> schema.Webhook:
        """Have an address told of changes; the answer has the secret for verify."""
        return await self._ask(self._webhook(url, statuses), schema.Webhook)

    async def webhooks(self) -> list[schema.Webhook]:
        """Return the webhooks of the account."""
        return (await self._ask(Ask("GET", WEBHOOKS, schema.WebhookList), schema.WebhookList)).data

    async def delete_webhook(self, name: str) -> None:
        """Delete a webhook."""
        await self._answer(Ask("DELETE", of(WEBHOOKS, name), None))

    async def _ask(self, ask: Ask, kind: type[_Value]) -> _Value:
        value = self._read(ask, await self._answer(ask))
        assert isinstance(value, kind)  # noqa: S101  (it was read as one)
        return value

    async def _answer(self, ask: Ask) -> httpx.Response:
        tries = 0
        while True:
            try:
                answer = await self._client.request(ask.method, ask.path, **self._words(ask))
            except httpx.HTTPError as error:
                wait = self._wait_after(ask, error, tries)
            else:
                if _is_done(ask, answer, tries):
                    return answer
                wait = self._wait(ask, answer, tries)
            tries += 1
            await asyncio.sleep(wait)


def _is_done(ask: Ask, answer: httpx.Response, tries: int) -> bool:
    """Return whether a request was done: what an earlier try deleted, whose answer was lost, is not there."""
    is_deleted = ask.method == "DELETE" and tries > 0 and answer.status_code == 404
    return answer.is_success or is_deleted
