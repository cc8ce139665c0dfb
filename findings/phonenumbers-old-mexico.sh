#!/bin/sh
# Expected: phonenumbers brings the old way to write a Mexican mobile number, with a 1 behind +52 (until 2019), into today's, as it does with
#   the 15 of Argentina: address books and message stores are full of it.
# Seen: the 1 stays, and the number is not valid, while +54 11 15... becomes +54 9 11... One person has two numbers in a table.
# Version: phonenumbers 9.0.43. Date: 2026-12-01. Source: the behaviour of the package, run as below.
. "$(dirname "$0")/start"
install phonenumbers==9.0.43
cat > "$here/try.py" <<'EOF'
import importlib.metadata
import sys

import phonenumbers as numbers

seen = []
print("phonenumbers", importlib.metadata.version("phonenumbers"))
for written in ("+52 55 1234 5678", "+52 1 55 1234 5678", "+54 11 15 2345 6789"):
    number = numbers.parse(written, None)
    seen.append((numbers.format_number(number, numbers.PhoneNumberFormat.E164), numbers.is_valid_number(number)))
    print(written, *seen[-1])
sys.exit(seen != [("+525512345678", True), ("+5215512345678", False), ("+5491123456789", True)])
EOF
"$here/venv/bin/python" "$here/try.py"
