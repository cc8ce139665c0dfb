#!/bin/sh
# Expected: the parser of python-multipart, which Starlette and FastAPI read forms with, reads MIME as programs beside browsers write it:
#   a preamble, blanks behind a boundary (RFC 2046, 5.1.1) and a header over two lines (RFC 5322, 2.2.3).
# Seen: a preamble, blanks behind the first boundary and a folded header raise MultipartParseError; blanks behind later
#   boundaries are read. So a sender may pass with one part and fail when it sends the same headers folded.
# Version: python-multipart 0.0.34. Date: 2026-12-01. Source: the behaviour of the package, run as below.
. "$(dirname "$0")/start"
install python-multipart==0.0.34
cat > "$here/try.py" <<'EOF'
import importlib.metadata
import logging
import sys

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser

logging.disable()
PART = b'--b1\r\nContent-Disposition: form-data; name="a"\r\n\r\none\r\n'
BODIES = {
    "plain": PART + PART + b"--b1--\r\n",
    "preamble": b"This is MIME.\r\n" + PART + b"--b1--\r\n",
    "blank behind the first boundary": PART.replace(b"b1\r", b"b1 \r") + b"--b1--\r\n",
    "blank behind the second boundary": PART + PART.replace(b"b1\r", b"b1 \r") + b"--b1--\r\n",
    "folded header": PART.replace(b"; name", b";\r\n name") + b"--b1--\r\n",
}
seen = []
print("python-multipart", importlib.metadata.version("python-multipart"))
for name, body in BODIES.items():
    parts = []
    parser = MultipartParser(b"b1", {"on_part_end": lambda: parts.append(1)})
    try:
        parser.write(body)
        parser.finalize()
        seen.append(len(parts))
    except MultipartParseError as error:
        seen.append("refused")
        print(" ", error)
    print(f"{name}: {seen[-1]}")
sys.exit(seen != [2, "refused", "refused", 2, "refused"])
EOF
"$here/venv/bin/python" "$here/try.py"
