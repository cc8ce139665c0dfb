#!/bin/sh
# Expected: mozjpeg-lossless-optimization gives back a JPEG that is smaller than it came in, or as it came.
# Seen: a small JPEG whose Huffman tables are already its own comes back larger, by 47 of 340 octets at 16 x 16: it is always made progressive, and
#   the heads of the scans cost more than they save. Who has a limit must compare lengths.
# Versions: mozjpeg-lossless-optimization 1.3.2, Pillow 13.0.0. Date: 2026-12-01. Source: the behaviour of the package, run as below.
. "$(dirname "$0")/start"
install pillow==13.0.0 mozjpeg-lossless-optimization==1.3.2
cat > "$here/try.py" <<'EOF'
import io
import sys

import mozjpeg_lossless_optimization
from PIL import Image

grown = []
for size in ((16, 16), (40, 30), (100, 75), (640, 480)):
    file = io.BytesIO()
    picture = Image.merge("RGB", (Image.linear_gradient("L"), Image.radial_gradient("L"), Image.linear_gradient("L").rotate(90)))
    picture.resize(size).save(file, "JPEG", optimize=True)
    came, went = file.getvalue(), mozjpeg_lossless_optimization.optimize(file.getvalue())
    print(f"{size}: {len(came)} octets became {len(went)}")
    grown.append(len(went) > len(came))
sys.exit(grown[:2] != [True, True] or grown[3])
EOF
"$here/venv/bin/python" "$here/try.py"
