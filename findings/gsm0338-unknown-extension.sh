#!/bin/sh
# Expected: a reader of the GSM alphabet that meets an escape before a septet without an extension shows the letter of the default
#   alphabet, as 3GPP TS 23.038 (6.2.1.1) tells receivers, so that texts with newer extensions stay readable.
# Seen: gsm0338 raises UnicodeDecodeError for the whole text under "strict"; under "replace" the letter is lost too. An escape
#   that ends the octets, as where a sender tore a pair, vanishes without an error.
# Version: gsm0338 1.1.0. Date: 2026-12-01. Source: the behaviour of the package, run as below.
. "$(dirname "$0")/start"
install gsm0338==1.1.0
cat > "$here/try.py" <<'EOF'
import importlib.metadata
import sys

import gsm0338

codec = gsm0338.Codec()
seen = []
for octets, errors in ((b"cost \x1bA5", "strict"), (b"cost \x1bA5", "replace"), (b"cost 5 \x1b", "strict")):
    try:
        seen.append(codec.decode(octets, errors)[0])
    except UnicodeDecodeError:
        seen.append("UnicodeDecodeError")
    print(f"gsm0338 {importlib.metadata.version('gsm0338')}: {octets.hex()} {errors}: {seen[-1]!r}")
sys.exit(seen[0] != "UnicodeDecodeError" or "A" in seen[1] or seen[2] != "cost 5 ")
EOF
"$here/venv/bin/python" "$here/try.py"
