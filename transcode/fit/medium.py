"""Fit a source of any kind: picture, animation, clip or recording."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Protocol

from transcode.door import Door
from transcode.errors import BudgetError, CapError, LimitsError, SourceError, UnsupportedError
from transcode.jobs.processors import ThreadLimit
from transcode.jobs.stages import Stopwatch, is_counted, staged
from transcode.keywords import keywords_of
from transcode.media.source import inputs as media_source
from transcode.model import MAX_PIXELS, FitOptions, Limits, Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Unpack

    from transcode.fit.pictures.image import PreparedImage
    from transcode.fit.rate_points import RatePoint
    from transcode.media.clips.window import ClipWindow
    from transcode.media.pictures.animation import Animation
    from transcode.media.pictures.still import Still
    from transcode.media.source.container import Streams
    from transcode.media.source.inputs import Input
    from transcode.model import FitWords, ProgressCallback, Rendition, ReportCallback, Source

__all__ = ["Medium", "Prepared", "fit", "fit_content", "fit_each_limit", "kept", "opened_once", "prepare"]

_AS_IT_IS = FitOptions()
#: The media that prepare() opened, by name, octets and options, where each is opened once.
_OPENED: ContextVar[dict[tuple[str, bytes, FitOptions], Medium] | None] = ContextVar("opened", default=None)


def fit(
    source: Source,
    limits: Limits,
    *,
    start: float = 0.0,
    max_seconds: float | None = None,
    strict: bool = False,
    loudness: float | None = None,
    max_pixels: int = MAX_PIXELS,
    keyframe_cut: bool = False,
    as_clip: bool | Source = False,
    threads: int | None = None,
    progress: ProgressCallback | None = None,
    report: ReportCallback | None = None,
) -> Rendition:
    """Return the best rendition of a medium that keeps to the limits.

    Args:
        source: a path, bytes, or a file object opened in binary mode, such as a socket's or an upload of
            Starlette. A file object is read from its current position and stays open. One at its end, or
            where no known format begins though one begins at its start, is read from its start.
        limits: what the rendition must keep to.
        start: first second of the source that a clip or a recording keeps.
        max_seconds: longest duration in seconds; None: that of the limits. The duration is at most 40
            seconds in either case.
        strict: raise BudgetError where a clip would be below the quality floor. Without it the report has a
            note instead. Pictures and recordings are not affected.
        loudness: target of the integrated loudness of sound in LUFS (EBU R 128), such as -16.0; None: the
            loudness is unchanged.
        max_pixels: largest number of pixels of a picture that is decoded at full size. A larger picture is
            refused once its header is read. A JPEG or a tiled HEIC is reduced during decoding and may have
            four times as many.
        keyframe_cut: cut an H.264 clip that is only too long at the key frame nearest to start, at most half
            a second from it, and copy its frames. This is faster and keeps the quality of the source. The
            sound has no fades. The report has the range that was kept.
        as_clip: send a recording as a clip, for receivers that take clips and no sound. True: the clip shows
            the waveform; a source: it shows that picture. Pictures and clips are not affected.
        threads: largest number of threads; None: one for each processor that this process may use. The
            number does not change the bytes, except those of some damaged HEVC clips. 1 takes the least
            processor time, where several files are fitted at the same time.
        progress: called while a clip or a recording is processed.
        report: called with each note as it is made, even if no rendition results. The report of the
            rendition has all notes.

    Raises:
        SourceError: the source can't be read, or is of a kind that is not handled.
        BudgetError: not even the smallest rendition fits.
        LimitsError: the limits are something else, or an option is out of its range.
    """
    limits = _checked(limits)
    options = FitOptions(
        start, max_seconds, strict, loudness, progress, max_pixels, keyframe_cut, kept(as_clip)
    )
    limit = ThreadLimit(threads)
    content = media_source.read(source)
    with limit, Door("source", content.name) as door:
        options = replace(options, progress=door.passing(progress, "progress"))
        return fit_content(content, limits, options, report=door.passing(report, "report"))


@keywords_of(fit)
def fit_each_limit(
    source: Source,
    limits: Iterable[Limits],
    *,
    threads: int | None = None,
    progress: ProgressCallback | None = None,
    report: ReportCallback | None = None,
    **words: Unpack[FitWords],
) -> list[Rendition | BudgetError | UnsupportedError]:
    """Return a rendition of one source for each of several limits; the source is read once.

    A picture is decoded once for each decoder scale that the limits need. Sound is decoded once for limits
    with the same duration. Frames of a clip are decoded once for each limit.

    Each rendition is byte for byte the one of fit(). Where a limit can't be met, its place in the result
    holds the error that fit() would raise, and the other limits still get their renditions::

        for limits, made in zip(asked, fit_each_limit(path, asked)):
            if isinstance(made, Rendition):
                ...

    Limits that differ only in bytes also share the reduced picture and its DCT. They are processed together,
    and the callbacks are called in that order.

    Args:
        source, start, max_seconds, strict, loudness, max_pixels: as for fit().
        keyframe_cut, as_clip, threads, progress, report: as for fit().
        limits: the limits, one for each rendition.

    Returns:
        A rendition, BudgetError or UnsupportedError for each of the limits, in their order.

    Raises:
        SourceError: the source can't be read or decoded.
        LimitsError: the limits are something else, or an option is out of its range.
    """
    asked = [_checked(each) for each in _listed(limits)]
    words["as_clip"] = kept(words["as_clip"])
    options = FitOptions(**words, progress=progress)
    limit = ThreadLimit(threads)
    content = media_source.read(source)
    with limit, Door("source", content.name) as door:
        options = replace(options, progress=door.passing(progress, "progress"))
        return _fit_each(Medium(content, options, many=True), asked, door.passing(report, "report"))


def _fit_each(
    medium: Medium, asked: Sequence[Limits], report: ReportCallback | None
) -> list[Rendition | BudgetError | UnsupportedError]:
    groups: dict[Limits, list[int]] = {}
    for index, each in enumerate(asked):
        groups.setdefault(replace(each, max_bytes=1), []).append(index)
    found: dict[int, Rendition | BudgetError | UnsupportedError] = {}
    for indices in groups.values():
        most = max((asked[index] for index in indices), key=lambda each: each.max_bytes)
        prepared = medium.prepare(most)
        for index in indices:
            try:
                found[index] = prepared.encode(asked[index].max_bytes, report=report)
            except (BudgetError, UnsupportedError) as error:
                found[index] = error
    return [found[index] for index in range(len(asked))]


def fit_content(
    content: Input,
    limits: Limits,
    options: FitOptions = _AS_IT_IS,
    *,
    report: ReportCallback | None = None,
) -> Rendition:
    """Fit a source that is already read; see fit()."""
    return prepare(content, limits, options).encode(limits.max_bytes, report=report)


def prepare(content: Input, limits: Limits, options: FitOptions = _AS_IT_IS) -> Prepared:
    """Return a source that can be encoded later, once its share of a byte budget is known.

    Args:
        content: the source.
        limits: what the rendition must keep to; max_bytes is the largest size that encode() takes.
        options: as for fit().

    Raises:
        SourceError: the source is of a kind that is not handled, or its header is broken.
    """
    opened = _OPENED.get()
    if opened is not None:
        key = (content.name, hashlib.sha256(content.data).digest(), options)
        if key not in opened:
            opened[key] = Medium(content, options, many=True)
        return opened[key].prepare(limits)
    if not is_counted():
        return Medium(content, options).prepare(limits)
    return _Timed(content, limits, options)


@contextmanager
def opened_once() -> Iterator[None]:
    """Have prepare() open equal media once, for many receivers of one message.

    Within the block, a picture is decoded once for each decoder scale, as by fit_each_limit. The renditions
    are the same; decoded pictures are kept until the block ends.
    """
    token = _OPENED.set({})
    try:
        yield
    finally:
        _OPENED.reset(token)


class Prepared(Protocol):
    """A source that is prepared for renditions that differ only in their byte limits.

    To divide a budget among several media, compare their rate curves, then encode each medium with its
    share. No medium is read or decoded again::

        waiting = [prepare(content, limits) for content in contents]
        curves = [each.rate_curve() for each in waiting]  # then drop_cache() each, where there are many
        made = [each.encode(share) for each, share in zip(waiting, shares)]
    """

    def rate_curve(self) -> tuple[RatePoint, ...]:
        """Return the expected score (SSIMULACRA2) for a series of sizes in bytes.

        Sizes and scores rise; slopes fall from point to point. Below the first point the medium is
        unrecognisable. Beyond the last point more bytes bring nothing. Nothing is encoded. The curve is
        empty for animations, sound and clips.

        Raises:
            SourceError: the pixels can't be decoded.
        """

    def encode(self, max_bytes: int, *, report: ReportCallback | None = None) -> Rendition:
        """Return what fit() returns for the prepared limits with another byte limit.

        Args:
            max_bytes: the limit in bytes, at most that of the prepared limits.
            report: as for fit().

        Raises:
            SourceError, BudgetError: as fit().
            LimitsError: max_bytes is above that of the prepared limits.
        """

    def drop_cache(self) -> None:
        """Free large buffers: a picture keeps only its planes at the size of the box."""


class _Timed:
    """A prepared source whose renditions report the seconds of each stage."""

    def __init__(self, content: Input, limits: Limits, options: FitOptions) -> None:
        self._watch = Stopwatch()
        with self._watch:
            self._prepared = self._open(content, limits, options)

    @staged("open")
    def _open(self, content: Input, limits: Limits, options: FitOptions) -> Prepared:
        return Medium(content, options).prepare(limits)

    def rate_curve(self) -> tuple[RatePoint, ...]:
        with self._watch:
            return staged("fit")(self._prepared.rate_curve)()

    def encode(self, max_bytes: int, *, report: ReportCallback | None = None) -> Rendition:
        with self._watch:
            made = staged("fit")(self._prepared.encode)(max_bytes, report=report)
        return replace(made, report=replace(made.report, stages=tuple(self._watch.spent.items())))

    def drop_cache(self) -> None:
        self._prepared.drop_cache()


class Medium:
    """A source of known kind; the header of a picture is already read."""

    def __init__(self, content: Input, options: FitOptions, *, many: bool = False) -> None:
        self._content = content
        self._options = options
        self._many = many
        self._streams: _Streams | None = None
        self._still: Still | None = None
        self._animation: Animation | None = None
        if content.is_stream:
            return
        # NumPy, Pillow, FFmpeg and the kernels take 100 ms to load. Reading messages or profiles
        # needs none of them.
        from transcode.media.pictures.animation import open_animation
        from transcode.media.pictures.openers import open_still
        from transcode.media.pictures.truncated import whole_frames

        there = whole_frames(content.data)
        if there is not None:
            self._content = content = replace(content, data=there, rest=len(content.data) - len(there))
        self._still = open_still(content, many=many, max_pixels=options.max_pixels)
        self._animation = open_animation(content, self._still.content_type)

    @property
    def is_still(self) -> bool:
        """Whether it is a picture that does not move."""
        return self._still is not None and self._animation is None

    def prepare(self, limits: Limits) -> Prepared:
        if self._still is None:
            self._streams = self._streams or _Streams(self._content)
            return _Fitted(limits, partial(_fit_streams, self._streams, options=self._options))
        from transcode.fit.pictures.image import PreparedImage

        image = PreparedImage(self._content, self._still, limits, is_shared=self._many)
        if self._animation is None:
            return image
        return _Fitted(limits, partial(_fit_animation, self._content, self._animation, self._still, image))


class _Fitted:
    """A medium without shared preparation: each encode() starts from the source."""

    def __init__(self, limits: Limits, fitted: _Fit) -> None:
        self._limits = limits
        self._fit = fitted

    def encode(self, max_bytes: int, *, report: ReportCallback | None = None) -> Rendition:
        if max_bytes > self._limits.max_bytes:
            raise LimitsError(f"max_bytes is {max_bytes:,}; the prepared limit is {self._limits.max_bytes:,}")
        return self._fit(replace(self._limits, max_bytes=max_bytes), report=report)

    def rate_curve(self) -> tuple[RatePoint, ...]:
        """Return no points."""
        return ()

    def drop_cache(self) -> None:
        """Do nothing: there are no buffers."""


class _Fit(Protocol):
    def __call__(self, limits: Limits, *, report: ReportCallback | None) -> Rendition: ...


def _fit_animation(
    content: Input,
    animation: Animation,
    still: Still,
    image: PreparedImage,
    limits: Limits,
    *,
    report: ReportCallback | None,
) -> Rendition:
    from transcode.fit.animations.animation import fit_animation

    try:
        made = fit_animation(content, animation, still, limits, report=report)
    except CapError:
        raise
    except SourceError:
        # The first frame is damaged. The still path shows the part that can be decoded.
        made = None
    return image.encode(limits.max_bytes, report=report) if made is None else made


def _checked(limits: object) -> Limits:
    if not isinstance(limits, Limits):
        raise LimitsError(f"limits must be Limits, such as profile.limits(), not {type(limits).__name__}")
    return limits


def kept(as_clip: bool | Source) -> bool | Source:
    """Return as_clip in a form that can be read several times: a file object is read into bytes.

    Raises:
        LimitsError: the value is neither a bool nor a source.
        SourceError: the file object can't be read.
    """
    if isinstance(as_clip, bool | str | PathLike | bytes | bytearray | memoryview):
        return as_clip
    if not (hasattr(as_clip, "read") or hasattr(as_clip, "file")):
        raise LimitsError(
            f"as_clip must be True, False or a picture (a path, bytes or a binary file), not {as_clip!r}"
        )
    return bytes(media_source.read(as_clip).data)


def _listed(limits: Iterable[Limits]) -> list[Limits]:
    # A single Limits is a likely mistake.
    if isinstance(limits, Limits) or not hasattr(limits, "__iter__"):
        raise LimitsError(f"limits must be several Limits, such as a list, not one {type(limits).__name__}")
    return list(limits)


class _Streams:
    """The streams of a clip or a recording, read once for all limits with the same range."""

    def __init__(self, content: Input) -> None:
        from transcode.fit.sound.sounds import Sounds

        self.sounds = Sounds(content)
        self._range: tuple[float, float] | None = None
        self._read: tuple[Streams, ClipWindow | None] | None = None

    def read(self, limits: Limits, options: FitOptions) -> tuple[Streams, ClipWindow | None]:
        """Return the streams, and for a clip the requested window; raises what window_of raises."""
        from transcode.media.source.container import open_container, streams_in

        asked = (options.start, options.seconds(limits))
        if self._read is None or self._range != asked:
            content, window = self.sounds.content, None
            with open_container(content) as container:
                streams = streams_in(content, container)
                if streams.video:
                    from transcode.fit.clips.video import window_of

                    window = window_of(streams, limits, options)
                self._range, self._read = asked, (streams.counted, window)
        return self._read


def _fit_streams(
    streams: _Streams, limits: Limits, *, options: FitOptions, report: ReportCallback | None
) -> Rendition:
    """Fit a clip or a recording. The streams decide which of the two it is, not the name or the type."""
    from transcode.fit.sound.sounds import FitRequest

    sounds, content = streams.sounds, streams.sounds.content
    found, window = streams.read(limits, options)
    if window is not None:
        from transcode.fit.clips.video import fit_video

        return fit_video(FitRequest(sounds, limits, options, report, _lost(found)), window)
    if not found.audio:
        raise UnsupportedError(content.name, _nothing(found))
    lost = _lost(found)
    if found.lost_video:
        text = f"its pictures can't be decoded ({found.lost_video}): only the sound is sent"
        lost.append(Note("pictures-dropped", text))
    request = FitRequest(sounds, limits, options, report, lost)
    if options.as_clip is not False:
        from transcode.fit.clips.sound_clip import fit_sound_clip

        return fit_sound_clip(request)
    from transcode.fit.sound.audio import fit_audio

    return fit_audio(request)


def _lost(found: Streams) -> list[Note]:
    """Return notes about audio tracks, and further video tracks, that can't be decoded."""
    notes = []
    pictures, sound = found.lost_video, found.lost_audio
    if pictures and found.video:
        notes.append(Note("tracks-undecoded", f"further video tracks can't be decoded ({pictures})"))
    if sound and found.audio:
        notes.append(Note("tracks-undecoded", f"further audio tracks can't be decoded ({sound})"))
    elif sound:
        notes.append(Note("sound-dropped", f"its sound can't be decoded ({sound})"))
    return notes


def _nothing(found: Streams) -> str:
    """Return the reason why neither pictures nor sound can be decoded from a source."""
    pictures, sound = found.lost_video, found.lost_audio
    lost = [f"its {what} ({words})" for what, words in (("pictures", pictures), ("sound", sound)) if words]
    if lost:
        return f"{' and '.join(lost)} can't be decoded"
    others = f", only {', '.join(dict.fromkeys(found.others))}" if found.others else ""
    return f"the source has neither pictures nor sound{others}"
