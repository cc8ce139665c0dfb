"""Why a request of the API is not done: kinds that programs know, each with its status (RFC 9457)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from transcode.relay.api.schema import Fault, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["BEGIN", "KINDS", "ApiError", "Kind"]

#: What a kind's word follows in the type of a problem.
BEGIN = "/v1/problems/"


class Kind(NamedTuple):
    """A kind of problem.

    Attributes:
        status: that of HTTP.
        title: what it is, the same for each.
    """

    status: int
    title: str


KINDS = {
    "malformed": Kind(400, "The request can't be read."),
    "unauthorized": Kind(401, "The request has no valid key."),
    "forbidden": Kind(403, "The key may not do this."),
    "not-found": Kind(404, "There is no such thing."),
    "method": Kind(405, "The address does not know this method."),
    "slow": Kind(408, "The request took too long to arrive."),
    "too-late": Kind(409, "It is too late for this."),
    "too-large": Kind(413, "The request has more octets than are taken."),
    "media-type": Kind(415, "The request has content of another kind than is taken."),
    "invalid": Kind(422, "A field has a value that can't be."),
    "media": Kind(422, "A medium can't be had or used."),
    "refused": Kind(422, "The centre does not take the message."),
    "idempotency": Kind(422, "The Idempotency-Key stands for another request."),
    "rate": Kind(429, "The key asks for more than its rate allows."),
    "failed": Kind(500, "The centre failed."),
    "busy": Kind(503, "The centre can't do it now."),
}


class ApiError(Exception):
    """A request that is not done.

    Args:
        kind: a word of KINDS.
        detail: why, for people.
        errors: the fields that are wrong.
        headers: further headers of the answer.
    """

    def __init__(
        self,
        kind: str,
        detail: str,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = KINDS[kind].status
        self.headers = dict(headers or {})
        self.problem = Problem(
            type=f"{BEGIN}{kind}",
            title=KINDS[kind].title,
            status=self.status,
            detail=detail,
            errors=list(errors),
        )

    @classmethod
    def of_field(cls, kind: str, field: str, detail: str, limit: float | None = None) -> ApiError:
        """Return the error of one field."""
        return cls(kind, f"{field}: {detail}", [Fault(field, detail, limit)])

    @classmethod
    def later(cls, kind: str, detail: str, seconds: float) -> ApiError:
        """Return the error of what may be asked again after some seconds."""
        return cls(kind, detail, headers={"Retry-After": str(int(seconds) + 1)})
