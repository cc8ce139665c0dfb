"""Messages posted to a server over HTTP and what it answers: MM1 as clients do, MM7 as providers do."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from transcode.errors import (
    HttpStatusError,
    MessageError,
    MissingPackage,
    PduError,
    SubmitError,
    SubmitRefused,
    SubmitTimeout,
    TranscodeError,
    without_password,
)
from transcode.net import NO_TIMEOUT, Exchange, is_address, is_timeout
from transcode.wire.frames import COMPRESSED, decompressed
from transcode.wire.values import folded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    import httpx

    from transcode.model import HeaderValue, MessageFields, SomeMessage
    from transcode.transport.http_client import Client
    from transcode.wire.http import HttpMessage

__all__ = ["PDU_CONTENT_TYPE", "post"]

PDU_CONTENT_TYPE = "application/vnd.wap.mms-message"

#: The longest answer that is read, in octets. Answers have no content: those in the
#: corpus have less than a thousand.
_LONGEST_ANSWER = 1 << 20
#: What all headers and interim answers may have besides, in octets.
_LONGEST_HEADERS = 1 << 18
#: The most characters of a refusal that its error repeats; all of it is in the response.
_LONGEST_REASON = 2000

_RESPONSE_STATUS = ("x-mms-response-status", "x-mms-response-text")
_STORE_STATUS = ("x-mms-store-status", "x-mms-store-status-text")
_DONE = ("Ok", "Success")
#: Numbers of statuses that are transient whatever they will be called (OMA-TS-MMS_ENC-V1_3).
_TRANSIENT = range(0xC0, 0xE0)
#: Statuses of MM7 that say nothing against the message, and those of a provider's service that have no text
#: in the standard (3GPP TS 23.140).
_TEMPORARY_OF_MM7 = (3000, 4000, 4005, 4006)
_OWN_SERVICE_ERRORS = range(4008, 5000)


def post(
    request: HttpMessage,
    url: str,
    read: Callable[[bytes, str], SomeMessage],
    *,
    auth: tuple[str, str] | httpx.Auth | None,
    timeout: float,
    headers: Mapping[str, str] | None,
    proxy: str | None,
    client: Client | None = None,
) -> SomeMessage:
    """Post a message and read the answer.

    Arguments and errors are those of Message.submit, but for read: it is given the body of an answer and its
    content type, empty where it has none, and gives the message or raises PduError.
    """
    http = _http_client()
    if not isinstance(url, str):
        raise MessageError(f"url: the address of a server, not {type(url).__name__}")
    if proxy is not None and not isinstance(proxy, str):
        raise MessageError(f"proxy: an address, not {type(proxy).__name__}")
    auth, more = http.checked_auth(auth), http.checked_headers(headers)
    own = {"Accept-Encoding": "identity", **dict(request.headers)}
    # Names are the same in any case (RFC 9110, 5.1): the caller's take the place of ours.
    stated = {name.lower() for name in more}
    sent = {**{name: value for name, value in own.items() if name.lower() not in stated}, **more}
    if not is_timeout(timeout):
        raise MessageError(f"{NO_TIMEOUT}, not {timeout!r}")
    if client is not None and not isinstance(client, http.Client):
        raise MessageError(
            f"client: {type(client).__name__} can't keep to a deadline; see http_client.Client"
        )
    if client is not None and proxy is not None:
        raise MessageError("proxy: a client of the caller's has its own")
    if not is_address(url):
        raise SubmitError(url, "is no http or https address")
    exchange = Exchange(timeout, _LONGEST_ANSWER + _LONGEST_HEADERS)
    late = f"no whole answer within {timeout:g} seconds"
    try:
        with (
            nullcontext(client) if client else http.Client(proxy=proxy) as session,
            session.post(url, request.body, sent, auth, exchange) as response,
        ):
            body = _body(response, url)
            status, content_type = response.status_code, response.headers.get("Content-Type", "")
    except http.TIMEOUTS as error:
        raise SubmitTimeout(url, late) from error
    except MessageError as error:
        # Of the proxy, whose address is none.
        raise SubmitError(url, str(error)) from error
    except TranscodeError:
        raise
    except Exception as error:
        if exchange.is_over:
            raise SubmitTimeout(url, late) from error
        temporary = http.is_temporary(error)
        raise SubmitError(url, str(error) or type(error).__name__, temporary=temporary) from error
    return _answer(url, status, content_type, body, read)


def _http_client() -> ModuleType:
    try:
        from transcode.transport import http_client
    except ImportError as error:
        raise MissingPackage("httpx", "sending over HTTP", extra="send") from error
    return http_client


def _body(response: httpx.Response, url: str) -> bytes:
    """The body of an answer, as far as it may be long."""
    pieces, size = [], 0
    for piece in response.iter_raw():
        pieces.append(piece)
        size += len(piece)
        if size > _LONGEST_ANSWER:
            raise SubmitError(url, f"an answer of more than {_LONGEST_ANSWER:,} octets")
    body = b"".join(pieces)
    coding = response.headers.get("Content-Encoding", "").strip().lower()
    if coding in COMPRESSED:
        # Not asked for.
        body, fault, _ = decompressed(body, coding, _LONGEST_ANSWER)
        if fault:
            raise SubmitError(url, f"an answer that {fault}")
    return body


def _answer(
    url: str, status: int, content_type: str, body: bytes, read: Callable[[bytes, str], SomeMessage]
) -> SomeMessage:
    """The message that a server answered with.

    Faults of SOAP come with status 500 (SOAP 1.1, 6.2), and from some servers with 200.
    """
    done = 200 <= status < 300
    try:
        answer = read(body, content_type)
    except PduError as error:
        if not done:
            raise HttpStatusError(url, status) from error
        raise
    reason = _refusal(answer)
    if reason is not None:
        # Shortened last: half an address does not show that it has a password.
        reason = without_password(reason)
        more = "..." if len(reason) > _LONGEST_REASON else ""
        raise SubmitRefused(
            url, reason[:_LONGEST_REASON] + more, response=answer, temporary=_may_be_taken_later(answer)
        )
    if not done:
        raise HttpStatusError(url, status)
    return answer


def _refusal(answer: MessageFields) -> str | None:
    """Why a server did not take the message; None where it did."""
    if answer.message_type.startswith("m-"):
        return _refusal_of_mm1(answer)
    headers = folded(answer.headers)
    code, text = headers.get("statuscode"), headers.get("statustext", headers.get("faultstring", ""))
    # 1000 is success, 1100 in part; vendors' own codes count by their thousand.
    if isinstance(code, int) and 1000 <= code < 2000 and answer.message_type.endswith("-rsp"):
        return None
    details = headers.get("details")
    return f"{code if code is not None else 'fault'} {text}{f' ({details})' if details else ''}".strip()


def _refusal_of_mm1(answer: MessageFields) -> str | None:
    """The status of a PDU that is none of success, the first of several, with its text."""
    statuses, text = _statuses_of_mm1(answer)
    return None if not statuses else f"{statuses[0]}{f': {text}' if text else ''}"


def _statuses_of_mm1(answer: MessageFields) -> tuple[list[HeaderValue], HeaderValue | None]:
    """Each status of a PDU that is none of success, and the last text about one."""
    stored = answer.message_type in ("m-mbox-store-conf", "m-mbox-upload-conf")
    name, name_of_text = _STORE_STATUS if stored else _RESPONSE_STATUS
    # Of several messages each has a status, with a count in front.
    bare = [(key.lower(), value[-1] if isinstance(value, tuple) else value) for key, value in answer.headers]
    return [value for key, value in bare if key == name and value not in _DONE], dict(bare).get(name_of_text)


def _may_be_taken_later(answer: MessageFields) -> bool:
    """Whether a refusal is one of this moment only; see TransportError."""
    if answer.message_type.startswith("m-"):
        return all(map(_is_transient, _statuses_of_mm1(answer)[0]))
    headers = folded(answer.headers)
    code = headers.get("statuscode")
    if isinstance(code, int):
        return code in _TEMPORARY_OF_MM7 or code in _OWN_SERVICE_ERRORS
    return str(headers.get("faultcode", "")).rpartition(":")[2].lower() == "server"


def _is_transient(status: HeaderValue) -> bool:
    """Whether a status of MM1 is one that may pass; those without a word are known by their number."""
    if isinstance(status, int):
        return status in _TRANSIENT
    return str(status).startswith("Error-transient") or status == "Error-network-problem"
