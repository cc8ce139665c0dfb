"""What a phone says of itself in the headers of a request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.errors import ProfileError
from transcode.profile.uaprof import profile_url

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Device", "device_of"]

#: Longer values are no address of a document and no name of a program. A store of files takes 255.
_MOST_ADDRESS, _MOST_AGENT = 255, 200
#: The most octets of all differences of one request.
_MOST_DIFFERENCES = 8192
#: The headers that name a document: of WAP (WAP-248-UAPROF, 9.1), and of the HTTP extension framework, whose
#: prefix the client chooses (RFC 2774).
_PROFILE = re.compile(r"x-wap-profile|(\d{1,3}-)?profile")
_DIFFERENCE = re.compile(r"x-wap-profile-diff(-\d{1,2})?|(\d{1,3}-)?profile-diff(-\d{1,2})?")
#: A difference begins with its number, by which X-Wap-Profile refers to it.
_NUMBER = re.compile(r"\s*\d{1,2}\s*;\s*")


@dataclass(frozen=True, slots=True)
class Device:
    """A phone as it described itself.

    Attributes:
        document: the address of its UAProf document, as ``transcode.profile.profile_url`` writes it; ``""``:
            it named none.
        differences: documents that change that one, in order.
        agent: its User-Agent, or ``""``.
    """

    document: str = ""
    differences: tuple[str, ...] = ()
    agent: str = ""


def device_of(headers: Iterable[tuple[str, str]]) -> Device:
    """Return what the headers of a request say of the phone. What is no sensible value is left out.

    Args:
        headers: names and values, in order; a value has a character for each octet.
    """
    document, agent, differences = "", "", []
    for name, value in headers:
        key = name.lower()
        if key == "user-agent":
            agent = agent or value.strip()[:_MOST_AGENT]
        elif _PROFILE.fullmatch(key):
            document = document or _address(value)
        elif _DIFFERENCE.fullmatch(key):
            begin = _NUMBER.match(value)
            differences.append(value[begin.end() if begin else 0 :].strip())
    if not document or sum(map(len, differences)) > _MOST_DIFFERENCES:
        differences = []
    return Device(document, tuple(one for one in differences if one), agent)


def _address(header: str) -> str:
    try:
        url = profile_url(header[: 4 * _MOST_ADDRESS])
    except ProfileError:
        return ""
    return url if len(url) <= _MOST_ADDRESS else ""
