"""Clients of the API of a message centre: for programs that wait, and for those with asyncio.

They need the extra ``relay``, and nothing of a centre.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from transcode.errors import TransportError, address_without_password
from transcode.relay.api import schema
from transcode.relay.signatures import is_signed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
    from datetime import datetime
    from os import PathLike
    from types import TracebackType
    from typing import Self

    #: A medium: the path of a file, or octets.
    Media = str | PathLike[str] | bytes

__all__ = ["ApiProblem", "AsyncClient", "Client", "WrongSignature", "verify"]

_Value = TypeVar("_Value")

#: Statuses after which the same request may be done later. Its key makes that safe.
_TEMPORARY = frozenset((408, 425, 429, 500, 502, 503, 504))
#: The longest wait between two tries, in seconds, whatever the centre asks for.
_LONGEST_WAIT = 60.0
#: The first wait where the centre asks for none; each further one is twice as long.
_WAIT = 0.5
_MESSAGES, _WEBHOOKS = "/v1/messages", "/v1/webhooks"


class ApiProblem(TransportError):
    """A request that the centre did not do.

    Attributes:
        problem: why, as the centre says: its type does not change, and errors name fields and limits.
        status: the status of HTTP.
        reason, temporary: as in TransportError.
    """

    _positional = ("server", "problem")

    def __init__(self, server: str, problem: schema.Problem, *, temporary: bool = False) -> None:
        self.server = server
        self.problem = problem
        self.status = problem.status
        super().__init__(server, f"{problem.status} {problem.detail}", temporary=temporary)


class WrongSignature(ValueError):
    """A request that no webhook of the secret signed, or an old one."""


class _Ask(NamedTuple):
    """A request to the centre.

    Attributes:
        method, path: those of HTTP.
        kind: the type of the answer; None: it has none.
        words: the words of the address.
        headers, content, files, data: as httpx has them.
        may_repeat: whether it may be made again when nobody knows whether it was done.
    """

    method: str
    path: str
    kind: type[Any] | None
    words: Mapping[str, str | int] = {}
    headers: Mapping[str, str] = {}
    content: bytes | None = None
    files: Sequence[tuple[str, tuple[str, bytes]]] = ()
    data: Mapping[str, Any] | None = None
    may_repeat: bool = True


def verify(
    secret: str, headers: Mapping[str, str], body: bytes, *, now: float | None = None
) -> schema.Notice:
    """Return what a webhook was told, if its centre signed it.

    Args:
        secret: that of the webhook, ``whsec_...``.
        headers: those of the request, with names in any case.
        body: the octets of the request, as they came.
        now: the time in seconds since 1970; None: that of the clock.

    Raises:
        WrongSignature: nobody with the secret signed it, it was signed more than five minutes ago, or the
            body is no notice.
    """
    found = {name.lower(): value for name, value in headers.items()}
    name, at, signed = (found.get(f"webhook-{word}", "") for word in ("id", "timestamp", "signature"))
    if not is_signed(secret, name, at, signed, body, time.time() if now is None else now):
        raise WrongSignature("the request has no valid signature of the webhook")
    try:
        return msgspec.json.decode(body, type=schema.Notice)
    except msgspec.MsgspecError as error:
        raise WrongSignature(f"the request is no notice: {error}") from error


class _Asking:
    """What both clients have: addresses, requests and answers.

    Args:
        url: the address of the centre.
        key: the key of the account.
        retries: how often a request is made again.
    """

    def __init__(self, url: str, key: str, retries: int) -> None:
        self._url = url.rstrip("/")
        self._server = address_without_password(url)
        self._retries = retries
        self._headers = {"Authorization": f"Bearer {key}"}

    def _settings(self, timeout: float) -> dict[str, Any]:
        # A proxy of the environment would see the key.
        return {"base_url": self._url, "headers": self._headers, "timeout": timeout, "trust_env": False}

    def _sending(
        self,
        to: str | Sequence[str],
        media: Sequence[Media],
        idempotency_key: str | None,
        options: Mapping[str, Any],
    ) -> _Ask:
        # One key for all tries: the message is sent once, also where an answer is lost.
        headers = {"Idempotency-Key": idempotency_key or uuid.uuid4().hex}
        words = {name: value for name, value in options.items() if value is not None}
        if "sender" in words:
            words["from"] = words.pop("sender")
        words["to"] = [to] if isinstance(to, str) else list(to)
        if not media:
            headers["Content-Type"] = "application/json"
            content = msgspec.json.encode(words)
            return _Ask("POST", _MESSAGES, schema.Message, headers=headers, content=content)
        files = [("media", _file(one, place)) for place, one in enumerate(media)]
        data = {name: _texts(value) for name, value in words.items()}
        return _Ask("POST", _MESSAGES, schema.Message, headers=headers, files=files, data=data)

    def _page(self, after: str, limit: int, client_reference: str) -> _Ask:
        words: dict[str, str | int] = {"limit": limit, "after": after, "client_reference": client_reference}
        return _Ask("GET", _MESSAGES, schema.MessagePage, words={k: v for k, v in words.items() if v})

    def _webhook(self, url: str, statuses: Sequence[str]) -> _Ask:
        content = msgspec.json.encode({"url": url, "statuses": list(statuses)})
        headers = {"Content-Type": "application/json"}
        # Two webhooks would tell everything twice.
        return _Ask("POST", _WEBHOOKS, schema.Webhook, headers=headers, content=content, may_repeat=False)

    def _words(self, ask: _Ask) -> dict[str, Any]:
        words: dict[str, Any] = {"params": ask.words, "headers": ask.headers, "content": ask.content}
        if ask.files:
            words |= {"files": ask.files, "data": ask.data}
        return words

    def _read(self, ask: _Ask, answer: httpx.Response) -> Any:
        """Return the value of an answer that is a success.

        Raises:
            TransportError: it is none of the API.
        """
        if ask.kind is None:
            return None
        try:
            return msgspec.json.decode(answer.content, type=ask.kind)
        except msgspec.MsgspecError as error:
            raise TransportError(self._server, f"the answer is none of the API: {error}") from error

    def _wait(self, ask: _Ask, answer: httpx.Response, tries: int) -> float:
        """Return the seconds until a request that failed is made again.

        Raises:
            ApiProblem: it is not: the centre refuses it, or it was tried often.
        """
        temporary = answer.status_code in _TEMPORARY
        may_repeat = ask.may_repeat or answer.status_code in (429, 503)
        if not (temporary and may_repeat) or tries >= self._retries:
            raise ApiProblem(self._server, _problem(answer), temporary=temporary)
        asked = answer.headers.get("Retry-After", "")
        wait: float = float(asked) if asked.isdecimal() else _WAIT * 2**tries
        return min(wait, _LONGEST_WAIT)

    def _wait_after(self, ask: _Ask, error: httpx.HTTPError, tries: int) -> float:
        """Return the same where there was no answer.

        Raises:
            TransportError: it is not made again.
        """
        may_repeat = ask.may_repeat or isinstance(error, httpx.ConnectError)
        if not isinstance(error, httpx.TransportError) or not may_repeat or tries >= self._retries:
            reason = str(error) or type(error).__name__
            raise TransportError(self._server, reason, temporary=True) from error
        wait: float = _WAIT * 2**tries
        return min(wait, _LONGEST_WAIT)


class Client(_Asking):
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
        return self._ask(_Ask("GET", _of(_MESSAGES, name), schema.Message), schema.Message)

    def messages(self, *, page_size: int = 50, client_reference: str = "") -> Iterator[schema.Message]:
        """Yield the messages of the account, the newest first; errors are those of send."""
        after: str | None = ""
        while after is not None:
            page = self._ask(self._page(after, page_size, client_reference), schema.MessagePage)
            yield from page.data
            after = page.next

    def cancel(self, name: str) -> schema.Message:
        """Cancel a message for those who did not begin to fetch it; errors are those of send."""
        return self._ask(_Ask("POST", _of(_MESSAGES, name, "/cancel"), schema.Message), schema.Message)

    def create_webhook(self, url: str, statuses: Sequence[str] = ()) -> schema.Webhook:
        """Have an address told of changes; the answer has the secret for verify. Errors are those of send."""
        return self._ask(self._webhook(url, statuses), schema.Webhook)

    def webhooks(self) -> list[schema.Webhook]:
        """Return the webhooks of the account; errors are those of send."""
        return self._ask(_Ask("GET", _WEBHOOKS, schema.WebhookList), schema.WebhookList).data

    def delete_webhook(self, name: str) -> None:
        """Delete a webhook; errors are those of send."""
        self._answer(_Ask("DELETE", _of(_WEBHOOKS, name), None))

    def _ask(self, ask: _Ask, kind: type[_Value]) -> _Value:
        value = self._read(ask, self._answer(ask))
        assert isinstance(value, kind)  # noqa: S101  (it was read as one)
        return value

    def _answer(self, ask: _Ask) -> httpx.Response:
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


class AsyncClient(_Asking):
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
        return await self._ask(_Ask("GET", _of(_MESSAGES, name), schema.Message), schema.Message)

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
        return await self._ask(_Ask("POST", _of(_MESSAGES, name, "/cancel"), schema.Message), schema.Message)

    async def create_webhook(self, url: str, statuses: Sequence[str] = ()) -> schema.Webhook:
        """Have an address told of changes; the answer has the secret for verify."""
        return await self._ask(self._webhook(url, statuses), schema.Webhook)

    async def webhooks(self) -> list[schema.Webhook]:
        """Return the webhooks of the account."""
        return (await self._ask(_Ask("GET", _WEBHOOKS, schema.WebhookList), schema.WebhookList)).data

    async def delete_webhook(self, name: str) -> None:
        """Delete a webhook."""
        await self._answer(_Ask("DELETE", _of(_WEBHOOKS, name), None))

    async def _ask(self, ask: _Ask, kind: type[_Value]) -> _Value:
        value = self._read(ask, await self._answer(ask))
        assert isinstance(value, kind)  # noqa: S101  (it was read as one)
        return value

    async def _answer(self, ask: _Ask) -> httpx.Response:
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


def _is_done(ask: _Ask, answer: httpx.Response, tries: int) -> bool:
    """Return whether a request was done: what an earlier try deleted, whose answer was lost, is not there."""
    is_deleted = ask.method == "DELETE" and tries > 0 and answer.status_code == 404
    return answer.is_success or is_deleted


def _of(path: str, name: str, end: str = "") -> str:
    """Return the path of a thing, whatever its name has."""
    return f"{path}/{quote(name, safe='')}{end}"


def _file(medium: Media, place: int) -> tuple[str, bytes]:
    """Return the name and the octets of a medium."""
    if isinstance(medium, bytes):
        return f"medium{place}", medium
    path = Path(medium)
    return path.name, path.read_bytes()


def _texts(value: object) -> object:
    """Return the value of a field of a form."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return list(value)
    return str(json.loads(msgspec.json.encode(value))) if not isinstance(value, bool) else str(value).lower()


def _problem(answer: httpx.Response) -> schema.Problem:
    """Return the problem of an answer; one of a proxy, which has none, as one of its status."""
    try:
        return msgspec.json.decode(answer.content, type=schema.Problem)
    except msgspec.MsgspecError:
        detail = answer.reason_phrase or "no answer of the API"
        return schema.Problem(type="about:blank", title=detail, status=answer.status_code, detail=detail)
