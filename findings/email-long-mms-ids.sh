#!/bin/sh
# Expected: a mail of Python's email package with the policy SMTP carries X-Mms-Message-ID as its program set it, whole or folded, as
#   it does with Message-ID: an id has no words, and MM4 (3GPP TS 23.140, 8.4) echoes it.
# Seen: an id of 100 characters becomes several encoded words of RFC 2047. A peer that compares ids as they stand in the mail never finds
#   it again. Up to 60 characters it is left alone.
# Version: Python 3.11.7, 3.12.1 and 3.13.0 (their email package). Date: 2026-12-01. Source: the behaviour of the package, run as below.
. "$(dirname "$0")/start"
cat > "$here/try.py" <<'EOF'
import sys
from email.message import EmailMessage
from email.policy import SMTP

print("Python", sys.version.split()[0])
seen = []
for name, size in (("Message-ID", 100), ("X-Mms-Message-ID", 60), ("X-Mms-Message-ID", 100)):
    mail = EmailMessage(policy=SMTP)
    mail[name] = "a" * size if name.startswith("X") else f"<{'a' * size}@example.org>"
    octets = mail.as_bytes()
    seen.append(octets.count(b"=?utf-8?q?"))
    print(f"{name} of {size}: {seen[-1]} encoded words; {octets[:60]}")
sys.exit(seen[:2] != [0, 0] or seen[2] < 2)
EOF
python3 "$here/try.py"
