#!/bin/sh
# Expected: a client passes over an optional parameter that it does not know, as SMPP 3.4 asks (3.3.1), or keeps it as octets.
# Seen: smpplib raises UnknownCommandError, for a message of a phone and for the answer to a submit_sm, which the SMSC had accepted.
#   Only a client made with allow_unknown_opt_params=True passes over it. 0x1400 to 0x3FFF are the parameters of SMSC vendors.
# Version: smpplib 2.2.4. Date: 2026-12-01. Source: the behaviour of the package, run as below; SMPP 3.4, 5.3.2.
. "$(dirname "$0")/start"
install smpplib==2.2.4
cat > "$here/try.py" <<'EOF'
import importlib.metadata
import struct
import sys

from smpplib import client, exceptions, smpp

VENDOR = struct.pack(">HH", 0x1401, 1) + b"x"
DELIVER = b"\0\1\x0115550100001\0\1\x0115550100002\0" + bytes(3) + b"\0\0" + bytes(4) + b"\1a"
PDUS = {"deliver_sm": (0x00000005, DELIVER), "submit_sm_resp": (0x80000004, b"id\0")}
print("smpplib", importlib.metadata.version("smpplib"))
seen = []
for allowed in (None, True):
    for name, (command, body) in PDUS.items():
        octets = struct.pack(">4I", 16 + len(body + VENDOR), command, 0, 1) + body + VENDOR
        try:
            smpp.parse_pdu(octets, client=client.Client("127.0.0.1", 1), allow_unknown_opt_params=allowed)
            seen.append("read")
        except exceptions.UnknownCommandError as error:
            seen.append("refused")
            print(" ", error)
        print(f"{name} with a parameter of a vendor, allow_unknown_opt_params={allowed}: {seen[-1]}")
sys.exit(seen != ["refused", "refused", "read", "read"])
EOF
"$here/venv/bin/python" "$here/try.py"
