"""TIFF tags: a description of samples that can't be decoded (TIFF 6.0, section 8), and the orientation,
further pages and metadata of a TIFF that Pillow opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Literal

    from PIL import Image as Pillow

__all__ = [
    "BITS",
    "ORIENTATION",
    "PHOTOMETRIC",
    "has_second_page",
    "metadata",
    "orientation",
    "samples",
]

#: Version number in the header of a BigTIFF.
_BIG = 43

#: Fields of a directory that are read, at most.
_MOST_FIELDS = 4096

#: TIFF 6.0 tags.
BITS, PHOTOMETRIC, ORIENTATION = 258, 262, 274
_COMPRESSION, _COUNT, _FORMAT = 259, 277, 339

#: Tags of metadata that are dropped (TIFF 6.0; Adobe XMP; EXIF).
_METADATA = {0x8769: "EXIF", 0x8825: "position (GPS)", 0x02BC: "XMP", 0x8773: "ICC profile"}

#: Values of missing tags.
_DEFAULTS = {BITS: 1, _COMPRESSION: 1, _COUNT: 1, _FORMAT: 1}

#: Octets per value of each unsigned integer field type: BYTE, SHORT, LONG, and LONG8 of BigTIFF.
_SIZES = {1: 1, 3: 2, 4: 4, 16: 8}

#: Photometric interpretations (TIFF 6.0; additions of Adobe and of Sam Leffler; DNG 1.7).
_COLOURS = {
    0: "gray, white at zero",
    1: "gray",
    2: "RGB",
    3: "palette",
    4: "mask",
    5: "inks (separated)",
    6: "YCbCr",
    8: "CIELab",
    9: "ICCLab",
    10: "ITULab",
    32803: "colour filter array (raw)",
    32844: "LogL",
    32845: "LogLuv",
    34892: "linear raw",
    51177: "depth",
}

#: Words for sample formats (SampleFormat) other than unsigned integers.
_FORMATS = {2: "signed", 3: "floating-point", 5: "complex integer", 6: "complex floating-point"}

#: Words for compressions of strips and tiles.
_COMPRESSIONS = {
    1: "uncompressed",
    2: "CCITT",
    3: "CCITT group 3",
    4: "CCITT group 4",
    5: "LZW",
    6: "old JPEG",
    7: "JPEG",
    8: "Deflate",
    32773: "PackBits",
    32946: "Deflate",
    34676: "SGI Log",
    34677: "SGI Log",
    34712: "JPEG 2000",
    34887: "LERC",
    34925: "LZMA",
    50000: "Zstandard",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}


def samples(data: bytes | memoryview) -> str | None:
    """Describe the colours, number, bits and compression of the samples of a TIFF.

    Returns:
        Words such as "CIELab colours in 3 samples of 16 bits (LZW)"; None if the first directory has no
        photometric interpretation.
    """
    found = _DEFAULTS | _fields(memoryview(data))
    photometric = found.get(PHOTOMETRIC)
    if photometric is None:
        return None
    colours = _COLOURS.get(photometric, f"unknown ({photometric})")
    kind = " ".join(word for word in (str(found[_COUNT]), _FORMATS.get(found[_FORMAT])) if word)
    plural = "sample" if found[_COUNT] == 1 else "samples"
    method = _COMPRESSIONS.get(found[_COMPRESSION], f"compression {found[_COMPRESSION]}")
    return f"{colours} colours in {kind} {plural} of {found[BITS]} bits ({method})"


def _fields(view: memoryview) -> dict[int, int]:
    """Return the first value of each field that samples() needs; missing fields are left out."""
    order: Literal["little", "big"] = "little" if bytes(view[:2]) == b"II" else "big"

    def number(at: int, size: int) -> int:
        return int.from_bytes(view[at : at + size], order)

    # Octets of the field count, of a field, and of an offset or a value count, in BigTIFF and in TIFF 6.0.
    head, field, size = (8, 20, 8) if number(2, 2) == _BIG else (2, 12, 4)
    first = number(size, size)
    found: dict[int, int] = {}
    for place in range(min(number(first, head), _MOST_FIELDS)):
        at = first + head + field * place
        tag, octets = number(at, 2), _SIZES.get(number(at + 2, 2))
        if at + field > len(view) or octets is None or tag not in (PHOTOMETRIC, *_DEFAULTS):
            continue
        value = at + 4 + size
        if octets * number(at + 4, size) > size:
            value = number(value, size)
        if value + octets <= len(view):
            found.setdefault(tag, number(value, octets))
    return found


def orientation(image: Pillow.Image) -> int:
    """Return the orientation that Pillow will apply to a TIFF that is not loaded yet, 1 to 8."""
    value = getattr(image, "tag_v2", {}).get(ORIENTATION)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def has_second_page(image: Pillow.Image) -> bool:
    """Return whether a TIFF that is not loaded yet has more than one page."""
    return bool(getattr(getattr(image, "tag_v2", None), "next", 0))


def metadata(image: Pillow.Image) -> tuple[str, ...]:
    """Return words for the metadata of a TIFF that are dropped."""
    return tuple(word for tag, word in _METADATA.items() if tag in getattr(image, "tag_v2", ()))
