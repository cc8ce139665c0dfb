#!/bin/sh
# Expected: python-messaging writes a character above U+FFFF into a short message as two units of UTF-16, or refuses it.
# Seen: it writes the five hex digits of the code point among groups of four. The PDU then has an odd number of digits, so half an
#   octet too many, and all letters behind the emoji are others. Nothing is raised.
# Version: python-messaging 0.5.13. Date: 2026-12-01. Source: the behaviour of the package, run as below.
. "$(dirname "$0")/start"
install python-messaging==0.5.13
cat > "$here/try.py" <<'EOF'
import importlib.metadata
import sys

from messaging.sms import SmsSubmit

sms = SmsSubmit("+15550100001", "\U0001F600ab")
sms.csca = None
(made,) = sms.to_pdu()
data = made.pdu[-13:]
print("python-messaging", importlib.metadata.version("python-messaging"))
print(f"U+1F600, a, b: {len(made.pdu)} hex digits, which end in {data}; UTF-16 is D83DDE0000610062")
sys.exit((len(made.pdu) % 2, data) != (1, "1F60000610062"))
EOF
"$here/venv/bin/python" "$here/try.py"
