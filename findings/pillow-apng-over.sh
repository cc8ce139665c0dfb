#!/bin/sh
# Expected: a half transparent image that an APNG blends over an opaque frame leaves an opaque frame ("over" of the PNG
#   specification, third edition, 13): alpha is 100 + 255 * 155 / 255 = 255.
# Seen: Pillow has alpha 194 there, so that the page shines through soft edges of stickers; over an alpha of 60 it has 76 instead of
#   136, and a wrong colour. FFmpeg has the values of the specification.
# Version: Pillow 13.0.0, FFmpeg 9.0.2 of imageio-ffmpeg 0.8.1. Date: 2026-12-01. Source: the behaviour of both, run as below.
. "$(dirname "$0")/start"
install pillow==13.0.0 imageio-ffmpeg==0.8.1
cat > "$here/try.py" <<'EOF'
import struct
import subprocess
import sys
import zlib

import imageio_ffmpeg
import PIL
from PIL import Image


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def image(colour):
    return zlib.compress((b"\0" + bytes(colour) * 8) * 8)


def made(first, second, path):
    control = struct.pack(">IIIIHHB", 8, 8, 0, 0, 1, 10, 0)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 6, 0, 0, 0)))
        file.write(chunk(b"acTL", struct.pack(">II", 2, 0)))
        file.write(chunk(b"fcTL", bytes(4) + control + b"\0") + chunk(b"IDAT", image(first)))
        file.write(chunk(b"fcTL", b"\0\0\0\1" + control + b"\1") + chunk(b"fdAT", b"\0\0\0\2" + image(second)))
        file.write(chunk(b"IEND", b""))


path = sys.argv[1]
seen = []
print("Pillow", PIL.__version__)
for first in ((200, 100, 50, 255), (200, 100, 50, 60)):
    made(first, (10, 250, 90, 100), path)
    with Image.open(path) as picture:
        picture.seek(1)
        mine = picture.convert("RGBA").getpixel((3, 3))
    raw = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", path, "-fps_mode", "passthrough"]
    raw += ["-f", "rawvideo", "-pix_fmt", "rgba", "-"]
    theirs = tuple(subprocess.run(raw, capture_output=True, check=True).stdout[256:260])
    print(f"(10, 250, 90, 100) over {first}: Pillow {mine}, FFmpeg {theirs}")
    seen += [mine[3], theirs[3]]
sys.exit(seen != [194, 255, 76, 136])
EOF
"$here/venv/bin/python" "$here/try.py" "$here/made.png"
