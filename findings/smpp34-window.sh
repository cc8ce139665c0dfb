#!/bin/sh
# Expected: a client of smpp34 that is made with window_size=3 has at most 3 submit_sm that the SMSC did not answer; its
#   page speaks of "windowing" and of a window size.
# Seen: of 20 submits that are begun at once the SMSC has all 20 before it answers one. A sender must count for itself, or an
#   SMSC with a small window throttles or closes the bind.
# Version: smpp34 1.5.0. Date: 2026-11-30. Source: the description and the type stubs in the wheel.
. "$(dirname "$0")/start"
install smpp34==1.5.0
cat > "$here/try.py" <<'EOF'
import asyncio
import importlib.metadata
import os
import struct

import smpp34

WINDOW, SUBMITS = 3, 20
waiting = []


async def smsc(reader, writer):
    """Answer binds alone; note each submit_sm."""
    try:
        while True:
            length, command, _, sequence = struct.unpack(">4I", await reader.readexactly(16))
            await reader.readexactly(length - 16)
            if command == 0x00000009:
                body = b"smsc\0"
                writer.write(struct.pack(">4I", 16 + len(body), 0x80000009, 0, sequence) + body)
            elif command == 0x00000004:
                waiting.append(sequence)
    except (asyncio.CancelledError, asyncio.IncompleteReadError):
        pass


async def main():
    server = await asyncio.start_server(smsc, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = smpp34.Client("127.0.0.1", port, "user", "secret", bind_type="TRX", window_size=WINDOW)
    session = await client.connect()
    submits = [session.submit_sm(source_addr="1", destination_addr="2", short_message=b"a") for _ in range(SUBMITS)]
    tasks = [asyncio.ensure_future(one) for one in submits]
    await asyncio.sleep(2)
    for task in tasks:
        task.cancel()
    found = len(waiting)
    print(f"smpp34 {importlib.metadata.version('smpp34')}: window_size={WINDOW}, unanswered {found} of {SUBMITS}", flush=True)
    return found


# The package waits at its end for answers that do not come.
os._exit(0 if asyncio.run(main()) > WINDOW else 1)
EOF
timeout 60 "$here/venv/bin/python" "$here/try.py"
