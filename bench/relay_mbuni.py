"""Measure mbuni as bench.relay_load does a message centre: ``python -m bench.relay_mbuni FOLDER [PHOTO]``.

FOLDER has mbuni's mmsrelay and mmsproxy. No distribution has them. The sources of mbuni 1.4.0 compile against
the package kannel-dev 1.4.5 of Debian 12, once log_open and alog_open in mmlib/mms_util.c lose their last
argument, which that Kannel has no longer. The package's library refers to four functions of TLS and MySQL
that it lacks; empty ones are linked with it. What mbuni adapts it hands to ImageMagick's ``convert``.

The messages, the phones and the document of their UAProf are those of bench.relay_load. A phone fetches three
seconds after its notification: from mbuni, one that fetches at once gets "message not found".
"""

from __future__ import annotations

import argparse
import http.server
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

import transcode
from bench.pictures import landscape
from bench.relay_load import PHONES, RECEIVER, SENDER, Load, Measured, cpu, submit
from tests.made.pictures import save
from tests.relay.demo import DOCUMENT
from tests.relay.phone import PATIENCE, Gateway, Phone
from tests.relay.serving import Serving
from transcode.messages.message import Message

#: Seconds between two messages, and those that a phone waits.
_EACH, _WAIT = 1.0, 3.0
_TICKS = os.sysconf("SC_CLK_TCK")
_PORT, _OTHER_PORT = 18081, 18082
_CONFIG = """group = core
log-level = 4

group = mbuni
name = "bench"
hostname = 127.0.0.1
host-alias = mmsc
local-prefixes = "+1555;1555"
storage-directory = {folder}
max-send-threads = 5
send-mail-prog = /bin/true
unified-prefix = "+1,1"
queue-run-interval = 1
sendsms-url = http://{sms}/cgi-bin/sendsms
sendsms-username = bench
sendsms-password = bench
mms-port = {port}
mm7-port = {other}
mms-client-msisdn-header = X-MSISDN
content-adaptation = true
"""


class _Services(Serving):
    """The SMS gateway, which keeps each push by its number, and the server of the phones' document."""

    def __init__(self) -> None:
        self.pushes: dict[str, queue.SimpleQueue[bytes]] = {
            RECEIVER.format(number): queue.SimpleQueue() for number in range(PHONES)
        }
        #: Load and phones of a message centre have a gateway; here none is asked.
        self.none = Gateway()
        pushes = self.pushes

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                is_push = "sendsms" in self.path
                if is_push:
                    words = dict(word.split("=", 1) for word in urlsplit(self.path).query.split("&"))
                    found = {name: unquote_to_bytes(text.replace("+", " ")) for name, text in words.items()}
                    pushes[found["to"].decode()].put(found["text"])
                body = b"0: Accepted for delivery" if is_push else DOCUMENT.encode()
                self.send_response(202 if is_push else 200)
                self.send_header("Content-Type", "text/plain" if is_push else "text/xml")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(Handler)


class _Phone(Phone):
    """A phone of mbuni, whose addresses name a host that there is not."""

    def __init__(self, number: str, services: _Services) -> None:
        super().__init__(number, f"http://127.0.0.1:{_PORT}", services.none)
        self._services = services

    def request(
        self, method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        named = {"X-Wap-Profile": f'"http://{self._services.address}/old.xml"', **(headers or {})}
        return super().request(method, f"{self.url}{urlsplit(url).path}", body, named)

    def pushed(self) -> Message:
        return transcode.read(self._services.pushes[self.number].get(timeout=PATIENCE))


def _fetch(phone: _Phone, measured: Measured) -> None:
    """Fetch one message and acknowledge it."""
    try:
        told = phone.pushed()
        time.sleep(_WAIT)
        with measured.step("fetch"):
            got = phone.fetch(told)
            assert [part.content_type for part in got.parts] == ["image/jpeg"], got.headers
        measured.steps["octets"].append(len(got.parts[0].data))
        with measured.step("acknowledge"):
            phone.respond(told, "Retrieved")
    except (queue.Empty, OSError, AssertionError, transcode.TranscodeError):
        return


def _below(process: int) -> float:
    """Return the processor time in seconds of the children that a process has waited for."""
    words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(words[13]) + int(words[14])) / _TICKS


def run(programs: Path, photos: Sequence[bytes], count: int) -> dict[str, object]:
    """Load mbuni and return what was measured."""
    measured, services = Measured(), _Services()
    with tempfile.TemporaryDirectory() as name, services.running():
        folder = Path(name)
        config = folder / "mmsc.conf"
        config.write_text(_CONFIG.format(folder=folder, sms=services.address, port=_PORT, other=_OTHER_PORT))
        running = [
            subprocess.Popen(
                [programs / one, "-v", "4", config],
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for one in ("mmsrelay", "mmsproxy")
        ]
        try:
            time.sleep(_WAIT)
            _load(services, Load(photos, count, 1 / _EACH, "", services.none), measured)
            fetched = max(1, len(measured.steps["acknowledge"]))
            own = sum(cpu(one.pid) for one in running)
            below = sum(_below(one.pid) for one in running)
        finally:
            for one in running:
                one.terminate()
                one.wait()
    return {
        "messages": count,
        "fetched": len(measured.steps["acknowledge"]),
        "octets of a fetched picture": round(sum(measured.steps["octets"]) / fetched),
        "mbuni, CPU ms a message": round(1000 * own / fetched, 1),
        "adaptation, CPU ms a message": round(1000 * below / fetched, 1),
        "failures": dict(measured.failures),
    }


def _load(services: _Services, load: Load, measured: Measured) -> None:
    threads = []
    for number in range(load.count):
        sender = _Phone(SENDER.format(number % 500), services)
        receiver = _Phone(RECEIVER.format(number % PHONES), services)
        threads += [
            threading.Thread(target=submit, args=(sender, load, number, measured)),
            threading.Thread(target=_fetch, args=(receiver, measured)),
        ]
        for thread in threads[-2:]:
            thread.start()
        time.sleep(_EACH)
    for thread in threads:
        thread.join()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="mbuni under load.")
    parser.add_argument("folder", type=Path, help="where mmsrelay and mmsproxy are")
    parser.add_argument("photos", type=Path, nargs="*", help="JPEG photos; three are made if none is named")
    parser.add_argument("--count", type=int, default=30, help="messages, one a second")
    asked = parser.parse_args()
    photos = [path.read_bytes() for path in asked.photos] or [
        save(landscape(seed, 4000, 3000), quality=85) for seed in range(3)
    ]
    json.dump(run(asked.folder.resolve(), photos, asked.count), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
