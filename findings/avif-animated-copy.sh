#!/bin/sh
# Expected: ffmpeg -i animated.avif out.mp4 converts the animation, as it does for GIF, APNG and WebP.
# Seen: one frame that lasts a second. The file has its still picture and its track; the still picture is the stream that ffmpeg chooses. With
#   -map 0:v:1 all five frames come, with their times.
# Versions: FFmpeg 9.0.2 of imageio-ffmpeg 0.8.1, Pillow 13.0.0. Date: 2026-12-01. Source: the behaviour of the program, run as below.
. "$(dirname "$0")/start"
install_ffmpeg 0.8.1
add pillow==13.0.0
"$here/venv/bin/python" -c "
import sys
from PIL import Image
frames = [Image.new('RGB', (64, 48), (count * 50, 0, 0)) for count in range(5)]
frames[0].save(sys.argv[1], save_all=True, append_images=frames[1:], duration=[100, 200, 300, 70, 1000])" "$here/in.avif"

count() {
  "$ffmpeg" -hide_banner -i "$here/in.avif" "$@" -fps_mode passthrough -f null - 2>&1 | tr '\r' '\n' | sed -n 's/^frame= *\([0-9]*\).*time=\([0-9:.]*\) .*/\1 frames, \2/p' | tail -n 1
}

{
  echo "default: $(count)"
  echo "-map 0:v:1: $(count -map 0:v:1)"
} >"$here/seen"
cat "$here/seen"
printf 'default: 1 frames, 00:00:01.00\n-map 0:v:1: 5 frames, 00:00:01.67\n' | cmp "$here/seen" -
