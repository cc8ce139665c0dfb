"""Webhooks of an account, as the API makes, lists and deletes them."""

from __future__ import annotations

import base64
import secrets
import time
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from transcode.net import is_address
from transcode.relay.api import schema, views
from transcode.relay.api.problems import ApiError
from transcode.relay.store.notices import drop_webhook, make_webhook, webhooks

if TYPE_CHECKING:
    from transcode.relay.api_settings import Api
    from transcode.relay.ports.api_requests import Asked
    from transcode.relay.store import SqlStore

__all__ = ["Webhooks"]

#: The largest request, in octets.
_LARGEST = 10_000
#: Octets of a secret.
_SECRET = 24


class Webhooks:
    """Answers requests on webhooks.

    Args:
        settings: how many an account may have.
        seconds: the longest time that a request may take to arrive.
        store: the rows.
    """

    def __init__(self, settings: Api, seconds: float, store: SqlStore) -> None:
        self._most = settings.max_webhooks
        self._seconds = seconds
        self._store = store

    async def create(self, asked: Asked) -> schema.Webhook:
        """Make a webhook, and give its secret."""
        new = await asked.json(schema.NewWebhook, _LARGEST, self._seconds)
        if not is_address(new.url):
            raise ApiError.of_field("invalid", "url", "is no http or https address")
        return await run_in_threadpool(self._made, asked.key.account, new)

    def _made(self, account: str, new: schema.NewWebhook) -> schema.Webhook:
        secret = base64.b64encode(secrets.token_bytes(_SECRET)).decode()
        told = dict.fromkeys(map(str, new.statuses))
        made = make_webhook(self._store, account, new.url, tuple(told), secret, time.time(), most=self._most)
        if made is None:
            raise ApiError("refused", f"an account has at most {self._most} webhooks")
        return views.webhook(made, with_secret=True)

    async def all(self, asked: Asked) -> schema.WebhookList:
        """List the webhooks of an account."""
        found = await run_in_threadpool(webhooks, self._store, asked.key.account)
        return schema.WebhookList([views.webhook(one) for one in found])

    async def delete(self, asked: Asked) -> None:
        """Delete a webhook."""
        if not await run_in_threadpool(drop_webhook, self._store, asked.key.account, asked.path["id"]):
            raise ApiError("not-found", "there is no such webhook")
