#!/bin/sh
# Expected: MultipartDecoder reads any body of RFC 2046: a preamble before the first boundary, a part that is a multipart itself, and blanks
#   behind the last boundary, as SOAP with attachments and MM7 peers write.
# Seen: each of the three ends in ImproperBodyPartContentException. The inner multipart does so only where its boundary begins with
#   the outer one, which RFC 2046 (5.1.2) leaves to the boundary's line as a whole: the decoder cuts there. zeep reads attachments with it.
# Version: requests-toolbelt 1.0.0. Date: 2026-12-01. Source: the behaviour of the package, run as below.
. "$(dirname "$0")/start"
install requests-toolbelt==1.0.0
cat > "$here/try.py" <<'EOF'
import email
import importlib.metadata
import sys

from requests_toolbelt.multipart.decoder import ImproperBodyPartContentException, MultipartDecoder

TYPE = 'multipart/related; boundary="b1"'
SOAP = b"--b1\r\nContent-Type: text/xml\r\n\r\n<a/>\r\n"
END = b"--b1--"
INNER = b'--b1\r\nContent-Type: multipart/mixed; boundary="%s"\r\n\r\n--%s\r\n\r\nx\r\n--%s--\r\n'
BODIES = {
    "plain": SOAP + END,
    "preamble": b"This is MIME.\r\n" + SOAP + END,
    "blanks behind the last boundary": SOAP + END + b" \r\n",
    "inner boundary c1": SOAP + INNER.replace(b"%s", b"c1") + END,
    "inner boundary b12": SOAP + INNER.replace(b"%s", b"b12") + END,
}
seen = []
print("requests-toolbelt", importlib.metadata.version("requests-toolbelt"))
for name, body in BODIES.items():
    parts = len(email.message_from_bytes(f"Content-Type: {TYPE}\r\n\r\n".encode() + body).get_payload())
    try:
        seen.append(len(MultipartDecoder(body, TYPE).parts))
    except ImproperBodyPartContentException as error:
        seen.append(str(error))
    print(f"{name}: {seen[-1]} (parts by Python's email: {parts})")
refused = "content does not contain CR-LF-CR-LF"
sys.exit(seen != [1, refused, refused, 2, refused])
EOF
"$here/venv/bin/python" "$here/try.py"
