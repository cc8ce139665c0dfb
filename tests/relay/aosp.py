"""A phone that acts by itself, as Android's messaging does and as worse ones do."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import transcode
from tests.relay.phone import Gateway, Phone, location, until
from transcode.messages.message import Message
from transcode.relay.model import State
from transcode.relay.server import Running


@dataclass(frozen=True)
class Habits:
    """What a phone does with a notification.

    Attributes:
        misses: how many notifications it does not hear.
        rejects: it answers Rejected, and fetches nothing.
        defers: it answers Deferred before it fetches.
        breaks: how many transfers it breaks off before.
        at_once: how many whole transfers run at once.
        again: how many times it fetches once more afterwards.
        breaks_again: how many transfers it breaks off when it has the message.
        acknowledges: when it says that it has the message; late is when nobody waits for it any more.
    """

    misses: int = 0
    rejects: bool = False
    defers: bool = False
    breaks: int = 0
    at_once: int = 1
    again: int = 0
    breaks_again: int = 0
    acknowledges: Literal["at once", "late", "never"] = "at once"

    @property
    def reports(self) -> list[str]:
        """What the sender must hear."""
        if self.rejects:
            return ["Rejected"]
        return [*["Deferred"] * self.defers, "Retrieved"]


def drawn(chance: random.Random) -> Habits:
    """Habits of a phone, most of them bad."""
    return Habits(
        misses=chance.choice((0, 0, 1, 2)),
        rejects=chance.random() < 0.15,
        defers=chance.random() < 0.4,
        breaks=chance.choice((0, 0, 1, 2)),
        at_once=chance.choice((1, 1, 2, 3)),
        again=chance.choice((0, 0, 1)),
        breaks_again=chance.choice((0, 0, 1)),
        acknowledges=chance.choice(("at once", "late", "never")),
    )


class Aosp(Phone):
    """A phone of a centre, with habits.

    Attributes:
        got: the Message-ID and the octets of each whole transfer.
        heard: the addresses that it was notified of.
    """

    def __init__(self, number: str, centre: Running, gateway: Gateway, habits: Habits) -> None:
        super().__init__(number, centre.url, gateway)
        self._centre = centre
        self._habits = habits
        self.got: list[tuple[str, bytes]] = []
        self.heard: list[str] = []
        self._thread = threading.Thread(target=self._act, daemon=True)
        self._failure: BaseException | None = None

    def start(self) -> None:
        """Wait for a notification, and act."""
        self._thread.start()

    def join(self) -> None:
        """Wait until it did all that it does."""
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def unheard(self) -> list[str]:
        """The addresses of what was pushed while it did other things."""
        found = []
        while not self._pushes.empty():
            found.append(location(self.pushed()))
        return found

    def _act(self) -> None:
        try:
            self._handle()
        except BaseException as error:  # noqa: BLE001  # the test raises it
            self._failure = error

    def _handle(self) -> None:
        habits = self._habits
        for _ in range(habits.misses + 1):
            notification = self.pushed()
            self.heard.append(location(notification))
        if habits.rejects:
            self.respond(notification, "Rejected")
            return
        if habits.defers:
            self.respond(notification, "Deferred")
        self._break(notification, habits.breaks)
        with ThreadPoolExecutor(habits.at_once) as pool:
            retrieved = list(pool.map(self._whole, [notification] * habits.at_once))
        retrieved += [self._whole(notification) for _ in range(habits.again)]
        self._break(notification, habits.breaks_again)
        if habits.acknowledges == "late":
            until(lambda: self._state() is State.RETRIEVED)
        if habits.acknowledges == "never":
            return
        if habits.defers:
            self.acknowledge(retrieved[-1])
        else:
            self.respond(notification, "Retrieved")

    def _break(self, notification: Message, times: int) -> None:
        for number in range(times):
            self.break_off(notification, after=10_000, reset=number % 2 == 0)

    def _whole(self, notification: Message) -> Message:
        status, _, octets = self.request("GET", location(notification))
        assert status == 200
        message = transcode.read(octets)
        assert message.message_type == "m-retrieve-conf"
        assert message.parts
        self.got.append((str(dict(message.headers)["Message-ID"]), octets))
        return message

    def _state(self) -> State:
        return self._centre.store.deliveries(recipient=self.number)[0].state
