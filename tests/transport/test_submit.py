"""Posting messages to a real HTTP server on loopback."""

from __future__ import annotations

import base64
import pickle
import re
import socket
import ssl
import sys
from dataclasses import replace
from typing import Any

import httpx
import pytest

import transcode
from tests.transport.centre import SENT, TAKEN, Centre
from transcode import transport
from transcode.errors import (
    HttpStatusError,
    MessageError,
    MissingPackage,
    SubmitError,
    SubmitRefused,
    SubmitTimeout,
    TransportError,
)
from transcode.messages.message import Message
from transcode.transport import http_client
from transcode.transport.http_client import Client
from transcode.transport.submit import PDU_CONTENT_TYPE
from transcode.wire.mm1 import pdu_writer
from transcode.wire.mm7 import mm7


def test_mm7_with_basic_authentication(centre: Centre) -> None:
    """What arrives is what to_mm7 gives; the answer is a message."""
    answer = SENT.submit(
        centre.url, form="mm7", auth=("acme", "s3cret"), headers={"X-Carrier": "7"}, vaspid="acme"
    )
    assert isinstance(answer, transcode.Message)
    assert (answer.message_type, answer.transaction_id) == ("mm7-submit-rsp", "T1")
    assert dict(answer.headers)["MessageID"] == "M1"
    [(headers, body)] = centre.seen
    wanted = SENT.to_mm7(vaspid="acme")
    assert body == wanted.body
    assert dict(headers.items()).items() >= dict(wanted.headers).items()
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"acme:s3cret").decode()
    assert headers["X-Carrier"] == "7"
    assert mm7.from_bytes(body, content_type=headers["Content-Type"]).parts[0].data == SENT.parts[0].data


def test_a_client_keeps_its_connection(centre: Centre) -> None:
    """Two messages go over one, with the client's own authentication where none is given."""
    with Client(auth=("acme", "s3cret")) as client:
        for _ in range(2):
            SENT.submit(centre.url, form="mm7", client=client)
    assert len(set(centre.ports)) == 1
    assert [headers["Authorization"] for headers, _ in centre.seen] == ["Basic YWNtZTpzM2NyZXQ="] * 2


def test_the_form_follows_the_type(centre: Centre) -> None:
    """A message of MM7 goes as MM7 unasked."""
    SENT.converted("mm7-submit-req").submit(centre.url)
    assert centre.seen[0][0]["SOAPAction"] == '""'


def confirmed(status: str, *more: tuple[str, str]) -> bytes:
    headers = (("X-Mms-Response-Status", status), *more)
    return pdu_writer.to_bytes(
        Message(message_type="m-send-conf", transaction_id="T1", headers=headers, content_type=None),
        strict=False,
    )


def test_mm1_as_a_client_sends_it(centre: Centre) -> None:
    """The PDU with its content type; the answer is an M-Send.conf."""
    centre.content_type, centre.body = PDU_CONTENT_TYPE, confirmed("Ok", ("Message-ID", "M1"))
    answer = SENT.submit(centre.url)
    assert (answer.message_type, dict(answer.headers)["Message-ID"]) == ("m-send-conf", "M1")
    [(headers, body)] = centre.seen
    assert (headers["Content-Type"], body) == (PDU_CONTENT_TYPE, SENT.to_mm1())


@pytest.mark.parametrize("status", [200, 500])
def test_a_fault_is_a_refusal(centre: Centre, status: int) -> None:
    """A fault is a refusal with any HTTP status; the error has the whole answer."""
    fault = replace(
        TAKEN,
        message_type="mm7-rs-error-rsp",
        headers=(("StatusCode", 4001), ("StatusText", "Improper identification"), ("Details", "VASPID")),
    )
    centre.answers(fault, status)
    with pytest.raises(SubmitRefused, match=r"4001 Improper identification \(VASPID\)") as caught:
        SENT.submit(centre.url, form="mm7")
    assert caught.value.response.headers == fault.headers
    assert isinstance(caught.value, OSError)


def test_a_status_that_is_no_success_is_a_refusal(centre: Centre) -> None:
    """The thousands of a status of MM7 decide, also of vendors' own; the word decides for MM1."""
    for code in (2599, 3002, 4000):
        centre.answers(mm7.answer(SENT.converted("mm7-submit-req"), code, message_id="M"))
        with pytest.raises(SubmitRefused, match=f"{code} "):
            SENT.submit(centre.url, form="mm7")
    centre.answers(mm7.answer(SENT.converted("mm7-submit-req"), 1100, message_id="M"))
    assert SENT.submit(centre.url, form="mm7").message_type == "mm7-submit-rsp"
    centre.content_type = PDU_CONTENT_TYPE
    centre.body = confirmed("Error-service-denied", ("X-Mms-Response-Text", "no credit"))
    with pytest.raises(SubmitRefused, match="Error-service-denied: no credit"):
        SENT.submit(centre.url)


def test_a_mailbox_that_refuses(centre: Centre) -> None:
    """The status of storing, or of one of several messages, refuses; a full mailbox does not."""
    centre.content_type = PDU_CONTENT_TYPE
    upload = replace(SENT, message_type="m-mbox-upload-req", to=(), subject=None)
    full = (("X-Mms-Store-Status", "Error-permanent-mmbox-full"), ("X-Mms-Store-Status-Text", "200 of 200"))
    answer = Message("m-mbox-upload-conf", "T1", headers=full, content_type=None)
    centre.body = pdu_writer.to_bytes(answer)
    with pytest.raises(SubmitRefused, match="Error-permanent-mmbox-full: 200 of 200"):
        upload.submit(centre.url)
    centre.body = pdu_writer.to_bytes(replace(answer, headers=(("X-Mms-Store-Status", "Success"),)))
    assert upload.submit(centre.url).message_type == "m-mbox-upload-conf"
    delete = transcode.Message(
        "m-mbox-delete-req", "T1", headers=(("X-Mms-Content-Location", "http://m/1"),), content_type=None
    )
    outcome = (("X-Mms-Response-Status", (1, "Ok")), ("X-Mms-Response-Status", (2, "Error-service-denied")))
    centre.body = pdu_writer.to_bytes(Message("m-mbox-delete-conf", "T1", headers=outcome, content_type=None))
    with pytest.raises(SubmitRefused, match="Error-service-denied"):
        delete.submit(centre.url)
    centre.body = confirmed("Ok", ("Message-ID", "m"), *full)
    assert SENT.submit(centre.url).message_type == "m-send-conf"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"url": None}, "url: must be a URL as text, not NoneType"),
        ({"url": b"http://me:secret@127.0.0.1/"}, "url: must be a URL as text, not bytes"),
        ({"proxy": 8080}, "proxy: must be a URL as text, not int"),
        ({"auth": ("me", "secret", "realm")}, "auth: .*not a tuple of 3"),
        ({"auth": ("me", None)}, "auth: .*not a tuple of 2"),
        ({"auth": "me:secret"}, "auth: .*not str"),
        ({"auth": ["me", "secret"]}, "auth: .*not list"),
        ({"headers": [("A", "secret")]}, "headers: must be a mapping .* not list"),
        ({"headers": "A: secret"}, "headers: must be a mapping .* not str"),
        ({"headers": {"A": 1}}, "headers: the value of A"),
        ({"headers": {"A": None}}, "headers: the value of A"),
        ({"headers": {"A": "secret\r\nB: c"}}, "headers: the value of A"),
        ({"headers": {"A": "secr\u00e9t"}}, "headers: the value of A"),
        ({"headers": {"A b": "c"}}, "headers: 'A b' is not a valid header name"),
        ({"headers": {"": "c"}}, "headers: '' is not a valid header name"),
        ({"headers": {1: "c"}}, "headers: 1 is not a valid header name"),
    ],
)
def test_arguments_of_another_kind(given: dict[str, Any], words: str) -> None:
    """The error names the argument and its right type; it repeats no secret."""
    with pytest.raises(MessageError, match=words) as caught:
        SENT.submit(**{"url": "http://127.0.0.1:9/", **given})
    assert not re.search("secr.t", f"{caught.value}{caught.value!r}")
    if not given.keys() & {"url", "proxy"}:
        with pytest.raises(MessageError, match=words):
            Client(**given)


def test_a_client_of_odd_tls() -> None:
    with pytest.raises(MessageError, match=r"tls: must be an ssl\.SSLContext, not bool"):
        Client(tls=True)  # type: ignore[arg-type]


def test_a_client_that_is_closed() -> None:
    """A closed client gives an error of the package."""
    client = Client()
    client.close()
    with pytest.raises(SubmitError, match="closed"):
        SENT.submit("http://127.0.0.1:9/", client=client)


def test_headers_of_the_caller_s_take_the_place_of_ours(centre: Centre) -> None:
    """A header counts in any case of its letters, and none is there twice."""
    SENT.submit(centre.url, form="mm7", headers={"accept-encoding": "gzip", "SOAPACTION": '"x"'})
    [(headers, _)] = centre.seen
    assert headers.get_all("Accept-Encoding") == ["gzip"]
    assert headers.get_all("SOAPAction") == ['"x"']


def test_nobody_listens() -> None:
    """The error names the server, and never the password in its address."""
    with socket.socket() as taken:
        # Nobody else may listen there meanwhile.
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(SubmitError, match=f"http://127.0.0.1:{port}/x: ") as caught:
            SENT.submit(f"http://me:secret@127.0.0.1:{port}/x")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://", "mmsc", "http://a\nb/"])
def test_addresses_that_are_none(url: str) -> None:
    """Invalid addresses are refused before anything is sent."""
    with pytest.raises(SubmitError):
        SENT.submit(url)


def test_what_contradicts_itself_is_refused() -> None:
    """A proxy beside a client that has its own, and forms that are not posted."""
    with Client() as client, pytest.raises(MessageError, match="proxy"):
        SENT.submit("http://127.0.0.1/", client=client, proxy="http://127.0.0.1:1/")
    with httpx.Client() as other, pytest.raises(MessageError, match="keeps deadlines"):
        SENT.submit("http://127.0.0.1/", client=other)  # type: ignore[arg-type]
    with pytest.raises(MessageError, match="neither 'mm1' nor 'mm7'"):
        SENT.submit("http://127.0.0.1/", form="mm4")  # type: ignore[arg-type]


def test_a_timeout_must_be_positive() -> None:
    """Timeouts of 0 and less, and timeouts without an end, are refused."""
    for timeout in (0.0, -1.0, float("inf"), float("nan"), 1e20):
        with pytest.raises(MessageError, match="timeout must be a number of seconds"):
            SENT.submit("http://127.0.0.1/", timeout=timeout)


def test_without_httpx_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is an ImportError too."""
    monkeypatch.delattr(transport, "http_client", raising=False)
    monkeypatch.setitem(sys.modules, "transcode.transport.http_client", None)
    with pytest.raises(MissingPackage, match=r"pip install 'mms-transcode\[send\]'") as caught:
        SENT.submit("http://127.0.0.1/")
    assert isinstance(caught.value, ImportError)


@pytest.mark.parametrize(
    "error",
    [
        TransportError("x", "down", temporary=True),
        SubmitError("http://x", "down", temporary=True),
        SubmitTimeout("http://x", "late"),
        HttpStatusError("http://x", 404),
        HttpStatusError("http://x", 503),
        SubmitRefused("http://x", "no", response=TAKEN),
        MissingPackage("httpx", "sending", extra="send"),
    ],
)
def test_errors_travel_between_processes(error: Exception) -> None:
    """Pickled errors keep their attributes."""
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (str(again), vars(again)) == (str(error), vars(error))


@pytest.mark.parametrize(
    ("status", "temporary"),
    [
        (408, True),
        (425, True),
        (429, True),
        (500, True),
        (503, True),
        (400, False),
        (401, False),
        (302, False),
    ],
)
def test_a_status_tells_whether_a_later_try_may_succeed(centre: Centre, status: int, temporary: bool) -> None:
    """The HTTP status of an answer without a message decides whether the error is temporary."""
    centre.status, centre.content_type, centre.body = status, "text/html", b"<h1>no</h1>"
    with pytest.raises(TransportError) as caught:
        SENT.submit(centre.url)
    assert caught.value.temporary is temporary
    assert isinstance(caught.value, OSError)


@pytest.mark.parametrize(
    ("code", "temporary"),
    [(2001, False), (3000, True), (3002, False), (4000, True), (4001, False), (4006, True), (4321, True)],
)
def test_a_refusal_over_mm7_tells_whether_it_is_one_of_the_moment(
    centre: Centre, code: int, temporary: bool
) -> None:
    """The status of MM7 decides, with any HTTP status."""
    centre.answers(mm7.answer(SENT.converted("mm7-submit-req"), code, text="x", message_id="M"), 500)
    with pytest.raises(SubmitRefused) as caught:
        SENT.submit(centre.url, form="mm7")
    assert caught.value.temporary is temporary


@pytest.mark.parametrize(("who", "temporary"), [("soap:Server", True), ("soap:Client", False)])
def test_a_fault_without_a_status_tells_whose_it_is(centre: Centre, who: str, temporary: bool) -> None:
    """The fault code decides (SOAP 1.1, 4.4.1)."""
    centre.status, centre.body = (
        500,
        (
            '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>'
            f"<faultcode>{who}</faultcode><faultstring>no</faultstring></soap:Fault></soap:Body></soap:Envelope>"
        ).encode(),
    )
    with pytest.raises(SubmitRefused) as caught:
        SENT.submit(centre.url, form="mm7")
    assert caught.value.temporary is temporary


@pytest.mark.parametrize(
    ("status", "temporary"),
    [
        ("Error-transient-failure", True),
        ("Error-network-problem", True),
        (0xC9, True),
        ("Error-permanent-failure", False),
        ("Error-service-denied", False),
        (0xF0, False),
    ],
)
def test_a_refusal_over_mm1_tells_whether_it_is_one_of_the_moment(
    centre: Centre, status: str | int, temporary: bool
) -> None:
    """Transient statuses are temporary, with a word or without."""
    centre.content_type = PDU_CONTENT_TYPE
    centre.body = pdu_writer.to_bytes(
        Message(
            "m-send-conf",
            "T1",
            headers=(("X-Mms-Response-Status", status),),
            content_type=None,
            version="1.3",
        ),
        strict=False,
    )
    with pytest.raises(SubmitRefused) as caught:
        SENT.submit(centre.url)
    assert caught.value.temporary is temporary


def certificate() -> Exception:
    error = httpx.ConnectError("certificate verify failed")
    error.__cause__ = ssl.SSLCertVerificationError("self-signed certificate")
    return error


@pytest.mark.parametrize(
    ("error", "temporary"),
    [
        (httpx.ConnectError("refused"), True),
        (httpx.RemoteProtocolError("Server disconnected"), True),
        (ConnectionResetError("reset"), True),
        (httpx.ProxyError("502 Bad Gateway"), True),
        (httpx.ProxyError("Host unreachable"), True),
        (httpx.ProxyError("407 Proxy Authentication Required"), False),
        (certificate(), False),
        (httpx.UnsupportedProtocol("gopher"), False),
        (RuntimeError("the client has been closed"), False),
    ],
    ids=lambda value: str(value),
)
def test_a_failed_connection_is_temporary(error: Exception, temporary: bool) -> None:
    """A failed connection is temporary, but for what stays as it is."""
    assert http_client.is_temporary(error) is temporary


def test_a_server_that_is_not_there_may_come_back() -> None:
    """An unreachable and a late server are temporary errors; an invalid address is not."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
    with pytest.raises(SubmitError) as caught:
        SENT.submit(url)
    assert caught.value.temporary
    assert SubmitTimeout(url, "late").temporary
    with pytest.raises(SubmitError) as caught:
        SENT.submit("nowhere")
    assert not caught.value.temporary
