"""The page on trying a message centre does what it says, with its own program and configurations."""

from __future__ import annotations

import contextlib
import queue
from pathlib import Path
from typing import Any

from tests.documents.examples import Example, examples
from tests.made.pictures import photo, save
from tests.relay import made
from tests.relay.demo import free_port
from tests.relay.phone import PATIENCE, Gateway, Phone
from tests.relay.serving import Serving
from transcode.relay.config import read_config
from transcode.relay.server import running

PAGE = Path(__file__).parents[2] / "docs" / "pages" / "how-to" / "relay-first.md"
ALICE, BOB, CAROL = "+15550001", "+15550002", "+16660002"


def _blocks(language: str) -> list[Example]:
    return [example for example in examples(PAGE.read_text("utf-8")) if example.language == language]


class _Gateway(Serving):
    """The page's program, on a port of its own.

    Attributes:
        printed: the lines that it printed, from several threads.
    """

    def __init__(self) -> None:
        (program,) = _blocks("python")
        self.printed: queue.SimpleQueue[str] = queue.SimpleQueue()
        names: dict[str, Any] = {"__name__": "gateway", "print": self._print}
        exec(compile(program.text, str(PAGE), "exec"), names)
        super().__init__(names["Gateway"])

    def _print(self, *words: object, flush: bool) -> None:
        assert flush, "else nobody sees it in time"
        self.printed.put(" ".join(map(str, words)))


def test_a_message_goes_where_the_page_says(tmp_path: Path) -> None:
    """Within a centre, and from one to the other; the program prints the address that the phone fetches."""
    one, added, other, _provider = (example.text for example in _blocks("toml"))
    with contextlib.ExitStack() as ends:
        gateway, idle = ends.enter_context(_Gateway().running()), ends.enter_context(Gateway().running())
        ports = {"2525": free_port(), "2526": free_port(), "8190": 0, "8191": 0}
        urls = {}
        for name, text in (("a", one + added), ("b", other)):
            for shown, port in ports.items():
                text = text.replace(f"port = {shown}", f"port = {port}")
            (tmp_path / name).mkdir()
            path = tmp_path / name / "relay.toml"
            path.write_text(text.replace("127.0.0.1:13013", gateway.address))
            urls[name] = ends.enter_context(running(read_config(path))).url
        for number, centre in ((BOB, "a"), (CAROL, "b")):
            alice = Phone(ALICE, urls["a"], idle)
            alice.submit(made.letter(save(photo(64, 48)), number, read_report=False))
            to, kind, address = gateway.printed.get(timeout=PATIENCE).split(" ")
            assert (to, kind) == (number, "m-notification-ind")
            assert address.startswith(urls[centre])
            status, _, body = Phone(number, urls[centre], idle).request("GET", address)
            assert status == 200
            assert body
