"""Changes the recipients, the subject and the headers of a finished message; its parts stay as they are."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.errors import BudgetError, MessageError, ProfileError
from transcode.message.address import wire
from transcode.message.recipients import addressed, check_envelope, recipients_of
from transcode.messages.options import asked
from transcode.model import MessageFields
from transcode.wire.convert import convert, length
from transcode.wire.forms import form, form_of_type
from transcode.wire.mm1.headers import BY_NAME, needed_version
from transcode.wire.mm1.pdu_types import FIELD_NAMES
from transcode.wire.submission import NeutralHeader, Submission

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transcode.model import Form, HeaderValue, MessageType, SendOptions, SomeMessage
    from transcode.profile import Profile

__all__ = ["edited", "submission"]

#: Control characters, which end a header of mail or HTTP, and halves of surrogate pairs.
_NOT_IN_HEADERS = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def submission(message: SomeMessage, name: Form) -> SomeMessage:
    """Return the message as the request of a form that submits it, such as an M-Send.req.

    Raises:
        MessageError: the message has no content that can be submitted, such as a report.
    """
    return convert(message, form(name).submitted)


def edited(
    message: SomeMessage,
    *,
    recipients: tuple[Sequence[str] | None, Sequence[str] | None, Sequence[str] | None],
    sender: str | None,
    subject: str | None,
    options: SendOptions | None,
    headers: Iterable[tuple[str, HeaderValue | None]],
    transaction_id: str | None,
    profile: Profile | None,
    limit_form: Form | None,
) -> SomeMessage:
    """Return the message with the given changes; the arguments and errors are those of Message.edited.

    Args:
        recipients: to, cc and bcc; None three times keeps those of the message.
    """
    for name, text in (("sender", sender), ("subject", subject), ("transaction_id", transaction_id)):
        _check_text(name, text)
    found = message
    if recipients != (None, None, None):
        to, cc, bcc = (() if role is None else role for role in recipients)
        found = addressed(found, recipients_of(to, cc, bcc))
    if sender is not None:
        found = replace(found, sender=wire(sender, sender=True) if sender else None)
    if subject is not None:
        found = replace(found, subject=subject or None)
    given = _checked(headers)
    stated = [*asked(options, given), *given]
    if stated:
        found = _with_headers(found, stated)
    if transaction_id is not None:
        found = replace(found, transaction_id=transaction_id)
    elif found != message:
        found = replace(found, transaction_id=_transaction_id(found))
    if profile is not None:
        found = _for_profile(found, profile)
    if limit_form is not None:
        found = replace(found, limit_form=form(limit_form).name)
    _check_limit(found)
    return found


def _check_text(name: str, given: object) -> None:
    """Raise MessageError for a value that is no text, or could end its header and begin another."""
    if given is None:
        return
    if not isinstance(given, str):
        raise MessageError(f"{name}: must be text, not {type(given).__name__}")
    wrong = _NOT_IN_HEADERS.search(given)
    if wrong is not None:
        raise MessageError(f"{name}: {given!r} has the character {wrong[0]!r}, which no header can have")


def _checked(headers: Iterable[tuple[str, HeaderValue | None]]) -> list[tuple[str, HeaderValue | None]]:
    """Return the headers as a list.

    Raises:
        MessageError: they are no pairs of name and value, name a field of messages, or have a character that
            no header can have.
    """
    try:
        pairs = [(name, value) for name, value in headers]
    except (TypeError, ValueError):
        raise MessageError("headers: must be pairs of name and value") from None
    for name, value in pairs:
        if not isinstance(name, str) or not name:
            raise MessageError(f"headers: {name!r} is not the name of a header")
        _check_text("headers", name)
        if name.lower() in FIELD_NAMES:
            raise MessageError(f"headers: {name} is a field of the message")
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str):
                _check_text(name, text)
    return pairs


def _with_headers(message: SomeMessage, stated: Sequence[tuple[str, HeaderValue | None]]) -> SomeMessage:
    """Return the message with headers in place of those of the same names, in the names of its form."""
    own = form(form_of_type(message.message_type))
    names = {name.lower() for name, _ in stated}
    added = [(name, value) for name, value in stated if value is not None]
    version = message.version
    if own.name == "mm1":
        version = max(version, needed_version(added)) if added else version
    elif message.message_type in own.gives:
        # By the names of MM1, which other forms spell in their own way.
        bare = replace(message, content_type=None, parameters=(), parts=())
        names |= {
            one.given.lower()
            for one in own.conversion.to_submission(bare).headers
            if one.name is not None and one.name.lower() in names
        }
        added = [
            pair
            for name, value in added
            for pair in (
                _native(name, value, message.message_type) if name.lower() in BY_NAME else [(name, value)]
            )
        ]
    kept = [pair for pair in message.headers if pair[0].lower() not in names]
    return replace(message, headers=(*kept, *added), version=version)


def _native(name: str, value: HeaderValue, message_type: MessageType) -> list[tuple[str, HeaderValue]]:
    """Return a header of MM1 in the names and values of a message type of another form.

    Raises:
        MessageError: the type has no such header, or not with this value.
    """
    own, bare = form(form_of_type(message_type)), MessageFields(content_type=None)
    nothing, one = (
        own.conversion.from_submission(Submission(bare, headers, "mm1"), message_type)
        for headers in ((), (NeutralHeader(name, name, value),))
    )
    found = [pair for pair in one.headers if pair not in nothing.headers]
    if not found:
        raise MessageError(f"headers: {message_type} has no {name} of {value!r}")
    return found


def _transaction_id(message: MessageFields) -> str:
    """Return the id of a message that was changed: equal changes of equal messages get equal ids.

    It follows from the id before, not from the media, which may be large.
    """
    digest = hashlib.sha256(
        repr(
            (
                message.transaction_id,
                message.sender,
                message.to,
                message.cc,
                message.bcc,
                message.subject,
                message.headers,
            )
        ).encode("utf-8", "replace")
    )
    if message.transaction_id is None:
        for part in message.parts:
            digest.update(part.data)
    return f"T{digest.hexdigest()[:15]}"


def _for_profile(message: SomeMessage, profile: Profile) -> SomeMessage:
    """Return the message with the profile's limit, after a check of its recipients and its subject."""
    # Imported here: most changes name no profile.
    from transcode.profile import Profile

    if not isinstance(profile, Profile):
        raise ProfileError(repr(profile), "profile must be a Profile, as find_profile returns it")
    profile.require_mms()
    check_envelope(profile, len(message.to) + len(message.cc) + len(message.bcc), message.subject)
    return replace(message, limit=profile.max_message_bytes)


def _check_limit(message: MessageFields) -> None:
    """Raise BudgetError for a message that is larger than its limit in the form that the limit counts."""
    if message.limit is None:
        return
    counted = message
    if form_of_type(message.message_type) != message.limit_form:
        counted = submission(message, message.limit_form)
    size = length(counted, message.limit_form, [len(part.data) for part in counted.parts])
    if size > message.limit:
        raise BudgetError("message", message.limit, smallest=size, finished=True)
