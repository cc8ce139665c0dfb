"""The headers of an adapted message that describe its content."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.errors import MessageError
from transcode.message.content_class import content_class
from transcode.message.protection import locks

if TYPE_CHECKING:
    from transcode.message.composition import Measure
    from transcode.model import MessageFields

__all__ = ["adapted", "refuse_change"]

_CLASS = "x-mms-content-class"
#: The size that a header states is part of the message, whose length it may change: rounds until it stays.
_ROUNDS = 4


def adapted(before: MessageFields, made: MessageFields, measure: Measure) -> MessageFields:
    """Return an adapted message whose headers are true of its parts.

    The content class and the size become those of the message. A description of the content
    (X-Mms-Element-Descriptor) is left out because it names types of parts as they were. Protected content is
    no more said to be there if all of it was left out. The size of a reply that the sender pays for
    (X-Mms-Reply-Charging-Size) limits the reply and stays, as all other headers do.

    Args:
        before: the message as read.
        made: the message with its new parts.
        measure: returns the length in bytes of the encoded form.
    """
    names = {name.lower() for name, _ in made.headers}
    values: dict[str, object] = {"x-mms-element-descriptor": None}
    protected = locks(before)
    if protected and not any(id(part) in protected for part in made.parts):
        values["x-mms-drm-content"] = False
        values["drmcontent"] = False
    if _CLASS in names:
        values[_CLASS] = content_class(made, _size(made, measure))
    made = _with(made, values)
    for _ in range(_ROUNDS if "x-mms-message-size" in names else 0):
        found = _with(made, {"x-mms-message-size": _size(made, measure)})
        if found.headers == made.headers:
            break
        made = found
    return made


def refuse_change(message: MessageFields, made: MessageFields) -> None:
    """Refuse an adaptation that changes a message whose sender forbids it.

    Args:
        message: the message as its sender wrote it, before any conversion: forms that a receiver gets do not
            have the sender's X-Mms-Adaptation-Allowed, or allowAdaptations in MM7.
        made: the message after adaptation, with its reports.

    Raises:
        MessageError: a part, the subject or the presentation would change, and the sender forbids it.
    """
    names = ("x-mms-adaptation-allowed", "allowadaptations")
    forbids = any(value is False for name, value in message.headers if name.lower() in names)
    if forbids and made.reports:
        first = made.reports[0]
        raise MessageError(
            f"the sender forbids adaptation, and {first.source} would change: {first.notes[0].text}"
        )


def _size(message: MessageFields, measure: Measure) -> int:
    return measure(message, [len(part.data) for part in message.parts])


def _with(message: MessageFields, values: dict[str, object]) -> MessageFields:
    """The message with other values of the headers that it has; None: without the header."""
    pairs = [(name, values.get(name.lower(), value)) for name, value in message.headers]
    headers = tuple((name, value) for name, value in pairs if value is not None)
    return message if headers == message.headers else replace(message, headers=headers)  # type: ignore[arg-type]
