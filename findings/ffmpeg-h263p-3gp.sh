#!/bin/sh
# Expected: 3GP takes H.263 of any encoder, so a clip of 320 x 240 pixels, which only H.263+ has, goes in as s263.
# Seen: the 3gp muxer has no tag for h263p and writes no header; the encoder h263 takes only the five standard sizes. What 3GP can
#   hold of H.263 is thus 128x96, 176x144, 352x288, 704x576 and 1408x1152. The level in its d263 box is 10 for all of them,
#   although 352x288 at 30 frames a second needs level 30 (ITU-T H.263, annex X).
# Version: FFmpeg 9.0.2 of imageio-ffmpeg 0.8.1. Date: 2026-11-30. Source: the behaviour of the program, run as below.
. "$(dirname "$0")/start"
install_ffmpeg 0.8.1

clip() {
  "$ffmpeg" -v error -y -f lavfi -i "testsrc2=s=$1:r=30:d=1" -c:v "$2" -b:v 600k "$here/$1.3gp" 2>"$here/said"
}

{
  clip 320x240 h263p && echo "h263p taken" || grep -o "Could not find tag for codec h263p" "$here/said"
  clip 320x240 h263 && echo "h263 taken" || echo "320x240 refused"
  clip 352x288 h263
  # The box: its name, the vendor, a version, level and profile.
  python3 -c "import sys; data = open(sys.argv[1], 'rb').read(); at = data.index(b'd263'); print('level', data[at + 9])" "$here/352x288.3gp"
} >"$here/seen"
cat "$here/seen"
printf 'Could not find tag for codec h263p\n320x240 refused\nlevel 10\n' | cmp "$here/seen" -
