#!/bin/sh
# Expected: FFmpeg refuses Speex outside Ogg and FLV; what it takes by -c copy, it reads again.
# Seen: Matroska, QuickTime and WAV take it. Of the WAV file it decodes less than a tenth, with errors: the lengths of its packets are lost.
#   The copy ended with 0 and without a word. From Matroska and QuickTime all samples come back.
# Version: FFmpeg 9.0.2 of imageio-ffmpeg 0.8.1, speexenc 1.2.1 of Debian 12. Date: 2026-12-01. Source: the behaviour of the program, run as below.
. "$(dirname "$0")/start"
install_ffmpeg 0.8.1
unpack_debian speex=1.2.1-2 libspeex1=1.2.1-2 libspeexdsp1=1.2.1-1 libogg0=1.3.5-3
"$ffmpeg" -v error -f lavfi -i sine=f=300:d=20:r=16000 "$here/in.wav"
LD_LIBRARY_PATH="$here/debian/usr/lib/x86_64-linux-gnu" "$here/debian/usr/bin/speexenc" "$here/in.wav" "$here/in.spx" 2>"$here/said"

samples() {
  echo $(($("$ffmpeg" -v error -i "$1" -f s16le - 2>"$here/said" | wc -c) / 2))
}

whole=$(samples "$here/in.spx")
echo "in.spx: $whole"
for kind in mkv mov wav; do
  "$ffmpeg" -v warning -i "$here/in.spx" -c copy "$here/out.$kind" 2>"$here/said"
  got=$(samples "$here/out.$kind")
  echo "out.$kind: $got"
  case $kind in
    wav) [ "$got" -lt $((whole / 10)) ] ;;
    *) [ "$got" -eq "$whole" ] ;;
  esac
done
