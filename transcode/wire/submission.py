"""Neutral submissions: the intermediate form of a message in a conversion.

Each form has a function that converts its messages to a Submission, and a function that converts a Submission
to its messages. transcode.wire.convert composes the first of the source and the second of the target.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, Literal, NamedTuple

from transcode.model import SomeMessage

if TYPE_CHECKING:
    from collections.abc import Callable

    from transcode.model import Form, HeaderValue

__all__ = [
    "MULTIPART",
    "STATUS_EXTENSION",
    "WAP_MULTIPART",
    "Kind",
    "LeftOut",
    "NeutralHeader",
    "Submission",
    "delivered",
]

#: The beginning of the content types of multiparts, in mail and SOAP, and in MM1.
MULTIPART = "multipart/"
WAP_MULTIPART = "application/vnd.wap.multipart."

#: The header of MM4 with the reason of a rejection, as MM4 spells it. MM7 has an element for it, MM1 nothing.
STATUS_EXTENSION = "X-Mms-MM-Status-Extension"

#: Kinds of content: a message, or a report on a message. A conversion keeps the kind.
Kind = Literal["message", "delivery report", "read report"]

#: Headers that one sentence names at most.
_MOST_NAMED = 12


class NeutralHeader(NamedTuple):
    """A header of a submission. Submissions have the names and values of MM1.

    Attributes:
        name: the name in MM1, in any case; None where MM1 has no such header, except for STATUS_EXTENSION.
        given: the name in the source.
        value: the value in MM1; where MM1 has no such header, the value in the source.
    """

    name: str | None
    given: str
    value: HeaderValue


@dataclass(frozen=True, slots=True)
class Submission(Generic[SomeMessage]):
    """A message, or a report on a message, in a neutral form.

    Attributes:
        message: the fields of the message. Addresses and the content type of the body are those of MM1; the
            message type, the version and the headers are those of the source. Of a report, sender is who got
            or read the message, and to is who sent the message.
        headers: the headers of the source, in order.
        form: the form of the source.
        shows_values: whether each header that the target can't hold is reported by itself, with its value.
    """

    message: SomeMessage
    headers: tuple[NeutralHeader, ...]
    form: Form
    shows_values: bool = False

    def header(self, name: str) -> HeaderValue | None:
        """Return the value of the last header with a name in MM1; None where the submission has none."""
        found = [
            one.value for one in self.headers if one.name is not None and one.name.lower() == name.lower()
        ]
        return found[-1] if found else None


def delivered(submission: Submission[SomeMessage], odd: Callable[[str], None]) -> Submission[SomeMessage]:
    """Return the submission as recipients may see it: without Bcc, and without a sender who hides.

    A sender hides unless each X-Mms-Sender-Visibility is Show: of several, one may be Hide, and a value that
    is neither may mean it.
    """
    message = submission.message
    if message.bcc:
        odd("the addresses of Bcc are left out, because recipients must not see them")
        message = replace(message, bcc=())
    hidden = [
        one.value
        for one in submission.headers
        if (one.name or "").lower() == "x-mms-sender-visibility" and one.value != "Show"
    ]
    if hidden and message.sender is not None:
        odd(f"the sender is left out, because X-Mms-Sender-Visibility is {hidden[0]}")
        message = replace(message, sender=None)
    return replace(submission, message=message)


class LeftOut:
    """Reports headers that a target can't hold: each by itself with its value, or all in one sentence.

    Args:
        target: the name of the target.
        odd: called with each sentence.
        shows_values: whether add reports each header with its value; else tell reports all names.
    """

    def __init__(self, target: str, odd: Callable[[str], None], *, shows_values: bool) -> None:
        self._target = target
        self._odd = odd
        self._shows_values = shows_values
        self._names: dict[str, None] = {}

    def add(self, name: str, value: HeaderValue) -> None:
        """Add a header that is left out, by its name in the source."""
        if self._shows_values:
            self._odd(f"{name} has no place in {self._target}, and is left out: {value!r}")
        else:
            self._names[name] = None

    def tell(self) -> None:
        """Report the headers that add did not report."""
        if self._names:
            names = list(self._names)
            more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
            shown = ", ".join(names[:_MOST_NAMED])
            self._odd(f"headers left out because {self._target} does not have them: {shown}{more}")
