#!/bin/sh
# Expected: a second of sound in MP4 or Matroska decodes to a second: the encoder's delay goes at the start and its padding at the end, the
#   same in FFmpeg's program and in PyAV, for AAC, MP3 and Opus alike.
# Seen: FFmpeg 9 does so for AAC and MP3 in MP4; PyAV 18.1 (FFmpeg 8.1) leaves 956 samples of AAC and 875 of MP3.
#   Opus in MP4 keeps 648 samples of padding in both, although the edit list tells the length; in Ogg it is exact. AAC in Matroska keeps its padding too.
# Version: FFmpeg 9.0.2 of imageio-ffmpeg 0.8.1, PyAV 18.1.0. Date: 2026-12-01. Source: the behaviour of both, run as below.
. "$(dirname "$0")/start"
install_ffmpeg 0.8.1
add av==18.1.0

second() {
  file=$1
  shift
  "$ffmpeg" -v error -f lavfi -i sine=f=440:d=1:r=48000 "$@" "$here/$file"
  program=$(($("$ffmpeg" -v error -i "$here/$file" -f s16le - | wc -c) / 2))
  package=$("$here/venv/bin/python" -c "import av, sys; print(sum(frame.samples for frame in av.open(sys.argv[1]).decode(audio=0)))" "$here/$file")
  echo "$file: $program, $package"
}

{
  second aac.mp4 -ar 44100 -c:a aac
  second aac.mka -ar 44100 -c:a aac
  second mp3.mp4 -ar 44100 -c:a libmp3lame
  second opus.mp4 -c:a libopus
  second opus.ogg -c:a libopus
} >"$here/seen"
cat "$here/seen"
cmp "$here/seen" - <<'EOF'
aac.mp4: 44100, 45056
aac.mka: 45056, 45056
mp3.mp4: 44100, 44975
opus.mp4: 48648, 48648
opus.ogg: 48000, 48000
EOF
