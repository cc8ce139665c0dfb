"""What the clients of the API have in common: requests as values, and what answers mean."""

from __future__ import annotations

import json
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import httpx
import msgspec

from transcode.errors import TransportError, address_without_password
from transcode.relay.api import schema
from transcode.relay.signatures import is_signed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    #: A medium: the path of a file, or octets.
    Media = str | PathLike[str] | bytes
    #: Recipients of a campaign: the path of a file of CSV or of lines of JSON, its octets, or rows.
    Recipients = str | PathLike[str] | bytes | Sequence[Mapping[str, object]]

__all__ = ["ApiProblem", "Ask", "Asking", "WrongSignature", "verify"]

#: Statuses after which the same request may be done later. Its key makes that safe.
_TEMPORARY = frozenset((408, 425, 429, 500, 502, 503, 504))
#: The longest wait between two tries, in seconds, whatever the centre asks for.
_LONGEST_WAIT = 60.0
#: The first wait where the centre asks for none; each further one is twice as long.
_WAIT = 0.5
MESSAGES, WEBHOOKS, CAMPAIGNS = "/v1/messages", "/v1/webhooks", "/v1/campaigns"


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


class Ask(NamedTuple):
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


class _Typed(msgspec.Struct):
    """The type of a notice."""

    type: str = ""

    @property
    def is_end(self) -> bool:
        """Whether a campaign ended."""
        return self.type == "campaign.ended"


def verify(
    secret: str, headers: Mapping[str, str], body: bytes, *, now: float | None = None
) -> schema.Notice | schema.CampaignNotice:
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
        if msgspec.json.decode(body, type=_Typed).is_end:
            return msgspec.json.decode(body, type=schema.CampaignNotice)
        return msgspec.json.decode(body, type=schema.Notice)
    except msgspec.MsgspecError as error:
        raise WrongSignature(f"the request is no notice: {error}") from error


class Asking:
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
    ) -> Ask:
        headers, words = _asked(idempotency_key, options)
        words["to"] = [to] if isinstance(to, str) else list(to)
        if not media:
            headers["Content-Type"] = "application/json"
            content = msgspec.json.encode(words)
            return Ask("POST", MESSAGES, schema.Message, headers=headers, content=content)
        files = [("media", _file(one, place)) for place, one in enumerate(media)]
        data = {name: _texts(value) for name, value in words.items()}
        return Ask("POST", MESSAGES, schema.Message, headers=headers, files=files, data=data)

    def _page(self, after: str, limit: int, client_reference: str) -> Ask:
        words: dict[str, str | int] = {"limit": limit, "after": after, "client_reference": client_reference}
        return Ask("GET", MESSAGES, schema.MessagePage, words={k: v for k, v in words.items() if v})

    def _webhook(self, url: str, statuses: Sequence[str]) -> Ask:
        content = msgspec.json.encode({"url": url, "statuses": list(statuses)})
        headers = {"Content-Type": "application/json"}
        # Two webhooks would tell everything twice.
        return Ask("POST", WEBHOOKS, schema.Webhook, headers=headers, content=content, may_repeat=False)

    def _words(self, ask: Ask) -> dict[str, Any]:
        words: dict[str, Any] = {"params": ask.words, "headers": ask.headers, "content": ask.content}
        if ask.files:
            words |= {"files": ask.files, "data": ask.data}
        return words

    def _read(self, ask: Ask, answer: httpx.Response) -> Any:
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

    def _wait(self, ask: Ask, answer: httpx.Response, tries: int) -> float:
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

    def _wait_after(self, ask: Ask, error: httpx.HTTPError, tries: int) -> float:
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

    def _campaigning(
        self,
        recipients: Recipients,
        media: Sequence[Media],
        idempotency_key: str | None,
        options: Mapping[str, Any],
    ) -> Ask:
        """Return the request for a new campaign."""
        headers, words = _asked(idempotency_key, options)
        data = {name: _texts(value) for name, value in words.items()}
        files = [("media", _file(one, place)) for place, one in enumerate(media)]
        files.append(("recipients", ("recipients", rows(recipients))))
        return Ask("POST", CAMPAIGNS, schema.Campaign, headers=headers, files=files, data=data)

    def _adding(self, name: str, recipients: Recipients) -> Ask:
        """Return the request for further recipients of a campaign.

        Rows that come twice are told as such, so it may be made again.
        """
        octets = rows(recipients)
        kind = "application/x-ndjson" if octets.lstrip().startswith(b"{") else "text/csv"
        return Ask(
            "POST",
            of(CAMPAIGNS, name, "/recipients"),
            schema.Uploaded,
            headers={"Content-Type": kind},
            content=octets,
        )

    def _campaign_page(self, after: str, limit: int, client_reference: str) -> Ask:
        """Return the request for a page of campaigns."""
        words: dict[str, str | int] = {"limit": limit, "after": after, "client_reference": client_reference}
        return Ask("GET", CAMPAIGNS, schema.CampaignPage, words={k: v for k, v in words.items() if v})

    def _recipient_page(self, name: str, after: str, limit: int, status: str) -> Ask:
        """Return the request for a page of recipients of a campaign."""
        words: dict[str, str | int] = {"limit": limit, "after": after, "status": status}
        path = of(CAMPAIGNS, name, "/recipients")
        return Ask("GET", path, schema.CampaignRecipientPage, words={k: v for k, v in words.items() if v})


def rows(recipients: Recipients) -> bytes:
    """Return recipients of a campaign as an upload has them."""
    if isinstance(recipients, bytes):
        return recipients
    if isinstance(recipients, str | Path) or hasattr(recipients, "__fspath__"):
        return Path(recipients).read_bytes()
    return b"".join(msgspec.json.encode(one) + b"\n" for one in recipients)


def of(path: str, name: str, end: str = "") -> str:
    """Return the path of a thing, whatever its name has."""
    return f"{path}/{quote(name, safe='')}{end}"


def _asked(idempotency_key: str | None, options: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the headers and the words of a request that makes something."""
    # One key for all tries: the request has its effect once, also where an answer is lost.
    headers = {"Idempotency-Key": idempotency_key or uuid.uuid4().hex}
    words = {name: value for name, value in options.items() if value is not None}
    if "sender" in words:
        words["from"] = words.pop("sender")
    return headers, words


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
    if isinstance(value, dict | schema.Pace):
        return msgspec.json.encode(value).decode()
    return str(json.loads(msgspec.json.encode(value))) if not isinstance(value, bool) else str(value).lower()


def _problem(answer: httpx.Response) -> schema.Problem:
    """Return the problem of an answer; one of a proxy, which has none, as one of its status."""
    try:
        return msgspec.json.decode(answer.content, type=schema.Problem)
    except msgspec.MsgspecError:
        detail = answer.reason_phrase or "no answer of the API"
        return schema.Problem(type="about:blank", title=detail, status=answer.status_code, detail=detail)
