#!/bin/sh
# Expected: the two HTTP parsers of uvicorn give an application the same requests: a proxy's whole URL becomes a path (RFC 9112,
#   3.2.2), and both pass over an empty line before a request (2.2).
# Seen: httptools gives the path, h11 the whole URL as the path, which no route knows; httptools takes the URL of the bare server
#   ("http://host") for a fault; h11 takes the empty line for one; a folded header is refused by httptools and joined by h11.
# Version: uvicorn 0.54.0, httptools 0.9.0, h11 0.16.0. Date: 2026-12-01. Source: the behaviour of the packages, run as below.
. "$(dirname "$0")/start"
install uvicorn==0.54.0 httptools==0.9.0 h11==0.16.0
cat > "$here/try.py" <<'EOF'
import asyncio
import importlib.metadata
import sys

import uvicorn

END = b"Host: a\r\nConnection: close\r\n\r\n"
REQUESTS = {
    "whole URL": b"GET http://a/x?id=1 HTTP/1.1\r\n" + END,
    "URL of the server": b"GET http://a HTTP/1.1\r\n" + END,
    "empty line first": b"\r\nGET /x HTTP/1.1\r\n" + END,
    "folded header": b'GET /x HTTP/1.1\r\nX-Wap-Profile: "http://a/1",\r\n "http://a/2"\r\n' + END,
}


async def application(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


async def main():
    for http in ("httptools", "h11"):
        server = uvicorn.Server(uvicorn.Config(application, port=0, http=http, log_level="critical", lifespan="off"))
        task = asyncio.ensure_future(server.serve())
        while not server.started:
            await asyncio.sleep(0.05)
        for name, request in REQUESTS.items():
            reader, writer = await asyncio.open_connection("127.0.0.1", server.servers[0].sockets[0].getsockname()[1])
            writer.write(request)
            octets = await reader.read()
            writer.close()
            seen[http, name] = octets.split(b"\r\n")[-4].decode() if b" 200 " in octets[:20] else octets[9:12].decode()
            print(f"{http}, {name}: {seen[http, name]}")
        server.should_exit = True
        await task


seen = {}
print("uvicorn", importlib.metadata.version("uvicorn"))
asyncio.run(main())
sys.exit(list(seen.values()) != ["/x", "400", "/x", "400", "http://a/x", "http://a", "400", "/x"])
EOF
timeout 60 "$here/venv/bin/python" "$here/try.py"
