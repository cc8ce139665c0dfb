"""One source to one rendition or to many, whatever kind of medium it is."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Protocol

from transcode.door import Door
from transcode.errors import BudgetError, CapError, LimitsError, SourceError, UnsupportedError
from transcode.jobs.processors import ThreadLimit
from transcode.media.source import inputs as media_source
from transcode.model import MAX_PIXELS, FitOptions, Limits, Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transcode.fit.pictures.image import PreparedImage
    from transcode.fit.rate_points import RatePoint
    from transcode.media.clips.window import ClipWindow
    from transcode.media.pictures.animation import Animation
    from transcode.media.pictures.still import Still
    from transcode.media.source.container import Streams
    from transcode.media.source.inputs import Input
    from transcode.model import ProgressCallback, Rendition, ReportCallback, Source

__all__ = ["Prepared", "fit", "fit_content", "fit_each_limit", "kept", "prepare"]

_AS_IT_IS = FitOptions()


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
    """The best rendition of a medium that keeps to the limits.

    Args:
        source: a path, bytes, or a file object opened in binary mode.
        limits: what the rendition must keep to.
        start: where a clip or a recording begins, in seconds of the source.
        max_seconds: its longest duration; None: that of the limits. Never more than
            forty seconds.
        strict: raise BudgetError where a clip or a recording would be worse than the
            quality floor, which is a note in the report otherwise.
        loudness: integrated loudness that sound is brought to, in LUFS (EBU R 128),
            such as -16.0; None: as it is.
        max_pixels: the most pixels of a picture that is decoded whole: more are refused from the header.
            A JPEG, and a HEIC in tiles, is reduced while it is decoded and may have four times as many.
        keyframe_cut: whether an H.264 clip that is too long only may be cut at the key frame nearest to
            start, half a second from it at most, and not re-encoded: faster, and as good as the source. Its
            sound then begins and ends without a fade. The report has the range that was kept.
        as_clip: whether a recording becomes a clip, for receivers that take clips and no sound. True: it
            shows the wave of its sound; a source: that picture. Pictures and clips leave as without it.
        threads: the most threads that decoding may have; None: one a processor that this process may use. The
            bytes are the same whatever the number, but of a source that is damaged.
        progress: called as a clip or a recording is worked on.
        report: called with each note as it is made, also when nothing comes of it
            in the end; the rendition's own report has them all.

    Raises:
        SourceError: the source can't be read, or is of a kind that is not handled.
        BudgetError: nothing that fits can be made.
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


def fit_each_limit(
    source: Source,
    limits: Iterable[Limits],
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
) -> list[Rendition | BudgetError | UnsupportedError]:
    """A rendition of one source for each of several limits, the source read once.

    A picture is decoded once for each scale that their sizes and bytes ask for, sound once for limits of
    the same duration, the pictures of a clip for each.

    Each is byte for byte what fit() makes. A limit that can't be met does not cost the
    others theirs: its place holds the error that fit() would have raised::

        for limits, made in zip(asked, fit_each_limit(path, asked)):
            if isinstance(made, Rendition):
                ...

    Limits with the same box share the reduction to it and the transform, too, and are worked
    on one after the other; callbacks hear of them in that order.

    Args:
        source, start, max_seconds, strict, loudness, max_pixels, keyframe_cut, as_clip, threads, progress,
            report: as for fit().
        limits: what the renditions must keep to.

    Returns:
        For each of the limits, in their order, the rendition; or BudgetError or UnsupportedError.

    Raises:
        SourceError: the source can't be read or decoded.
        LimitsError: the limits are something else, or an option is out of its range.
    """
    asked = [_checked(each) for each in _listed(limits)]
    options = FitOptions(
        start, max_seconds, strict, loudness, progress, max_pixels, keyframe_cut, kept(as_clip)
    )
    limit = ThreadLimit(threads)
    content = media_source.read(source)
    with limit, Door("source", content.name) as door:
        options = replace(options, progress=door.passing(progress, "progress"))
        return _fit_each(_Medium(content, options, many=True), asked, door.passing(report, "report"))


def _fit_each(
    medium: _Medium, asked: Sequence[Limits], report: ReportCallback | None
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
    """Like fit, for a source that was read already."""
    return _Medium(content, options).prepare(limits).encode(limits.max_bytes, report=report)


def prepare(content: Input, limits: Limits, options: FitOptions = _AS_IT_IS) -> Prepared:
    """A source that is to be finished once its share of some bytes is known.

    Args:
        content: the source.
        limits: what the rendition must keep to; max_bytes is the most that may be asked for.
        options: as for fit().

    Raises:
        SourceError: the source is of a kind that is not handled, or its header is broken.
    """
    return _Medium(content, options).prepare(limits)


class Prepared(Protocol):
    """A source on its way to renditions that differ in their bytes only.

    A budget that several share is divided best by their points; then each is finished, without being
    read or decoded again::

        waiting = [prepare(content, limits) for content in contents]
        curves = [each.rate_curve() for each in waiting]  # then drop_cache() each, where there are many
        made = [each.encode(share) for each, share in zip(waiting, shares)]
    """

    def rate_curve(self) -> tuple[RatePoint, ...]:
        """What more bytes buy: sizes in bytes, and the score (SSIMULACRA2) that is expected of them.

        Sizes and scores rise, and slopes fall from point to point. Below the first point the medium
        is past recognition, and what is beyond the last one it has no use for. Nothing is encoded. Empty
        for animations, sound and clips.

        Raises:
            SourceError: the pixels can't be decoded.
        """

    def encode(self, max_bytes: int, *, report: ReportCallback | None = None) -> Rendition:
        """What fit() makes of the source with the limits that it was prepared for and so many bytes.

        Args:
            max_bytes: at most those of the limits.
            report: as for fit().

        Raises:
            SourceError, BudgetError: as fit().
            LimitsError: more bytes than the limits have.
        """

    def drop_cache(self) -> None:
        """Keep only what is small: of a picture the planes at the size of the box."""


class _Medium:
    """A source whose kind is known, and of a picture the header."""

    def __init__(self, content: Input, options: FitOptions, *, many: bool = False) -> None:
        self._content = content
        self._options = options
        self._streams: _Streams | None = None
        self._still: Still | None = None
        self._animation: Animation | None = None
        if content.is_stream:
            return
        # NumPy, Pillow, FFmpeg and the kernels take 100 ms to load: those who only read
        # messages or profiles do without them.
        from transcode.media.pictures.animation import open_animation
        from transcode.media.pictures.openers import open_still
        from transcode.media.pictures.strip import whole_frames

        there = whole_frames(content.data)
        if there is not None:
            self._content = content = replace(content, data=there, rest=len(content.data) - len(there))
        self._still = open_still(content, many=many, max_pixels=options.max_pixels)
        self._animation = open_animation(content, self._still.content_type)

    def prepare(self, limits: Limits) -> Prepared:
        if self._still is None:
            self._streams = self._streams or _Streams(self._content)
            return _Fitted(limits, partial(_fit_streams, self._streams, options=self._options))
        from transcode.fit.pictures.image import PreparedImage

        image = PreparedImage(self._content, self._still, limits)
        if self._animation is None:
            return image
        return _Fitted(limits, partial(_fit_animation, self._content, self._animation, self._still, image))


class _Fitted:
    """A medium of which nothing is prepared."""

    def __init__(self, limits: Limits, fitted: _Fit) -> None:
        self._limits = limits
        self._fit = fitted

    def encode(self, max_bytes: int, *, report: ReportCallback | None = None) -> Rendition:
        if max_bytes > self._limits.max_bytes:
            raise LimitsError(f"{max_bytes:,} bytes, and the limits have {self._limits.max_bytes:,}")
        return self._fit(replace(self._limits, max_bytes=max_bytes), report=report)

    def rate_curve(self) -> tuple[RatePoint, ...]:
        """None are known."""
        return ()

    def drop_cache(self) -> None:
        """Nothing is kept."""


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
        # Not even its first picture is whole; as a still, what is there of it is shown.
        made = None
    return image.encode(limits.max_bytes, report=report) if made is None else made


def _checked(limits: object) -> Limits:
    if not isinstance(limits, Limits):
        raise LimitsError(f"limits must be Limits, such as profile.limits(), not {type(limits).__name__}")
    return limits


def kept(as_clip: bool | Source) -> bool | Source:
    """What as_clip asks for, to be read as often as there are clips: a file object is read now.

    Raises:
        LimitsError: it is nothing that could be a picture.
        SourceError: the file object can't be read.
    """
    if isinstance(as_clip, bool | str | PathLike | bytes | bytearray | memoryview):
        return as_clip
    if not callable(getattr(as_clip, "read", None)):
        raise LimitsError(
            f"as_clip must be True, False or a picture (a path, bytes or a binary file), not {as_clip!r}"
        )
    return bytes(media_source.read(as_clip).data)


def _listed(limits: Iterable[Limits]) -> list[Limits]:
    # One Limits is a likely slip.
    if isinstance(limits, Limits) or not hasattr(limits, "__iter__"):
        raise LimitsError(f"limits must be several Limits, such as a list, not one {type(limits).__name__}")
    return list(limits)


class _Streams:
    """What a clip or a recording holds, read once for all limits of the same range."""

    def __init__(self, content: Input) -> None:
        from transcode.fit.sound.sounds import Sounds

        self.sounds = Sounds(content)
        self._range: tuple[float, float] | None = None
        self._read: tuple[Streams, ClipWindow | None] | None = None

    def read(self, limits: Limits, options: FitOptions) -> tuple[Streams, ClipWindow | None]:
        """Its streams, and of a clip the window that is asked for; errors are those of window_of."""
        from transcode.media.source.container import open_container, streams_in

        asked = (options.start, options.seconds(limits))
        if self._read is None or self._range != asked:
            content, window = self.sounds.content, None
            with open_container(content) as container:
                found = streams_in(content, container)
                if found.video:
                    from transcode.fit.clips.video import window_of

                    window = window_of(content, container, limits, options)
            self._range, self._read = asked, (found, window)
        return self._read


def _fit_streams(
    streams: _Streams, limits: Limits, *, options: FitOptions, report: ReportCallback | None
) -> Rendition:
    """A clip or a recording: which of the two its streams tell, not its name or its type."""
    sounds, content = streams.sounds, streams.sounds.content
    found, window = streams.read(limits, options)
    if window is not None:
        from transcode.fit.clips.video import fit_video

        return fit_video(sounds, window, limits, options, report=report, lost=_lost(found))
    if not found.audio:
        raise UnsupportedError(content.name, _nothing(found))
    lost = _lost(found)
    if pictures := found.words("video"):
        text = f"its pictures can't be decoded ({pictures}): the sound leaves alone"
        lost.append(Note("pictures-dropped", text))
    if options.as_clip is not False:
        from transcode.fit.clips.sound_clip import fit_sound_clip

        return fit_sound_clip(sounds, limits, options, report=report, lost=lost)
    from transcode.fit.sound.audio import fit_audio

    return fit_audio(sounds, limits, options, report=report, lost=lost)


def _lost(found: Streams) -> list[Note]:
    """What is said of sound, and of pictures beside others, that can't be decoded."""
    notes = []
    pictures, sound = found.words("video"), found.words("audio")
    if pictures and found.video:
        notes.append(Note("tracks-undecoded", f"further pictures can't be decoded ({pictures})"))
    if sound and found.audio:
        notes.append(Note("tracks-undecoded", f"further sound can't be decoded ({sound})"))
    elif sound:
        notes.append(Note("sound-dropped", f"its sound can't be decoded ({sound})"))
    return notes


def _nothing(found: Streams) -> str:
    """Why neither pictures nor sound can be made of a source."""
    pictures, sound = found.words("video"), found.words("audio")
    lost = [f"its {what} ({words})" for what, words in (("pictures", pictures), ("sound", sound)) if words]
    if lost:
        return f"{' and '.join(lost)} can't be decoded"
    others = f", only {', '.join(dict.fromkeys(found.others))}" if found.others else ""
    return f"neither pictures nor sound are in it{others}"
