"""The page on trying a message centre does what it says, with its own program and configurations."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Done, run
from tests.documents.examples import Example, examples
from tests.made.pictures import photo, save
from tests.relay import made
from tests.relay.demo import free_port
from tests.relay.phone import PATIENCE, Gateway, Phone, until
from tests.relay.reader import ask
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
    one, _api, added, other, _provider = (example.text for example in _blocks("toml"))
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


def _commands(title: str) -> list[str]:
    """The commands of a section, as one types them."""
    _, _, section = PAGE.read_text("utf-8").partition(f"\n## {title}\n")
    section, _, _ = section.partition("\n## ")
    # A line that ends in a backslash goes on.
    found = re.findall(r"^    \$ ((?:.*\\\n)*.*)$", section, re.MULTILINE)
    assert found, title
    return found


def _typed(commands: Sequence[str], environment: dict[str, str]) -> str:
    """What the last of some commands prints; those that export a variable do it for the ones behind them."""
    printed = ""
    for command in commands:
        exported = re.fullmatch(r"export (\w+)=\$\((.*)\)", command)
        words = shlex.split(exported[2] if exported else command)
        if words[0] == "transcode":
            # In this process: each of its own would load everything again.
            done = run(*words[1:])
        else:
            shell = ["sh", "-c", command]
            told = subprocess.run(shell, env={**os.environ, **environment}, capture_output=True, text=True)
            done = Done(told.returncode, told.stdout, told.stderr)
        assert done.returncode == 0, done.stderr
        printed = done.stdout.strip()
        if exported:
            environment[exported[1]] = printed
    return printed


def test_three_kinds_of_phones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands of the page lead to what it says: for a phone with MMS, an old one, and one without."""
    one, api, *_ = (example.text for example in _blocks("toml"))
    *sending, asking = _commands("Three kinds of phones")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.jpg").write_bytes(save(photo(1600, 1200), quality=90))
    with _Gateway().running() as gateway, Gateway().running() as idle:
        text = (one + api).replace("port = 8190", "port = 0").replace("127.0.0.1:13013", gateway.address)
        path = tmp_path / "relay.toml"
        path.write_text(text.replace("confirm = 5", "confirm = 0.1"))
        with running(read_config(path)) as centre:
            environment: dict[str, str] = {}

            def typed(*commands: str) -> str:
                at = centre.url.removeprefix("http://")
                return _typed([one.replace("127.0.0.1:8190", at) for one in commands], environment)

            answer = typed(*sending)
            lines = [gateway.printed.get(timeout=PATIENCE) for _ in range(3)]
            told = {line.split()[0]: line for line in lines}
            sizes = {}
            for number in ("+15550002", "+15550003"):
                address = told[number].split()[2]
                status, _, body = Phone(number, centre.url, idle).request("GET", address)
                assert status == 200
                sizes[number] = len(body)
            assert sizes["+15550003"] <= 30_720 < sizes["+15550002"]
            page = re.search(r"http://\S+/p/\S+", told["+15550004"])
            assert page is not None
            assert ask("GET", page[0])[0] == 200
            assert ask("POST", f"{page[0]}/seen")[0] == 204
            asked = asking.replace("ID", json.loads(answer)["id"])

            def statuses() -> dict[str, str]:
                shown = json.loads(typed(asked))
                return {one["to"]: one["status"] for one in shown["recipients"]}

            until(lambda: list(statuses().values()) == ["delivered", "delivered", "read"])
