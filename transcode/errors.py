"""The errors of the package, as one tree.

Longer than 500 lines: all classes of the tree stand together, as users look for them in one place.

::

    TranscodeError
    +-- SourceError (ValueError)        the medium can't be read
    |   +-- UnsupportedError            the medium is whole, and of a kind that is not handled
    |   |   +-- NotTakenError           the medium is whole, and the receiver takes its kind in no form
    |   +-- CapError                    refused: too many pixels, bytes, frames or seconds
    +-- BudgetError (ValueError)        the limit can't be met
    +-- LimitsError (ValueError)        limits that make no sense
    +-- ProfileError (ValueError)       a profile file that is wrong
    |   +-- ProfileNotFound (LookupError)
    +-- ConfigError (ValueError)        a configuration file of the command line that is wrong
    +-- MessageError (ValueError)       recipients, subject or text that can't be sent
    +-- MmsUnavailable                  the network has MMS switched off, or the phone takes none
    +-- OutputError (OSError)           a result can't be written
    |   +-- OverwriteError              a result would replace its source, or a file that is there
    |   +-- SuffixError                 a result whose suffix asks for what is not written
    +-- JobError (RuntimeError)         work that was not done, without a fault of its source
    |   +-- Cancelled                   the caller cancelled the work
    |   +-- JobTimeout (TimeoutError)   the work was not done by its deadline
    |   +-- QueueFull                   no more work may wait
    +-- PduError (ValueError)           octets that are no MMS PDU
    +-- MissingPackage (ImportError)    what is asked for needs a package that is not there
    +-- TransportError (OSError)        a message that did not get to a server; temporary: may it later?
        +-- SendError                   over SMTP
        +-- SubmitError                 over HTTP
            +-- SubmitTimeout (TimeoutError)    no answer in time
            +-- HttpStatusError         an answer of HTTP without a message
            +-- SubmitRefused           the server says that it does not take it

Each also inherits the builtin named in brackets, so a caller who does not want
to import this module can catch that. The numbers are attributes; ``str()`` is
one line that names the thing and the reason.

Public functions raise these errors, and besides only the errors of the caller's own callbacks and what is no
``Exception``, such as KeyboardInterrupt. An unforeseen fault of a decoder, of NumPy, of Pillow or of Python
is a SourceError, MessageError or PduError with the fault as its ``__cause__``; a source that memory is too
small for is a CapError. An argument of a wrong type or value is a LimitsError, MessageError or ProfileError
that names the argument; an argument that a function does not have is Python's TypeError.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, ClassVar


#: Name and password in front of a host (RFC 3986, 3.2.1), and what stands there instead of a port.
_USER = re.compile(r"(?<=//)[^\s/?#\\\"'<>]*@")
_USER_OF_PASSWORD = re.compile(r"(?<=//)[^\s/?#\\\"'<>@:\[\]]*:(?!\d{0,5}(?:[/?#,;)]|\Z))")
_WORD = re.compile(r"[^\s\"'<>]+")
#: Name and password at the start of a text that is one address, with or without a scheme.
_USER_AT_START = re.compile(r"\A[^/?#\\]*@")
_USER_OF_PASSWORD_AT_START = re.compile(r"\A[^/?#\\@:\[\]]*:(?!\d{0,5}(?:[/?#]|\Z))[^@]*@")
_SCHEME = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:(?=[/\\]))?[/\\]*")


#: What would help where a server answers with such a status of HTTP (RFC 9110).
_STATUS_HELP = {
    401: "check name and password",
    403: "check name and password, and what the server lets them do",
    404: "check the address",
    405: "check the address: it takes no POST",
    407: "check name and password of the proxy",
    413: "a smaller message",
    415: "check the address: it takes no messages of this form",
}


class TranscodeError(Exception):
    """The root of all errors of the package."""

    # Errors travel between processes. Pickle by default calls the constructor with the finished text alone.
    # An error whose constructor takes other arguments names the attributes that hold them: the arguments
    # given by position, and the arguments given by name.
    _positional: ClassVar[tuple[str, ...]] = ()
    _named: ClassVar[tuple[str, ...]] = ()

    def __reduce__(self) -> str | tuple[Any, ...]:
        if not self._positional:
            return super().__reduce__()
        positional = tuple(getattr(self, name) for name in self._positional)
        return (_rebuild, (type(self), positional, {name: getattr(self, name) for name in self._named}))


class SourceError(TranscodeError, ValueError):
    """A source that can't be read.

    Attributes:
        source: the name of the source: a path, ``"<bytes>"``, or a file's name.
        reason: what is wrong, without the name.
        offset: where in the source, in bytes from its start, when that is known.
    """

    _positional = ("source", "reason")
    _named: ClassVar[tuple[str, ...]] = ("offset",)

    def __init__(self, source: str, reason: str, *, offset: int | None = None) -> None:
        self.source = source
        self.reason = reason
        self.offset = offset
        where = "" if offset is None else f" (at byte {offset})"
        super().__init__(f"{source}: {reason}{where}")


class UnsupportedError(SourceError):
    """A source of a kind that is not handled, whole or not."""


class NotTakenError(UnsupportedError):
    """A source that the receiver takes in no form: a recording for a network that takes no sound.

    Attributes:
        kind: the kind of the source: ``"sound"``, ``"clip"`` or ``"picture"``.
        remedy: what would help, or an empty text.
    """

    _positional = ("source", "_said")
    _named = ("kind", "remedy")

    def __init__(self, source: str, reason: str, *, kind: str, remedy: str = "") -> None:
        self.kind = kind
        self.remedy = remedy
        super().__init__(source, f"{reason}{'; ' if remedy else ''}{remedy}")
        self._said = reason


class CapError(SourceError):
    """A source that is refused, from its header or while it is decoded, before it exhausts the machine."""


class BudgetError(TranscodeError, ValueError):
    """A limit that can't be met.

    Attributes:
        what: the medium or message that does not fit.
        limit: the limit, in bytes.
        smallest: the smallest size that could be reached, in bytes, or None.
        finished: whether smallest is the size of something finished, which was not made smaller.
        messages: the number of messages that would hold the slides, or None.
    """

    _positional = ("what", "limit")
    _named = ("smallest", "hint", "messages", "finished")

    def __init__(
        self,
        what: str,
        limit: int,
        *,
        smallest: int | None = None,
        hint: str = "",
        messages: int | None = None,
        finished: bool = False,
    ) -> None:
        self.what = what
        self.limit = limit
        self.smallest = smallest
        self.hint = hint
        self.messages = messages
        self.finished = finished
        words = "it has" if finished else "the smallest that could be made has"
        reached = "" if smallest is None else f"; {words} {smallest:,}"
        super().__init__(f"{what}: does not fit into {limit:,} bytes{reached}{'; ' + hint if hint else ''}")


class LimitsError(TranscodeError, ValueError):
    """Limits that make no sense, such as a width of zero."""


class ProfileError(TranscodeError, ValueError):
    """A profile file that can't be read, or has an impossible value.

    Attributes:
        profile: the name that was asked for, or the file's path.
        reason: what is wrong, without the name.
    """

    _positional = ("profile", "reason")

    def __init__(self, profile: str, reason: str) -> None:
        self.profile = profile
        self.reason = reason
        super().__init__(f"{profile}: {reason}")


class ProfileNotFound(ProfileError, LookupError):
    """No profile goes by that name, or several do.

    Attributes:
        suggestions: similar names, the nearest first; where several networks go by the name, the ids of all.
        ambiguous: whether several networks go by the name.
    """

    _positional = ("profile", "suggestions")
    _named = ("ambiguous", "reason")

    def __init__(
        self,
        profile: str,
        suggestions: Sequence[str] = (),
        *,
        ambiguous: bool = False,
        reason: str | None = None,
    ) -> None:
        self.suggestions = tuple(suggestions)
        self.ambiguous = ambiguous
        listed = ", ".join(self.suggestions)
        if reason is None:
            near = f"; did you mean {listed}?" if self.suggestions else "; transcode profiles lists all"
            reason = f"no profile goes by that name{near}"
            if ambiguous:
                reason = (
                    f"several networks go by that name: {listed}; give an id, or the name with its country"
                )
        super().__init__(profile, reason)


class ConfigError(TranscodeError, ValueError):
    """A configuration file of the command line that can't be read, or sets what can't be set.

    Attributes:
        source: the path of the file.
        reason: what is wrong.
        key: the key that is wrong, with its tables, such as ``"message.subject"``; None for the whole file.
        line: the number of the line, from 1, when that is known.
    """

    _positional = ("source", "reason")
    _named = ("key", "line")

    def __init__(self, source: str, reason: str, *, key: str | None = None, line: int | None = None) -> None:
        self.source = source
        self.reason = reason
        self.key = key
        self.line = line
        where = "" if line is None else f", line {line}"
        what = "" if key is None else f" {key}:"
        super().__init__(f"{source}{where}:{what} {reason}")


class MessageError(TranscodeError, ValueError):
    """Recipients, a subject or a text that can't be sent as asked."""


class MmsUnavailable(TranscodeError):
    """The network has MMS switched off, or the phone takes none: send a link instead.

    Attributes:
        profile: the id of the profile.
        reason: why MMS is off, and by which source.
    """

    _positional = ("profile", "reason")

    def __init__(self, profile: str, reason: str) -> None:
        self.profile = profile
        self.reason = reason
        super().__init__(f"{profile}: MMS is not available: {reason}; send a link in a text message")


class OutputError(TranscodeError, OSError):
    """A result that can't be written.

    Attributes:
        output: the path.
        reason: what is wrong, without the path.
    """

    _positional = ("output", "reason")

    def __init__(self, output: str, reason: str) -> None:
        self.output = output
        self.reason = reason
        super().__init__(f"{output}: {reason}")


class OverwriteError(OutputError):
    """An output that would replace its source, another output, or files of somebody else."""


class SuffixError(OutputError):
    """An output whose suffix asks for a format that is not written, or that the receiver does not take."""


class JobError(TranscodeError, RuntimeError):
    """Work that was not done, without a fault of its source.

    Attributes:
        source: the name of the source.
        reason: why the work was not done, without the name.
    """

    _positional = ("source", "reason")

    def __init__(self, source: str, reason: str) -> None:
        self.source = source
        self.reason = reason
        super().__init__(f"{source}: {reason}")


class JobTimeout(JobError, TimeoutError):
    """Work that was not done by its deadline, and was stopped."""


class QueueFull(JobError):
    """Work that was not begun: as much as may wait is waiting already."""


class Cancelled(JobError):
    """Work that the caller cancelled."""


class PduError(TranscodeError, ValueError):
    """Octets that are no MMS PDU, or a broken one.

    Attributes:
        reason: what is wrong, without the place.
        offset: where, in octets from the start of the PDU.
        source: the name of the file that has them; None where the caller gave octets.
    """

    _positional = ("reason",)
    _named = ("offset", "source")

    def __init__(self, reason: str, *, offset: int, source: str | None = None) -> None:
        self.reason = reason
        self.offset = offset
        self.source = source
        super().__init__(f"{'' if source is None else f'{source}: '}{reason} (at octet {offset})")


class TransportError(TranscodeError, OSError):
    """A message that did not get to a server, or that a server does not take.

    Temporary are: a connection that fails or breaks off, and no answer in time; of SMTP the replies of 400 to
    499; of HTTP the statuses 408, 425, 429 and those from 500 on; of M-Send.conf and its like what they call
    transient or a problem of the network; of MM7 the statuses 3000 (server error), 4000, 4005 and 4006
    (service error, service unavailable), a provider's own from 4008 on, and faults of the server without a
    status. All else is permanent: addresses that are none, certificates that are not trusted, refusals.

    Attributes:
        reason: what went wrong, without the server's name.
        temporary: whether the same message may be taken when it is sent again later. Where there was no
            answer in time, it may have been taken already.
    """

    _positional = ("_server", "reason")
    _named: ClassVar[tuple[str, ...]] = ("temporary",)

    def __init__(self, server: str, reason: str, *, temporary: bool = False) -> None:
        self._server = server
        self.reason = reason
        self.temporary = temporary
        super().__init__(f"{server}: {reason}")


class SendError(TransportError):
    """A mail server that can't be reached, or does not take a message.

    Attributes:
        server: its name, with the port.
        status: the code of its refusal, such as 451; None where it did not answer, or refused recipients.
        refused: what it answered to each recipient that it did not take; the others got the message. It is
            not temporary where others got it: they would get it again.
    """

    _positional = ("server", "reason")
    _named = ("status", "refused", "temporary")

    def __init__(
        self,
        server: str,
        reason: str,
        *,
        status: int | None = None,
        refused: Mapping[str, str] | None = None,
        temporary: bool = False,
    ) -> None:
        self.server = server
        self.status = status
        self.refused = dict(refused or {})
        super().__init__(server, reason, temporary=temporary)


class MissingPackage(TranscodeError, ImportError):
    """Something that needs a package which is not installed.

    Attributes:
        package: the package.
        extra: the extra of this one that brings it.
    """

    _positional = ("package", "purpose")
    _named = ("extra",)

    def __init__(self, package: str, purpose: str, *, extra: str) -> None:
        self.package = package
        self.purpose = purpose
        self.extra = extra
        super().__init__(f"{purpose} needs {package}: pip install 'mms-transcode[{extra}]'")


class SubmitError(TransportError):
    """A message that a server of HTTP did not get, or did not answer. The reason names no password.

    Attributes:
        url: of the server, without a password.
    """

    _positional = ("url", "reason")
    _named: ClassVar[tuple[str, ...]] = ("temporary",)

    def __init__(self, url: str, reason: str, *, temporary: bool = False) -> None:
        self.url = address_without_password(url)
        super().__init__(self.url, without_password(reason), temporary=temporary)


class SubmitTimeout(SubmitError, TimeoutError):
    """A server that does not answer in time. Whether it took the message is not known."""

    def __init__(self, url: str, reason: str, *, temporary: bool = True) -> None:
        super().__init__(url, reason, temporary=temporary)


class HttpStatusError(SubmitError):
    """An answer that is no message of MMS, with a status that is no success.

    Attributes:
        status: of HTTP, such as 401.
    """

    _positional = ("url", "status")
    _named = ()

    def __init__(self, url: str, status: int) -> None:
        self.status = status
        helps = _STATUS_HELP.get(status)
        reason = f"HTTP status {status}{'' if helps is None else f': {helps}'}"
        super().__init__(url, reason, temporary=is_temporary_status(status))


class SubmitRefused(SubmitError):
    """A server that says why it does not take a message.

    Attributes:
        response: what it said, a Message: an M-Send.conf, an MM7 response or a fault.
    """

    _positional = ("url", "reason")
    _named = ("response", "temporary")

    def __init__(self, url: str, reason: str, *, response: Any, temporary: bool = False) -> None:
        self.response = response
        super().__init__(url, reason, temporary=temporary)


def is_temporary_status(status: int) -> bool:
    """Whether a request with such a status of HTTP may succeed later (RFC 9110, RFC 6585, RFC 8470)."""
    return status in (408, 425, 429) or status >= 500


def without_password(text: str) -> str:
    """A text whose addresses have no name and password in front of the host.

    An unescaped ``/``, ``?`` or ``#`` does not end a password here: all up to the ``@`` behind it is removed.
    """
    return _WORD.sub(_without_password_before_slash, _USER.sub("", text))


def _without_password_before_slash(word: re.Match[str]) -> str:
    """A word without the first name with a password in it, up to the word's last ``@``.

    One pattern for both would search for the ``@`` again behind every ``//``: in quadratic time.
    """
    text = word[0]
    last = text.rfind("@")
    user = _USER_OF_PASSWORD.search(text) if last >= 0 else None
    return text if user is None or user.end() > last else text[: user.start()] + text[last + 1 :]


def address_without_password(address: str) -> str:
    """The same for a text that is meant to be one address, with or without a scheme, well-formed or not."""
    begin = _SCHEME.match(address)
    head = begin[0] if begin is not None else ""
    rest = address[len(head) :]
    return head + without_password(_USER_OF_PASSWORD_AT_START.sub("", _USER_AT_START.sub("", rest, 1), 1))


def _rebuild(
    kind: type[TranscodeError], positional: tuple[object, ...], named: dict[str, object]
) -> TranscodeError:
    """Unpickle an error by its own constructor."""
    return kind(*positional, **named)
