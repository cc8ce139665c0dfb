#!/bin/sh
# Expected: what ffmpeg -metadata writes into a 3GP file, ffmpeg reads again: title, artist, comment, album, date, genre.
# Seen: it writes the boxes of 3GPP TS 26.244 (titl, perf, dscp, albm, yrrc, gnre) and reads none of them; copyright (cprt) comes back empty.
#   So a copy has lost them, and who asks FFmpeg whether a 3GP file names somebody hears no.
# Version: FFmpeg 9.0.2 of imageio-ffmpeg 0.8.1; FFmpeg 8.1 of PyAV 18.1.0 too. Date: 2026-12-01. Source: the behaviour of the program, run as
#   below; 3GPP TS 26.244, clause 8.
. "$(dirname "$0")/start"
install_ffmpeg 0.8.1
for tag in title artist author comment album date genre copyright; do
  "$ffmpeg" -v error -y -f lavfi -i sine=d=1:r=8000 -metadata $tag=1999 -c:a libopencore_amrnb -ac 1 "$here/out.3gp"
  box=$(grep -aoE 'titl|perf|auth|dscp|albm|yrrc|gnre|cprt' "$here/out.3gp" || true)
  echo "$tag: $box, read $("$ffmpeg" -hide_banner -i "$here/out.3gp" 2>&1 | grep -c 1999 || true)"
done >"$here/seen"
cat "$here/seen"
cmp "$here/seen" - <<'EOF'
title: titl, read 0
artist: perf, read 0
author: auth, read 0
comment: dscp, read 0
album: albm, read 0
date: yrrc, read 0
genre: gnre, read 0
copyright: cprt, read 0
EOF
