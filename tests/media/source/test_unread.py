"""What is not read is named in the error that refuses it."""

from __future__ import annotations

import gzip
import io
import json
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import transcode
from tests.made.pictures import photo, save
from transcode.errors import UnsupportedError
from transcode.media.source import probe
from transcode.media.source.unread import described

LOTTIE = json.dumps({"v": "5.5.7", "fr": 60, "ip": 0, "op": 180, "w": 512, "h": 512, "layers": []}).encode()
STICKER = json.dumps({"tgs": 1, "v": "5.5.2", "layers": []}).encode()
SVG = b'<?xml version="1.0"?>\n<!-- made -->\n<svg xmlns="http://www.w3.org/2000/svg" width="1"/>'


def packed(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "application/epub+zip" if name == "mimetype" else "text")
    return file.getvalue()


def raw(maker: bytes, *, order: str = "<", dng: bool = False, photometric: int = 32_803) -> bytes:
    """A TIFF file of two pictures: a thumbnail in RGB, and below it what a sensor gave."""
    entries = [(0x0106, 3, 1, 2), (0x010F, 2, len(maker), 80), (0x014A, 4, 1, 120)]
    if dng:
        entries.append((0xC612, 1, 4, 1))
    made = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HIH", 42, 8, len(entries))
    for tag, kind, count, value in entries:
        short = struct.pack(f"{order}HH", value, 0) if kind == 3 else struct.pack(f"{order}I", value)
        made += struct.pack(f"{order}HHI", tag, kind, count) + short
    made = made.ljust(80, b"\0") + maker.ljust(40, b"\0")
    below = struct.pack(f"{order}HHHIHH", 1, 0x0106, 3, 1, photometric, 0)
    return made[:120] + below + bytes(100)


FILES = {
    "MIDI": b"MThd\0\0\0\6\0\1\0\1\0\x60MTrk" + bytes(40),
    "MIDI file": b"RIFF\x40\0\0\0RMIDdata" + bytes(50),
    "DSF": b"DSD \x1c" + bytes(80),
    "DSDIFF": b"FRM8" + bytes(8) + b"DSD " + bytes(50),
    "SILK": b"\x02#!SILK_V3" + bytes(40),
    "iMelody": b"BEGIN:IMELODY\r\n",
    "an EVRC recording": b"#!EVRC\n" + bytes(50),
    "an SMV recording": b"#!SMV\n" + bytes(50),
    "several channels": b"#!AMR_MC1.0\n\0\0\0\2" + bytes(50),
    "JPEG 2000": b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 \0\0\0\0jp2 " + bytes(50),
    "JPEG 2000 picture": b"\xff\x4f\xff\x51" + bytes(50),
    "JPEG XL": b"\xff\x0a" + bytes(60),
    "JPEG XL picture": b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl \0\0\0\0jxl " + bytes(20),
    "JPEG-LS": b"\xff\xd8\xff\xf7" + bytes(40),
    "SVG": SVG,
    "SVG drawing": b"\xef\xbb\xbf  " + SVG[22:],
    r"SVG drawing \(compressed\)": gzip.compress(SVG * 40),
    r"Lottie animation \(JSON\)": LOTTIE,
    r"Lottie sticker \(.tgs\)": gzip.compress(STICKER),
    "Lottie sticker": gzip.compress(LOTTIE),
    r"\.lottie": packed("manifest.json", "animations/a.json"),
    "JSON document": b'{"name": 1}',
    "JSON document, which": b"[ [true, 2]]",
    "a JSON": b"[]",
    "a TOML": b'[profile]\nname = "Ours"\n',
    "TOML": b"[[profiles]]  # several\r\n",
    "INI": b"[Desktop Entry]\nName=x\n",
    "text, which is no": b"{braces} and [brackets] of a text",
    "PSD": b"8BPS\0\1" + bytes(60),
    "CR2": b"II*\0\x10\0\0\0CR\2\0" + bytes(60),
    "CR3": b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(50),
    "ORF": b"IIRO\x08\0\0\0" + bytes(60),
    "RW2": b"IIU\0\x18\0\0\0" + bytes(60),
    "RAF": b"FUJIFILMCCD-RAW 0201" + bytes(60),
    "NEF": raw(b"NIKON CORPORATION\0", order=">"),
    "ARW": raw(b"SONY\0"),
    "PEF": raw(b"PENTAX Corporation\0"),
    "DNG": raw(b"Google\0", dng=True, photometric=2),
    "of an unknown maker": raw(b"ACME\0", photometric=34_892),
    "PDF": b"%PDF-1.4\n" + bytes(60),
    "ZIP": packed("a.txt"),
    "DOCX": packed("[Content_Types].xml", "word/document.xml"),
    "XLSX": packed("[Content_Types].xml", "xl/workbook.xml"),
    "PPTX": packed("[Content_Types].xml", "ppt/presentation.xml"),
    "EPUB": packed("mimetype"),
    "APK": packed("AndroidManifest.xml"),
    "DOC, XLS or PPT": bytes.fromhex("d0cf11e0a1b11ae1") + bytes(100),
    "gzip": gzip.compress(b"hello" * 20),
    "gzip.": b"\x1f\x8b" + bytes(30),
    "HTML": b"<!DOCTYPE html><html></html>",
    "XML": b"<a/>",
    "AAX": b"\0\0\0\x18ftypaax \0\0\0\1aax isom" + bytes(50),
    r"\(OMA DRM\), which is encrypted": b"\0\0\0\x18ftypodcf\0\0\0\2odcfisom" + bytes(50),
    "content of a phone": b"\1\x09\x0bimage/gifcid:a@b.net" + bytes(60),
    "forward lock": b"--mime\r\nContent-Type: audio/midi\r\n\r\nMThd\r\n--mime--\r\n",
    "Netpbm": b"P6\n2 2\n255\n" + bytes(12),
    "only zeros": bytes(900),
    "text": b"hello",
    r"icon \(ICO\)": save(Image.fromarray(photo(48, 32)), "ICO"),
    r"pointer \(CUR\)": b"\0\0\2" + save(Image.fromarray(photo(48, 32)), "ICO")[3:],
    "TGA": save(photo(48, 32), "TGA"),
    r"\(TGA\)": save(Image.fromarray(photo(48, 32)).convert("P"), "TGA"),
    r"Targa picture \(TGA\)": save(Image.fromarray(photo(48, 32)).convert("L"), "TGA"),
    "Targa picture": save(photo(48, 32), "TGA", compression="tga_rle", id_section=b"made"),
    "PCX": save(photo(48, 32), "PCX"),
    "PCX picture": save(Image.fromarray(photo(48, 32)).convert("1"), "PCX"),
    "SGI": save(photo(48, 32), "SGI"),
    "XBM": save(Image.fromarray(photo(48, 32)).convert("1"), "XBM"),
    "XBM picture": b"/* made */\n#define width 8\n#define height 1\n",
    "XPM": b'/* XPM */\nstatic char *x[] = {"1 1 1 1", "a c #fff", "a"};\n',
    "WBMP": b"\0\0\x81\x00\x02" + b"\xa5" * 32,
    "DPX": b"XPDS\x80\6\0\0" + bytes(60),
    "FITS": b"SIMPLE  =                    T" + b" " * 60,
    "RAS": b"\x59\xa6\x6a\x95\0\0\1\x40" + bytes(60),
    "Y4M": b"YUV4MPEG2 W2 H2 F25:1\nFRAME\n" + bytes(6),
    "MXF": bytes.fromhex("060e2b34020501010d01020101020400") + bytes(60),
    "GXF": bytes.fromhex("0000000001bc000000d800000000e1e2") + bytes(60),
    "OBU": bytes.fromhex("12000a0a00000002af8a7f3f9e8d") + bytes(60),
    "GSM": b"".join(bytes([0xD2, 0x3A, n]) + bytes(30) for n in range(40)),
    "unknown format": b"\x03\x01\x04" * 9,
}


@pytest.mark.parametrize("name", FILES)
def test_it_is_named(name: str, tmp_path: Path) -> None:
    """A file by its contents, whatever it is called; as a picture, in a message, and as a sound."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(FILES[name])
    profile, slides = transcode.find_profile("world"), [save(photo(32, 32))]
    calls: list[Callable[[], object]] = [
        lambda: transcode.fit(path, transcode.Limits(30_000)),
        lambda: transcode.compose([path], profile),
    ]
    if probe.content_type(FILES[name]) != "image/tiff" and name != "unknown format":
        calls.append(lambda: transcode.slideshow_clip(slides, profile, music=path))
    for call in calls:
        with pytest.raises(UnsupportedError) as caught:
            call()
        assert caught.value.source == str(path)
        assert re.search(name, caught.value.reason)


def test_heads_that_only_look_alike() -> None:
    """Where there is no magic number, numbers that do not agree tell nothing."""
    icon, targa = save(photo(48, 32), "ICO"), save(photo(48, 32), "TGA")
    wrong = [
        icon[:4] + bytes(2) + icon[6:],  # no pictures
        icon[:18] + struct.pack("<I", len(icon)) + icon[22:],  # behind the end
        targa[:12] + bytes(2) + targa[14:],  # no columns
        targa[:16] + b"\x07" + targa[17:],  # seven bits a pixel
        targa[:2] + b"\x01" + targa[3:],  # a palette, and none there
        b"\0\0\x81\x00\x02" + b"\xa5" * 31,  # a WBMP that is cut: not certain
        b"\xd5" * 33 * 40,  # silence of A-law, no frames of GSM
        b"\x0a\x05\x01\x03" + bytes(200),
        b"\x01\xda\x02\x01" + bytes(600),
    ]
    assert not any("which is not supported" in (described(data) or "") for data in wrong)


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "CMYK"])
def test_tiff_pictures_are_none(mode: str) -> None:
    """A TIFF picture is read, also one that names a camera."""
    image = Image.fromarray(photo(40, 30)).convert(mode)
    data = save(image, "TIFF", tiffinfo={0x010F: "NIKON"})
    assert described(data) is None
    assert transcode.fit(data, transcode.Limits(30_000)).width == 40


def test_media_are_none(shared: Path) -> None:
    """What is read is not taken for anything else."""
    for folder in ("image", "video", "audio"):
        for path in sorted((shared / "media" / folder).iterdir()):
            with path.open("rb") as file:
                data = file.read(100_000)
            assert probe.content_type(data) is None or described(data) is None, path.name


@given(
    st.binary(max_size=400),
    st.sampled_from(
        [b"II*\0", b"MM\0*", b"\x1f\x8b\x08", b"PK\x03\x04", b"<", b"", b"\0\0\1\0", b"\0\0\2", b"\0\0"]
    ),
)
def test_any_octets(data: bytes, magic: bytes) -> None:
    """Any octets are described, or not, without an error."""
    described(magic + data)
