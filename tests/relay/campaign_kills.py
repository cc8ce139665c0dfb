"""Kill a message centre while it releases a campaign: ``python -m tests.relay.campaign_kills [KILLS]``.

SIGKILL hits the whole process of ``transcode relay serve``, which is started again on the same store; with
``--store postgres`` and ``--processes three`` the server of the rows, too, or one of three processes. The
program that makes the campaign asks again with the same Idempotency-Key, as it is told to. In the end
each number must have heard of the message, at one address alone, and the campaign must say so.
"""

from __future__ import annotations

import contextlib
import random
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import transcode
from tests.made.pictures import photo, save
from tests.relay.killed import PROCESSES, STORES, Centre, centre, strike
from tests.relay.kills import CALM
from tests.relay.phone import Gateway, location
from tests.tally import Tally, command
from transcode.errors import PduError, TransportError
from transcode.relay import asking
from transcode.relay.client import Client
from transcode.relay.store import campaigns
from transcode.relay.store.keys import SCOPES, make_key
from transcode.wire.mm1.push import joined_segments

#: The recipients, of whom one comes twice; and as many a second as are released in some kills.
NUMBERS = tuple(f"+1555300{number:04}" for number in range(300))
_PACE = 150.0
_WORD = "once"


def asked(client: Client) -> None:
    """Make the campaign; who hears no answer asks again."""
    rows = [{"to": number, "name": number[-4:]} for number in (*NUMBERS, NUMBERS[0])]
    while True:
        with contextlib.suppress(TransportError):
            client.create_campaign(
                rows,
                text="Hello {name}",
                media=[save(photo(300, 200), quality=80)],
                pace={"per_second": _PACE},
                start=True,
                idempotency_key=_WORD,
            )
            return
        time.sleep(0.05)


def heard(gateway: Gateway, number: str) -> Iterator[str]:
    """The addresses that the notifications of a phone name."""
    pushes, segments = gateway.pushes(number), list[bytes]()
    while not pushes.empty():
        segments.append(pushes.get())
        with contextlib.suppress(PduError):
            # A part of a push may have gone down with the centre.
            yield location(transcode.read(joined_segments(segments[-2:])))


def judge(centre: Centre, gateway: Gateway, tally: Tally) -> None:
    """Wait until the campaign is over, and count what is not as it should be."""
    with centre.opened() as store:
        end, found = time.monotonic() + CALM, campaigns.campaigns(store, most=9)
        while time.monotonic() < end and not (found and found[0].ended_at):
            time.sleep(0.1)
            found = campaigns.campaigns(store, most=9)
        tally.failures["other campaigns"] += len(found) - 1
        # In one statement: phones are still reminded.
        rows = store.select(
            "SELECT 'counted', status, reason, sum(count) FROM campaign_count"
            " GROUP BY 2, 3 HAVING sum(count)>0"
            " UNION ALL SELECT 'there', status, reason, count(*) FROM campaign_recipient GROUP BY 2, 3"
        )
        counts, there = (
            {(status, why): count for which, status, why, count in rows if which == one}
            for one in ("counted", "there")
        )
        tally.failures["counted otherwise"] += counts != there
        # One who is reminded is sending again.
        told = counts.get(("sent", ""), 0) + counts.get(("sending", ""), 0)
        tally.failures["not sent"] += len(NUMBERS) - told
        tally.failures["duplicates not told"] += counts.get(("failed", "duplicate")) != 1
        tokens = {one.token: one.recipient for one in store.deliveries(most=1_000_000)}
        tally.failures["twice in the store"] += len(tokens) - len(NUMBERS)
        for number in NUMBERS:
            addresses = {address.rpartition("/")[2] for address in heard(gateway, number)}
            tally.done["heard"] += 1
            tally.failures["lost"] += not addresses
            tally.failures["twice on a phone"] += len(addresses) > 1
            tally.failures["on another phone"] += any(tokens.get(one) != number for one in addresses)


def main(kills: int, seed: int, *, store: str = "sqlite", processes: str = "one") -> Tally:
    """Kill a number of times.

    Args:
        kills, seed: how often, and what draws when and whom.
        store: one of STORES.
        processes: one of PROCESSES.
    """
    rng, tally = random.Random(seed), Tally()
    api = "[api]\nallow_private = true\n"
    with (
        tempfile.TemporaryDirectory() as folder,
        Gateway().running() as gateway,
        mock.patch.object(asking, "_LONGEST_WAIT", 0.5),
        centre(Path(folder), gateway, api, store=store, processes=processes) as made,
    ):
        with made.opened() as rows:
            _, key = make_key(rows, "shop", scopes=tuple(SCOPES), senders=("+15550007",), now=time.time())
        with Client(made.url, key, retries=0) as client:
            maker = threading.Thread(target=asked, args=(client,))
            maker.start()
            for _ in range(kills):
                strike(rng, made, tally, has_children=False)
            maker.join()
            judge(made, gateway, tally)
    return tally


if __name__ == "__main__":
    command(main, store=STORES, processes=tuple(PROCESSES))
