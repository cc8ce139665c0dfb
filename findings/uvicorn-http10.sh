#!/bin/sh
# Expected: an answer without a length goes to a client of HTTP/1.0, such as an old WAP gateway, without chunks and ends with the
#   connection (RFC 9112, 6.1), and such a client gets no 100 Continue (RFC 9110, 15.2): as uvicorn does with h11.
# Seen: with httptools, which it takes where both are there, uvicorn sends it chunks, whose lengths an HTTP/1.0 client takes for a part
#   of the body, and 100 Continue before the answer.
# Version: uvicorn 0.54.0, httptools 0.9.0, h11 0.16.0. Date: 2026-12-01. Source: the behaviour of the packages, run as below.
. "$(dirname "$0")/start"
install uvicorn==0.54.0 httptools==0.9.0 h11==0.16.0
cat > "$here/try.py" <<'EOF'
import asyncio
import importlib.metadata
import sys

import uvicorn


async def application(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for piece in (b"one", b"two"):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body"})


async def asked(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    await asyncio.sleep(0.2)
    writer.write(b"abc")
    octets = await reader.read()
    writer.close()
    head, _, body = octets.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n").partition(b"\r\n\r\n")
    return octets.startswith(b"HTTP/1.1 100"), b"transfer-encoding: chunked" in head.lower(), body


async def main():
    for http in ("httptools", "h11", "auto"):
        server = uvicorn.Server(uvicorn.Config(application, port=0, http=http, log_level="error", lifespan="off"))
        task = asyncio.ensure_future(server.serve())
        while not server.started:
            await asyncio.sleep(0.05)
        seen.append(await asked(server.servers[0].sockets[0].getsockname()[1]))
        print(f"{http}: 100 Continue {seen[-1][0]}, chunked {seen[-1][1]}, body {seen[-1][2]}")
        server.should_exit = True
        await task


seen = []
print("uvicorn", importlib.metadata.version("uvicorn"))
asyncio.run(main())
chunked = (True, True, b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")
sys.exit(seen != [chunked, (False, False, b"onetwo"), chunked])
EOF
timeout 60 "$here/venv/bin/python" "$here/try.py"
