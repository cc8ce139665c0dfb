#!/bin/sh
# Expected: what Pillow saves as JPEG at quality 94 it saves with optimize=True too.
# Seen: OSError ("broken data stream"). With optimize=True the file must fit into a buffer of one octet a pixel below quality 95, and of two
#   from there on; a picture of fine detail in 4:4:4 does not. A loop that lowers the quality step by step under a limit fails at
#   the step from 95 to 94. Without optimize, with a larger ImageFile.MAXBLOCK, or in 4:2:0, it is saved.
# Version: Pillow 13.0.0. Date: 2026-12-01. Source: the behaviour of the package, run as below.
. "$(dirname "$0")/start"
install pillow==13.0.0
cat > "$here/try.py" <<'EOF'
import io
import sys

import PIL
from PIL import Image, ImageFile

picture = Image.merge("RGB", [Image.effect_noise((600, 400), 60) for _ in range(3)])
seen = []
for words in (
    {"quality": 95, "optimize": True},
    {"quality": 94, "optimize": True},
    {"quality": 94},
    {"quality": 94, "optimize": True, "block": 1 << 21},
):
    ImageFile.MAXBLOCK = words.pop("block", 65536)
    file = io.BytesIO()
    try:
        picture.save(file, "JPEG", subsampling=0, **words)
        seen.append(f"{len(file.getvalue())} octets of {600 * 400} pixels")
    except OSError as error:
        seen.append(f"OSError: {error}")
    print(f"Pillow {PIL.__version__}: {words}, MAXBLOCK {ImageFile.MAXBLOCK}: {seen[-1]}")
sys.exit(["OSError" in said for said in seen] != [False, True, False, False])
EOF
"$here/venv/bin/python" "$here/try.py"
