"""Adapt a message that was read to another receiver: media, texts and the presentation.

A medium that the receiver shows keeps its octets as long as the whole message fits. Other media are fitted
anew, together: shares are allocated as in a composed message. What can't be shown becomes a line of text.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.counted import counted
from transcode.door import Door
from transcode.errors import BudgetError, MessageError, NotTakenError, ProfileError, SourceError
from transcode.media.source.inputs import Input
from transcode.message import adapted_headers
from transcode.message.adapted_parts import Item, Lines, allocated, is_text, renamed
from transcode.message.fitness import (
    file_misfit,
    is_listed,
    is_medium,
    locked_misfit,
    medium_misfit,
    reads_charset,
)
from transcode.message.part_names import EXTENSIONS
from transcode.message.place import Place
from transcode.message.presentation import Presentation
from transcode.message.protection import DRM, locks
from transcode.message.slideshow import Medium, readable, text_part
from transcode.model import FitOptions, Note, Part, Report
from transcode.profile import Profile
from transcode.profile.uaprof import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from transcode.fit.rate_points import RatePoint
    from transcode.media.source.decode_limits import Deadline
    from transcode.message.composition import Measure
    from transcode.model import MessageFields

__all__ = ["adapted"]

_DEFAULTS = FitOptions()
#: Octets reserved for the longer headers of a part with another content type. No type that is written needs
#: as many.
_SLACK = 48
#: Smallest share of a medium in bytes. A medium for which less is left is replaced by a line of text.
_LEAST = 200
#: The most media that are fitted anew in one message. Phones compose far fewer. Chosen.
_MOST_MEDIA = 200
#: Content types of MP4 files and their kin, whose octets name each other's brand.
_MP4 = frozenset(("video/mp4", "video/3gpp", "video/3gpp2", "audio/mp4", "audio/3gpp", "video/quicktime"))
#: Kinds of media in the order in which they are encoded.
_ORDER = ("audio", "video", "image")
#: The longest content type in which a picture of a clip is written.
_PICTURE = "image/jpeg"
#: Kinds of NotTakenError, in the words of a line of text.
_TAKEN = {"sound": "sound", "clip": "clips", "picture": "pictures of this kind"}


class _DroppedError(Exception):
    """A medium can't be shown: the media are allocated again without it."""


def adapted(
    message: MessageFields, profile: Profile, measure: Measure, *, link: str | None, deadline: Deadline
) -> MessageFields:
    """Return the message adapted to a profile; transcode.adapt documents the arguments.

    Args:
        measure: returns the length in bytes of the encoded form to which the limit applies.
        deadline: the limit on the seconds of all work; it gets the name of each part in turn.

    Raises:
        MmsUnavailable, MessageError, BudgetError, ProfileError, CapError: as transcode.adapt.
    """
    if not isinstance(profile, Profile):
        raise ProfileError(repr(profile), "profile must be a Profile, as find_profile returns it")
    profile.require_mms()
    if message.content_type is None or not message.parts:
        raise MessageError(f"{message.message_type} has no content to adapt")
    with deadline.whole_work():
        made = _Adaptation(message, profile, measure, link, deadline).run()
    adapted_headers.refuse_change(message, made)
    return made


class _Adaptation:
    """Adapts one message."""

    def __init__(
        self,
        message: MessageFields,
        profile: Profile,
        measure: Measure,
        link: str | None,
        deadline: Deadline,
    ) -> None:
        self._message = message
        self._profile = profile
        self._measure = measure
        self._link = link
        self._deadline = deadline
        self._limit = profile.max_message_bytes
        self._limits = profile.limits(self._limit)
        shown = message.smil
        locked = locks(message)
        self._items = [
            Item(part, part, part, lock=locked.get(id(part), ""))
            for part in message.parts
            if part is not shown
        ]
        self._presentation = Presentation(message)
        self._subject = message.subject

    def run(self) -> MessageFields:
        """Return the adapted message with a report for each change."""
        media = 0
        for item in self._items:
            if item.lock:
                self._begin(item)
                self._leave_out_if(item, locked_misfit(item.part, item.name, self._profile))
            elif item.part.content_type == "text/plain":
                self._read_text(item)
            elif is_medium(item.part):
                media += 1
                self._begin(item)
                self._examine(item)
                if item.reason and item.place is not None and media > _MOST_MEDIA:
                    self._leave_out(item, f"media after the first {_MOST_MEDIA} are not converted")
            else:
                self._leave_out_if(item, file_misfit(item.part, self._profile))
        self._count_files()
        self._cut_subject()
        self._cut_long_texts(0)
        if any(item.reason and item.place is not None for item in self._items) or self._excess() > 0:
            self._fit()
        written = sum(len(part.text) for part in self._built()[0].parts if part.content_type == "text/plain")
        own = sum(len(item.now.text) for item in self._items if item.now is not None and is_text(item))
        self._cut_long_texts(written - own)
        return self._finished()

    def _read_text(self, item: Item) -> None:
        """Re-encode a text whose charset the receiver does not read."""
        part, known = item.part, self._profile.charsets
        if reads_charset(part, self._profile):
            return
        text = readable(part.text, known)
        made = text_part(1, text, known)
        words = f"charset {part.charset} converted to {made.charset}"
        if text != part.text:
            words += "; characters that the receiver does not read became '?'"
        item.now = replace(part, data=made.data, charset=made.charset)
        item.changed("converted", words)

    def _examine(self, item: Item) -> None:
        """Decide whether a medium may stay, is fitted anew, or can't be shown."""
        part, profile = item.part, self._profile
        if is_listed(part, profile):
            return
        declared = canonical(part.content_type)
        content = Input(item.name, part.data)
        sniffed = content.content_type
        # A wrong or unusual name of the type is put right; the octets stay.
        kind = declared if sniffed is None or _is_same(sniffed, declared) else sniffed
        if kind != part.content_type and kind in EXTENSIONS:
            item.kept = renamed(item, kind, bytes(part.data), self._items)
        item.reason = medium_misfit(item.kept, item.name, profile)
        is_sound = (sniffed or part.content_type).startswith("audio/")
        item.place = Place(
            0, Medium(content, "audio" if is_sound else "image"), self._limits, _DEFAULTS, profile
        )
        if item.reason and sniffed is None:
            self._leave_out(item, item.reason)
        elif not item.reason and item.kept is not part:
            self._keep(item)

    def _begin(self, item: Item) -> None:
        """Begin, or go on, with the work on an item.

        Raises:
            CapError: the time for the message is over.
        """
        self._deadline.name = item.name
        self._deadline.left()

    def _keep(self, item: Item) -> None:
        """Let a medium be as it was read, with the right name of its content type."""
        item.now, item.report = item.kept, None
        if item.kept is not item.part:
            item.changed("renamed", f"is {item.kept.content_type}, was named {item.part.content_type}")

    def _leave_out_if(self, item: Item, reason: str) -> None:
        if reason:
            self._leave_out(item, reason)

    def _leave_out(self, item: Item, reason: str, details: str = "") -> None:
        if item.lock and not item.part.content_type.startswith(DRM):
            reason = f"{item.lock}, so it is not changed: {reason}"
        # The time for the message may be the reason; then it is an error.
        self._deadline.left()
        item.now, item.place, item.reason = None, None, reason
        item.report, item.line = None, ""
        item.changed("left-out", f"replaced by a line of text: {details or reason}")

    def _count_files(self) -> None:
        """Leave out the last media beyond the number that the profile allows."""
        most = self._profile.max_files
        files = [item for item in self._items if item.now is not None and not is_text(item)]
        for item in files[most:] if most is not None else ():
            self._leave_out(item, f"at most {most} media in a message")

    def _cut_subject(self) -> None:
        most, subject = self._profile.max_subject_chars, self._message.subject
        if most is not None and subject is not None and len(subject) > most:
            self._subject = subject[:most]

    def _cut_long_texts(self, lines: int) -> None:
        """Cut the last texts beyond the number of characters that the profile allows in one message.

        Args:
            lines: the number of characters in the lines that replace parts.

        Raises:
            MessageError: the lines alone have more characters.
        """
        most = self._profile.max_text_chars
        if most is None:
            return
        if lines > most:
            raise MessageError(
                f"{lines:,} characters name what can't be shown; {self._profile.id} allows {most:,} of text"
            )
        left = most - lines
        for item in self._items:
            if item.now is not None and is_text(item):
                text = item.now.text
                if len(text) > left:
                    self._cut_text(item, text[:left])
                left -= min(left, len(text))

    def _fit(self) -> None:
        """Fit all media together; leave out what does not fit until the rest does.

        Raises:
            BudgetError: the headers alone exceed the limit.
        """
        room = self._limit
        while True:
            try:
                over = self._fitted(room)
            except _DroppedError:
                continue
            if over <= 0:
                return
            if any(item.place is not None for item in self._items) and room > over + _LEAST:
                room -= over
                continue
            self._shrink(over)

    def _fitted(self, room: int) -> int:
        """Allocate and encode the media within a size of the message; return the excess over the limit."""
        media = [item for item in self._items if item.place is not None]
        for item in media:
            # A picture of a clip is about to be a JPEG: its slide then needs other elements.
            kind = _PICTURE if item.line else item.part.content_type
            item.now, item.report = replace(item.part, content_type=kind, data=b""), None
        fixed, shares = self._shares(media, room)
        for item in fixed:
            self._keep(item)
        waiting = [item for item in media if item not in fixed]
        # A sound or a clip seldom needs all of its share, so it comes first and leaves the rest to pictures.
        waiting.sort(key=lambda item: _ORDER.index(item.encoder.kind))
        for number, item in enumerate(waiting):
            if number:
                _, shares = self._shares(waiting[number:], room, fixed=True)
            self._encode(item, shares[id(item)])
        return self._excess()

    def _shares(
        self, media: Sequence[Item], room: int, *, fixed: bool = False
    ) -> tuple[list[Item], dict[int, int]]:
        """Allocate the room among media that are empty so far.

        Args:
            media: the media.
            room: the largest size of the message in bytes.
            fixed: whether media that may stay have been chosen already.

        Returns:
            The media that stay as they are, and the share in bytes of each other medium by its id().

        Raises:
            _DroppedError: too little is left for a medium, which is left out.
        """
        if not media:
            return [], {}
        # One medium gets all, so it is decoded once: for its encoding.
        curves = {id(item): self._curve(item) for item in media} if len(media) > 1 else {}
        left = whole = room - self._size({}) - _SLACK * len(media)
        while left >= _LEAST * len(media):
            stay: list[Item] = []
            shares = allocated(media, curves, left)
            while not fixed:
                found = [item for item in media if item not in stay and item.may_stay(shares[id(item)])]
                if not found:
                    break
                stay += found
                rest = [item for item in media if item not in stay]
                kept = sum(item.size for item in stay)
                shares = allocated(rest, curves, left - kept) if rest else {}
            sizes = shares | {id(item): item.size for item in stay}
            over = self._size(sizes) + _SLACK * len(media) - room
            if over <= 0:
                return stay, shares
            left = min(left - 1, left * whole // (whole + over))
        # Files that can't be made smaller go first, if larger than the least share; then the last media.
        files = [item for item in self._items if item.now is not None and item.place is None]
        files = [item for item in files if not is_text(item) and item.size > _LEAST]
        victims = sorted(files, key=lambda item: -item.size) or media[::-1]
        # One of few, more of many: each round builds the message again.
        count = max(1, (len(media) - max(left, 0) // _LEAST) // 2)
        for victim in victims[: 1 if files else count]:
            self._leave_out(
                victim, f"{max(left, 0):,} bytes are left for {counted(len(media), 'medium', 'media')}"
            )
        raise _DroppedError

    def _curve(self, item: Item) -> Sequence[RatePoint]:
        self._begin(item)
        try:
            return item.curve()
        except SourceError as error:
            self._leave_out(item, error.reason)
            raise _DroppedError from error

    def _show_picture(self, item: Item, reason: str) -> None:
        """Show a picture of a clip instead of the clip, with a line that says so."""
        # Imported here because it loads FFmpeg, which most messages do not need.
        from transcode.media.clips.telling import telling_picture

        try:
            with Door("source", item.name):
                content = telling_picture(item.encoder.medium.content)
        except SourceError:
            self._leave_out(item, reason)
            return
        item.reason, item.line = reason, f"a picture of a clip: {reason}"
        item.place = Place(0, Medium(content, "image"), self._limits, _DEFAULTS, self._profile)

    def _encode(self, item: Item, share: int) -> None:
        self._begin(item)
        try:
            made = item.encoder.encode(share)
        except NotTakenError as error:
            if error.kind == "clip" and item.encoder.kind == "video":
                self._show_picture(item, f"this phone shows no {_TAKEN[error.kind]}")
                raise _DroppedError from error
            self._leave_out(item, f"this phone shows no {_TAKEN[error.kind]}", error.reason)
            raise _DroppedError from error
        except SourceError as error:
            self._leave_out(item, error.reason)
            raise _DroppedError from error
        except BudgetError as error:
            smallest = "" if error.smallest is None else f"; the smallest has {error.smallest:,}"
            instead = self._show_picture if item.encoder.kind == "video" else self._leave_out
            instead(item, f"{share:,} bytes are left for it{smallest}")
            raise _DroppedError from error
        item.now = renamed(item, made.content_type, made.data, self._items)
        reason = item.reason or "the message is too large"
        words = (
            f"{item.part.content_type}, {item.size:,} bytes, became {made.content_type}, {len(made.data):,}"
        )
        code = "still" if item.line else "adapted"
        item.report = replace(
            made.report,
            source_type=item.part.content_type if item.line else made.report.source_type,
            source_bytes=item.size,
            notes=(Note(code, f"{words}: {reason}"), *made.report.notes),
        )

    def _shrink(self, over: int) -> None:
        """Make a message without media that can be fitted smaller: leave out a part, else cut a text.

        Raises:
            BudgetError: there is nothing left to cut.
        """
        others = [item for item in self._items if item.now is not None and not is_text(item)]
        texts = [item for item in self._items if item.now is not None and is_text(item) and item.now.data]
        if others:
            for item in sorted(others, key=lambda item: -item.size):
                if over <= 0:
                    break
                self._leave_out(item, "the message is too large")
                over -= item.size + _SLACK + 2 * len(item.name)
            return
        if not texts:
            raise BudgetError(
                "message",
                self._limit,
                smallest=self._limit + over,
                hint="its headers, with those of its parts, are larger",
            )
        for item in sorted(texts, key=lambda item: -item.size):
            if over <= 0:
                break
            now = item.now or item.part
            text = now.text
            each = max(1, len(now.data) // max(1, len(text)))
            self._cut_text(item, text[: max(0, len(text) - max(1, over // each))])
            over -= len(now.data) - len((item.now or now).data)

    def _cut_text(self, item: Item, kept: str) -> None:
        """Keep the beginning of a text."""
        now = item.now or item.part
        made = text_part(1, readable(kept, self._profile.charsets), self._profile.charsets)
        item.now = replace(now, data=made.data, charset=made.charset)
        item.report = None
        item.changed("text-cut", f"cut from {len(item.part.text):,} to {counted(len(kept), 'character')}")

    def _size(self, sizes: Mapping[int, int]) -> int:
        """The length of the message in bytes; sizes holds those of media that are empty so far, by id()."""
        made, owners = self._built()
        known = [
            sizes.get(id(owner), len(part.data)) if owner is not None else len(part.data)
            for part, owner in zip(made.parts, owners, strict=True)
        ]
        return self._measure(made, known)

    def _excess(self) -> int:
        return self._size({}) - self._limit

    def _built(self) -> tuple[MessageFields, list[Item | None]]:
        """The message with the parts as they are now; for each part its item, None for the presentation."""
        lines = Lines(self._items, self._presentation.slides, self._link, self._profile.charsets)
        parts: list[Part] = []
        owners: list[Item | None] = []
        shown = self._message.smil
        now = {id(item.part): lines.part(item) for item in self._items}
        beside = {id(item.part): part for item in self._items if (part := lines.beside(item)) is not None}
        presented, lost = self._presentation.adapted(now, beside)
        items = iter(self._items)
        for part in self._message.parts:
            if part is shown:
                parts.append(presented or part)
                owners.append(None)
                continue
            item = next(items)
            found = now[id(part)]
            if found is not None:
                parts.append(found)
                owners.append(item)
            if id(part) in beside:
                parts.append(beside[id(part)])
                owners.append(None)
        reports = tuple(item.report for item in self._items if item.report is not None)
        if self._subject != self._message.subject:
            kept = counted(len(self._subject or ""), "character")
            words = f"cut from {len(self._message.subject or ''):,} to {kept}"
            reports = (_report("subject", "text/plain", Note("subject-cut", words)), *reports)
        if presented is not None and shown is not None and presented.data != shown.data:
            words = f"written for the parts that changed{lost and '; '}{lost}"
            reports = (*reports, _report("presentation", shown.content_type, Note("presentation", words)))
        made = replace(
            self._message, parts=tuple(parts), subject=self._subject, reports=reports, limit=self._limit
        )
        return made, owners

    def _finished(self) -> MessageFields:
        """The message, with headers that say what it has now."""
        made, _ = self._built()
        if not made.reports:
            return made
        found = adapted_headers.adapted(self._message, made, self._measure)
        if found.headers == made.headers:
            return made
        names = {name for name, value in made.headers if (name, value) not in found.headers}
        words = f"{', '.join(sorted(names))} put right for the parts that changed"
        return replace(
            found, reports=(*found.reports, _report("headers", "text/plain", Note("headers", words)))
        )


def _report(name: str, kind: str, note: Note) -> Report:
    return Report(name, kind, 0, None, None, None, None, 0, notes=(note,))


def _is_same(sniffed: str, declared: str) -> bool:
    """Whether octets of one content type may be named as another: MP4 and 3GP are one family."""
    return sniffed == declared or {sniffed, declared} <= _MP4
