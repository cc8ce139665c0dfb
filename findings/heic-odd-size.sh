#!/bin/sh
# Expected: FFmpeg reads a HEIC of 101 x 77 pixels as 101 x 77: coded as 102 x 78, it has a clean aperture that says so.
# Seen: it writes 100 x 76. The aperture is cut to even sides, as chroma of half the size asks, so the last column and the last row are gone.
#   libheif gives 101 x 77; ffmpeg says nothing and ends with 0.
# Versions: FFmpeg 9.0.2 of imageio-ffmpeg 0.8.1, pillow-heif 1.8.1 (libheif 1.23.6). Date: 2026-12-01. Source: the behaviour of both, run as below.
. "$(dirname "$0")/start"
install_ffmpeg 0.8.1
add pillow==13.0.0 pillow-heif==1.8.1
cat > "$here/try.py" <<'EOF'
import subprocess
import sys

import pillow_heif
from PIL import Image, ImageChops

ffmpeg, folder = sys.argv[1:]
seen = []
for size in ((101, 77), (100, 77), (101, 78), (100, 78)):
    pillow_heif.from_pillow(Image.effect_noise(size, 60).convert("RGB")).save(f"{folder}/in.heic")
    whole = pillow_heif.open_heif(f"{folder}/in.heic").to_pillow().convert("L")
    done = subprocess.run([ffmpeg, "-v", "warning", "-y", "-i", f"{folder}/in.heic", f"{folder}/out.png"], capture_output=True, check=True)
    got = Image.open(f"{folder}/out.png").convert("L")
    differs = max(ImageChops.difference(got, whole.crop((0, 0, *got.size))).tobytes())
    seen.append((whole.size, got.size, differs < 3, b"crop" in done.stderr))
    print(f"libheif {whole.size}, FFmpeg {got.size}, the same from the left and top: {differs < 3}")
sys.exit(seen != [(size, (100, size[1] // 2 * 2), True, False) for size in ((101, 77), (100, 77), (101, 78), (100, 78))])
EOF
"$here/venv/bin/python" "$here/try.py" "$ffmpeg" "$here"
