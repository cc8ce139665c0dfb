#!/bin/sh
# Expected: ffmpeg -fs 300000 keeps an MP4 file near 300,000 octets; only the index at its end comes on top.
# Seen: 532,000 octets. The limit is held against what is on the disk, and that grows by blocks of 256 KiB, so a limit counts as the next
#   multiple of 262,144. With -flush_packets 1 each packet is written at once, and the file is at most a twentieth over the limit.
# Version: FFmpeg 9.0.2 of imageio-ffmpeg 0.8.1. Date: 2026-12-01. Source: the behaviour of the program, run as below.
. "$(dirname "$0")/start"
install_ffmpeg 0.8.1

octets() {
  limit=$1
  shift
  "$ffmpeg" -v error -y -f lavfi -i testsrc2=s=640x360:r=25:d=40 -c:v libx264 -preset veryfast -threads 1 -tune zerolatency -fs "$limit" "$@" "$here/out.mp4"
  wc -c <"$here/out.mp4"
}

for limit in 100000 300000 600000 1000000; do
  plain=$(octets $limit)
  flushed=$(octets $limit -flush_packets 1)
  blocks=$((plain / 262144))
  echo "-fs $limit: $plain octets, which is $blocks blocks and $((plain % 262144)); flushed: $flushed"
  [ "$blocks" -eq $((limit / 262144 + 1)) ]
  [ "$flushed" -lt $((limit * 21 / 20)) ]
done
