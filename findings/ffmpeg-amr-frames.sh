#!/bin/sh
# Expected: a second of sound is 50 frames of AMR-NB, as the reference coder of 3GPP TS 26.073 makes them, and -t 40 is 2,000.
# Seen: FFmpeg with libopencore_amrnb writes one frame more, for the encoder's delay of 50 samples: 51, and 2,001. In a raw AMR file
#   nothing says that the last one is not sound, so the file lasts 40.02 seconds.
# Version: FFmpeg 9.0.2 of imageio-ffmpeg 0.8.1. Date: 2026-11-30. Source: the behaviour of the program, run as below.
. "$(dirname "$0")/start"
install_ffmpeg 0.8.1

frames() {
  "$ffmpeg" -v error -y -f lavfi -i anoisesrc=r=8000:d=60:a=0.1:seed=1 -t "$1" -c:a libopencore_amrnb -b:a 12.2k "$here/made.amr"
  # The file begins with 6 octets, and a frame of 12.2 kbit/s has 32 (RFC 4867).
  echo "$1 s: $((($(wc -c <"$here/made.amr") - 6) / 32)) frames"
}

{ frames 1; frames 5; frames 40; } >"$here/seen"
cat "$here/seen"
printf '1 s: 51 frames\n5 s: 251 frames\n40 s: 2001 frames\n' | cmp "$here/seen" -
