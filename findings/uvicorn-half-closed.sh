#!/bin/sh
# Expected: a client that sent a whole request and then ends its side of the connection still reads, and gets the answer
#   (RFC 9112, 9.6); scripts with netcat and some gateways work so.
# Seen: with httptools and with h11, uvicorn closes the connection as soon as it reads that end. The application, which needs a
#   moment, answers nobody, and hears of nothing: it may have accepted a message that its client sends again.
# Version: uvicorn 0.54.0, httptools 0.9.0, h11 0.16.0. Date: 2026-12-01. Source: the behaviour of the packages, run as below.
. "$(dirname "$0")/start"
install uvicorn==0.54.0 httptools==0.9.0 h11==0.16.0
cat > "$here/try.py" <<'EOF'
import asyncio
import importlib.metadata
import sys

import uvicorn


async def application(scope, receive, send):
    await receive()
    await asyncio.sleep(0.3)
    answered.append(scope["path"])
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def asked(port, half):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    if half:
        writer.write_eof()
    octets = await reader.read()
    writer.close()
    return octets[:12].decode() or "nothing"


async def main():
    for http in ("httptools", "h11"):
        server = uvicorn.Server(uvicorn.Config(application, port=0, http=http, log_level="error", lifespan="off"))
        task = asyncio.ensure_future(server.serve())
        while not server.started:
            await asyncio.sleep(0.05)
        port = server.servers[0].sockets[0].getsockname()[1]
        for half in (False, True):
            seen.append(await asked(port, half))
            print(f"{http}, side ended: {half}: {seen[-1]}")
        await asyncio.sleep(0.5)
        server.should_exit = True
        await task


seen, answered = [], []
print("uvicorn", importlib.metadata.version("uvicorn"))
asyncio.run(main())
print(f"the application answered {len(answered)} requests")
sys.exit(seen != ["HTTP/1.1 200", "nothing"] * 2 or len(answered) != 4)
EOF
timeout 60 "$here/venv/bin/python" "$here/try.py"
