"""What a message is between two forms: a value that names no form, with what each form makes of it.

A form has a pair of functions: one gives a Submission of a message of its own, one a message of its own of a
Submission. transcode.wire.convert composes the one of the source and the other of the target.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, Literal, NamedTuple

from transcode.model import SomeMessage

if TYPE_CHECKING:
    from collections.abc import Callable

    from transcode.model import Form, HeaderValue

__all__ = ["MULTIPART", "WAP_MULTIPART", "Kind", "LeftOut", "NeutralHeader", "Submission", "delivered"]

#: What types of bodies of several parts begin with, in mail and SOAP and in MM1.
MULTIPART = "multipart/"
WAP_MULTIPART = "application/vnd.wap.multipart."

#: What is converted: a message with its content, or a report on one. A kind becomes no other.
Kind = Literal["message", "delivery report", "read report"]

#: The most headers that one sentence names.
_MOST_NAMED = 12


class NeutralHeader(NamedTuple):
    """A header on its way from one form to another.

    Attributes:
        name: as MM1 calls it, in any case of its letters: its names and values are common ground; None: MM1
            has no such header.
        given: as the source calls it.
        value: as MM1 has it; where MM1 has no such header, as the source has it.
    """

    name: str | None
    given: str
    value: HeaderValue


@dataclass(frozen=True, slots=True)
class Submission(Generic[SomeMessage]):
    """A message, or a report on one, as no form in particular.

    Attributes:
        message: its fields: addresses and the type of the body in the words of MM1, whatever the source has;
            the message type, the version and the headers are still the source's.
        headers: those of the source, in order.
        form: of the source.
        shows_values: whether headers that the target has no place for are told one by one with their values.
    """

    message: SomeMessage
    headers: tuple[NeutralHeader, ...]
    form: Form
    shows_values: bool = False

    def header(self, name: str) -> HeaderValue | None:
        """The value of the header that MM1 calls so; None where there is none. The last one counts."""
        found = [
            one.value for one in self.headers if one.name is not None and one.name.lower() == name.lower()
        ]
        return found[-1] if found else None


def delivered(submission: Submission[SomeMessage], odd: Callable[[str], None]) -> Submission[SomeMessage]:
    """What recipients may see of it: nobody of Bcc, and no sender who hides."""
    message = submission.message
    if message.bcc:
        odd("the addresses of Bcc, which recipients don't see, left out")
        message = replace(message, bcc=())
    if submission.header("X-Mms-Sender-Visibility") == "Hide" and message.sender is not None:
        odd("the sender, who hides from recipients, left out")
        message = replace(message, sender=None)
    return replace(submission, message=message)


class LeftOut:
    """Tells of headers that a target has no place for: one by one with their values, or all in one sentence.

    Args:
        target: its name.
        odd: takes the sentences.
        shows_values: whether each has a sentence, with its value, when it is added.
    """

    def __init__(self, target: str, odd: Callable[[str], None], *, shows_values: bool) -> None:
        self._target = target
        self._odd = odd
        self._shows_values = shows_values
        self._names: dict[str, None] = {}

    def add(self, name: str, value: HeaderValue) -> None:
        """A header that is left out, by the name that the source has for it."""
        if self._shows_values:
            self._odd(f"{name} has no place in {self._target}, and is left out: {value!r}")
        else:
            self._names[name] = None

    def tell(self) -> None:
        """Say what was not said yet."""
        if self._names:
            names = list(self._names)
            more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
            shown = ", ".join(names[:_MOST_NAMED])
            self._odd(f"left out, for {self._target} has no such header: {shown}{more}")
