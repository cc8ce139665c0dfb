"""A request of the API whose key may make it: its words, its body, what its answer has."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, TypeVar

from transcode.relay.api.problems import ApiError
from transcode.relay.api.reading import read_json, read_query
from transcode.relay.api.schema import Fault
from transcode.relay.ports.bodies import Untaken, body, spooled

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Mapping

    from starlette.requests import Request

    from transcode.relay.ports.in_flight import InFlight
    from transcode.relay.store.keys import ApiKey

__all__ = ["Asked"]

_Value = TypeVar("_Value")

#: The kinds of problems by the status of what could not be read.
_UNTAKEN = {400: "malformed", 408: "slow", 413: "too-large", 415: "media-type", 503: "busy"}
#: What an answer says beside, of when or how to ask again.
_AGAIN = ("Retry-After", "Accept-Encoding")


class Asked:
    """A request whose key may make it.

    Args:
        request: the request.
        key: the key.
        path: the parameters of the path.
        held: until it ends, the octets of the body count as in flight.
        in_flight: the counter of all doors.

    Attributes:
        request, key, path, held, in_flight: as the arguments.
        headers: what the answer is to have beside its value.
    """

    def __init__(
        self,
        request: Request,
        key: ApiKey,
        path: Mapping[str, str],
        held: contextlib.AsyncExitStack,
        in_flight: InFlight,
    ) -> None:
        self.request = request
        self.key = key
        self.path = path
        self.held = held
        self.in_flight = in_flight
        self.headers: dict[str, str] = {}

    @property
    def content_type(self) -> str:
        """The type of the body, without parameters."""
        return self.request.headers.get("content-type", "").partition(";")[0].strip().lower()

    async def octets(self, most: int, seconds: float) -> bytes:
        """Return the body.

        Raises:
            ApiError: it is larger or slower than it may be, there is no room for it, or it is compressed.
        """
        try:
            return await body(self.request, self.held, self.in_flight, most=most, seconds=seconds)
        except Untaken as error:
            raise _untaken(error, most, seconds) from error

    async def file(self, most: int, seconds: float) -> BinaryIO:
        """Return the body, which may be large, as a file that is there until the answer.

        Raises:
            ApiError: it is larger or slower than it may be, or it is compressed.
        """
        try:
            return await spooled(self.request, self.held, most=most, seconds=seconds)
        except Untaken as error:
            raise _untaken(error, most, seconds) from error

    async def json(self, kind: type[_Value], most: int, seconds: float) -> _Value:
        """Return the value of a body in JSON.

        Raises:
            ApiError: it is none, or a field is wrong.
        """
        if self.content_type != "application/json":
            raise ApiError("media-type", f"application/json is taken, not {self.content_type or 'nothing'}")
        return read_json(kind, await self.octets(most, seconds))

    def words(self, kind: type[_Value]) -> _Value:
        """Return the words of the address as a value.

        Raises:
            ApiError: one has a value that can't be.
        """
        return read_query(kind, dict(self.request.query_params))


def _untaken(error: Untaken, most: int, seconds: float) -> ApiError:
    """Return the problem that a body is which was not taken."""
    status, given = error.response.status_code, error.response.headers
    limits = {408: seconds, 413: float(most)}
    faults = [Fault("the request", str(error), limits[status])] if status in limits else []
    headers = {name: given[name] for name in _AGAIN if name in given}
    return ApiError(_UNTAKEN[status], str(error), faults, headers)
