"""HTTP connections to MMSCs, with one deadline for each exchange (RFC 9110, 9112).

httpx implements the protocol. Its timeouts apply to each single read or write, so the connections use the
sockets of transcode.net, which know the time left for the whole exchange. The import of this module needs
httpx, which the extra ``send`` installs.
"""

from __future__ import annotations

import importlib
import re
import select
import ssl
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

from transcode.errors import MessageError, MissingPackage, is_temporary_status
from transcode.net import BoundedSocket, Exchange, connect
from transcode.transport.http_arguments import NO_PROXY, check_proxy, checked_auth, checked_headers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Self

__all__ = ["TIMEOUTS", "Client", "checked_proxy", "is_temporary"]

TIMEOUTS = (httpx.TimeoutException, httpcore.TimeoutException)

#: The current exchange of this thread, and the connections that were opened for its current request.
_CURRENT: ContextVar[Exchange] = ContextVar("exchange")
_MADE: ContextVar[list[_Stream]] = ContextVar("made")

#: The HTTP status at the start of the error text for a proxy's response.
_STATUS = re.compile(r"[1-5][0-9]{2}\b")


class Client:
    """Persistent connections to MMSCs for many messages; a context manager.

    The client ignores proxies of the environment and does not follow redirects.

    Args:
        proxy: the URL of a proxy, such as the WAP gateway of a network: http, https, socks5 or socks5h.
        tls: the trusted certificates and the client's own certificate; None: the certificates that the
            system trusts, and no client certificate.
        auth: user name and password for HTTP Basic authentication, or a httpx.Auth such as
            ``httpx.DigestAuth``.
        headers: HTTP headers of each request.

    Raises:
        MessageError: an argument is of another type, or the proxy's URL is invalid.
        MissingPackage: a SOCKS proxy needs socksio, which the extra ``socks`` installs.
    """

    def __init__(
        self,
        *,
        proxy: str | None = None,
        tls: ssl.SSLContext | None = None,
        auth: tuple[str, str] | httpx.Auth | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        if tls is not None and not isinstance(tls, ssl.SSLContext):
            raise MessageError(f"tls: must be an ssl.SSLContext, not {type(tls).__name__}")
        auth, given = checked_auth(auth), checked_headers(headers)
        transport = _Transport(checked_proxy(proxy), tls)
        self._session = httpx.Client(transport=transport, auth=auth, headers=given, trust_env=False)

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
        auth: tuple[str, str] | httpx.Auth | None,
        exchange: Exchange,
    ) -> Iterator[httpx.Response]:
        """Post a request; the context manager gives the response, whose body is read within the block.

        Raises:
            Exception: the errors of httpx, httpcore and the sockets of transcode.net; one of TIMEOUTS if the
                time is over.
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

    def get(self, url: str, exchange: Exchange) -> tuple[int, bytes]:
        """Return the status and the body of a response.

        Raises:
            Exception: as of post.
        """
        token = _CURRENT.set(exchange)
        try:
            response = self._session.get(url, timeout=exchange.left(), follow_redirects=False)
            return response.status_code, response.content
        finally:
            _CURRENT.reset(token)


def is_temporary(error: Exception) -> bool:
    """Whether a later try of the failed request may succeed.

    True for a failed connection. False for a certificate that is not trusted, and for a request that the
    protocol does not allow.
    """
    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, ssl.SSLCertVerificationError):
            return False
        chain = chain.__cause__ or chain.__context__
    if isinstance(error, httpx.ProxyError | httpcore.ProxyError):
        status = _STATUS.match(str(error))
        return status is None or is_temporary_status(int(status[0]))
    if isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError):
        return False
    return isinstance(error, httpx.TransportError | httpcore.NetworkError | httpcore.ProtocolError | OSError)


def checked_proxy(address: str | None) -> httpcore.Proxy | None:
    """Return the proxy with the given URL, or None.

    Raises:
        MessageError: the URL is not that of a proxy.
        MissingPackage: a SOCKS proxy needs socksio.
    """
    check_proxy(address)
    if address is None:
        return None
    try:
        found = httpx.Proxy(address)
    except (httpx.InvalidURL, ValueError):
        # The text of httpx's error contains the password.
        raise MessageError(NO_PROXY) from None
    if found.url.scheme.startswith("socks"):
        try:
            importlib.import_module("socksio")
        except ImportError as error:
            raise MissingPackage("socksio", "sending through a SOCKS proxy", extra="socks") from error
    return httpcore.Proxy(str(found.url), auth=found.raw_auth)


class _Transport(httpx.BaseTransport):
    """Sends the requests of httpx over httpcore connections with bounded sockets."""

    def __init__(self, proxy: httpcore.Proxy | None, tls: ssl.SSLContext | None) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls,
            proxy=proxy,
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=5.0,
            network_backend=_Backend(),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        made: list[_Stream] = []
        token = _MADE.set(made)
        try:
            answer = self._pool.handle_request(
                httpcore.Request(
                    request.method,
                    httpcore.URL(
                        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        except BaseException:
            # httpcore does not close the connection of a failed SOCKS handshake.
            for stream in made:
                stream.close()
            raise
        finally:
            _MADE.reset(token)
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions
        )

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    """The body of an httpcore response."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _Backend(httpcore.NetworkBackend):
    """Opens connections within the deadline of the current exchange."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002  (the exchange knows the time left)
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        try:
            return _noted(_Stream(connect(host, port, _CURRENT.get())))
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(str(error) or type(error).__name__) from error


def _noted(stream: _Stream) -> _Stream:
    _MADE.get().append(stream)
    return stream


class _Stream(httpcore.NetworkStream):
    """A connection that several exchanges use, one after another."""

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
                raise OSError("TLS to a server through an https proxy is not supported")
            self._bounded.raw.settimeout(exchange.left())
            secured = ssl_context.wrap_socket(self._bounded.raw, server_hostname=server_hostname)
        except TimeoutError as error:
            self.close()
            raise httpcore.ConnectTimeout(str(error)) from error
        except (OSError, ValueError) as error:
            self.close()
            raise httpcore.ConnectError(str(error) or type(error).__name__) from error
        return _noted(_Stream(BoundedSocket(secured, exchange)))

    def get_extra_info(self, info: str) -> Any:
        raw = self._bounded.raw
        if info == "is_readable":
            # An idle connection with data to read has been closed by the peer.
            poll = select.poll()
            poll.register(raw, select.POLLIN)
            return raw.fileno() < 0 or bool(poll.poll(0))
        if info == "ssl_object":
            return raw if isinstance(raw, ssl.SSLSocket) else None
        if info == "socket":
            return raw
        return None
