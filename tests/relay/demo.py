"""Two carriers on one machine, and a photo on its way: ``python -m tests.relay.demo [PHOTO] [-o FOLDER]``.

Each carrier is a ``transcode relay serve`` of its own with an SMS gateway and phones that are played here.
Alice of carrier A sends a photo to Bob of carrier B, whose old phone is known by its UAProf document. The
mail between the two, the notification, the message that Bob's phone gets, and the report to Alice are real.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from rich.console import Console

from bench.pictures import landscape
from tests.made.pictures import save
from tests.process import started
from tests.relay import made
from tests.relay.phone import Gateway, Phone, location
from transcode.messages.message import Message

ALICE, BOB = "+15550001", "+16660002"

#: Bob's phone, in the words of the UAProf vocabulary of MMS (OMA-WAP-UAProf).
DOCUMENT = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
  xmlns:prf="http://www.openmobilealliance.org/tech/profiles/UAPROF/ccppschema-20021212#"
  xmlns:mms="http://www.openmobilealliance.org/tech/profiles/MMS/ccppschema-20050301-MMS1.2#">
  <rdf:Description rdf:ID="Phone">
    <prf:component><rdf:Description rdf:ID="HardwarePlatform">
      <prf:Vendor>Example</prf:Vendor><prf:Model>Old One</prf:Model><prf:ScreenSize>176x208</prf:ScreenSize>
    </rdf:Description></prf:component>
    <prf:component><rdf:Description rdf:ID="MmsCharacteristics">
      <mms:MmsMaxMessageSize>100000</mms:MmsMaxMessageSize>
      <mms:MmsMaxImageResolution>640x480</mms:MmsMaxImageResolution>
      <mms:MmsCcppAccept><rdf:Bag>
        <rdf:li>image/jpeg</rdf:li><rdf:li>image/gif</rdf:li><rdf:li>text/plain</rdf:li>
        <rdf:li>application/smil</rdf:li><rdf:li>audio/amr</rdf:li>
      </rdf:Bag></mms:MmsCcppAccept>
      <mms:MmsVersion>1.2</mms:MmsVersion>
    </rdf:Description></prf:component>
  </rdf:Description>
</rdf:RDF>
"""


class Carrier(NamedTuple):
    """One carrier.

    Attributes:
        name: its name.
        prefix: the beginning of its subscribers' numbers.
        port: where its mails arrive.
    """

    name: str
    prefix: str
    port: int


def free_port() -> int:
    """A port that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as line:
        return int(line.getsockname()[1])


def configured(folder: Path, gateway: Gateway, own: Carrier, other: Carrier) -> Path:
    """Write the configuration of a carrier.

    Args:
        folder: where it and the store are.
        gateway: its SMS gateway.
        own, other: both carriers.
    """
    folder.mkdir()
    path = folder / "relay.toml"
    path.write_text(f"""\
name = "mmsc.{own.name}.example"
store = "store"

[listen]
port = 0

[sms]
url = "{gateway.config.url}"

[mm4]
domain = "mms.{own.name}.example"
port = {own.port}

[[local]]
prefixes = ["{own.prefix}"]
network = "us-tmobile"

[[peer]]
name = "{other.name}"
domain = "mms.{other.name}.example"
prefixes = ["{other.prefix}"]
host = "127.0.0.1"
port = {other.port}
addresses = ["127.0.0.1/32"]
""")
    return path


def command(*words: str | Path) -> list[str]:
    """A command line of transcode."""
    return [sys.executable, "-m", "transcode", *map(str, words)]


@contextlib.contextmanager
def served(config: Path) -> Iterator[str]:
    """Run a message centre; yield the address of its phones' door."""
    serve = command("relay", "serve", "--json", "--config", config)
    with (
        config.with_name("log").open("w") as log,
        started(serve, stdout=subprocess.PIPE, stderr=log, text=True) as centre,
    ):
        assert centre.stdout is not None
        yield str(json.loads(centre.stdout.readline())["url"])
        centre.send_signal(signal.SIGTERM)
        centre.communicate()


def run(octets: bytes, out: Path, console: Console) -> None:
    """Send a photo from carrier A to carrier B, and show what happens.

    Args:
        octets: the photo.
        out: where the messages of both phones are kept.
        console: where it is told.
    """
    with contextlib.ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory()))
        gateways = [ends.enter_context(Gateway().running()) for _ in range(2)]
        carriers = [Carrier("a", ALICE[:5], free_port()), Carrier("b", BOB[:5], free_port())]
        configs = [
            configured(folder / own.name, gateway, own, other)
            for gateway, own, other in zip(gateways, carriers, carriers[::-1], strict=True)
        ]
        document = folder / "old-one.xml"
        document.write_text(DOCUMENT)
        subscribe = command("relay", "subscribe", BOB, "--device", document, "--config", configs[1])
        subprocess.run(subscribe, check=True, capture_output=True)
        urls = [ends.enter_context(served(config)) for config in configs]
        console.print(f"Carrier A serves {ALICE[:5]}… on {urls[0]}, carrier B {BOB[:5]}… on {urls[1]}.")
        alice, bob = Phone(ALICE, urls[0], gateways[0]), Phone(BOB, urls[1], gateways[1])

        letter = made.letter(octets, BOB, read_report=False)
        answer = dict(alice.submit(letter).headers)
        console.print(
            f"Alice sends {described(letter)}. Carrier A answers {answer['X-Mms-Response-Status']}."
        )
        notification = bob.pushed()
        console.print(f"A hands it to B by MM4. B notifies Bob: {location(notification)}")
        got = bob.fetch(notification)
        console.print(f"Bob's phone fetches {described(got)}.")
        bob.respond(notification, "Retrieved")
        report = dict(alice.pushed().headers)
        console.print(f"Alice is told: {report['X-Mms-Status']}.\n")

        for name, message in (("alice", letter), ("bob", got)):
            (out / f"{name}.mms").write_bytes(message.to_mm1(strict=False))
            (out / f"{name}.jpg").write_bytes(picture(message))
        for config, name in zip(configs, "AB", strict=True):
            console.print(f"What carrier {name} knows of it (transcode relay trail {BOB}):")
            trail = command("relay", "trail", BOB, "--config", config)
            told = subprocess.run(trail, check=True, capture_output=True, text=True).stdout
            console.print(told, highlight=False)
    console.print(f"Both messages and pictures are in {out}; transcode preview shows a message as a page.")


def picture(message: Message) -> bytes:
    """The octets of the picture of a message."""
    return bytes(next(part.data for part in message.parts if part.content_type == "image/jpeg"))


def described(message: Message) -> str:
    """The size of a message and of its picture."""
    octets = picture(message)
    with Image.open(io.BytesIO(octets)) as opened:
        width, height = opened.size
    whole = len(message.to_mm1(strict=False))
    return f"a message of {whole:,} bytes with a picture of {width} x {height}"


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="A photo on its way from one carrier to another.")
    parser.add_argument("photo", type=Path, nargs="?", help="made here if it is not named")
    parser.add_argument("-o", "--output", type=Path, default=Path("demo/relay"))
    asked = parser.parse_args()
    asked.output.mkdir(parents=True, exist_ok=True)
    octets = save(landscape(1, 4000, 3000), quality=92) if asked.photo is None else asked.photo.read_bytes()
    run(octets, asked.output, Console(width=140, soft_wrap=True))


if __name__ == "__main__":
    main()
