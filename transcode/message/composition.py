"""Assemble media and text into one message, with each medium fitted to its share of the bytes.

The overhead of headers and SMIL is measured, not estimated: the wire form computes the length of a
message from the sizes of its parts before the media are encoded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.errors import BudgetError
from transcode.message import allocation, slideshow, smil
from transcode.message.part_names import EXTENSIONS, named_part
from transcode.model import MessageFields, Note, Part, SlideParts

if TYPE_CHECKING:
    from transcode.message.place import Place
    from transcode.message.slideshow import Medium, Plan
    from transcode.model import Rendition, Report
    from transcode.profile import Profile

__all__ = ["Composition", "Measure", "transaction_id"]

#: Returns the length in bytes of an encoded message whose parts have the given sizes.
Measure = Callable[[MessageFields, Sequence[int]], int]
#: Content types that may be animated and so may be sent as a clip.
_MAY_MOVE = ("image/gif", "image/webp", "image/png", "image/avif", "image/heic")
#: Smallest used fraction of its share with which a medium may gain from more bytes. Chosen.
_FULL = 0.97
#: Smallest share of a medium in bytes. With less, the message limit counts as too small. Chosen.
_LEAST = 200
#: Most seconds by which a medium may be longer than its slide without a cut. Chosen.
_SLACK = 0.05


class Composition:
    """Builds one message: plans the parts, allocates the bytes, fits the media, assembles the message."""

    def __init__(
        self, profile: Profile, measure: Measure, plan: Plan, message: MessageFields, places: list[Place]
    ) -> None:
        self._profile = profile
        self._measure = measure
        self._plan = plan
        self._message = message
        self._places = places
        self._taken: dict[str, int] = {}

    def measured(self, message: MessageFields) -> int:
        """The length of an encoded message in bytes."""
        return self._measure(message, [len(part.data) for part in message.parts])

    def finished(self) -> MessageFields:
        """The complete message, with each medium fitted to its share of the bytes."""
        renditions = self._fitted()
        parts = [self._part(place, made) for place, made in zip(self._places, renditions, strict=True)]
        message = self._assembled(parts, self._durations(dict(enumerate(renditions))))
        return replace(
            message,
            reports=tuple(map(self._reported, self._places, renditions)),
            transaction_id=transaction_id(message),
        )

    def _fitted(self) -> list[Rendition]:
        """The renditions of all media, each within its share of the bytes."""
        planned = self._planned()
        made: dict[int, Rendition] = {}
        # Durations decide which media are cut, so sounds and clips are encoded first.
        timed = [index for index, place in enumerate(self._places) if place.kind != "image"]
        for index in timed:
            made[index] = self._finish(index, planned, made)
        cuts = self._cuts(made)
        for index, seconds in cuts.items():
            self._places[index] = self._places[index].shortened(seconds)
            del made[index]
        for index in cuts:
            made[index] = self._finish(index, planned, made)
        while len(made) < len(self._places):
            shares = self._shares(planned, made)
            index = min(shares) if len(shares) == 1 else self._next(shares)
            made[index] = self._places[index].encode(shares[index])
        return [made[index] for index in range(len(self._places))]

    def _next(self, shares: Mapping[int, int]) -> int:
        """The index of the medium to encode next; later media get the bytes that it leaves unused.

        Media with a modelled curve come first, then media whose share exceeds their need.
        """

        def rank(index: int) -> tuple[bool, int, int]:
            place = self._places[index]
            return place.is_measured, place.curve[-1].size - shares[index], index

        return min(shares, key=rank)

    def _finish(self, index: int, planned: MessageFields, made: Mapping[int, Rendition]) -> Rendition:
        return self._places[index].encode(self._shares(planned, made)[index])

    def _reported(self, place: Place, made: Rendition) -> Report:
        """The report of a medium, with notes on its share and on an ignored slide duration."""
        notes = list(made.report.notes)
        if len(self._places) > 1:
            notes.append(self._share_note(place, made))
        if not self._profile.slide_duration_ok and self._plan.slides[place.slide].duration is not None:
            notes.append(Note("slide-time", f"{self._profile.id} ignores the duration of slides"))
        return replace(made.report, notes=tuple(notes))

    def _share_note(self, place: Place, made: Rendition) -> Note:
        """A note on a medium's bytes, its estimated quality, and whether the limit restricts it."""
        size = len(made.data)
        words = [f"{size:,} bytes, {size / self._profile.max_message_bytes:.1%} of the message"]
        # The curve is that of JPEG, and ends with the source as it is.
        if place.is_measured and (made.content_type == "image/jpeg" or size >= place.curve[-1].size):
            score = allocation.score_of(place.curve, size)
            decent = (
                "" if score >= allocation.DECENT_SCORE else ", which more messages would raise (max_messages)"
            )
            words.append(f"estimated quality {max(score, 0.0):.0f}/100{decent}")
        # Unused bytes below 3% of a share are the precision of the size search.
        has_fewer_colours = any(note.code == "colours-reduced" for note in made.report.notes)
        is_full = not has_fewer_colours and size < _FULL * made.report.max_bytes
        is_full |= size >= place.curve[-1].size
        words.append("it needs no more bytes" if is_full else "restricted by the message limit")
        return Note("share", ", ".join(words))

    def _timed(self, made: Mapping[int, Rendition]) -> list[float]:
        """For each slide the duration of its sound or clip in seconds, 0 without."""
        timed = [0.0] * len(self._plan.slides)
        for index, rendition in made.items():
            # An animation repeats while its slide is shown, so it does not set the slide's duration.
            if rendition.duration and not rendition.content_type.startswith("image/"):
                slide = self._places[index].slide
                timed[slide] = max(timed[slide], rendition.duration)
        return timed

    def _durations(self, made: Mapping[int, Rendition]) -> list[float]:
        return slideshow.durations(self._plan.slides, self._timed(made), self._profile.max_seconds)

    def _cuts(self, made: Mapping[int, Rendition]) -> dict[int, float]:
        """The new duration in seconds of each medium that is longer than its slide, by index."""
        shown = self._durations(made)
        return {
            index: shown[self._places[index].slide]
            for index, rendition in made.items()
            if (rendition.duration or 0.0) > shown[self._places[index].slide] + _SLACK
        }

    def _part(self, place: Place, made: Rendition) -> Part:
        return named_part(place.slide + 1, made.content_type, made.data)

    def _planned(self) -> MessageFields:
        """The message with its longest possible headers and presentation, and with empty media."""
        parts = [named_part(place.slide + 1, self._longest_type(place.medium), b"") for place in self._places]
        longest = max([self._profile.max_seconds, *(slide.duration or 0 for slide in self._plan.slides)])
        return self._assembled(parts, [longest] * len(self._plan.slides))

    def _longest_type(self, medium: Medium) -> str:
        """The possible content type of a medium that needs the most octets in the message."""
        kind = medium.content.content_type or ""
        majors = ["audio"] if medium.role == "audio" else ["video", "image"]
        if medium.role == "image" and kind.startswith("image/") and kind not in _MAY_MOVE:
            majors = ["image"]
        known = [name for name in self._profile.formats if name in EXTENSIONS]
        fitting = [name for name in known if name.partition("/")[0] in majors]
        return max(fitting or ["image/webp"], key=self._octets)

    def _octets(self, content_type: str) -> int:
        """The length in bytes of a message that holds one empty part of a content type.

        The wire form encodes some content types as a number and others as text.
        """
        if content_type not in self._taken:
            part = named_part(1, content_type, b"")
            is_sound = content_type.startswith("audio/")
            slide = SlideParts(None if is_sound else part, None, part if is_sound else None, 1.0)
            shown = Part(smil.CONTENT_TYPE, smil.to_bytes([slide]))
            self._taken[content_type] = self.measured(replace(self._message, parts=(shown, part)))
        return self._taken[content_type]

    def _assembled(self, media: Sequence[Part], shown: Sequence[float]) -> MessageFields:
        """The message with its presentation, the parts of its slides and its attachments."""
        slides = []
        for index, (slide, duration) in enumerate(zip(self._plan.slides, shown, strict=True)):
            own = {
                place.medium.role: part
                for place, part in zip(self._places, media, strict=True)
                if place.slide == index
            }
            words = self._text(index + 1, slide.text) if slide.text else None
            slides.append(SlideParts(own.get("image"), words, own.get("audio"), duration))
        presentation = Part(
            smil.CONTENT_TYPE,
            smil.to_bytes(slides, text_first=self._plan.text_first),
            content_id="smil",
            content_location="smil.xml",
            name="smil.xml",
        )
        body = [
            part for slide in slides for part in (slide.image, slide.text, slide.audio) if part is not None
        ]
        return replace(
            self._message, parts=(presentation, *body, *map(self._attached, self._plan.attachments))
        )

    def _attached(self, part: Part) -> Part:
        """A card, marked as an attachment when the receiver accepts Content-Disposition."""
        if not self._profile.content_disposition_ok:
            return part
        return replace(part, disposition="attachment", filename=part.name)

    def _text(self, number: int, text: str) -> Part:
        return slideshow.text_part(number, text, self._profile.charsets)

    def _shares(self, planned: MessageFields, made: Mapping[int, Rendition]) -> dict[int, int]:
        """The share in bytes of each medium that is not yet encoded, by index.

        Args:
            planned: the message with its limit and with empty media.
            made: the renditions of the media that are already encoded, by index.

        Raises:
            BudgetError: fewer than _LEAST bytes are left for each medium.
        """
        waiting = [index for index in range(len(self._places)) if index not in made]
        order = self._order(planned)

        def excess(shares: Sequence[int]) -> int:
            sizes = [len(part.data) for part in planned.parts]
            for index, rendition in made.items():
                sizes[order[index]] = len(rendition.data)
            for index, size in zip(waiting, shares, strict=True):
                sizes[order[index]] = size
            return self._measure(planned, sizes) - (planned.limit or 0)

        whole = room = -excess([0] * len(waiting))
        while room >= _LEAST * len(waiting):
            shares = self._divided(waiting, room)
            # Length fields grow with a part, and base64 makes four octets of three.
            over = excess(shares)
            if over <= 0:
                return dict(zip(waiting, shares, strict=True))
            room = min(room - 1, room * whole // (whole + over))
        name = self._places[waiting[0]].medium.content.name
        hint = f"{max(room, 0) // len(waiting):,} bytes are left for {name}"
        raise BudgetError("message", self._profile.max_message_bytes, hint=hint)

    def _divided(self, waiting: Sequence[int], room: int) -> list[int]:
        if len(waiting) == 1:
            return [room]
        return allocation.allocate([self._places[index].curve for index in waiting], room)

    def _order(self, planned: MessageFields) -> list[int]:
        """The index of each medium's part in the planned message."""
        places = {part.content_id: number for number, part in enumerate(planned.parts)}
        return [
            places[named_part(place.slide + 1, self._longest_type(place.medium), b"").content_id]
            for place in self._places
        ]


def transaction_id(message: MessageFields) -> str:
    """A transaction id derived from the message: equal messages get equal ids.

    The id has 16 characters, so that its length is known before the message is complete.
    """
    digest = hashlib.sha256()
    for value in (message.sender, *message.to, message.subject, *message.headers):
        digest.update(repr(value).encode())
    for role in ("cc", "bcc"):
        digest.update("".join(f"{role} {address!r} " for address in getattr(message, role)).encode())
    for part in message.parts:
        digest.update(f"{part.content_type} {len(part.data)} ".encode())
        digest.update(part.data)
    return f"T{digest.hexdigest()[:15]}"
