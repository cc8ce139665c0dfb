#!/bin/sh
# Expected: 16-bit samples that FFmpeg decodes are the same on each processor, as its H.264 is; the encoder of AAC, which chooses by
#   floating-point sums, is what may differ.
# Seen: the other way round. AAC, MP3 and Opus decode to other 16-bit samples with AVX and with SSE2 alone, and so does its
#   conversion of sample rates; the octets of its AAC encoder are the same. A checksum of decoded sound holds for one kind of processor.
# Version: FFmpeg 9.0.2 of imageio-ffmpeg 0.8.1, on a processor with AVX2. Date: 2026-12-01. Source: the behaviour of the program, run as below.
. "$(dirname "$0")/start"
install_ffmpeg 0.8.1
"$ffmpeg" -v error -f lavfi -i anoisesrc=d=5:c=pink:r=44100:seed=1 -f lavfi -i sine=f=500:d=5:r=44100 -filter_complex amix=2 "$here/in.wav"
for file in aac.m4a libmp3lame.mp3; do "$ffmpeg" -v error -i "$here/in.wav" -c:a "${file%.*}" "$here/$file"; done
"$ffmpeg" -v error -i "$here/in.wav" -c:a libopus -ar 48000 "$here/libopus.ogg"
"$ffmpeg" -v error -f lavfi -i testsrc2=s=320x240:r=25:d=1 -c:v libx264 "$here/libx264.mp4"

kinds() {
  for flags in sse2 avx2+avx+fma3+sse4.2+sse4.1+ssse3+sse3+sse2+sse+mmx; do
    "$ffmpeg" -v error -cpuflags $flags -i "$@" - | md5sum
  done | sort -u | wc -l
}

{
  for file in aac.m4a libmp3lame.mp3 libopus.ogg; do echo "decoded $file: $(kinds "$here/$file" -f s16le)"; done
  echo "decoded libx264.mp4: $(kinds "$here/libx264.mp4" -f rawvideo)"
  echo "sound at 16 kHz: $(kinds "$here/in.wav" -ar 16000 -f s16le)"
  echo "encoded AAC: $(kinds "$here/in.wav" -c:a aac -b:a 32k -f adts)"
} >"$here/seen"
cat "$here/seen"
cmp "$here/seen" - <<'EOF'
decoded aac.m4a: 2
decoded libmp3lame.mp3: 2
decoded libopus.ogg: 2
decoded libx264.mp4: 1
sound at 16 kHz: 2
encoded AAC: 1
EOF
