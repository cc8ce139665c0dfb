"""The public function that adapts a message that was read to another receiver."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.door import Door
from transcode.errors import LimitsError, MessageError
from transcode.jobs.processors import ThreadLimit
from transcode.media.source.decode_limits import Deadline
from transcode.messages.message import Message
from transcode.model import MessageFields
from transcode.net import NO_TIMEOUT, is_timeout
from transcode.wire.convert import convert, length
from transcode.wire.forms import form as wire_form
from transcode.wire.forms import form_of_type

if TYPE_CHECKING:
    from transcode.model import Form
    from transcode.profile import Profile

__all__ = ["adapt"]


def adapt(
    message: Message,
    profile: Profile,
    *,
    form: Form | None = None,
    link: str | None = None,
    reserve: int = 0,
    threads: int | None = None,
    timeout: float = 60.0,
) -> Message:
    """Adapt a message to a receiver: its slides, texts, times and headers stay, its media are made to fit.

    A medium that the receiver shows keeps its octets if the whole message fits. Otherwise media are fitted
    anew, together, so that the bytes go where they gain most; other formats are converted, such as PNG to
    JPEG, AAC to AMR, or a clip to its codecs. vCards and calendar entries stay, and so do other files that
    the phone lists, such as MIDI. Protected content (OMA DRM, or a part's header X-Mms-Forward-Locked) is
    never opened. What can't be shown becomes a line of text on its slide, which names it and says why; a
    clip by a picture of it, and the line. Plain text is always shown, as OMA's MMS conformance asks of every
    phone; it is cut at the profile's max_text_chars, and where the limit has no room for it. Equal arguments
    give equal bytes. A message that needs no change keeps its bytes, and its ``reports`` are empty.

    Args:
        message: a message with content, as transcode.read returns it.
        profile: the profile of the receiver, from receiver or find_profile.
        form: the wire form of the result, whose size the limit counts; None: the message keeps its type. A
            message of another form becomes what a receiver gets: an M-Retrieve.conf, an MM4_forward.REQ or a
            DeliverReq. The message size in a phone's document counts MM1.
        link: a URL where the whole message can be seen; it follows the lines of parts that are left out.
        reserve: bytes of the limit to leave free for headers that are added later.
        threads: the most threads; None: one for each processor that this process may use.
        timeout: the most seconds of work: processor time or elapsed time, whichever is less. Two heavy
            animations take 12 seconds. A caller whose phone waits sets less.

    Returns:
        The message, with the profile's limit. ``reports`` has one report for each part that changed, and for
        the subject and the presentation if they did; the first note of each says what happened and why.

    Raises:
        MmsUnavailable: MMS is switched off at the network, or the phone does not support MMS.
        MessageError: the message has no content, can't be converted to the form, or would change though its
            sender forbids it; the link is no line of text; or the lines have more characters than allowed.
        BudgetError: the headers alone exceed the limit.
        CapError: the work takes longer than timeout; ``source`` is the part that was in work.
        LimitsError: threads or timeout is outside its range.
        ProfileError: profile is of another type.
    """
    limit = ThreadLimit(threads)
    if not isinstance(message, MessageFields):
        raise MessageError(f"message must be a Message, not {type(message).__name__}")
    if not is_timeout(timeout):
        raise LimitsError(f"{NO_TIMEOUT}, not {timeout!r}")
    if link is not None and not (isinstance(link, str) and link.isprintable()):
        raise MessageError(f"link must be a URL on one line, not {link!r}")
    # Imported here because it loads the decoders of media, which most messages do not need.
    from transcode.message.adapt import adapted
    from transcode.message.adapted_headers import refuse_change

    with limit, Door("message", "message"):
        own = form or form_of_type(message.message_type)
        made = adapted(
            replace(_received(message, own), reports=()),
            profile,
            lambda other, sizes: length(other, own, sizes) + reserve,
            link=link,
            deadline=Deadline("message", timeout, words="adapting the message takes more than"),
        )
        refuse_change(message, made)
        return Message.of(replace(made, limit_form=own))


def _received(message: Message, name: Form) -> Message:
    """Return the message in a form: unchanged in its own, else in the type that reaches its receiver."""
    if name == form_of_type(message.message_type):
        return message
    return convert(message, wire_form(name).received)
