#!/bin/sh
# Expected: Pillow saves the same AVIF of the same picture on each machine; max_threads changes the time alone, as with WebP and JPEG XL.
# Seen: one thread and two make other octets, of other length. Without max_threads the number of processors decides, so a copy made
#   on a machine with one processor is not the one of a larger machine. From two threads on the octets are the same.
# Version: Pillow 13.0.0 (libavif 1.4.2). Date: 2026-12-01. Source: the behaviour of the package, run as below.
. "$(dirname "$0")/start"
install pillow==13.0.0 numpy==2.4.6
cat > "$here/try.py" <<'EOF'
import io
import sys

import numpy as np
import PIL
from PIL import Image

down, across = np.mgrid[0:768, 0:1024]
smooth = np.stack([across / 4, down / 3, (across + down) / 8], -1)
picture = Image.fromarray((smooth + np.random.default_rng(0).normal(0, 8, smooth.shape)).clip(0, 255).astype(np.uint8))
made = {}
for threads in (1, 2, 4):
    file = io.BytesIO()
    picture.save(file, "AVIF", max_threads=threads, speed=8)
    made[threads] = file.getvalue()
    print(f"Pillow {PIL.__version__}: {threads} threads, {len(made[threads])} octets")
sys.exit(not (made[1] != made[2] == made[4]))
EOF
"$here/venv/bin/python" "$here/try.py"
