#!/bin/sh
# Expected: two calculators of short messages count the same segments for the same text, since the standard says what fits: 67 units of
#   UTF-16 in each of several.
# Seen: 60 letters, a family of four joined emoji and 60 letters are two segments by split-sms and three by
#   sms-segments-calculator, which keeps what a person sees as one character in one segment. Both are readable; a price is not the same.
# Version: split-sms 0.1.7, sms-segments-calculator 1.3.0 of npm. Date: 2026-12-01. Source: the behaviour of both, run as below.
. "$(dirname "$0")/start"
cd "$here"
npm install --silent --no-audit --no-fund --prefix "$here" split-sms@0.1.7 sms-segments-calculator@1.3.0 >/dev/null
cat > "$here/try.cjs" <<'EOF'
const { split } = require('split-sms');
const { SegmentedMessage } = require('sms-segments-calculator');
const family = '\u{1F468}\u200D\u{1F469}\u200D\u{1F467}\u200D\u{1F466}';
const letters = '\u0436'.repeat(60);
const text = letters + family + letters;
const found = [split(text).parts.length, new SegmentedMessage(text).segmentsCount, split(letters + letters).parts.length];
console.log(`${text.length} units: split-sms ${found[0]}, sms-segments-calculator ${found[1]}; without the family ${found[2]}`);
process.exit(text.length === 131 && found.join() === '2,3,2' ? 0 : 1);
EOF
node "$here/try.cjs"
