"""A phone of somebody else: mmsd-tng, the MMS client of Linux phones."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from tests.made.pictures import photo, save
from tests.relay.conftest import config
from tests.relay.mmsd import mmsd
from tests.relay.phone import Gateway, Phone, until
from tests.relay.wap_gateway import WapGateway
from transcode.relay.config import Local
from transcode.relay.model import State
from transcode.relay.server import running
from transcode.wire.mm1.push import joined_segments

#: mmsd-tng takes numbers that can exist alone, and these are for fiction.
ALICE, BOB = "+12025550101", "+12025550102"


def test_a_linux_phone_sends_and_receives(tmp_path: Path, gateway: Gateway) -> None:
    """One sends a photo; another is notified, fetches and acknowledges it; the first gets its report."""
    picture = tmp_path / "photo.jpg"
    picture.write_bytes(save(photo(800, 600), quality=90))
    with ExitStack() as ends:
        network = (Local(("+1202",), "us-tmobile"),)
        centre = ends.enter_context(running(config(tmp_path, gateway, local=network)))
        phones = []
        for number in (ALICE, BOB):
            home = tmp_path / number
            home.mkdir()
            proxy = ends.enter_context(WapGateway(number).running())
            phones.append(ends.enter_context(mmsd(home, number, centre.url, proxy)))
        alice, bob = phones
        alice.send(BOB, picture, "image/jpeg")
        bob.modem.receive(joined_segments(Phone(BOB, centre.url, gateway).short_messages()))
        _, received = bob.told("MessageAdded")
        assert (received["Status"][1], received["Sender"][1]) == ("received", ALICE)
        _, kind, path, begin, length = next(
            part for part in received["Attachments"][1] if part[1].startswith("image/")
        )
        assert (kind, Path(path).read_bytes()[begin : begin + length]) == ("image/jpeg", picture.read_bytes())
        until(lambda: centre.store.deliveries()[0].state is State.RETRIEVED)
        alice.modem.receive(joined_segments(Phone(ALICE, centre.url, gateway).short_messages()))
        said = [alice.told("PropertyChanged") for _ in range(3)]
        assert [value for _, (_, value) in said] == ["sent", f"delivery_update,{BOB}=retrieved", "delivered"]
