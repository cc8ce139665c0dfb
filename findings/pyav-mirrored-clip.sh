#!/bin/sh
# Expected: PyAV's frame.rotation of a clip whose display matrix only mirrors it, as some front cameras write, is 0, and who turns
#   pictures by it shows the clip right or at worst unmirrored.
# Seen: -180 for a mirror of left and right: who turns by it shows the clip upside down. Top and bottom exchanged has 0, and
#   turned and mirrored has the value of turned alone. The matrix itself is in the side data of frames, and tells them apart.
# Version: PyAV 18.1.0, FFmpeg 9.0.2 of imageio-ffmpeg 0.8.1. Date: 2026-12-01. Source: the behaviour of the package, run as below.
. "$(dirname "$0")/start"
install_ffmpeg 0.8.1
add av==18.1.0
"$ffmpeg" -v error -f lavfi -i testsrc2=s=64x48:r=5:d=1 -c:v libx264 "$here/plain.mp4"

copy() {
  name=$1
  shift
  "$ffmpeg" -v error "$@" -i "$here/plain.mp4" -c copy "$here/$name.mp4"
}

copy turned -display_rotation 90
copy mirrored -display_hflip
copy upended -display_vflip
copy both -display_rotation 90 -display_hflip
cat > "$here/try.py" <<'EOF'
import struct
import sys

import av

seen = {}
for name in ("turned", "mirrored", "upended", "both"):
    with av.open(f"{sys.argv[1]}/{name}.mp4") as clip:
        frame = next(clip.decode(video=0))
    side = next(data for data in frame.side_data if data.type.name == "DISPLAYMATRIX")
    a, b, _, c, d = struct.unpack("<9i", bytes(side))[:5]
    seen[name] = frame.rotation, a * d - b * c < 0
    print(f"PyAV {av.__version__}: {name}: rotation {frame.rotation}, matrix mirrors: {seen[name][1]}")
sys.exit(seen != {"turned": (90, False), "mirrored": (-180, True), "upended": (0, True), "both": (90, True)})
EOF
"$here/venv/bin/python" "$here/try.py" "$here"
