#!/bin/sh
# Expected: icalendar refuses a vCalendar 1.0, which phones send by MMS (text/x-vcalendar), or reads it right, or lists in errors what
#   it could not read.
# Seen: it reads the event without an error and loses its repetition: the RRULE of that version ("D1 #5") becomes an empty one. A
#   summary in quoted-printable stays coded, and ends at a soft line break.
# Version: icalendar 7.3.0. Date: 2026-12-01. Source: the behaviour of the package, run as below.
. "$(dirname "$0")/start"
install icalendar==7.3.0
cat > "$here/try.py" <<'EOF'
import importlib.metadata
import sys

from icalendar import Calendar

TEXT = "\r\n".join((
    "BEGIN:VCALENDAR", "VERSION:1.0", "BEGIN:VEVENT", "DTSTART:20261201T100000Z", "RRULE:D1 #5",
    "SUMMARY;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Caf=C3=A9 in the old ma=", "rket", "END:VEVENT", "END:VCALENDAR", "",
))
event = Calendar.from_ical(TEXT).walk("VEVENT")[0]
plain = Calendar.from_ical(TEXT.replace("ma=\r\nrket", "market")).walk("VEVENT")[0]
print("icalendar", importlib.metadata.version("icalendar"))
print(f"RRULE {dict(plain['RRULE'])}, SUMMARY {str(plain['SUMMARY'])!r}, errors {plain.errors}")
print(f"SUMMARY over two lines {str(event['SUMMARY'])!r}")
sys.exit(dict(plain["RRULE"]) != {} or plain.errors != [] or not str(event["SUMMARY"]).endswith("=C3=A9 in the old ma="))
EOF
"$here/venv/bin/python" "$here/try.py"
