#!/bin/sh
# Expected: x264 with one thread makes the same stream of the same pictures on each processor: its assembler is written to do what its C does.
# Seen: the C, SSE2 and AVX2 make three streams at a constant quality, two at a bitrate or without macroblock-tree. Only
#   cpu-independent=1 makes one of all, the one of the C. Threads, which one would suspect, change nothing at a constant quality
#   (four threads and one: the same), but do at a bitrate.
# Version: FFmpeg 9.0.2 with x264 core 165 of imageio-ffmpeg 0.8.1, on a processor with AVX2. Date: 2026-12-01. Source: the behaviour of
#   the program, run as below; x264 --fullhelp has cpu-independent.
. "$(dirname "$0")/start"
install_ffmpeg 0.8.1
"$ffmpeg" -v error -f lavfi -i mandelbrot=s=320x240:r=15 -t 6 -pix_fmt yuv420p "$here/in.y4m"

# The settings, threads among them, are in an SEI: it goes, so that only pictures are compared.
sum() {
  "$ffmpeg" -v error -i "$here/in.y4m" -c:v libx264 "$@" -bsf:v filter_units=remove_types=6 -f h264 - | md5sum | cut -c1-8
}

kinds() {
  for asm in 0 sse2 avx2; do sum "$@:asm=$asm"; done | sort -u | wc -l
}

{
  echo "streams, constant quality: $(kinds -threads 1 -crf 28 -x264-params bframes=3)"
  echo "without macroblock-tree: $(kinds -threads 1 -crf 28 -x264-params mbtree=0)"
  echo "at a bitrate: $(kinds -threads 1 -b:v 60k -x264-params bframes=3)"
  echo "cpu-independent: $(kinds -threads 1 -crf 28 -x264-params cpu-independent=1)"
  echo "one and four threads, constant quality: $(for threads in 1 4; do sum -threads $threads -crf 28; done | sort -u | wc -l)"
  echo "at a bitrate: $(for threads in 1 4; do sum -threads $threads -b:v 60k; done | sort -u | wc -l)"
} >"$here/seen"
cat "$here/seen"
cmp "$here/seen" - <<'EOF'
streams, constant quality: 3
without macroblock-tree: 2
at a bitrate: 2
cpu-independent: 1
one and four threads, constant quality: 1
at a bitrate: 2
EOF
