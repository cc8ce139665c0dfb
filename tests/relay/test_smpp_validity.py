"""How long an SMSC is asked to try over SMPP."""

from __future__ import annotations

import logging

import pytest

from tests.relay.conftest import BOB
from tests.relay.phone import until
from tests.relay.smsc import SUBMIT_SM, Smsc
from tests.relay.test_smpp import LONG, bound, taken
from transcode.errors import ConfigError, TransportError
from transcode.relay.ports.sms import Push
from transcode.relay.sms_gateway import SmsGateway, check_sms

DAY = 86_400.0


def test_until_the_message_expires() -> None:
    """From when the SMSC takes it, in each segment; a week at most, and nothing where nobody knows."""
    smsc = Smsc()
    with smsc.running() as port, bound(port) as gate:
        gate.push(BOB, LONG, seconds=DAY + 3661.5)
        segments = taken(smsc, 3)
        assert gate.pushes([Push(BOB, b"push", 30 * DAY)]) == [None]
        gate.text(BOB, "text", seconds=0.2)
        gate.text(BOB, "text")
        periods = [one.validity_period for one in taken(smsc, 3)]
    assert {one.validity_period for one in segments} == {b"000001010102000R"}
    assert periods == [b"000007000000000R", b"000000000001000R", b""]


@pytest.mark.parametrize(("longest", "period"), [(0.0, b""), (31 * DAY, b"000031000000000R")])
def test_the_operator_may_say_another_time(longest: float, period: bytes) -> None:
    """Also that the SMSC is told none."""
    smsc = Smsc()
    with smsc.running() as port, bound(port, longest_validity=longest) as gate:
        gate.push(BOB, b"push", seconds=99 * DAY)
        assert taken(smsc, 1)[0].validity_period == period


def test_an_smsc_that_refuses_the_time(caplog: pytest.LogCaptureFixture) -> None:
    """It gets the same without one, and what comes later, too; the next bind is told again."""
    caplog.set_level(logging.WARNING)
    smsc = Smsc()
    smsc.statuses.put(0x62)
    with smsc.running() as port:
        with bound(port) as gate:
            gate.push(BOB, b"push", seconds=DAY)
            gate.push(BOB, b"push", seconds=DAY)
        with bound(port) as gate:
            gate.push(BOB, b"push", seconds=DAY)
    assert [one.validity_period for one in taken(smsc, 3)] == [b"", b"", b"000001000000000R"]
    assert sum(pdu[4:8] == SUBMIT_SM.to_bytes(4) for pdu in smsc.pdus) == 4
    assert caplog.text.count("refuses validity_period") == 1
    assert BOB[1:] not in caplog.text


def test_a_new_bind_is_told_again() -> None:
    """After a connection that broke, the SMSC may be another one."""
    smsc = Smsc()
    smsc.statuses.put(0x62)
    with smsc.running() as port, bound(port, timeout=2.0) as gate:
        gate.push(BOB, b"push", seconds=DAY)
        smsc.garbage = b"\0" * 64
        with pytest.raises(TransportError):
            gate.push(BOB, b"push", seconds=DAY)
        smsc.garbage = None
        until(lambda: gate.pushes([Push(BOB, b"again", DAY)]) == [None])
        told = taken(smsc, 1)
        while not told[-1].octets.endswith(b"again"):
            told += taken(smsc, 1)
    assert [told[0].validity_period, told[-1].validity_period] == [b"", b"000001000000000R"]


def test_a_time_that_can_not_be_said() -> None:
    """A period of months is of no known length."""
    with pytest.raises(ConfigError, match=r"sms\.longest_validity: must be at most"):
        check_sms(SmsGateway(longest_validity=32 * DAY), "relay.toml")
