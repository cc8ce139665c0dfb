"""Wireshark's reading of PDUs, many in one run.

The corpus has a tool that wraps one PDU into a capture and looks at what tshark
makes of it. Here all PDUs go into one capture, a connection each.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import re
import struct
import subprocess
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from xml.etree import ElementTree

from transcode.wire.mm1 import pdu_reader
from transcode.wire.mm1.header_words import MESSAGE_TYPES

CLIENT_PORT = 20_000
#: What Wireshark calls a warning; notes and chats are below.
_WARN = 0x600000


class Finding(NamedTuple):
    """What tshark says of a PDU: its type, how many parts it read, what it complains of, and its fields."""

    message_type: str
    parts: int
    problems: list[str]
    unread: list[list[int]]
    fields: set[tuple[str, str]]


def examine(shared: Path, pdus: Mapping[str, bytes], folder: Path) -> dict[str, Finding]:
    """The findings by name; a PDU that tshark does not recognise has none."""
    tool = _tool(shared)
    capture = folder / "pdus.pcap"
    with capture.open("wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for number, octets in enumerate(pdus.values()):
            _exchange(tool, out, CLIENT_PORT + number, octets)
    try:
        tree = tool.run_tshark("tshark", str(capture), str(folder))
    except RuntimeError as error:
        raise subprocess.SubprocessError(str(error)) from error
    names = list(pdus)
    found = {}
    for packet in tree.iter("packet"):
        mmse = next((node for node in packet.iter("proto") if node.get("name") == "mmse"), None)
        ports = [
            int(field.get("show"))
            for field in packet.iter("field")
            if field.get("name") in ("tcp.srcport", "tcp.dstport")
        ]
        number = max(port for port in ports if port >= CLIENT_PORT) - CLIENT_PORT
        if mmse is not None:
            found[names[number]] = _finding(tool, packet, mmse, pdus[names[number]])
    return found


#: What ends a mail (RFC 5321, 4.1.1.4).
_END_OF_MAIL = b"\r\n.\r\n"


def conversations(
    shared: Path, connections: Sequence[Sequence[tuple[bool, bytes]]], folder: Path
) -> tuple[list[str], list[str]]:
    """The types of the PDUs on connections, and what tshark warns of in any packet.

    The arguments are those of passed.
    """
    found, warnings = passed(shared, connections, folder, "mmse.message_type")
    return [MESSAGE_TYPES[int(one, 0)] for one in found], warnings


def passed(
    shared: Path,
    connections: Sequence[Sequence[tuple[bool, bytes]]],
    folder: Path,
    field: str,
    *,
    port: int = 80,
) -> tuple[list[str], list[str]]:
    """The values of a field in all packets of connections, and what tshark warns of in any of them.

    Args:
        shared: the corpus.
        connections: of each, what passed: from the client or not, and the octets.
        folder: where the capture is written.
        field: the field, as tshark names it.
        port: the server's, by which tshark knows the protocol.
    """
    tool = _tool(shared)
    capture = folder / "conversations.pcap"
    with capture.open("wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        clock = 0
        for number, one in enumerate(connections):
            stream = _stream(tool, out, CLIENT_PORT + number, clock, port)
            for is_client, pieces in itertools.groupby(one, lambda piece: piece[0]):
                octets = b"".join(piece for _, piece in pieces)
                # tshark knows the end of a mail if it is whole in a segment.
                end = octets[-len(_END_OF_MAIL) :] if octets.endswith(_END_OF_MAIL) else b""
                for piece in filter(None, (octets.removesuffix(end), end)):
                    stream.send(stream.CLIENT if is_client else stream.SERVER, piece)
            clock = stream.clock
    command = ["tshark", "-n", "-r", str(capture), "-T", "fields", "-E", "aggregator=,"]
    for name in (field, "_ws.expert.severity", "_ws.expert.message"):
        command += ["-e", name]
    home = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "LC_ALL": "C.UTF-8"}
    run = subprocess.run(command, capture_output=True, check=True, text=True, env=os.environ | home)
    values: list[str] = []
    warnings: list[str] = []
    for line in run.stdout.splitlines():
        found, severities, said = line.split("\t")
        values += [one for one in found.split(",") if one]
        if any(int(one, 0) >= _WARN for one in severities.split(",") if one):
            warnings.append(said)
    return values, warnings


def _tool(shared: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("pdu_crosscheck", shared / "tools" / "pdu_crosscheck.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _stream(tool: ModuleType, out: Any, port: int, clock: int, server: int = 80) -> Any:
    """A connection that was made."""
    stream = tool.Stream.__new__(tool.Stream)
    stream.CLIENT = (tool.Stream.CLIENT[0], port)
    stream.SERVER = (tool.Stream.SERVER[0], server)
    stream.out, stream.clock = out, clock
    stream.seq = {stream.CLIENT: 1_000, stream.SERVER: 2_000}
    for source, flags in ((stream.CLIENT, 0x02), (stream.SERVER, 0x12), (stream.CLIENT, 0x10)):
        stream._frame(source, flags)
    return stream


def _exchange(tool: ModuleType, out: Any, port: int, octets: bytes) -> None:
    """One connection with the PDU in a POST, or in the answer to a GET."""
    stream = _stream(tool, out, port, (port - CLIENT_PORT) * 1_000)
    about = b"Content-Type: %s\r\nContent-Length: %d\r\n\r\n" % (tool.CONTENT_TYPE, len(octets))
    if tool.message_type(octets) in tool.CLIENT_TYPES:
        stream.send(stream.CLIENT, b"POST /mms HTTP/1.1\r\nHost: mmsc.example\r\n" + about + octets)
        stream.send(stream.SERVER, b"HTTP/1.1 204 No Content\r\n\r\n")
    else:
        stream.send(stream.CLIENT, b"GET /mms HTTP/1.1\r\nHost: mmsc.example\r\n\r\n")
        stream.send(stream.SERVER, b"HTTP/1.1 200 OK\r\n" + about + octets)


def _finding(tool: ModuleType, packet: Any, mmse: Any, octets: bytes) -> Finding:
    base = int(mmse.get("pos", 0))
    problems, _ = tool.complaints(packet)
    rows: list[dict[str, Any]] = []
    tool.listed(mmse, base, rows, False)
    _, parts, declared, unread = tool.coverage(mmse, base, octets)
    kind = next((row["label"] for row in rows if row["field"] == "mmse.message_type"), "")
    # It takes a last octet 0x84 for the beginning of a Content-Type.
    if problems == ["[Malformed Packet: MMSE]"] and octets[-1:] == b"\x84":
        problems = []
    if declared not in (None, parts):
        problems.append(f"{declared} parts declared")
    return Finding(
        kind.split(": ", 1)[-1].split(" ")[0],
        parts,
        problems,
        unread,
        {(row["field"], row["show"]) for row in rows},
    )


def short_messages(segments: Sequence[bytes], folder: Path) -> list[dict[str, list[str]]]:
    """The fields of SMS-DELIVERs with these user data, by name; Wireshark joins those of one message."""
    # With a user data header, from +15555550001, 8-bit data, with a time.
    begin = bytes.fromhex("400b915155550500f1000462113090000000")
    return read_as("gsm_sms", [begin + bytes((len(one),)) + one for one in segments], folder)


def read_as(protocol: str, frames: Sequence[bytes], folder: Path) -> list[dict[str, list[str]]]:
    """The fields of frames by name, each of which is one message of a protocol."""
    capture = folder / f"{protocol}.pcap"
    with capture.open("wb") as out:
        # Link type 147 is the first that users may give a meaning to.
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 147))
        for second, octets in enumerate(frames):
            out.write(struct.pack("<IIII", second, 0, len(octets), len(octets)) + octets)
    meaning = f'uat:user_dlts:"User 0 (DLT=147)","{protocol}","0","","0",""'
    command = ["tshark", "-n", "-r", str(capture), "-o", meaning, "-T", "pdml"]
    home = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "LC_ALL": "C.UTF-8"}
    run = subprocess.run(command, capture_output=True, check=True, env=os.environ | home)
    # What it shows of octets is not always XML.
    shown = re.sub("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "?", run.stdout.decode("utf-8", "replace"))
    found = []
    for packet in ElementTree.fromstring(shown).iter("packet"):
        fields: dict[str, list[str]] = defaultdict(list)
        for field in packet.iter("field"):
            fields[field.get("name", "")].append(field.get("show", ""))
        found.append(fields)
    return found


def parts_of(octets: bytes) -> int:
    """How many parts tshark should find: none where the body is no multipart."""
    found = pdu_reader.from_bytes(octets)
    many = found.content_type is not None and "multipart" in found.content_type
    return len(found.parts) if many else 0
