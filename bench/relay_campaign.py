"""How fast a campaign goes from the API of a message centre to the SMSC, and what a loop of its own takes.

    python -m bench.relay_campaign [--recipients 20000] [--lines 4] [--database URL]

A photo of 12 megapixels and a text with a field are posted to the API with a CSV of recipients, at a pace
that holds nothing up. An SMSC in a process of its own takes the short messages, two for each
notification. The first phone fetches its message, so that the photo is fitted once, as in a campaign. The
clock runs from the request until the SMSC has taken the last short message. In the same run, a loop does
what a program without a centre does for each recipient: Pillow makes the photo as large as the network
takes, by trying qualities, and python-messaging writes the message.
"""

from __future__ import annotations

import io
import os
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from PIL import Image

import transcode
from bench import engines, pictures
from bench.relay_sms import Running, Taken, account, parser, show_threads, smsc, taking
from transcode.relay import logs
from transcode.relay.api_settings import Api
from transcode.relay.config import Config, Listen, Local
from transcode.relay.pseudonyms import Pseudonyms
from transcode.relay.server import running
from transcode.relay.store.keys import SCOPES, make_key

_SENDER, _NETWORK = "+15550000000", "us-tmobile"
_TEXT = "Hello {name}!"
#: Recipients of the loop: each takes a good part of a second.
_LOOP = 20


class Loop(NamedTuple):
    """What the loop took for each recipient.

    Attributes:
        seconds: by the clock.
        busy: of the processors.
        octets: of the last message.
    """

    seconds: float
    busy: float
    octets: int


def photo() -> bytes:
    """A photo as phones make them."""
    file = io.BytesIO()
    pictures.landscape(1, 4032, 3024).save(file, "JPEG", quality=92)
    return file.getvalue()


def campaign(gate: Running, octets: bytes, recipients: int, lines: int, folder: Path, database: str) -> Taken:
    """From the request until the SMSC has all."""
    config = Config(
        store=folder / "store",
        database=database,
        listen=Listen(port=0),
        sms=account(gate.port, lines),
        local=(Local(prefixes=("+1555",), network=_NETWORK),),
        api=Api(campaign_per_second=100_000.0),
    )
    rows = "to,name\n" + "".join(f"+1555{number:07},N{number}\n" for number in range(recipients))
    with (
        Path(os.devnull).open("w") as log,
        logs.logging_to(log, logs.Log("json"), Pseudonyms.of(config.store)),
        running(config) as centre,
    ):
        _, secret = make_key(
            centre.store, "bench", scopes=tuple(SCOPES), senders=(_SENDER,), now=time.time(), per_minute=0
        )
        headers = {"Authorization": f"Bearer {secret}"}
        with (
            httpx.Client(base_url=centre.url, headers=headers, timeout=600.0) as client,
            taking(gate) as found,
        ):
            answer = client.post(
                "/v1/campaigns",
                data={"text": _TEXT, "start": "true", "pace": '{"per_second": 100000}'},
                files=[("media", ("photo.jpg", octets)), ("recipients", ("people.csv", rows.encode()))],
            )
            assert answer.status_code == 201, answer.text
            name = answer.json()["id"]
            fetched = False
            while (progress := _progress(client, name)).get("sent", 0) + fetched < recipients:
                if not fetched and progress.get("sent"):
                    _fetch(client, centre.store.deliveries(name, most=1_000_000)[-1].token)
                    fetched = True
                time.sleep(0.2)
    return found[0]


def _progress(client: httpx.Client, name: str) -> dict[str, int]:
    return dict(client.get(f"/v1/campaigns/{name}").json()["progress"]["by_status"])


def _fetch(client: httpx.Client, token: str) -> None:
    """Be the phone that asks first: the photo is fitted for it, and for all that follow."""
    answer = client.get(f"/m/{token}")
    assert answer.status_code == 200, answer
    text = next(
        part.text for part in transcode.read(answer.content).parts if part.content_type == "text/plain"
    )
    assert text.startswith("Hello N"), text


def loop(octets: bytes) -> Loop:
    """A message for each recipient by Pillow and python-messaging."""
    profile = transcode.find_profile(_NETWORK)
    size = 0
    begin, busy = time.perf_counter(), time.process_time()
    for number in range(_LOOP):
        size = len(_message(octets, number, profile.max_message_bytes))
    seconds, spent = time.perf_counter() - begin, time.process_time() - busy
    return Loop(seconds / _LOOP, spent / _LOOP, size)


def _message(octets: bytes, number: int, most: int) -> bytes:
    from messaging.mms.message import MMSMessage, MMSMessagePage

    page = MMSMessagePage()
    page.add_text(_TEXT.format(name=f"N{number}"))
    made = MMSMessage()
    made.headers |= {"From": f"{_SENDER}/TYPE=PLMN", "To": f"+1555{number:07}/TYPE=PLMN"}
    picture: Any = _part(_fitted(octets, most - 2000))
    page.image = (picture, 0, 0)
    made.add_page(page)
    return bytes(made.encode())


def _part(octets: bytes) -> object:
    from messaging.mms.message import DataPart

    part = DataPart()
    # It takes data as text with one character for each octet.
    part.set_data(octets.decode("latin-1"), "image/jpeg")
    part.headers["Content-Location"] = "photo.jpg"
    return part


def _fitted(octets: bytes, most: int) -> bytes:
    """The largest quality of a photo in the box of most networks that has so many octets at most."""
    picture = Image.open(io.BytesIO(octets))
    picture.draft("RGB", (1440, 1440))
    picture.thumbnail((1440, 1440))
    low, high, best = 1, 96, b""
    while high - low > 1:
        quality = (low + high) // 2
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality)
        low, high = (quality, high) if file.tell() <= most else (low, quality)
        best = file.getvalue() if file.tell() <= most else best
    return best


def main() -> None:
    """Measure, and print a table."""
    given = parser(__doc__).parse_args()
    count, octets = given.recipients, photo()
    with smsc() as other, tempfile.TemporaryDirectory() as folder:
        ours = campaign(other, octets, count, given.lines, Path(folder), given.database)
    print("| | recipients a second | processor's time of each, us |\n|---|---|---|")
    print(f"| campaign | {count / ours.seconds:.0f} | {1e6 * ours.busy / count:.0f} |")
    print(f"| of which the SMSC, beside it | | {1e6 * ours.smsc / count:.0f} |")
    if not engines.module("messaging.mms.message"):
        print("\npython-messaging is not installed: no loop beside it")
        return
    other_way = loop(octets)
    print(
        f"| python-messaging and Pillow, a loop | {1 / other_way.seconds:.1f} | {1e6 * other_way.busy:.0f} |"
    )
    print(f"\nThe loop takes {other_way.busy * count / ours.busy:.0f} times the processor's time.")
    show_threads("the campaign", ours, count)


if __name__ == "__main__":
    main()
