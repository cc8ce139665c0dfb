#!/bin/sh
# Expected: a JPEG of quality 100 is at worst a little short of the original by each judge; halved chroma costs some points.
# Seen: red letters on a blue ground at quality 100 with chroma of half the size: SSIMULACRA2 says below 0 (its word for that is worse than any
#   usual compression), FFmpeg's SSIM 0.81, and VMAF 100, which is more than it gives the copy in 4:4:4 that the other two call as good as the original.
# Versions: ssimulacra2 0.3.0, FFmpeg 9.0.2 of imageio-ffmpeg 0.8.1, Pillow 13.0.0. Date: 2026-12-01. Source: the behaviour of the three, run as below.
. "$(dirname "$0")/start"
install_ffmpeg 0.8.1
add ssimulacra2==0.3.0 pillow==13.0.0
cat > "$here/try.py" <<'EOF'
import re
import subprocess
import sys

from PIL import Image, ImageDraw
from ssimulacra2 import compute_ssimulacra2

ffmpeg, folder = sys.argv[1:]
source = Image.new("RGB", (320, 192), "blue")
for row in range(10):
    ImageDraw.Draw(source).text((8, 8 + row * 18), "Red letters on a blue ground, as on signs and slides", fill="red")
source.save(f"{folder}/source.png")


def judge(words):
    done = subprocess.run([ffmpeg, "-hide_banner", "-i", f"{folder}/copy.png", "-i", f"{folder}/source.png", "-lavfi", words, "-f", "null", "-"], capture_output=True, text=True)
    return float(re.search(r"(?:VMAF score: |All:)([\d.]+)", done.stderr)[1])


seen = {}
for chroma in ("4:4:4", "4:2:0"):
    source.save(f"{folder}/copy.jpg", quality=100, subsampling=chroma)
    Image.open(f"{folder}/copy.jpg").save(f"{folder}/copy.png")
    points = compute_ssimulacra2(f"{folder}/source.png", f"{folder}/copy.png")
    vmaf = judge("[0:v]format=yuv444p[a];[1:v]format=yuv444p[b];[a][b]libvmaf")
    ssim = judge("[0:v]format=yuv444p[a];[1:v]format=yuv444p[b];[a][b]ssim")
    seen[chroma] = points, vmaf, ssim
    print(f"{chroma}: SSIMULACRA2 {points:.1f}, VMAF {vmaf:.2f}, SSIM {ssim:.3f}")
sys.exit(not (seen["4:4:4"][0] > 90 and seen["4:2:0"][0] < 0 and seen["4:2:0"][1] > 95 and 0.7 < seen["4:2:0"][2] < 0.9))
EOF
"$here/venv/bin/python" "$here/try.py" "$ffmpeg" "$here"
