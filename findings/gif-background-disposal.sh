#!/bin/sh
# Expected: decoders agree on what a GIF frame with disposal 2 leaves behind: nothing, as browsers show it, since its specification's
#   background colour went out of use.
# Seen: where the frame names no transparent index, FFmpeg and Pillow fill the place with the opaque background colour of the
#   file, ImageMagick leaves it transparent. The same file gives a coloured box by two of the three.
# Version: Pillow 13.0.0, FFmpeg 9.0.2 of imageio-ffmpeg 0.8.1; ImageMagick 6.9.11 where it is installed. Date: 2026-12-01.
# Source: the behaviour of the programs, run as below; GIF89a, 23.
. "$(dirname "$0")/start"
install pillow==13.0.0 imageio-ffmpeg==0.8.1
cat > "$here/try.py" <<'EOF'
import shutil
import struct
import subprocess
import sys

import imageio_ffmpeg
import PIL
from PIL import Image


def frame(place, side, colour, disposal):
    # LZW of two bits: a code to clear before each pair of pixels keeps all codes at three bits.
    codes = [code for pair in range(side * side // 2) for code in (4, colour, colour)] + [5]
    number = sum(code << 3 * index for index, code in enumerate(codes))
    octets = number.to_bytes((3 * len(codes) + 7) // 8, "little")
    blocks = b"".join(bytes((len(octets[at : at + 255]),)) + octets[at : at + 255] for at in range(0, len(octets), 255))
    head = b"\x21\xf9\x04" + bytes((disposal << 2, 10, 0, 0, 0))
    return head + b"\x2c" + struct.pack("<4HB", place, place, side, side, 0) + b"\x02" + blocks + b"\0"


path = sys.argv[1]
palette = bytes((255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30))
with open(path, "wb") as file:
    file.write(b"GIF89a" + struct.pack("<HHBBB", 8, 8, 0x81, 3, 0) + palette)
    file.write(frame(0, 8, 1, 1) + frame(2, 4, 2, 2) + frame(6, 2, 0, 1) + b";")
with Image.open(path) as picture:
    picture.seek(2)
    seen = [picture.convert("RGBA").getpixel((3, 3))]
at = 2 * 256 + 4 * (3 * 8 + 3)
raw = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", path, "-fps_mode", "passthrough"]
raw += ["-f", "rawvideo", "-pix_fmt", "rgba", "-"]
seen.append(tuple(subprocess.run(raw, capture_output=True, check=True).stdout[at : at + 4]))
print(f"Pillow {PIL.__version__}: {seen[0]}, FFmpeg: {seen[1]}")
wanted = [(10, 20, 30, 255)] * 2
if shutil.which("convert") and b"ImageMagick 6" in subprocess.run(["convert", "-version"], capture_output=True).stdout:
    raw = ["convert", path, "-coalesce", "-depth", "8", "rgba:-"]
    clear = subprocess.run(raw, capture_output=True, check=True).stdout[at + 3]
    print(f"ImageMagick: alpha {clear}")
    seen.append(clear)
    wanted.append(0)
sys.exit(seen != wanted)
EOF
"$here/venv/bin/python" "$here/try.py" "$here/made.gif"
