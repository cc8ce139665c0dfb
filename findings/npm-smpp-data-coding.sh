#!/bin/sh
# Expected: octets of the GSM alphabet, which is the default alphabet of most SMSCs, go over SMPP with data_coding 0; 1 means ASCII
#   (SMPP 3.4, 5.2.19).
# Seen: the npm package smpp writes the octets of GSM and says 1, and reads 1 as GSM. An @ is then octet 00, an e with acute
#   05, which a peer that takes 1 for ASCII shows as control characters or refuses.
# Version: npm smpp 0.5.1. Date: 2026-12-01. Source: the behaviour of the package, run as below.
. "$(dirname "$0")/start"
cd "$here"
npm install --silent --no-audit --no-fund --prefix "$here" smpp@0.5.1 >/dev/null
cat > "$here/try.cjs" <<'EOF'
const { PDU } = require('smpp');
let ok = true;
console.log('smpp', require('smpp/package.json').version);
for (const [text, octets] of [['@', '00'], ['\u00e9', '05'], ['_', '11']]) {
  const pdu = new PDU('submit_sm', { source_addr: '1', destination_addr: '2', short_message: text });
  const made = pdu.toBuffer().slice(-octets.length / 2).toString('hex');
  console.log(`U+${text.charCodeAt(0).toString(16).padStart(4, '0')}: data_coding ${pdu.data_coding}, octet ${made}`);
  ok = ok && pdu.data_coding === 1 && made === octets;
}
process.exit(ok ? 0 : 1);
EOF
node "$here/try.cjs"
