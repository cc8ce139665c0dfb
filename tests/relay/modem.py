"""A modem on a D-Bus of its own, as ModemManager shows one: number, data bearer and short messages."""

from __future__ import annotations

import itertools
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jeepney import DBusAddress, HeaderFields, Message, MessageType, new_error, new_method_return, new_signal
from jeepney.bus_messages import message_bus
from jeepney.io.threading import DBusConnection, ReceiveStopped, open_dbus_connection

_ROOT = "/org/freedesktop/ModemManager1"
_NAME = "org.freedesktop.ModemManager1"
_MODEM, _SIM, _BEARER = f"{_ROOT}/Modem/0", f"{_ROOT}/SIM/0", f"{_ROOT}/Bearer/0"

#: Values of ModemManager's enumerations (ModemManager-enums.h).
_CONNECTED = 11
_STORED_PDU, _DELIVERED, _RECEIVED = 1, 1, 3

_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>"""

_Values = dict[str, tuple[str, Any]]


@contextmanager
def bus(program: Path, folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """Run a D-Bus for the time of a ``with`` block; yields its address.

    Args:
        program: dbus-daemon.
        folder: where its settings lie.
        environment: of its process.
    """
    settings = folder / "bus.conf"
    settings.write_text(_BUS)
    command = [str(program), "--nofork", f"--config-file={settings}", "--print-address=1"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as daemon:
        try:
            assert daemon.stdout is not None
            yield daemon.stdout.readline().strip()
        finally:
            daemon.terminate()


class Modem:
    """What ModemManager shows of a modem with a SIM card, which is connected.

    Args:
        address: the bus.
        number: the number of the SIM card.
    """

    def __init__(self, address: str, number: str) -> None:
        self._messages: list[str] = []
        self._objects: dict[str, dict[str, _Values]] = {
            _MODEM: {
                f"{_NAME}.Modem": {
                    "Sim": ("o", _SIM),
                    "Bearers": ("ao", [_BEARER]),
                    "State": ("i", _CONNECTED),
                    "OwnNumbers": ("as", [number]),
                    "MaxActiveBearers": ("u", 1),
                    "MaxBearers": ("u", 1),
                },
                f"{_NAME}.Modem.Messaging": {"Messages": ("ao", self._messages)},
            },
            _SIM: {
                f"{_NAME}.Sim": {
                    "Imsi": ("s", "310260000000001"),
                    "OperatorIdentifier": ("s", "310260"),
                    "Active": ("b", True),
                }
            },
            _BEARER: {
                f"{_NAME}.Bearer": {
                    "Interface": ("s", "lo"),
                    "Connected": ("b", True),
                    "Properties": ("a{sv}", {"apn": ("s", "mms")}),
                    "Ip4Config": ("a{sv}", {"method": ("u", 2), "dns1": ("s", "127.0.0.1")}),
                }
            },
        }
        self._count = itertools.count()
        self._line: DBusConnection = open_dbus_connection(address)
        self._line.send(message_bus.RequestName(_NAME))
        self._thread = threading.Thread(target=self._serve, name="modem", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Leave the bus."""
        self._line.interrupt()
        self._thread.join()
        self._line.close()

    def receive(self, data: bytes) -> None:
        """Receive a short message with binary data, whose segments the modem has joined."""
        path = f"{_ROOT}/SMS/{next(self._count)}"
        self._objects[path] = {
            f"{_NAME}.Sms": {
                "State": ("u", _RECEIVED),
                "PduType": ("u", _DELIVERED),
                "Storage": ("u", _STORED_PDU),
                "Text": ("s", ""),
                "Data": ("ay", data),
                "Number": ("s", "2229"),
            }
        }
        self._messages.append(path)
        self._tell_messages()
        modem = DBusAddress(_MODEM, interface=f"{_NAME}.Modem.Messaging")
        self._line.send(new_signal(modem, "Added", "ob", (path, True)))

    def _tell_messages(self) -> None:
        told: tuple[str, _Values, list[str]] = (
            f"{_NAME}.Modem.Messaging",
            {"Messages": ("ao", self._messages)},
            [],
        )
        properties = DBusAddress(_MODEM, interface="org.freedesktop.DBus.Properties")
        self._line.send(new_signal(properties, "PropertiesChanged", "sa{sv}as", told))

    def _serve(self) -> None:
        try:
            while True:
                asked = self._line.receive()
                if asked.header.message_type is MessageType.method_call:
                    self._line.send(self._answer(asked))
        except ReceiveStopped:
            return

    def _answer(self, asked: Message) -> Message:
        path = asked.header.fields[HeaderFields.path]
        method = asked.header.fields[HeaderFields.member]
        if method == "GetManagedObjects":
            return new_method_return(asked, "a{oa{sa{sv}}}", ({_MODEM: self._objects[_MODEM]},))
        if method == "GetAll":
            return new_method_return(asked, "a{sv}", (self._objects[path].get(asked.body[0], {}),))
        if method == "List":
            return new_method_return(asked, "ao", (self._messages,))
        if method == "Delete":
            self._messages.remove(asked.body[0])
            self._tell_messages()
            return new_method_return(asked)
        return new_error(asked, "org.freedesktop.DBus.Error.UnknownMethod", "s", (method,))
