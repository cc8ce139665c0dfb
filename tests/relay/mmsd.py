"""mmsd-tng, the MMS client of Linux phones, as a phone of a message centre.

It is Debian's, unpacked by the set-up with a D-Bus daemon. Off Debian there is nothing to unpack: a test that
wants it is skipped then, and never in continuous integration.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from jeepney import DBusAddress, HeaderFields, MatchRule, Message, MessageType, new_method_call
from jeepney.bus_messages import message_bus
from jeepney.io.threading import DBusRouter, open_dbus_router

from tests.relay.modem import Modem, bus
from tests.relay.phone import PATIENCE
from tests.relay.wap_gateway import WapGateway

_ROOT = Path(__file__).parents[2] / "build" / "peers"

_NAME = "org.ofono.mms"
_SERVICE = DBusAddress("/org/ofono/mms/modemmanager", _NAME, f"{_NAME}.Service")

_SETTINGS = """[Modem Manager]
CarrierMMSC={centre}
MMS_APN=mms
CarrierMMSProxy={proxy}
DefaultModemNumber={number}
AutoProcessOnConnection=true
AutoProcessSMSWAP=true

[Settings]
UseDeliveryReports=true
TotalMaxAttachmentSize=1100000
MaxAttachments=25
AutoCreateSMIL=true
ForceCAres=false
"""


class Mmsd:
    """A phone that runs mmsd-tng.

    Attributes:
        modem: its modem, which receives short messages.
    """

    def __init__(self, router: DBusRouter, modem: Modem, signals: Queue[Message]) -> None:
        self._router = router
        self._signals = signals
        self.modem = modem

    def send(self, recipient: str, path: Path, content_type: str) -> None:
        """Send a file."""
        attached = [(path.name, content_type, str(path))]
        values = ([recipient], ("s", ""), attached)
        asked = new_method_call(_SERVICE, "SendMessage", "asva(sss)", values)
        told = self._router.send_and_get_reply(asked, timeout=PATIENCE)
        assert told.header.message_type is MessageType.method_return, told.body

    def told(self, name: str) -> tuple[Any, ...]:
        """The values of the next signal of a name; others before it are passed over."""
        while True:
            signal = self._signals.get(timeout=PATIENCE)
            if signal.header.fields[HeaderFields.member] == name:
                return tuple(signal.body)


@contextmanager
def mmsd(folder: Path, number: str, centre: str, proxy: WapGateway) -> Iterator[Mmsd]:
    """Run a phone for the time of a ``with`` block.

    Args:
        folder: an empty folder, its home.
        number: its number.
        centre: the address that it posts to.
        proxy: its operator's gateway.
    """
    if not _ROOT.is_dir() and "CI" not in os.environ and shutil.which("dpkg-query") is None:
        pytest.skip("no mmsd-tng of Debian")
    settings = folder / ".mms" / "modemmanager" / "mms"
    settings.parent.mkdir(parents=True)
    settings.write_text(_SETTINGS.format(centre=centre, proxy=proxy.address, number=number))
    libraries = ":".join(map(str, _ROOT.glob("usr/lib/*-linux-gnu")))
    words = {"HOME": str(folder), "PATH": os.environ["PATH"], "LD_LIBRARY_PATH": libraries}
    with ExitStack() as ends:
        address = ends.enter_context(bus(_ROOT / "usr" / "bin" / "dbus-daemon", folder, words))
        modem = Modem(address, number)
        ends.callback(modem.close)
        router = ends.enter_context(open_dbus_router(address))
        signals: Queue[Message] = Queue()
        for kind in ("Manager", "Service", "Message"):
            rule = MatchRule(type="signal", interface=f"{_NAME}.{kind}")
            ends.enter_context(router.filter(rule, queue=signals))
            router.send_and_get_reply(message_bus.AddMatch(rule), timeout=PATIENCE)
        words |= {"DBUS_SESSION_BUS_ADDRESS": address, "DBUS_SYSTEM_BUS_ADDRESS": address}
        log = ends.enter_context((folder / "log").open("wb"))
        daemon = subprocess.Popen(
            [_ROOT / "usr" / "bin" / "mmsdtng", "-d"], stdout=log, stderr=log, env=words, cwd=folder
        )
        ends.enter_context(daemon)
        ends.callback(daemon.kill)
        phone = Mmsd(router, modem, signals)
        phone.told("ServiceAdded")
        yield phone
