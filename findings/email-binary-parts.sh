#!/bin/sh
# Expected: what Python's email package read from octets, it writes as the same octets: a relay that changes no part may use it for
#   binary parts, which MM7 over HTTP has.
# Seen: a part with Content-Transfer-Encoding binary is read right (get_payload gives its octets), but as_bytes writes all its CR, LF
#   and CR LF as one kind of line end: a JPEG is damaged, with compat32 as with the policy for HTTP.
# Version: Python 3.11.7, 3.12.1 and 3.13.0 (their email package). Date: 2026-12-01. Source: the behaviour of the package, run as below.
. "$(dirname "$0")/start"
cat > "$here/try.py" <<'EOF'
import email
import sys
from email.policy import HTTP, compat32

OCTETS = bytes(range(256)) + b"\r\r\n\n\r"
MAIL = (
    b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b1\r\n\r\n--b1\r\nContent-Type: image/jpeg\r\n"
    b"Content-Transfer-Encoding: binary\r\n\r\n" + OCTETS + b"\r\n--b1--\r\n"
)
print("Python", sys.version.split()[0])
seen = []
for policy in (compat32, HTTP):
    mail = email.message_from_bytes(MAIL, policy=policy)
    again = email.message_from_bytes(mail.as_bytes())
    seen += [one.get_payload(0).get_payload(decode=True) == OCTETS for one in (mail, again)]
    print(f"{policy!r:.40}: the part as read is right: {seen[-2]}; as written and read again: {seen[-1]}")
sys.exit(seen != [True, False] * 2)
EOF
python3 "$here/try.py"
