#!/bin/sh
# Expected: the length that ffmpeg -i says of an MP4 that it has written is the length that it plays.
# Seen: 2.04 s of 5.04 s, where the last frame comes three seconds after the one before it. With B-frames a frame's decoding time follows the
#   frames before it, so the gap is in a composition offset alone, and the track's own header (mdhd) sums up to 2.04 s; the header
#   of the file (mvhd) and the edit list say 5.04 s. A limit of seconds must not be held against the first.
# Version: FFmpeg 9.0.2 of imageio-ffmpeg 0.8.1. Date: 2026-12-01. Source: the behaviour of the program, run as below.
. "$(dirname "$0")/start"
install_ffmpeg 0.8.1

lengths() {
  "$ffmpeg" -v error -y -f lavfi -i testsrc2=s=160x120:r=25 -frames:v 51 -vf "settb=1/25,setpts='if(eq(N,50),125,N)'" -fps_mode vfr -c:v libx264 "$@" "$here/out.mp4"
  said=$("$ffmpeg" -hide_banner -i "$here/out.mp4" 2>&1 | sed -n 's/.*Duration: 00:00:0\([0-9.]*\).*/\1/p')
  plays=$("$ffmpeg" -hide_banner -i "$here/out.mp4" -fps_mode passthrough -f null - 2>&1 | tr '\r' '\n' | sed -n 's/^frame=.*time=00:00:0\([0-9.]*\).*/\1/p' | tail -n 1)
  python3 - "$here/out.mp4" "$said" "$plays" <<'EOF'
import sys

data = open(sys.argv[1], "rb").read()
found = []
for name in (b"mdhd", b"mvhd"):
    at = data.index(name) + 16
    scale, length = (int.from_bytes(data[at + step : at + step + 4], "big") for step in (0, 4))
    found.append(f"{name.decode()} {length / scale:.2f}")
print(f"Duration {sys.argv[2]}, plays {sys.argv[3]}, {', '.join(found)}")
EOF
}

{
  echo "with B-frames: $(lengths)"
  echo "without: $(lengths -bf 0)"
} >"$here/seen"
cat "$here/seen"
cmp "$here/seen" - <<'EOF'
with B-frames: Duration 2.04, plays 5.04, mdhd 2.04, mvhd 5.04
without: Duration 5.04, plays 5.04, mdhd 5.04, mvhd 5.04
EOF
