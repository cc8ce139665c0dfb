#!/bin/sh
# Expected: an Ogg Theora clip of 100 frames at 25/s decodes to 100 frames, wherever it was made.
# Seen: where the picture stands still, libtheora writes packets without octets, which say: show the last frame again. FFmpeg's program makes 11
#   frames of the 100 and ends at the last one that has octets, which may be seconds before the clip does; PyAV raises ArgumentError at
#   the first such packet.
# Versions: FFmpeg 9.0.2 of imageio-ffmpeg 0.8.1, PyAV 18.1.0. Date: 2026-12-01. Source: the behaviour of both, run as below; the Theora
#   specification, 7.1.
. "$(dirname "$0")/start"
install_ffmpeg 0.8.1
add av==18.1.0
for seconds in 4 8; do
  # White for half a second, then black to the end.
  "$ffmpeg" -v error -y -f lavfi -i "color=black:s=176x144:r=25:d=$seconds,drawbox=c=white:t=fill:enable=lt(t\,0.48)" -c:v libtheora -g 250 "$here/in.ogv"
  said=$("$ffmpeg" -hide_banner -i "$here/in.ogv" -fps_mode passthrough -f null - 2>&1 | tr '\r' '\n')
  echo "$said" | sed -n 's/.*Duration: 00:00:0\([0-9.]*\).*/Duration \1/p'
  echo "$said" | sed -n 's/^frame= *\([0-9]*\) .*time=00:00:0\([0-9.]*\).*/\1 frames to \2/p' | tail -n 1
done >"$here/seen"
cat > "$here/try.py" <<'EOF'
import sys

import av

with av.open(sys.argv[1]) as clip:
    sizes = [packet.size for packet in clip.demux(video=0) if packet.pts is not None]
print(f"{len(sizes)} packets, {sizes.count(0)} without octets")
with av.open(sys.argv[1]) as clip:
    try:
        print(len([*clip.decode(video=0)]), "frames")
    except av.error.ArgumentError as error:
        print(type(error).__name__)
EOF
"$here/venv/bin/python" "$here/try.py" "$here/in.ogv" >>"$here/seen"
cat "$here/seen"
cmp "$here/seen" - <<'EOF'
Duration 4.00
2 frames to 0.52
Duration 8.00
2 frames to 0.52
200 packets, 198 without octets
ArgumentError
EOF
