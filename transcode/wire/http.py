"""A message as it is posted: headers of HTTP and a body."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["HttpMessage"]


@dataclass(frozen=True, slots=True)
class HttpMessage:
    """What is posted to a server, or answered by one.

    ``bytes()`` gives the headers, an empty line and the body: for a file, which
    ``transcode.read`` takes again.

    Attributes:
        headers: those that describe the body, such as Content-Type, in order.
        body: its octets.
    """

    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)

    def __bytes__(self) -> bytes:
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers)
        return lines.encode("ascii") + b"\r\n" + self.body
