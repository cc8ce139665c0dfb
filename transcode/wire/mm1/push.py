"""Writes PDUs as WAP pushes in short messages, and joins received short messages to a push.

An MMS centre notifies a phone by a push over SMS (OMA-TS-MMS_CTR, 7): the frame of a WAP Push (WAP-230-WSP,
8.2.4.1) and the PDU, in the user data of one or several 8-bit short messages. Each has a user data header
with two information elements (3GPP TS 23.040)::

    05 04 0B84 23F0   application ports: to 2948, WAP Push, from 9200, WSP (9.2.3.24.4)
    00 03 RR TT NN    short message NN of TT with the reference RR (9.2.3.24.1); only where there are several
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from transcode.counted import counted
from transcode.errors import BudgetError, MessageError, PduError
from transcode.wire.mm1 import wsp
from transcode.wire.mm1.header_words import MESSAGE_TYPES
from transcode.wire.mm1.pdu_types import PDU_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transcode.model import MessageType

__all__ = ["MOST", "capacity", "joined_segments", "place_of", "push_segments", "wap_push"]

#: The PDU type Push (WAP-230-WSP, table 34).
_PUSH = 0x06
#: The content type application/vnd.wap.mms-message (WAP-230-WSP, table 40), and X-Wap-Application-Id with the
#: number of x-wap-application:mms.ua (registered push application ids).
_HEADERS = b"\xbe\xaf\x84"
#: PDUs that an MMS centre sends to a client unasked (OMA-TS-MMS_ENC-V1_3, 6).
_PUSHED: tuple[MessageType, ...] = ("m-notification-ind", "m-delivery-ind", "m-read-orig-ind", "m-cancel-req")
#: The first octet of a PDU: the header X-Mms-Message-Type.
_MESSAGE_TYPE = 0x8C

#: The octets of a short message's user data, with the header.
_USER_DATA = 140
#: The port of WAP Push, connectionless (WAP-259-WDP, appendix B), and the sender's port.
_TO_PORT, _FROM_PORT = 2948, 9200
_PORTS = b"\x05\x04" + _TO_PORT.to_bytes(2, "big") + _FROM_PORT.to_bytes(2, "big")
#: Information elements: ports of 16 bits, and a part of a longer text with a reference of 8 or of 16 bits.
_OF_PORTS, _OF_PART, _OF_PART_16 = 0x05, 0x00, 0x08
#: The most segments that the octet of their count allows.
MOST = 255


def wap_push(pdu: bytes, *, number: int = 1) -> bytes:
    """Return a PDU in the frame of a WAP Push, as an SMS gateway takes it that divides long messages itself.

    Args:
        pdu: an M-Notification.ind, M-Delivery.ind, M-Read-Orig.ind or M-Cancel.req, as Message.to_mm1 returns
            it.
        number: the transaction number of the push, from 0 to 255. A push is not answered, so any number will
            do.

    Raises:
        MessageError: the octets are no PDU of these types, or the number is outside its range.
    """
    octets = _octets("pdu", pdu)
    kind = MESSAGE_TYPES.get(octets[1]) if len(octets) > 1 and octets[0] == _MESSAGE_TYPE else None
    if kind not in _PUSHED:
        names = ", ".join(PDU_TYPES[name].name for name in _PUSHED)
        found = "no PDU" if kind is None else PDU_TYPES[kind].name
        raise MessageError(f"pdu: is {found}, but a push carries one of {names}")
    frame = bytes((_number("number", number, 0), _PUSH))
    return frame + wsp.uintvar(len(_HEADERS)) + _HEADERS + octets


def push_segments(push: bytes, *, reference: int, most: int = 8) -> tuple[bytes, ...]:
    """Return the user data of the short messages that carry a push: headers and at most 140 octets in all.

    One short message holds 133 octets of a push; each of several holds 128. A short message is sent with the
    user data header indicator (in SMPP: bit 0x40 of esm_class) and 8-bit coding (data_coding 0x04).

    Args:
        push: the push, as wap_push returns it.
        reference: the number that the segments of this push share, from 0 to 255. Two pushes that are on
            their way to the same phone at the same time must have different numbers.
        most: the most segments, from 1 to 255.

    Raises:
        BudgetError: the push needs more segments; limit and smallest count octets of the push.
        MessageError: an argument is of another type, empty or outside its range.
    """
    octets = _octets("push", push)
    _number("reference", reference, 0)
    _number("most", most, 1)
    limit, step = capacity(most), capacity(2) // 2
    if len(octets) > limit:
        what = f"push in {counted(most, 'short message')}"
        raise BudgetError(what, limit, smallest=len(octets), finished=True)
    if len(octets) <= capacity(1):
        return (_header(_PORTS) + octets,)
    total = -(-len(octets) // step)
    return tuple(
        _header(_PORTS, _part(reference, total, place)) + octets[(place - 1) * step : place * step]
        for place in range(1, total + 1)
    )


def capacity(segments: int) -> int:
    """Return the number of octets of a push that a number of short messages holds."""
    if segments == 1:
        return _USER_DATA - len(_header(_PORTS))
    return segments * (_USER_DATA - len(_header(_PORTS, _part(0, 1, 1))))


def joined_segments(segments: Iterable[bytes]) -> bytes:
    """Return the push that short messages carry; ``transcode.read`` reads it.

    The segments may come in any order, and several times. References of 8 and of 16 bits are read; other
    information elements are ignored.

    Args:
        segments: the user data of the short messages, each with its header.

    Raises:
        PduError: a segment is missing, or the segments are not those of one push.
        MessageError: the argument is not an iterable of octets.
    """
    if isinstance(segments, bytes | bytearray | memoryview):
        raise MessageError("segments: must be a list of octets, one for each short message")
    found = [_read(_octets(f"segments[{number}]", data), number) for number, data in enumerate(segments)]
    if not found:
        raise PduError("no segment of a push is there", offset=0)
    if all(segment.port is None for segment in found):
        raise PduError(f"no segment of a push has a port; pushes have {_TO_PORT}", offset=0)
    first = found[0]
    parts: dict[int, bytes] = {}
    for number, segment in enumerate(found):
        if (segment.reference, segment.total) != (first.reference, first.total):
            raise _wrong(number, f"is of {segment.whole}, and the first is of {first.whole}")
        if parts.setdefault(segment.place, segment.data) != segment.data:
            raise _wrong(number, f"has the place {segment.place} as another one, with other octets")
    missing = [place for place in range(1, first.total + 1) if place not in parts]
    if missing:
        shown = ", ".join(map(str, missing[:10])) + (" and more" if len(missing) > 10 else "")
        raise PduError(f"of {first.total} segments of a push, {len(missing)} are missing: {shown}", offset=0)
    return b"".join(parts[place] for place in range(1, first.total + 1))


def place_of(header: bytes) -> tuple[int, int]:
    """Return the place of a short message among those of its push, from 1, and their number.

    Args:
        header: the user data header. One that can't be read counts as that of a push in one short message.
    """
    try:
        found = _read(header, 0)
    except PduError:
        return 1, 1
    return found.place, found.total


class _Segment(NamedTuple):
    """A short message of a push.

    Attributes:
        reference: the reference, with the number of its information element; None: the only segment.
        total: the number of segments.
        place: the place among the segments, from 1.
        port: the port to which the segment goes; None: the segment names none, as some SMS centres send it.
        data: the octets behind the header.
    """

    reference: tuple[int, int] | None
    total: int
    place: int
    port: int | None
    data: bytes

    @property
    def whole(self) -> str:
        """What the segment is a part of, in words."""
        if self.reference is None:
            return "a push in one segment"
        return f"a push in {self.total} segments with the reference {self.reference[1]}"


def _read(octets: bytes, number: int) -> _Segment:
    """Read the header of a segment.

    Raises:
        PduError: the header is broken, or is not that of a push.
    """
    end = 1 + octets[0]
    if end > len(octets):
        raise _wrong(number, f"has {len(octets)} octets, but its header has {end}")
    reference, total, place, port = None, 1, 1, None
    at = 1
    while at < end:
        kind, size = octets[at], octets[at + 1] if at + 1 < end else MOST
        value = octets[at + 2 : at + 2 + size]
        if at + 2 + size > end:
            raise _wrong(number, f"has an information element that ends behind the header, at octet {at}")
        if kind == _OF_PORTS and size == 4:
            port = int.from_bytes(value[:2], "big")
        elif (kind, size) in ((_OF_PART, 3), (_OF_PART_16, 4)):
            reference = (kind, int.from_bytes(value[:-2], "big"))
            total, place = value[-2:]
        at += 2 + size
    if port not in (None, _TO_PORT):
        raise _wrong(number, f"has the port {port}, but pushes have {_TO_PORT}")
    if not 1 <= place <= total:
        raise _wrong(number, f"is segment {place} of {total}")
    return _Segment(reference, total, place, port, octets[end:])


def _wrong(number: int, reason: str) -> PduError:
    return PduError(f"segment {number + 1} of a push {reason}", offset=0)


def _header(*elements: bytes) -> bytes:
    """Return a user data header: the number of its octets, then the information elements."""
    inner = b"".join(elements)
    return bytes((len(inner),)) + inner


def _part(reference: int, total: int, place: int) -> bytes:
    return bytes((_OF_PART, 3, reference, total, place))


def _octets(name: str, data: object) -> bytes:
    if not isinstance(data, bytes | bytearray | memoryview):
        raise MessageError(f"{name}: must be octets, not {type(data).__name__}")
    octets = bytes(data)
    if not octets:
        raise MessageError(f"{name}: is empty")
    return octets


def _number(name: str, value: object, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= MOST:
        raise MessageError(f"{name}: {value!r} is not a whole number from {least} to {MOST}")
    return value
