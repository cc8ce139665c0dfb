"""Checks of what a request of HTTP is made with. They need no httpx, so that a dry run does without it."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Any

from transcode.errors import MessageError
from transcode.net import is_address

__all__ = ["NO_PROXY", "check_proxy", "checked_auth", "checked_headers"]

_PROXIES = ("http", "https", "socks5", "socks5h")
#: What is wrong with a proxy's URL. It does not repeat the URL, which may have a password.
NO_PROXY = f"proxy: not the URL of a proxy; its scheme must be {', '.join(_PROXIES[:-1])} or {_PROXIES[-1]}"

#: Names and values of header fields (RFC 9110, 5.1 and 5.5) in US-ASCII. Servers differ in how they read
#: other characters.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t -~]*")


def checked_auth(auth: Any) -> Any:
    """Return the argument auth unchanged.

    Raises:
        MessageError: auth is neither None, a pair of texts nor a httpx.Auth. The error does not repeat the
            values.
    """
    # Nobody has such an object without httpx.
    httpx = sys.modules.get("httpx")
    if auth is None or (httpx is not None and isinstance(auth, httpx.Auth)):
        return auth
    if isinstance(auth, tuple) and len(auth) == 2 and all(isinstance(one, str) for one in auth):
        return auth
    given = f"a tuple of {len(auth)}" if isinstance(auth, tuple) else type(auth).__name__
    raise MessageError(f"auth: must be a pair of name and password, both text, or a httpx.Auth, not {given}")


def checked_headers(headers: Mapping[str, str] | None) -> dict[str, str]:
    """Return HTTP headers as a dictionary; {} for None.

    Raises:
        MessageError: headers is not a mapping of text to text, or a name or a value can't be sent. The error
            does not repeat values.
    """
    if headers is None:
        return {}
    if not isinstance(headers, Mapping):
        raise MessageError(f"headers: must be a mapping of names to values, not {type(headers).__name__}")
    for name, value in headers.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise MessageError(f"headers: {name!r} is not a valid header name")
        if not isinstance(value, str) or not _VALUE.fullmatch(value):
            raise MessageError(f"headers: the value of {name} must be one line of US-ASCII text")
    return dict(headers)


def check_proxy(address: object) -> None:
    """Check that a value is None or the URL of a proxy.

    Raises:
        MessageError: it is neither.
    """
    if address is None:
        return
    if not isinstance(address, str):
        raise MessageError(f"proxy: must be a URL as text, not {type(address).__name__}")
    scheme, _, rest = address.partition("://")
    if scheme.lower() not in _PROXIES or not is_address(f"http://{rest}"):
        raise MessageError(NO_PROXY)
