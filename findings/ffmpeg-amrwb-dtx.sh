#!/bin/sh
# Expected: FFmpeg decodes AMR-WB of a phone that pauses (DTX): comfort noise in pauses, 320 samples for each frame of 20 ms.
# Seen: its decoder amrwb takes frames without data as silence, but refuses each comfort-noise frame (SID, type 9) with "Not yet
#   implemented", so the sound gets shorter by 20 ms for each and what follows comes too early. libopencore_amrwb decodes all. ffmpeg ends with 0.
# Versions: FFmpeg 9.0.2 of imageio-ffmpeg 0.8.1, vo-amrwbenc 0.1.3 of Debian 12. Date: 2026-12-01. Source: the behaviour of the
#   program, run as below; 3GPP TS 26.201 has the types of frames.
. "$(dirname "$0")/start"
install_ffmpeg 0.8.1
unpack_debian libvo-amrwbenc0=0.1.3-2
cat > "$here/encode.py" <<'EOF'
import array
import ctypes
import math
import random
import sys

library = ctypes.CDLL(sys.argv[1])
library.E_IF_init.restype = ctypes.c_void_p
library.E_IF_encode.argtypes = [ctypes.c_void_p, ctypes.c_int16, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int16]
chance, state, frame = random.Random(1), library.E_IF_init(), ctypes.create_string_buffer(100)
kinds = {}
with open(sys.argv[2], "wb") as file:
    file.write(b"#!AMR-WB\n")
    for first in range(0, 80_000, 320):
        # Five seconds: a tone of 0.8 s, faint noise until the next one two seconds later.
        times = [(first + place) / 16_000 for place in range(320)]
        tone = [6000 * math.sin(2 * math.pi * 300 * time) if time % 2 < 0.8 else 0 for time in times]
        samples = array.array("h", [int(value + chance.gauss(0, 60)) for value in tone])
        octets = library.E_IF_encode(state, 2, samples.buffer_info()[0], frame, 1)
        kind = frame.raw[0] >> 3 & 15
        kinds[kind] = kinds.get(kind, 0) + 1
        file.write(frame.raw[:octets])
print(f"speech {kinds[2]}, comfort noise {kinds[9]}, no data {kinds[15]}")
EOF
python3 "$here/encode.py" "$here/debian/usr/lib/x86_64-linux-gnu/libvo-amrwbenc.so.0" "$here/pauses.awb"
for decoder in amrwb libopencore_amrwb; do
  "$ffmpeg" -v error -c:a "$decoder" -i "$here/pauses.awb" -f s16le "$here/$decoder.raw" 2>"$here/said"
  echo "$decoder: ended with $?, $(($(wc -c <"$here/$decoder.raw") / 2)) of 80000 samples, $(grep -c 'patches welcome' "$here/said" || true) kind of error"
done >"$here/seen"
cat "$here/seen"
cmp "$here/seen" - <<'EOF'
amrwb: ended with 0, 76800 of 80000 samples, 1 kind of error
libopencore_amrwb: ended with 0, 80000 of 80000 samples, 0 kind of error
EOF
