#!/bin/sh
# Expected: AWS_ALLOW_HTTP=true in the environment lets an S3 store of obstore use an http:// endpoint, and an option of
#   the client that has nothing to do with it, such as a timeout, changes that no more than it changes the region or the keys,
#   which stay those of the environment.
# Seen: with client_options={"timeout": ...} the endpoint is refused ("builder error") before any connection, until the options
#   say {"allow_http": True}, too.
# Version: obstore 0.12.1. Date: 2026-11-30. Source: the behaviour of the package, run as below.
. "$(dirname "$0")/start"
install obstore==0.12.1
cat > "$here/try.py" <<'EOF'
import http.server
import importlib.metadata
import os
import sys
import threading
from datetime import timedelta

from obstore.store import from_url


class Server(http.server.BaseHTTPRequestHandler):
    def do_PUT(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ |= {
    "AWS_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
    "AWS_ALLOW_HTTP": "true",
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_REGION": "eu-central-1",
}
seen = []
for options in ({}, {"timeout": timedelta(seconds=9)}, {"timeout": timedelta(seconds=9), "allow_http": True}):
    words = {"client_options": options} if options else {}
    try:
        from_url("s3://bucket", retry_config={"max_retries": 0}, **words).put("name", b"octets")
        seen.append("kept")
    except Exception as error:
        seen.append("refused" if "builder error" in str(error) else f"other: {error}")
    print(f"obstore {importlib.metadata.version('obstore')}: {sorted(options)}: {seen[-1]}")
sys.exit(seen != ["kept", "refused", "kept"])
EOF
"$here/venv/bin/python" "$here/try.py"
