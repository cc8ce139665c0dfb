#!/bin/sh
# Expected: ffmpeg -color_primaries bt709 -color_trc bt709 -colorspace bt709, as encoder options of an untagged source, tags an
#   H.264 file with all three, and MP4 gets a colr box. FFmpeg 5.1 does that.
# Seen: FFmpeg 9.0.2 writes the matrix alone. Primaries and transfer stay unknown, and there is no colr box. Without -colorspace
#   nothing is written. The filter setparams, with the same three values, tags all.
# Version: FFmpeg 9.0.2 of imageio-ffmpeg 0.8.1. Date: 2026-11-30. Source: the behaviour of the program, run as below.
. "$(dirname "$0")/start"
install_ffmpeg 0.8.1

clip() {
  file=$1
  shift
  "$ffmpeg" -v error -f lavfi -i testsrc2=s=176x144:r=15:d=1 "$@" -pix_fmt yuv420p -c:v libx264 "$here/$file"
  said=$("$ffmpeg" -hide_banner -i "$here/$file" 2>&1 | sed -n 's/.*yuv420p(\([^)]*\)).*/\1/p')
  box=none
  grep -q colr "$here/$file" && box=colr
  echo "$file: $said; $box"
}

clip options.mp4 -color_primaries bt709 -color_trc bt709 -colorspace bt709 >"$here/seen"
clip two.mp4 -color_primaries bt709 -color_trc bt709 >>"$here/seen"
clip filter.mp4 -vf setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709 >>"$here/seen"
cat "$here/seen"
cat >"$here/expected" <<'EOF'
options.mp4: tv, bt709/unknown/unknown, progressive; none
two.mp4: progressive; none
filter.mp4: tv, bt709, progressive; colr
EOF
cmp "$here/seen" "$here/expected"
