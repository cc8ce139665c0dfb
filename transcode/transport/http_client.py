"""Connections over HTTP to message centres, each exchange on them within one deadline (RFC 9110, 9112).

httpx speaks the protocol; its timeouts hold for each read alone, so its sockets are
those of transcode.net, which know how much of the exchange is left. Whoever imports this
needs httpx, which the extra ``send`` brings.
"""

from __future__ import annotations

import importlib
import re
import select
import ssl
from collections.abc import Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

from transcode.errors import MessageError, MissingPackage, is_temporary_status
from transcode.net import BoundedSocket, Exchange, connect, is_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Self

__all__ = ["TIMEOUTS", "Client", "checked_auth", "checked_headers", "is_temporary"]

TIMEOUTS = (httpx.TimeoutException, httpcore.TimeoutException)

#: The exchange that the sockets of this thread work for, and the connections that were made for the request.
_CURRENT: ContextVar[Exchange] = ContextVar("exchange")
_MADE: ContextVar[list[_Stream]] = ContextVar("made")

_PROXIES = ("http", "https", "socks5", "socks5h")

#: Names and values of fields (RFC 9110, 5.1 and 5.5), of US-ASCII: servers read others each in its way.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t -~]*")
#: What the error of a proxy begins with that answered.
_STATUS = re.compile(r"[1-5][0-9]{2}\b")


class Client:
    """Connections to message centres that are kept, for many messages; a context manager.

    Neither the environment nor a redirect decides where messages go.

    Args:
        proxy: the address of a proxy, such as the WAP gateway of a network: http, https, socks5 or socks5h.
        tls: which certificates are trusted, and which is shown; None: those that the system trusts.
        auth: name and password for HTTP Basic, or what httpx takes, such as ``httpx.DigestAuth``.
        headers: of HTTP, for each message.

    Raises:
        MessageError: an argument is of another kind, or the proxy's address is none.
        MissingPackage: a SOCKS proxy needs socksio, which the extra ``socks`` brings.
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
            raise MessageError(f"tls: an ssl.SSLContext, not {type(tls).__name__}")
        auth, given = checked_auth(auth), checked_headers(headers)
        transport = _Transport(_proxy(proxy), tls)
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
        """The answer to a request, its body still to be read within the block.

        Raises:
            Exception: what httpx, httpcore and the sockets of transcode.net raise; TIMEOUTS where it took too
                long.
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


def is_temporary(error: Exception) -> bool:
    """Whether a request that failed so may succeed later: its connection failed, and not for what it is."""
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


def checked_auth(auth: Any) -> tuple[str, str] | httpx.Auth | None:
    """Who the sender says that it is, as it was given.

    Raises:
        MessageError: neither a pair of texts nor a httpx.Auth; its values are not repeated.
    """
    if auth is None or isinstance(auth, httpx.Auth):
        return auth
    if isinstance(auth, tuple) and len(auth) == 2 and all(isinstance(one, str) for one in auth):
        return auth
    given = f"a tuple of {len(auth)}" if isinstance(auth, tuple) else type(auth).__name__
    raise MessageError(f"auth: a pair of name and password, both text, or a httpx.Auth, not {given}")


def checked_headers(headers: Mapping[str, str] | None) -> dict[str, str]:
    """Headers of HTTP as they were given.

    Raises:
        MessageError: it is no mapping of texts, or one can't be sent; values are not repeated.
    """
    if headers is None:
        return {}
    if not isinstance(headers, Mapping):
        raise MessageError(f"headers: a mapping of names to values, not {type(headers).__name__}")
    for name, value in headers.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise MessageError(f"headers: {name!r} is no name of a header")
        if not isinstance(value, str) or not _VALUE.fullmatch(value):
            raise MessageError(f"headers: the value of {name} must be text of US-ASCII in one line")
    return dict(headers)


def _proxy(address: str | None) -> httpcore.Proxy | None:
    """A proxy, by its address."""
    if address is None:
        return None
    if not isinstance(address, str):
        raise MessageError(f"proxy: an address, not {type(address).__name__}")
    scheme, _, rest = address.partition("://")
    try:
        found = httpx.Proxy(address) if scheme.lower() in _PROXIES and is_address(f"http://{rest}") else None
    except (httpx.InvalidURL, ValueError):
        found = None
    if found is None:
        # What httpx says would show the password.
        words = f"no address of a proxy; one begins with {', '.join(_PROXIES[:-1])} or {_PROXIES[-1]}"
        raise MessageError(f"proxy: {words}")
    if found.url.scheme.startswith("socks"):
        try:
            importlib.import_module("socksio")
        except ImportError as error:
            raise MissingPackage("socksio", "sending through a SOCKS proxy", extra="socks") from error
    return httpcore.Proxy(str(found.url), auth=found.raw_auth)


class _Transport(httpx.BaseTransport):
    """httpx's requests on connections of httpcore whose sockets are bounded."""

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
            # What a proxy of SOCKS did not let through is nobody's else.
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
            return _noted(_Stream(connect(host, port, _CURRENT.get())))
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(str(error) or type(error).__name__) from error


def _noted(stream: _Stream) -> _Stream:
    _MADE.get().append(stream)
    return stream


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
        return _noted(_Stream(BoundedSocket(secured, exchange)))

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
