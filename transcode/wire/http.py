"""The body of an HTTP request or response, with the headers that describe the body."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["HttpMessage"]


@dataclass(frozen=True, slots=True)
class HttpMessage:
    """The headers and the body of an HTTP request or response.

    ``bytes()`` returns the headers, an empty line and the body. ``transcode.read`` reads a file with these
    octets.

    Attributes:
        headers: the headers that describe the body, such as Content-Type, in order.
        body: the octets of the body.
    """

    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)

    def __bytes__(self) -> bytes:
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers)
        return lines.encode("ascii") + b"\r\n" + self.body
