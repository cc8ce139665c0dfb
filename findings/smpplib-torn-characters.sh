#!/bin/sh
# Expected: make_parts of smpplib ends each part of a long text at a character, as 3GPP TS 23.040 (9.2.3.24.1) asks: an escape and
#   the septet behind it, and both halves of a character above U+FFFF, are in one part.
# Seen: the octets are cut at 153 and 134, whatever they are: the first part ends in the escape of a euro sign, or in half an
#   emoji. Who shows parts as they come, or cuts at a lost one, shows the letter e for the euro sign.
# Version: smpplib 2.2.4. Date: 2026-12-01. Source: the behaviour of the package, run as below.
. "$(dirname "$0")/start"
install smpplib==2.2.4
cat > "$here/try.py" <<'EOF'
import importlib.metadata
import sys

from smpplib.gsm import make_parts

euro, coding, _ = make_parts("a" * 152 + "\u20ac" + "b" * 30)
emoji, wide, _ = make_parts("\u0436" * 66 + "\U0001F600" + "\u0436" * 30)
print("smpplib", importlib.metadata.version("smpplib"))
print(f"coding {coding}: part 1 ends in {euro[0][-1:].hex()}, part 2 begins with {euro[1][6:7].hex()}")
print(f"coding {wide}: part 1 ends in {emoji[0][-2:].hex()}, part 2 begins with {emoji[1][6:8].hex()}")
sys.exit((euro[0][-1:], euro[1][6:7], emoji[0][-2:], emoji[1][6:8]) != (b"\x1b", b"e", b"\xd8=", b"\xde\0"))
EOF
"$here/venv/bin/python" "$here/try.py"
