#!/bin/sh
# Expected: the default image of an APNG that is no frame of it is for readers of plain PNG alone; the canvas of the first frame begins
#   transparent (PNG, third edition, 4.9 and 11.3.4).
# Seen: Pillow counts it among n_frames, as its documents say, but also blends the first frame over it: through a transparent first
#   frame the default image shows. FFmpeg has two frames, and nothing in the first.
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


def control(number):
    return chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, 8, 8, 0, 0, 1, 10, 0, 1))


path = sys.argv[1]
with open(path, "wb") as file:
    file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 6, 0, 0, 0)))
    file.write(chunk(b"acTL", struct.pack(">II", 2, 0)) + chunk(b"IDAT", image((255, 0, 0, 255))))
    file.write(control(0) + chunk(b"fdAT", b"\0\0\0\1" + image((0, 255, 0, 0))))
    file.write(control(2) + chunk(b"fdAT", b"\0\0\0\3" + image((0, 0, 255, 255))))
    file.write(chunk(b"IEND", b""))
with Image.open(path) as picture:
    count = picture.n_frames
    picture.seek(1)
    mine = picture.convert("RGBA").getpixel((0, 0))
raw = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", path, "-fps_mode", "passthrough"]
raw += ["-f", "rawvideo", "-pix_fmt", "rgba", "-"]
octets = subprocess.run(raw, capture_output=True, check=True).stdout
print(f"Pillow {PIL.__version__}: {count} frames, in the first of the animation {mine}")
print(f"FFmpeg: {len(octets) // 256} frames, in the first {tuple(octets[:4])}")
sys.exit((count, mine, len(octets), octets[3]) != (3, (255, 0, 0, 255), 512, 0))
EOF
"$here/venv/bin/python" "$here/try.py" "$here/made.png"
