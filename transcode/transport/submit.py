"""Posts messages to an MMSC over HTTP and reads the responses: MM1 as phones do, MM7 as providers do."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from transcode.counted import counted
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
from transcode.transport.http_arguments import checked_auth, checked_headers
from transcode.wire.frames import COMPRESSED, decompressed
from transcode.wire.values import folded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    import httpx

    from transcode.model import HeaderValue, MessageFields, SomeMessage
    from transcode.transport.http_client import Client
    from transcode.wire.http import HttpMessage

__all__ = ["PDU_CONTENT_TYPE", "check", "post"]

PDU_CONTENT_TYPE = "application/vnd.wap.mms-message"

#: The longest body of a response, in octets. Responses carry no media: those in the corpus have less than
#: 1,000 octets.
_LONGEST_ANSWER = 1 << 20
#: The most octets of all headers and interim responses of an exchange.
_LONGEST_HEADERS = 1 << 18
#: The most characters of a refusal in the error's text. The error's response has the whole text.
_LONGEST_REASON = 2000

_RESPONSE_STATUS = ("x-mms-response-status", "x-mms-response-text")
_STORE_STATUS = ("x-mms-store-status", "x-mms-store-status-text")
_DONE = ("Ok", "Success")
#: The octets of MM1 statuses that are transient, including reserved ones (OMA-TS-MMS_ENC-V1_3).
_TRANSIENT = range(0xC0, 0xE0)
#: MM7 status codes that do not blame the message, and codes of service errors that 3GPP TS 23.140 does not
#: define.
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
    """Post a message and read the response.

    The other arguments and the errors are those of Message.submit.

    Args:
        request: the headers and the body to post.
        read: a function of the response's body and its content type ("" if the response has none); returns
            the message or raises PduError.
    """
    http = _http_client()
    if not isinstance(url, str):
        raise MessageError(f"url: must be a URL as text, not {type(url).__name__}")
    auth, more = check(auth=auth, timeout=timeout, headers=headers, proxy=proxy, client=client)
    own = {"Accept-Encoding": "identity", **dict(request.headers)}
    # Header names are case-insensitive (RFC 9110, 5.1). The caller's headers replace the package's.
    stated = {name.lower() for name in more}
    sent = {**{name: value for name, value in own.items() if name.lower() not in stated}, **more}
    if not is_address(url):
        raise SubmitError(url, "is not an http or https URL")
    exchange = Exchange(timeout, _LONGEST_ANSWER + _LONGEST_HEADERS)
    late = f"no whole answer within {counted(timeout, 'second')}"
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
        # The proxy's URL is invalid.
        raise SubmitError(url, str(error)) from error
    except TranscodeError:
        raise
    except Exception as error:
        if exchange.is_over:
            raise SubmitTimeout(url, late) from error
        temporary = http.is_temporary(error)
        raise SubmitError(url, str(error) or type(error).__name__, temporary=temporary) from error
    return _answer(url, status, content_type, body, read)


def check(
    *,
    auth: tuple[str, str] | httpx.Auth | None,
    timeout: float,
    headers: Mapping[str, str] | None,
    proxy: str | None,
    client: Client | None = None,
) -> tuple[tuple[str, str] | httpx.Auth | None, dict[str, str]]:
    """Check the types and ranges of a request's arguments, as Message.submit says them; open no connection.

    Returns:
        The login and the headers.

    Raises:
        MessageError: an argument is of another type or outside its range. Where a proxy's URL is invalid is
            known when the session is made.
        MissingPackage: there is a client, and httpx is not installed.
    """
    if proxy is not None and not isinstance(proxy, str):
        raise MessageError(f"proxy: must be a URL as text, not {type(proxy).__name__}")
    login, more = checked_auth(auth), checked_headers(headers)
    if not is_timeout(timeout):
        raise MessageError(f"{NO_TIMEOUT}, not {timeout!r}")
    if client is not None and not isinstance(client, _http_client().Client):
        raise MessageError(
            f"client: must be an http_client.Client, which keeps deadlines, not {type(client).__name__}"
        )
    if client is not None and proxy is not None:
        raise MessageError("proxy: can't be combined with client, which has a proxy of its own")
    return login, more


def _http_client() -> ModuleType:
    try:
        from transcode.transport import http_client
    except ImportError as error:
        raise MissingPackage("httpx", "sending over HTTP", extra="send") from error
    return http_client


def _body(response: httpx.Response, url: str) -> bytes:
    """Return the decompressed body of a response.

    Raises:
        SubmitError: the body is longer than _LONGEST_ANSWER, or damaged.
    """
    pieces, size = [], 0
    for piece in response.iter_raw():
        pieces.append(piece)
        size += len(piece)
        if size > _LONGEST_ANSWER:
            raise SubmitError(url, f"the body of the answer has more than {_LONGEST_ANSWER:,} octets")
    body = b"".join(pieces)
    coding = response.headers.get("Content-Encoding", "").strip().lower()
    if coding in COMPRESSED:
        # Some servers compress although Accept-Encoding is identity.
        body, fault, _ = decompressed(body, coding, _LONGEST_ANSWER)
        if fault:
            raise SubmitError(url, f"the body of the answer {fault}")
    return body


def _answer(
    url: str, status: int, content_type: str, body: bytes, read: Callable[[bytes, str], SomeMessage]
) -> SomeMessage:
    """Return the message in a response.

    A SOAP fault has the HTTP status 500 (SOAP 1.1, 6.2), and from some servers 200.

    Raises:
        SubmitRefused, HttpStatusError, PduError: as in Message.submit.
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
        # The text is shortened after the password is removed: a cut URL may hide that it has a password.
        reason = without_password(reason)
        more = "..." if len(reason) > _LONGEST_REASON else ""
        raise SubmitRefused(
            url, reason[:_LONGEST_REASON] + more, response=answer, temporary=_may_be_taken_later(answer)
        )
    if not done:
        raise HttpStatusError(url, status)
    return answer


def _refusal(answer: MessageFields) -> str | None:
    """Return the reason of a refusal; None if the server accepted the message."""
    if answer.message_type.startswith("m-"):
        return _refusal_of_mm1(answer)
    headers = folded(answer.headers)
    code, text = headers.get("statuscode"), headers.get("statustext", headers.get("faultstring", ""))
    # 1000 is success, 1100 partial success. Vendors add codes; the thousand gives the kind.
    if isinstance(code, int) and 1000 <= code < 2000 and answer.message_type.endswith("-rsp"):
        return None
    details = headers.get("details")
    return f"{code if code is not None else 'fault'} {text}{f' ({details})' if details else ''}".strip()


def _refusal_of_mm1(answer: MessageFields) -> str | None:
    """Return the first failure status of a PDU with its text; None if every status is a success."""
    statuses, text = _statuses_of_mm1(answer)
    return None if not statuses else f"{statuses[0]}{f': {text}' if text else ''}"


def _statuses_of_mm1(answer: MessageFields) -> tuple[list[HeaderValue], HeaderValue | None]:
    """Return every failure status of a PDU, and the text of the last status that has one."""
    stored = answer.message_type in ("m-mbox-store-conf", "m-mbox-upload-conf")
    name, name_of_text = _STORE_STATUS if stored else _RESPONSE_STATUS
    # A response about several messages has a pair of count and status for each message.
    bare = [(key.lower(), value[-1] if isinstance(value, tuple) else value) for key, value in answer.headers]
    return [value for key, value in bare if key == name and value not in _DONE], dict(bare).get(name_of_text)


def _may_be_taken_later(answer: MessageFields) -> bool:
    """Whether a server that refused the message may accept it later; see TransportError."""
    if answer.message_type.startswith("m-"):
        return all(map(_is_transient, _statuses_of_mm1(answer)[0]))
    headers = folded(answer.headers)
    code = headers.get("statuscode")
    if isinstance(code, int):
        return code in _TEMPORARY_OF_MM7 or code in _OWN_SERVICE_ERRORS
    return str(headers.get("faultcode", "")).rpartition(":")[2].lower() == "server"


def _is_transient(status: HeaderValue) -> bool:
    """Whether an MM1 status is transient. A status without a defined word is an octet."""
    if isinstance(status, int):
        return status in _TRANSIENT
    return str(status).startswith("Error-transient") or status == "Error-network-problem"
