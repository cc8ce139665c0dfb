#!/bin/sh
# Expected: the default alphabet of GSM has the section sign at 0x5F and no grave accent (3GPP TS 23.038, 6.2.1): a text with a section
#   sign has 160 characters in a short message, one with a grave accent goes as UCS-2.
# Seen: in smpplib the two have changed places. A grave accent goes out as 0x5F, and phones show a section sign; a text of a law
#   with a section sign costs UCS-2: 70 characters instead of 160.
# Version: smpplib 2.2.4 (gsm0338 1.1.0 beside it). Date: 2026-12-01. Source: the behaviour of the packages, run as below.
. "$(dirname "$0")/start"
install smpplib==2.2.4 gsm0338==1.1.0
cat > "$here/try.py" <<'EOF'
import importlib.metadata
import sys

import gsm0338
from smpplib.gsm import make_parts

print("smpplib", importlib.metadata.version("smpplib"))
(grave,), coding, _ = make_parts("`")
means, _ = gsm0338.Codec().decode(grave)
parts, wide, _ = make_parts("\u00a7" + "a" * 100)
print(f"a grave accent: coding {coding}, octet {grave.hex()}, which means U+{ord(means):04X}")
print(f"a section sign and 100 letters: coding {wide}, {len(parts)} parts")
sys.exit((coding, grave, means, wide, len(parts)) != (0, b"\x5f", "\u00a7", 8, 2))
EOF
"$here/venv/bin/python" "$here/try.py"
