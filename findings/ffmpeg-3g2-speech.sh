#!/bin/sh
# Expected: 3G2 is the container of CDMA phones, so FFmpeg's 3g2 muxer takes their speech codecs, QCELP and EVRC, while the mp4 muxer
#   refuses both. A copy keeps each frame: an octet that names its rate, then its bits (3GPP2 C.S0050).
# Seen: 3g2 and 3gp refuse both; mp4 and mov take them. The reader of QCP files has removed the octets of the rate, so the copies lack
#   them (samples of 3 and 2 octets), and frames that are blank, which are that octet alone, are gone: 80 of 100 stay.
# Version: FFmpeg 9.0.2 of imageio-ffmpeg 0.8.1. Date: 2026-12-01. Source: the behaviour of the program, run as below; RFC 3625
#   (QCP files), 3GPP2 C.S0050 (3G2).
. "$(dirname "$0")/start"
install_ffmpeg 0.8.1
cat > "$here/qcp.py" <<'EOF'
"""Write two seconds of frames of one eighth of the rate, each fifth frame blank, as a QCP file."""
import struct
import sys
import uuid

CODECS = {
    "qcelp": ("5e7f6d41-b115-11d0-ba91-00805fb4b97e", {4: 34, 3: 16, 2: 7, 1: 3, 0: 0}),
    "evrc": ("e689d48d-9076-46b5-91ef-736a5100ceb4", {4: 22, 3: 10, 1: 2, 0: 0}),
}
name, path = sys.argv[1:]
guid, sizes = CODECS[name]
frames = [b"\0" if count % 5 == 0 else b"\x01\x12\x34\0"[: 1 + sizes[1]] for count in range(100)]
rates = b"".join(bytes([size, rate]) for rate, size in sizes.items())
head = b"\x01\0" + uuid.UUID(guid).bytes_le + struct.pack("<H80s5HI16s20x", 1, name.encode(), 13000, 1 + sizes[4], 160, 8000, 16, len(sizes), rates)
chunks = (b"fmt ", head), (b"vrat", struct.pack("<II", 1, len(frames))), (b"data", b"".join(frames))
body = b"QLCM" + b"".join(kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for kind, data in chunks)
with open(path, "wb") as file:
    file.write(b"RIFF" + struct.pack("<I", len(body)) + body)
EOF
for codec in qcelp evrc; do
  python3 "$here/qcp.py" $codec "$here/$codec.qcp"
  for muxer in 3g2 3gp mp4 mov; do
    if "$ffmpeg" -v error -i "$here/$codec.qcp" -c copy "$here/$codec.$muxer" 2>"$here/said"; then
      # stsz: name, version, size of all samples if it is one, count.
      python3 -c "import sys; data = open(sys.argv[1], 'rb').read(); at = data.index(b'stsz'); print(sys.argv[2], *(int.from_bytes(data[at + place:at + place + 4], 'big') for place in (8, 12)))" "$here/$codec.$muxer" "$codec in $muxer: size and count"
    else
      echo "$codec in $muxer: refused, $(grep -c 'Could not find tag' "$here/said")"
    fi
  done
done >"$here/seen"
cat "$here/seen"
cmp "$here/seen" - <<'EOF'
qcelp in 3g2: refused, 1
qcelp in 3gp: refused, 1
qcelp in mp4: size and count 3 80
qcelp in mov: size and count 3 80
evrc in 3g2: refused, 1
evrc in 3gp: refused, 1
evrc in mp4: size and count 2 80
evrc in mov: size and count 2 80
EOF
