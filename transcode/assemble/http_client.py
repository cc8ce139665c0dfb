"""Connections over HTTP to message centres, each exchange on them within one deadline (RFC 9110, 9112).

httpx speaks the protocol; its timeouts hold for each read alone, so its sockets are
those of transcode.net, which know how much of the exchange is left. Whoever imports this
needs httpx, which the extra ``send`` brings.
"""

from __future__ import annotations

import select
import ssl
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

from transcode.net import BoundedSocket, Exchange, connect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Self

__all__ = ["ERRORS", "TIMEOUTS", "Client"]

#: What an exchange may raise besides those of transcode.net.
ERRORS = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    httpcore.ConnectionNotAvailable,
)
TIMEOUTS = (httpx.TimeoutException, httpcore.TimeoutException)

#: The exchange that the sockets of this thread work for.
_CURRENT: ContextVar[Exchange] = ContextVar("exchange")


class Client:
    """Connections to message centres that are kept, for many messages; a context manager.

    Neither the environment nor a redirect decides where messages go.

    Args:
        proxy: the address of an HTTP proxy, such as the WAP gateway of a network.
        tls: which certificates are trusted, and which is shown; None: those that the system trusts.
        auth: name and password for HTTP Basic, or what httpx takes, such as ``httpx.DigestAuth``.
        headers: of HTTP, for each message.

    Raises:
        ValueError: the proxy's address is none.
    """

    def __init__(
        self,
        *,
        proxy: str | None = None,
        tls: ssl.SSLContext | None = None,
        auth: tuple[str, str] | httpx.Auth | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        transport = _Transport(proxy, tls)
        self._session = httpx.Client(transport=transport, auth=auth, headers=headers, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    @contextmanager
    def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        auth: tuple[str, str] | None,
        exchange: Exchange,
    ) -> Iterator[httpx.Response]:
        """The answer to a request, its body still to be read within the block.

        Raises:
            httpx.HTTPError, httpcore's errors: as in ERRORS and TIMEOUTS.
            OSError: from the sockets of transcode.net.
        """
        token = _CURRENT.set(exchange)
        try:
            with self._session.stream(
                "POST",
                url,
                content=body,
                headers=headers,
                auth=httpx.USE_CLIENT_DEFAULT if auth is None else auth,
                timeout=exchange.left(),
                follow_redirects=False,
            ) as response:
                yield response
        finally:
            _CURRENT.reset(token)


class _Transport(httpx.BaseTransport):
    """httpx's requests on connections of httpcore whose sockets are bounded."""

    def __init__(self, proxy: str | None, tls: ssl.SSLContext | None) -> None:
        given = None
        if proxy is not None:
            found = httpx.Proxy(proxy)
            given = httpcore.Proxy(str(found.url), auth=found.raw_auth)
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls,
            proxy=given,
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=5.0,
            network_backend=_Backend(),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        answer = self._pool.handle_request(
            httpcore.Request(
                request.method,
                httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions
        )

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    """The body of an answer of httpcore."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _Backend(httpcore.NetworkBackend):
    """Connects within the bounds of the current exchange."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002  (the exchange has what is left)
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        try:
            return _Stream(connect(host, port, _CURRENT.get()))
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(str(error) or type(error).__name__) from error


class _Stream(httpcore.NetworkStream):
    """A connection that is used by one exchange after the other."""

    def __init__(self, bounded: BoundedSocket) -> None:
        self._bounded = bounded

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        self._bounded.exchange = _CURRENT.get()
        try:
            return self._bounded.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ReadError(str(error) or type(error).__name__) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._bounded.exchange = _CURRENT.get()
        try:
            self._bounded.sendall(buffer)
        except TimeoutError as error:
            raise httpcore.WriteTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.WriteError(str(error) or type(error).__name__) from error

    def close(self) -> None:
        self._bounded.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        exchange = _CURRENT.get()
        try:
            if isinstance(self._bounded.raw, ssl.SSLSocket):
                raise OSError("TLS to a server behind a proxy that speaks TLS itself is not there")
            self._bounded.raw.settimeout(exchange.left())
            secured = ssl_context.wrap_socket(self._bounded.raw, server_hostname=server_hostname)
        except TimeoutError as error:
            self.close()
            raise httpcore.ConnectTimeout(str(error)) from error
        except (OSError, ValueError) as error:
            self.close()
            raise httpcore.ConnectError(str(error) or type(error).__name__) from error
        return _Stream(BoundedSocket(secured, exchange))

    def get_extra_info(self, info: str) -> Any:
        raw = self._bounded.raw
        if info == "is_readable":
            # A connection that lies idle and has something to say has been closed by the peer.
            poll = select.poll()
            poll.register(raw, select.POLLIN)
            return raw.fileno() < 0 or bool(poll.poll(0))
        if info == "ssl_object":
            return raw if isinstance(raw, ssl.SSLSocket) else None
        if info == "socket":
            return raw
        return None
