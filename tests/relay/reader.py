"""Somebody who gets a link by SMS: what a browser sends, without a browser."""

from __future__ import annotations

import http.client
import re
from urllib.parse import urlencode, urlsplit

from tests.relay.phone import PATIENCE, Gateway, until

#: What a browser calls itself.
AGENT = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"
_URL = re.compile(r"http://\S+/p/[A-Za-z0-9_-]{22}")


def texts(gateway: Gateway, number: str) -> list[str]:
    """The texts that a number got."""
    return [
        one["text"].decode({b"2": "utf-16be"}.get(one["coding"], "utf-8"))
        for one in gateway.asked_for
        if one["coding"] != b"1" and one["to"].decode() == number
    ]


def link(gateway: Gateway, number: str, count: int = 1) -> str:
    """The address in the text that a number gets next; count texts are waited for."""
    until(lambda: len(texts(gateway, number)) >= count)
    found = _URL.search(texts(gateway, number)[count - 1])
    assert found is not None
    return found[0]


def ask(
    method: str,
    url: str,
    headers: dict[str, str] | None = None,
    *,
    form: dict[str, str] | None = None,
) -> tuple[int, dict[str, str], bytes]:
    """The status, the headers in lower case and the body of an answer."""
    parts = urlsplit(url)
    given = {"User-Agent": AGENT, "Content-Type": "application/x-www-form-urlencoded"}
    given |= headers or {}
    connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, target, None if form is None else urlencode(form), given)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()
