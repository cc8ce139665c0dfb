#!/bin/sh
# Expected: a higher quality of WebP never makes a smaller file, as with JPEG, so that a search by halves finds the highest quality that fits.
# Seen: eight of 94 steps of WebP fall, by up to 30 octets of 3,000; none of JPEG. There are limits where a higher quality fits
#   and a lower one does not, and a search by halves may stop below the best.
# Version: Pillow 13.0.0 (libwebp, libjpeg-turbo). Date: 2026-12-01. Source: the behaviour of the package, run as below.
. "$(dirname "$0")/start"
install pillow==13.0.0 numpy==2.4.6
cat > "$here/try.py" <<'EOF'
import io
import sys

import numpy as np
import PIL
from PIL import Image

down, across = np.mgrid[0:256, 0:384]
rings = 128 + 100 * np.sin((across**2 + down**2) / 3000)
noise = np.random.default_rng(1).normal(0, 3, (256, 384, 3))
picture = Image.fromarray((rings[..., None] * (1, 0.9, 0.8) + noise).clip(0, 255).astype(np.uint8))


def lengths(name, **words):
    for quality in range(1, 96):
        file = io.BytesIO()
        picture.save(file, name, quality=quality, **words)
        yield len(file.getvalue())


falls = {}
for name, words in (("JPEG", {"optimize": True}), ("WEBP", {"method": 4})):
    made = list(lengths(name, **words))
    falls[name] = [(quality, made[quality - 2], made[quality - 1]) for quality in range(2, 96) if made[quality - 1] < made[quality - 2]]
    print(f"Pillow {PIL.__version__}: {name}: {len(falls[name])} of 94 steps fall: {falls[name][:4]}")
sys.exit(not (not falls["JPEG"] and len(falls["WEBP"]) >= 4))
EOF
"$here/venv/bin/python" "$here/try.py"
