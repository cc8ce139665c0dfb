#!/bin/sh
# Expected: AMR that FFmpeg copies into AVI plays at the speed that it had, or is refused, as MP4 refuses it. RealAudio in RealMedia has a time for each frame.
# Seen: the AVI file is made; read again, each frame of 20 ms begins 0.32 s after the one before it, so three seconds end at
#   48 s by their times, with the right count of samples and the right Duration. In RealMedia, as FFmpeg writes it, each of 151 frames begins at 0.
# Version: FFmpeg 9.0.2 of imageio-ffmpeg 0.8.1. Date: 2026-12-01. Source: the behaviour of the program, run as below.
. "$(dirname "$0")/start"
install_ffmpeg 0.8.1

made() {
  "$ffmpeg" -v error -f lavfi -i sine=d=3:r=8000 -c:a "$2" "$here/out.$1"
  said=$("$ffmpeg" -hide_banner -i "$here/out.$1" -f null - 2>&1 | tr '\r' '\n' | sed -n 's/^size=.*time=00:00:\([0-9.]*\).*/\1/p' | tail -n 1)
  times=$("$ffmpeg" -v error -i "$here/out.$1" -c copy -f framecrc - | grep -v '^#' | cut -d, -f2 | sort -u | wc -l)
  samples=$(($("$ffmpeg" -v error -i "$here/out.$1" -f s16le - | wc -c) / 2))
  echo "$1: $samples samples, to $said s, $times times of packets"
}

{
  made 3gp libopencore_amrnb
  made avi libopencore_amrnb
  made rm real_144
} >"$here/seen"
cat "$here/seen"
cmp "$here/seen" - <<'EOF'
3gp: 24110 samples, to 03.01 s, 151 times of packets
avi: 24160 samples, to 48.02 s, 151 times of packets
rm: 24160 samples, to 00.02 s, 1 times of packets
EOF
