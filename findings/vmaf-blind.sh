#!/bin/sh
# Expected: VMAF gives 100 to a clip that is its own copy, less to one that lost its colours, and less to one that was sharpened.
# Seen: a still picture against itself has 97.43, since nothing moves; a clip without colours scores what the clip itself does, to the last
#   digit, since only luma is read; a sharpened one scores more than the clip itself.
# Version: FFmpeg 9.0.2 with libvmaf (model vmaf_v0.6.1) of imageio-ffmpeg 0.8.1. Date: 2026-12-01. Source: the behaviour of the program, run as below.
. "$(dirname "$0")/start"
install_ffmpeg 0.8.1

make() {
  out=$1
  shift
  "$ffmpeg" -v error "$@" -pix_fmt yuv420p -c:v ffv1 "$here/$out.mkv"
}

make clip -f lavfi -i mandelbrot=s=320x240:r=10 -t 2
make still -f lavfi -i testsrc2=s=320x240:r=10:d=0.1 -vf loop=19:1
make grey -i "$here/clip.mkv" -vf hue=s=0
make sharp -i "$here/clip.mkv" -vf unsharp=5:5:1:5:5:0

score() {
  "$ffmpeg" -hide_banner -i "$here/$1.mkv" -i "$here/$2.mkv" -lavfi libvmaf -f null - 2>&1 | sed -n 's/.*VMAF score: //p'
}

still=$(score still still)
same=$(score clip clip)
grey=$(score grey clip)
sharp=$(score sharp clip)
echo "still against itself: $still; clip against itself: $same; without colours: $grey; sharpened: $sharp"
[ "$grey" = "$same" ]
awk "BEGIN { exit !($still > 97.4 && $still < 97.5 && $same < 99 && $sharp > $same + 1) }"
