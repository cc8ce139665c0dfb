"""Profiles of phones, from the UAProf documents that the phones name.

A phone names its document in the header ``X-Wap-Profile`` (OMA UAProf 2.0). People wrote
the documents by hand, for decades, so they are read leniently: properties by their local
names, in any namespace, and the first value that makes sense. Some were copied from a browser's
window, with blanks before the first line and a hyphen before each element that can be closed. A
document that is no well-formed XML without these is refused.

Sizes are bytes, lengths pixels.
"""

from __future__ import annotations

from re import IGNORECASE, findall, fullmatch, match, split, sub
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from transcode.errors import ProfileError, ProfileNotFound, address_without_password, without_password
from transcode.model import DEFAULT_FORMATS
from transcode.profile.find import find_profile
from transcode.profile.model import UAPROF, Figure, Figures, Profile, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, MutableMapping, Sequence
    from urllib.parse import SplitResult
    from xml.etree.ElementTree import XMLParser

__all__ = ["MAX_DOCUMENT_BYTES", "canonical", "device", "profile_url", "read_uaprof"]

#: The largest document that is read, in bytes; real ones have 6 to 30 KB.
MAX_DOCUMENT_BYTES = 256 * 1024

#: The longest value of an entity, in characters: some documents abbreviate a namespace by one. By longer
#: values, and by entities within entities, a small document becomes a large one.
_MAX_ENTITY_CHARS = 200

#: The smallest message size that is believed, in bytes: the smallest OMA class has 30 KB.
_LEAST_BYTES = 10_000

#: Content types by the names that phones give them.
_ALIASES = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "image/x-bmp": "image/bmp",
    "image/x-ms-bmp": "image/bmp",
    "image/wbmp": "image/vnd.wap.wbmp",
    "image/svg": "image/svg+xml",
    "audio/x-amr": "audio/amr",
    "audio/amr-nb": "audio/amr",
    "audio/amr_nb": "audio/amr",
    "audio/amr_wb": "audio/amr-wb",
    "audio/amrwb": "audio/amr-wb",
    "audio/3gp": "audio/3gpp",
    "audio/x-amr-wb": "audio/amr-wb",
    "audio/awb": "audio/amr-wb",
    "audio/x-awb": "audio/amr-wb",
    "audio/m4a": "audio/mp4",
    "audio/x-m4a": "audio/mp4",
    "audio/mp4a-latm": "audio/mp4",
    "audio/x-aac": "audio/aac",
    "audio/x-mpeg": "audio/mpeg",
    "audio/mp3": "audio/mpeg",
    "audio/x-mp3": "audio/mpeg",
    "audio/mpg": "audio/mpeg",
    "audio/x-mpg": "audio/mpeg",
    "audio/mpg3": "audio/mpeg",
    "audio/mpeg3": "audio/mpeg",
    "audio/x-mpeg3": "audio/mpeg",
    "audio/mid": "audio/midi",
    "audio/x-mid": "audio/midi",
    "audio/x-midi": "audio/midi",
    "audio/x-wav": "audio/wav",
    "audio/imy": "audio/imelody",
    "audio/x-imy": "audio/imelody",
    "audio/x-imelody": "audio/imelody",
    "text/x-imelody": "audio/imelody",
    "text/imelody": "audio/imelody",
    "video/3gp": "video/3gpp",
    "video/x-3gpp": "video/3gpp",
    "video/mpeg4": "video/mp4",
    "video/mp4v-es": "video/mp4",
    "video/x-mp4": "video/mp4",
    "text/vcard": "text/x-vcard",
    "text/vcalendar": "text/x-vcalendar",
}

#: Charsets, by IANA's names in lower case, of the names that phones give them.
_CHARSETS = {
    "ascii": "us-ascii",
    "usascii": "us-ascii",
    "utf8": "utf-8",
    "utf16": "utf-16",
    "ucs-2": "iso-10646-ucs-2",
    "ucs2": "iso-10646-ucs-2",
    "cskoi8r": "koi8-r",
    "gb-2312": "gb2312",
    "big-5": "big5",
}

#: Ids of profiles by the documents' abbreviations of OMA content classes, the richest first.
_CLASSES = {
    "mp": "oma-megapixel",
    "vr": "oma-video-rich",
    "vb": "oma-video-basic",
    "ir": "oma-image-rich",
    "ib": "oma-image-basic",
    "tx": "oma-text",
}

#: The profile of a document that names MMS and gives neither size nor class.
_FALLBACK = "oma-image-rich"

#: FFmpeg's names of codecs, by their names in the lists of documents.
_CODEC_WORDS = {
    "h264": r"h\.?264|\bavc\b",
    "mpeg4": r"mp4v|mpeg-?4\b|x-pv-mp4",
    "aac": r"\baac|mp4a|mpeg4-generic",
}

#: Width and height of QCIF, the one size common to H.263 profile 0 level 10 and all OMA video classes.
_QCIF = (176, 144)

#: Macroblocks of 16 x 16 pixels in a frame of H.264 level 1.3 (ITU-T H.264, table A-1).
_LEVEL_1_3_BLOCKS = 396


def device(
    url: str, store: MutableMapping[str, bytes], *, fetch: Callable[[str], bytes] | None = None
) -> Profile:
    """The profile of a phone by the address of its document, which a store has or fetch gets.

    Args:
        url: the address, or the value of an ``X-Wap-Profile`` header as the phone sent it.
        store: documents by their addresses, as profile_url gives them. A fetched document
            is stored once it could be read.
        fetch: gives the document at an address; called when the store has none. A
            stranger chose the address: fetch from public hosts only, within a time and
            MAX_DOCUMENT_BYTES. None: nothing is fetched.

    Raises:
        ProfileNotFound: the store has no such document, and there is no fetch.
        ProfileError: the document can't be read, or the header has no address.
    """
    key = profile_url(url)
    shown = address_without_password(key)
    known = store.get(key)
    if known is not None:
        return read_uaprof(known, name=shown)
    if fetch is None:
        raise ProfileNotFound(shown, reason="the store has no document of this phone; give fetch")
    data = fetch(urlunsplit(_address(url)))
    profile = read_uaprof(data, name=shown)
    store[key] = data
    return profile


def profile_url(header: str) -> str:
    """The address in an ``X-Wap-Profile`` header, without quotes, scheme and host in lower case.

    Of several addresses the first counts; references to differences
    (``"1-Rb0sq/nuUFQU75vAjKyiHw=="``) are no addresses. A name and password in front of the host are left
    out. Path and query stay unchanged, with an ``@`` too: documents differ in them.

    Raises:
        ProfileError: the header has no http or https address.
    """
    parts = _address(header)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _address(header: str) -> SplitResult:
    """The address with name and password, split into its parts."""
    found = findall(r"https?://[^\s\"'<>]+", header, IGNORECASE) if isinstance(header, str) else ()
    # A comma separates addresses, and some addresses have one.
    first = split(r",(?=https?://)", found[0], flags=IGNORECASE)[0].rstrip(",") if found else ""
    try:
        parts = urlsplit(first)
        # Reading the port raises where it is no number, as where a password has a slash.
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        raise ProfileError(without_password(str(header)), "is no address of a UAProf document")
    user, at, place = parts.netloc.rpartition("@")
    netloc = f"{user}{at}{place.lower()}"
    return parts._replace(scheme=parts.scheme.lower(), netloc=netloc, fragment="")


def read_uaprof(
    data: bytes | bytearray | memoryview, *, name: str, differences: Sequence[bytes] = ()
) -> Profile:
    """The profile of a phone, from its UAProf document.

    A figure that the document does not give, or gives in no sensible way, is that of
    the OMA content class that the document names, else of image rich; provenance and
    a note say so. A document without a property of MMS gives a profile with MMS off.

    Args:
        data: the document's octets.
        name: the document's address or path, which is the profile's id.
        differences: documents of ``X-Wap-Profile-Diff`` headers, in order: what they say takes the place
            of what the document says, but for the size of a message, of which the smallest counts.

    Raises:
        ProfileError: the document or a difference is too large, no well-formed XML, or unsafe XML.
    """
    said = _parsed(bytes(data), name)
    for difference in differences:
        said = _changed(said, _parsed(difference, f"the difference of {name}"))
    label = " ".join(dict.fromkeys(word for key in ("vendor", "model") for word in said.get(key, ())[:1]))
    reason = _off(said)
    basis = find_profile(_class_of(said))
    found: dict[str, Value] = {"turn": False}
    found |= _sizes(said)
    formats = _types(_accepted(said))
    if formats:
        found["formats"] = formats
        found["codecs"] = _codecs(formats, said)
        found |= _video(found["codecs"], said)
    charsets = _charsets(said)
    if charsets:
        found["charsets"] = charsets
    values, figures, notes = _filled(found, basis)
    return Profile(
        id=name,
        name=label or name,
        kind="device",
        mms_enabled=reason is None,
        mms_off_reason=reason,
        notes=notes,
        figures=Figures(figures),
        **values,
    )


def _changed(said: dict[str, list[str]], other: dict[str, list[str]]) -> dict[str, list[str]]:
    """The properties with those of a difference, but never with a larger message."""
    whole = said | other
    sizes = [size for size in (_size(said), _size(other)) if size is not None]
    return whole | {"mmsmaxmessagesize": [str(min(sizes))]} if sizes else whole


def _parsed(data: bytes, name: str) -> dict[str, list[str]]:
    """The values of each property with a value, by local name in lower case without hyphens."""
    from defusedxml import DefusedXmlException

    if len(data) > MAX_DOCUMENT_BYTES:
        raise ProfileError(
            name, f"has {len(data):,} bytes; no UAProf document is above {MAX_DOCUMENT_BYTES:,}"
        )
    properties = _Properties()
    parser = _parser(properties)
    try:
        # A browser shows a hyphen before each element that can be closed; people copied that.
        parser.feed(sub(rb"(?m)^[ \t]*-[ \t]*(?=<)", b"", data.lstrip()))
        parser.close()
    except DefusedXmlException as error:
        raise ProfileError(name, f"is unsafe XML: {error}") from error
    except (SyntaxError, ValueError, LookupError) as error:
        # The parser's own error is a SyntaxError; an unknown encoding raises others.
        raise ProfileError(name, f"is no well-formed XML: {error}") from error
    return properties.found


def _parser(target: _Properties) -> XMLParser:
    # Imported here: few callers read a document.
    from defusedxml import EntitiesForbidden
    from defusedxml.ElementTree import DefusedXMLParser

    class Parser(DefusedXMLParser):
        """Allows short entities without entities in them; refuses all else that defusedxml refuses."""

        def defused_entity_decl(self, *declared: Any) -> None:
            name, is_parameter, value, base, system, public, notation = declared
            harmless = value is not None and len(value) <= _MAX_ENTITY_CHARS and not {"&", "%"} & set(value)
            if is_parameter or not harmless:
                raise EntitiesForbidden(name, value, base, system, public, notation)

    parser: XMLParser = Parser(target=target)
    return parser


class _Properties:
    """Collects properties while the parser runs: no tree is built, and depth costs no memory.

    A property has a text, or a bag of items. Of several of one name the first that has a
    value counts, as the vocabulary says of most ("Locked").
    """

    _LISTS = ("bag", "seq", "alt", "li")

    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}
        self._text: list[str] = []
        self._open: list[tuple[str, list[str]]] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._take()
        for word, text in attributes.items():
            if text.strip():
                self.found.setdefault(_local(word), [text.strip()])
        if _local(tag) not in self._LISTS:
            self._open.append((_local(tag), []))

    def data(self, text: str) -> None:
        self._text.append(text)

    def end(self, tag: str) -> None:
        self._take()
        if _local(tag) not in self._LISTS:
            name, items = self._open.pop()
            if items:
                self.found.setdefault(name, items)

    def _take(self) -> None:
        """Add the text received to the property around it."""
        text = "".join(self._text).strip()
        self._text.clear()
        if text and self._open:
            self._open[-1][1].append(text)


def _local(tag: str) -> str:
    """A name without its namespace."""
    return tag.rpartition("}")[2].replace("-", "").lower()


def _off(said: dict[str, list[str]]) -> str | None:
    """Why the phone takes no MMS; None when it takes MMS."""
    if any(key.startswith("mms") and key != "mmsversion" for key in said):
        return None
    accepted = (word for key in ("ccppaccept", "pushaccept", "pushacceptappid") for word in said.get(key, ()))
    if any("mms-message" in word.lower() or "mms.ua" in word.lower() for word in accepted):
        return None
    return "its UAProf document does not speak of MMS"


def _class_of(said: dict[str, list[str]]) -> str:
    """The profile of the richest content class that the document names."""
    words = " ".join(said.get("mmscontentclass", ())).lower()
    named = split(r"[^a-z]+", words)
    whole = sub(r"[^a-z]+", "-", words)
    for short, profile in _CLASSES.items():
        if short in named or profile.removeprefix("oma-") in whole:
            return profile
    return _FALLBACK


def _sizes(said: dict[str, list[str]]) -> dict[str, Value]:
    """The size of a message and the box of a picture, where the document gives sensible ones."""
    found: dict[str, Value] = {}
    size = _size(said)
    if size is not None:
        found["max_message_bytes"] = size
    box = _box(" ".join(said.get("mmsmaximageresolution", ())))
    if box is not None:
        found["max_image_width"], found["max_image_height"] = box
    return found


def _size(said: dict[str, list[str]]) -> int | None:
    """The size of a message in bytes, where it is sensible."""
    return _bytes(" ".join(said.get("mmsmaxmessagesize", ())))


def _bytes(text: str) -> int | None:
    """A message size in bytes; of several, as in ``1MBout-2MBin``, the smallest."""
    units = {"": 1, "k": 1000, "m": 1_000_000}
    plain = sub(r"(?<=\d)[,_](?=\d{3}(?!\d))", "", text.lower())
    # 1 KB is 1,000 bytes: the smaller and so the safe reading.
    sizes = [
        int(float(number) * units[unit]) for number, unit in findall(r"(\d{1,12}(?:\.\d+)?)\s*([km]?)", plain)
    ]
    return min((size for size in sizes if size >= _LEAST_BYTES), default=None)


def _box(text: str) -> tuple[int, int] | None:
    """Width and height in pixels, as in ``640x480``, ``2048*1536`` or ``2592 x 1944``."""
    found = match(r"\s*([1-9]\d{1,4})\s*[xX*\u00d7]\s*([1-9]\d{1,4})\s*$", text)
    return (int(found[1]), int(found[2])) if found else None


def canonical(content_type: str) -> str:
    """The registered name of a content type, in lower case, for a name that phones give it."""
    kind = content_type.strip().lower()
    return _ALIASES.get(kind, kind)


def _accepted(said: dict[str, list[str]]) -> list[str]:
    """The content types of messages.

    Some documents name no picture among them, though they give the size of pictures in messages: those that
    the phone shows elsewhere are added.
    """
    anywhere = said.get("ccppaccept", [])
    words = said.get("mmsccppaccept") or anywhere
    if any("image/" in word.lower() or "*/*" in word for word in words) or not said.get(
        "mmsmaximageresolution"
    ):
        return words
    entries = (entry.strip() for word in anywhere for entry in word.split(","))
    return words + [entry for entry in entries if entry.lower().startswith("image/")]


def _types(words: Iterable[str]) -> tuple[str, ...]:
    """Content types by their registered names: the default formats in their order, then others."""
    types: list[str] = []
    for word in words:
        for entry in word.split(","):
            kind = canonical(entry.partition(";")[0])
            if kind.endswith("/*"):
                types += [known for known in DEFAULT_FORMATS if kind == "*/*" or known.startswith(kind[:-1])]
            elif fullmatch(r"[a-z]+/[a-z0-9.+-]+", kind):
                types.append(kind)
    return tuple(dict.fromkeys([kind for kind in DEFAULT_FORMATS if kind in types] + types))


def _charsets(said: dict[str, list[str]]) -> tuple[str, ...]:
    """Charsets of text by IANA's names in lower case."""
    words = [
        name for word in said.get("mmsccppacceptcharset", ()) for name in split(r"[,;\s]+", word.lower())
    ]
    return tuple(dict.fromkeys(_CHARSETS.get(word, word) for word in words if word and word != "*"))


def _codecs(formats: tuple[str, ...], said: dict[str, list[str]]) -> tuple[str, ...]:
    """The codecs that a phone decodes, by FFmpeg's names.

    3GP is H.263 with AMR, which every phone that takes it decodes (3GPP TS 26.140). What
    else an MP4 may have is only what the document names in some list.
    """
    lists = ("mmsccppaccept", "ccppaccept", "streamingaccept", "videoinputencoder", "audioinputencoder")
    words = " ".join(word.lower() for key in lists for word in said.get(key, ()))
    found = {codec for codec, pattern in _CODEC_WORDS.items() if findall(pattern, words)}
    if "video/3gpp" in formats:
        found |= {"h263", "amr_nb"}
    if "video/mp4" in formats:
        found |= {"mpeg4", "amr_nb"}
    if "audio/amr" in formats:
        found.add("amr_nb")
    if "audio/amr-wb" in formats:
        found.add("amr_wb")
    if "audio/mpeg" in formats:
        found.add("mp3")
    if "audio/mp4" in formats:
        found.add("aac")
    ordered = ("h264", "aac", "h263", "mpeg4", "amr_nb", "mp3", "amr_wb")
    return tuple(codec for codec in ordered if codec in found)


def _video(codecs: Value, said: dict[str, list[str]]) -> dict[str, Value]:
    """The box of a clip and the level of H.264, which no property of the vocabulary gives.

    A clip gets no more pixels than the screen has. H.263 has QCIF on any screen, and the clip of
    a phone that decodes nothing else is QCIF.
    """
    names = codecs if isinstance(codecs, tuple) else ()
    screen = _box(" ".join(said.get("screensize", ())))
    if screen is None or not {"h264", "mpeg4"} & set(names):
        screen = _QCIF
    width, height = (max(side, least) for side, least in zip(screen, _QCIF, strict=True))
    blocks = -(-width // 16) * -(-height // 16)
    return {
        "max_video_width": width,
        "max_video_height": height,
        "h264_profile": "baseline",
        "h264_level": "1.3" if blocks <= _LEVEL_1_3_BLOCKS else "3",
    }


def _filled(
    found: dict[str, Value], basis: Profile
) -> tuple[dict[str, Any], dict[str, Figure], tuple[str, ...]]:
    """The values of a profile with their provenance: those found, and a class's for the others."""
    values: dict[str, Any] = {}
    figures: dict[str, Figure] = {}
    notes = []
    guessed = ("turn", "codecs", "max_video_width", "max_video_height", "h264_profile", "h264_level")
    for key, value in found.items():
        confidence = "our own choice" if key in guessed else "documented"
        values[key] = value
        figures[key] = Figure(value, (UAPROF,), None, confidence)
    for key in ("max_message_bytes", "max_image_width", "max_image_height", "formats", "codecs"):
        value = getattr(basis, key)
        if key not in values and value is not None:
            values[key] = value
            figures[key] = Figure(value, (), None, "default only", profile=basis.id)
            notes.append(f"The document gives no sensible {key}; the one of {basis.id} is taken.")
    return values, figures, tuple(notes)
