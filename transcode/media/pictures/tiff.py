"""What a TIFF says of itself: its samples, in words, where they can't be decoded (TIFF 6.0, section 8), and
its orientation, pages and metadata, as Pillow opened it.
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

#: The version in the header of a BigTIFF.
_BIG = 43

#: Fields of a directory that are looked at.
_MOST_FIELDS = 4096

#: Tags (TIFF 6.0).
BITS, PHOTOMETRIC, ORIENTATION = 258, 262, 274
_COMPRESSION, _COUNT, _FORMAT = 259, 277, 339

#: Tags (TIFF 6.0; Adobe's XMP; EXIF) that do not leave with the picture.
_METADATA = {0x8769: "EXIF", 0x8825: "position (GPS)", 0x02BC: "XMP", 0x8773: "ICC profile"}

#: What holds where they are missing.
_DEFAULTS = {BITS: 1, _COMPRESSION: 1, _COUNT: 1, _FORMAT: 1}

#: Octets of a value of each type of field that numbers have: BYTE, SHORT, LONG, and LONG8 of BigTIFF.
_SIZES = {1: 1, 3: 2, 4: 4, 16: 8}

#: Photometric interpretations (TIFF 6.0; Adobe's and Sam Leffler's additions; DNG 1.7).
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

#: Kinds of numbers (SampleFormat) that are told; plain whole numbers are not.
_FORMATS = {2: "signed", 3: "floating-point", 5: "complex whole-number", 6: "complex floating-point"}

#: How strips and tiles are compressed.
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
    """The colours, the number and the bits of a TIFF's samples, and how they are compressed.

    Returns:
        Words such as "CIELab colours in 3 samples of 16 bits (LZW)"; None where the first directory
        does not say what they are.
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
    """The first value of the fields that count, as far as they are there."""
    order: Literal["little", "big"] = "little" if bytes(view[:2]) == b"II" else "big"

    def number(at: int, size: int) -> int:
        return int.from_bytes(view[at : at + size], order)

    # Octets of the number of fields, of a field, and of an offset or a count: of BigTIFF, and of TIFF 6.0.
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
    """The orientation by which Pillow will turn a TIFF that was not loaded yet."""
    value = getattr(image, "tag_v2", {}).get(ORIENTATION)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def has_second_page(image: Pillow.Image) -> bool:
    """Whether a TIFF that was not loaded yet has more pages than the first."""
    return bool(getattr(getattr(image, "tag_v2", None), "next", 0))


def metadata(image: Pillow.Image) -> tuple[str, ...]:
    """Words for what of a TIFF does not leave with the picture."""
    return tuple(word for tag, word in _METADATA.items() if tag in getattr(image, "tag_v2", ()))
