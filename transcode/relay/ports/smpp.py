"""Short messages out over SMPP 3.4 (the numbers in brackets are sections of that specification).

One bind as a transceiver (4.1.5) is kept. When it ends it is made again, after a pause that doubles from a
tenth of a second to a minute. smpp34 does framing, sequence numbers, and enquire_link each 30 s. It makes no
bind again, does not tell a bind that is refused from one that nobody answers, holds to no window, waits 30 s
for each answer, and checks no fields; its errors do not say whether a short message was sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import threading
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import smpp34

from transcode.errors import TranscodeError, TransportError
from transcode.relay.ports.smpp_receipts import receipt
from transcode.relay.ports.smpp_texts import text_of
from transcode.relay.ports.sms import Push, References, Sms
from transcode.relay.sms_gateway import validity
from transcode.relay.texts import handed_on
from transcode.wire.mm1.push import push_segments
from transcode.wire.sms_text import Alphabet, text_segments

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from transcode.relay.numbers import Numbers
    from transcode.relay.sms_gateway import SmsGateway
    from transcode.relay.texts import Hear

__all__ = ["PORT", "Smpp"]

_T = TypeVar("_T")

_LOG = logging.getLogger(__name__)

#: The port of SMPP (2.7.1 names none; 2775 is registered for it).
PORT = 2775

#: The user data header indicator in esm_class (5.2.12).
_WITH_HEADER = 0x40
#: data_coding (5.2.19): the default alphabet of the SMSC, and UCS-2.
_TEXT_CODINGS = {Alphabet.DEFAULT: 0x00, Alphabet.UCS2: 0x08}
#: Types and plans of numbers (5.2.5, 5.2.6): unknown, international, alphanumeric; unknown, ISDN.
_TON_UNKNOWN, _TON_INTERNATIONAL, _TON_ALPHANUMERIC = 0, 1, 5
_NPI_UNKNOWN, _NPI_ISDN = 0, 1
#: registered_delivery (5.2.17): a receipt at the end, whatever it is.
_WITH_RECEIPT = 1

#: Statuses (5.1.3): the SMSC takes no more for now, and the number is none.
_FULL = {0x14: "its queue is full", 0x58: "it throttles"}
_WRONG_NUMBER = 0x0B
#: And the validity_period is none that it takes.
_WRONG_PERIOD = 0x62
#: In words, so that an operator need not look them up.
_WORDS = {
    0x01: "the length of the message is wrong",
    0x08: "a system error",
    0x0A: "the source address is wrong",
    _WRONG_NUMBER: "the destination address is wrong",
    0x45: "submission failed",
    0x48: "the type of the source address is wrong",
    0x49: "the plan of the source address is wrong",
    0x50: "the type of the destination address is wrong",
    0x51: "the plan of the destination address is wrong",
    **_FULL,
}

#: A number as destination_addr takes it: at most 20 digits (4.4.1).
_NUMBER = re.compile(r"\+?([0-9]{1,20})")

#: The short messages of most notifications.
_USUAL_SEGMENTS = 2

#: Seconds before the link is made again: the first and the longest pause.
_PAUSE, _LONGEST_PAUSE = 0.1, 60.0
#: Seconds before a short message that was throttled is sent again: the first and the longest pause.
_THROTTLE, _LONGEST_THROTTLE = 0.25, 4.0
#: Seconds that the SMSC has for our farewell.
_FAREWELL = 2.0

#: States of receipts that an operator need not look at.
_FINE = ("DELIVRD", "ACCEPTD", "ENROUTE")


class _ShortMessage(NamedTuple):
    octets: bytes
    data_coding: int
    esm_class: int


class Smpp(Sms):
    """A bind to an SMSC, made at once and kept until it is closed.

    A push or text has the configuration's seconds in all: for the bind, for its turn, and for the answers.
    Where the SMSC throttles, all wait and try again within them. A link on which nobody answers for as long
    is made again. What was sent and not answered may have been taken; the error is temporary then.

    Args:
        gateway: address, account, window and rate.
        numbers: the form of numbers.
        hear: what is done with a text of a phone.
    """

    def __init__(self, gateway: SmsGateway, numbers: Numbers, hear: Hear) -> None:
        self._numbers = numbers
        self._hear = hear
        parts = urlsplit(gateway.url)
        self._gateway = gateway
        self._host, self._port = parts.hostname or "", parts.port or PORT
        self._name = f"SMSC {self._host}:{self._port}"
        self.together = _together(gateway)
        self._source = _source(gateway.sender)
        self._references = References()
        self._window = asyncio.Semaphore(gateway.window)
        self._session: smpp34.Smsc | None = None
        #: Set while there is a bind.
        self._bound = asyncio.Event()
        #: Why there is none.
        self._unbound_reason = "the first bind has not ended yet"
        self._listening: asyncio.Future[Any] | None = None
        #: On the loop's clock: the last answer, the next turn, and the end of the SMSC's throttling.
        self._answered_at = 0.0
        self._next_turn = 0.0
        self._throttled_until = 0.0
        self._throttle = _THROTTLE
        #: Whether the SMSC of this bind takes validity_period (5.2.16).
        self._takes_periods = True
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="transcode-smpp", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._keep(), self._loop)

    def push(self, recipient: str, push: bytes, *, seconds: float = 0.0) -> None:
        """Send the short messages side by side, as far as the window allows."""
        self._wait(self._submitted(recipient, self._push(recipient, push), seconds=seconds))

    def pushes(self, pushes: Sequence[Push]) -> Sequence[TranscodeError | None]:
        """Send all short messages side by side, as far as the window allows."""
        return self._wait(self._all(pushes))

    def text(self, recipient: str, text: str, *, sender: str = "", seconds: float = 0.0) -> None:
        """Send the short messages side by side, as far as the window allows."""
        reference = self._references.next(recipient)
        alphabet, segments = text_segments(text, reference=reference, most=self._gateway.max_segments)
        coding = _TEXT_CODINGS[alphabet]
        self._wait(
            self._submitted(
                recipient,
                [
                    _ShortMessage(one.header + one.octets, coding, _WITH_HEADER if one.header else 0)
                    for one in segments
                ],
                sender,
                seconds,
            )
        )

    def close(self) -> None:
        """End the bind."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _end(self) -> None:
        """Wait until everything else on the loop has ended."""
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for one in others:
                one.cancel()
            # Once more where somebody's code has forgotten it; the farewell is over by then.
            await asyncio.wait(others, timeout=2 * _FAREWELL)

    # The link

    async def _keep(self) -> None:
        pause = _PAUSE
        while True:
            began = self._loop.time()
            try:
                await self._link()
            except Exception:  # noqa: BLE001
                # None is known. Without a link the centre would be silent until somebody starts it again.
                _LOG.exception("%s: an error", self._name)
            if self._answered_at > began:
                pause = _PAUSE
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _link(self) -> None:
        """Bind, and stay bound until the link ends."""
        client = self._client()
        try:
            # Not wait_for, which forgets that it is cancelled where the bind fails in the same moment.
            async with asyncio.timeout(self._gateway.timeout):
                session = await client.connect()
            _LOG.info("%s: bound as %s", self._name, self._gateway.system_id)
            self._session = session
            self._takes_periods = True
            self._bound.set()
            await self._listen(session)
        except (smpp34.SmppError, OSError, TimeoutError) as error:
            self._unbound_reason = self._why_unbound(error)
        finally:
            await self._leave(client)
        _LOG.warning("%s: %s", self._name, self._unbound_reason)

    def _client(self) -> smpp34.Client:
        return smpp34.Client(
            self._host,
            self._port,
            self._gateway.system_id,
            self._gateway.password,
            bind_type="TRX",
            system_type=self._gateway.system_type,
            tls=self._gateway.url.startswith("smpps:"),
            window_size=self._gateway.window,
            connect_timeout_ms=max(1, int(1000 * self._gateway.timeout)),
        )

    def _why_unbound(self, error: Exception) -> str:
        # smpp34 hides the status of a bind that is refused, and waits until the time is over.
        if isinstance(error, TimeoutError) or "timed out" in str(error):
            account = f"{self._gateway.system_id!r} with this password and system_type"
            return (
                f"no bind within {self._gateway.timeout:g} s: it refuses {account}, or does not answer at all"
            )
        return f"no connection: {error}"

    async def _leave(self, client: smpp34.Client) -> None:
        session, self._session = self._session, None
        self._bound.clear()
        # What the peer makes of it does not matter.
        with contextlib.suppress(smpp34.SmppError, OSError, RuntimeError, TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                if session is not None:
                    await session.unbind()
                await client.stop()

    async def _listen(self, session: smpp34.Smsc) -> None:
        """Take what the SMSC sends until the link ends, or until it is dropped."""
        self._unbound_reason = "the link ended"
        # A text that is answered over a link on which nobody answers drops it.
        while self._session is session:
            self._listening = asyncio.ensure_future(session.next())
            try:
                event = await self._listening
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise
                return
            if isinstance(event, smpp34.Disconnected):
                return
            if not _is_receipt(self._name, event):
                # In another thread: links are kept here. The library has acknowledged it.
                await asyncio.to_thread(handed_on, self._hear, text_of(event, self._numbers))

    def _drop(self, reason: str) -> None:
        """End a link that is of no use, so that it is made again."""
        self._unbound_reason = reason
        self._session = None
        self._bound.clear()
        if self._listening is not None:
            self._listening.cancel()

    # Submission

    def _wait(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do work on the loop, and wait for it."""
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result()
        except CancelledError as error:
            raise TransportError(self._name, "the gateway is being closed", temporary=True) from error

    def _push(self, recipient: str, push: bytes) -> list[_ShortMessage]:
        reference = self._references.next(recipient)
        coding = self._gateway.push_data_coding
        return [
            _ShortMessage(segment, coding, _WITH_HEADER)
            for segment in push_segments(push, reference=reference, most=self._gateway.max_segments)
        ]

    async def _all(self, pushes: Sequence[Push]) -> list[TranscodeError | None]:
        return await asyncio.gather(*map(self._error_of, pushes))

    async def _error_of(self, push: Push) -> TranscodeError | None:
        recipient, octets, seconds = push
        try:
            await self._submitted(recipient, self._push(recipient, octets), seconds=seconds)
        except TranscodeError as error:
            return error
        return None

    async def _submitted(
        self, recipient: str, messages: Sequence[_ShortMessage], sender: str = "", seconds: float = 0.0
    ) -> None:
        number = _NUMBER.fullmatch(recipient)
        if number is None:
            raise TransportError(self._name, f"{recipient!r} is no number of at most 20 digits")
        fields = {
            "destination_addr": number[1],
            "dest_addr_ton": _TON_INTERNATIONAL if recipient.startswith("+") else _TON_UNKNOWN,
            "dest_addr_npi": _NPI_ISDN,
            **(_source(sender) if sender else self._source),
            "registered_delivery": _WITH_RECEIPT if self._gateway.receipts else 0,
        }
        if period := validity(self._gateway, seconds):
            fields["validity_period"] = _period(period)
        ends = self._loop.time() + self._gateway.timeout
        if len(messages) == 1:
            # Without a task of its own, of which a campaign has thousands.
            await self._one(fields, messages[0], ends)
            return
        answers = await asyncio.gather(
            *(self._one(fields, message, ends) for message in messages), return_exceptions=True
        )
        errors = [answer for answer in answers if isinstance(answer, BaseException)]
        # What is refused for good stays so, whatever else happened.
        for error in sorted(errors, key=lambda one: getattr(one, "temporary", False)):
            raise error

    async def _one(self, fields: dict[str, Any], message: _ShortMessage, ends: float) -> None:
        """Submit one short message, again while the SMSC throttles."""
        sent_at: float | None = None
        session: smpp34.Smsc | None = None
        try:
            async with asyncio.timeout_at(ends):
                while True:
                    async with self._window:
                        await self._turn(ends)
                        session = await self._ready()
                        said = fields if self._takes_periods else _without_period(fields)
                        sent_at = self._loop.time()
                        answer = await session.submit_sm(
                            short_message=message.octets,
                            data_coding=message.data_coding,
                            esm_class=message.esm_class,
                            **said,
                        )
                        self._answered_at = self._loop.time()
                    if answer.is_success:
                        self._throttle = _THROTTLE
                        return
                    sent_at = None
                    if answer.command_status == _WRONG_PERIOD and "validity_period" in said:
                        # Its own time counts then, as if nobody had said one.
                        if self._takes_periods:
                            _LOG.warning("%s: it refuses validity_period, and is told none", self._name)
                        self._takes_periods = False
                        continue
                    if answer.command_status not in _FULL:
                        raise self._refused(answer.command_status)
                    self._pause()
        except TimeoutError as error:
            raise self._late(sent_at, session) from error
        except smpp34.SmppError as error:
            # The same error for an answer that can't be read, and for a link that ended. smpp34 tells of the
            # end a little later, and others would send on this link meanwhile.
            reason = "the link ended before the answer, or the answer can't be read"
            if self._session is session:
                self._drop(reason)
            raise TransportError(self._name, reason, temporary=True) from error

    async def _turn(self, ends: float) -> None:
        """Wait while the SMSC throttles, and for the next of the configured number a second.

        Raises:
            TimeoutError: that is too late.
        """
        now = self._loop.time()
        turn = max(now, self._next_turn, self._throttled_until)
        if turn > ends:
            raise TimeoutError
        if self._gateway.per_second:
            self._next_turn = turn + 1 / self._gateway.per_second
        if turn > now:
            await asyncio.sleep(turn - now)

    async def _ready(self) -> smpp34.Smsc:
        while self._session is None:
            await self._bound.wait()
        return self._session

    def _pause(self) -> None:
        now = self._loop.time()
        # Many are throttled at once, and that is one pause.
        if now >= self._throttled_until:
            self._throttled_until = now + self._throttle
            self._throttle = min(2 * self._throttle, _LONGEST_THROTTLE)

    def _late(self, sent_at: float | None, session: smpp34.Smsc | None) -> TransportError:
        if sent_at is None:
            reason = (
                f"no bind: {self._unbound_reason}" if self._session is None else "it took no more in time"
            )
        else:
            reason = "no answer in time; it may have taken the short message"
            if self._answered_at < sent_at and self._session is session:
                self._drop(f"nobody answered for {self._gateway.timeout:g} s")
        return TransportError(self._name, reason, temporary=True)

    def _refused(self, status: int) -> TransportError:
        words = _WORDS.get(status)
        reason = f"status 0x{status:08X}" + (f": {words}" if words else "")
        # Other refusals are the operators' matter, or pass. No message is lost for them.
        return TransportError(self._name, reason, temporary=status != _WRONG_NUMBER)


def _without_period(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name != "validity_period"}


def _period(seconds: int) -> str:
    """Return validity_period, counted from when the SMSC takes the short message (7.1.1.2)."""
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    return f"0000{day:02}{hour:02}{minute:02}{second:02}000R"


def _together(gateway: SmsGateway) -> int:
    """Return the most pushes of one call: what all lines begin at once is sent within half of the time."""
    if not gateway.per_second:
        return gateway.window
    in_time = gateway.per_second * gateway.timeout / 2
    return max(1, min(gateway.window, int(in_time / (gateway.lines * _USUAL_SEGMENTS))))


def _source(sender: str) -> dict[str, Any]:
    if re.fullmatch(r"\+[0-9]+", sender):
        return {
            "source_addr": sender[1:],
            "source_addr_ton": _TON_INTERNATIONAL,
            "source_addr_npi": _NPI_ISDN,
        }
    if not sender or sender.isdigit():
        # A short code, or what the SMSC puts there.
        return {"source_addr": sender, "source_addr_ton": _TON_UNKNOWN, "source_addr_npi": _NPI_UNKNOWN}
    return {"source_addr": sender, "source_addr_ton": _TON_ALPHANUMERIC, "source_addr_npi": _NPI_UNKNOWN}


def _is_receipt(name: str, event: smpp34.DeliverSmEvent) -> bool:
    """Write a receipt into the log, without the number; nothing else depends on it. False: it is a text."""
    parameters = {one.tag: one.value for one in event.tlvs}
    found = receipt(event.esm_class, event.short_message, parameters)
    if found is None:
        return False
    level = logging.INFO if found.state in _FINE else logging.WARNING
    _LOG.log(
        level,
        "%s: the short message %s is %s (error %s)",
        name,
        found.message_id or "without a number",
        found.state or "in no state",
        found.error or "none",
    )
    return True
