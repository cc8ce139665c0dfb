"""What phones write to end links."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.relay.conftest import BOB, config
from tests.relay.made import BEGIN
from tests.relay.phone import Gateway
from tests.relay.reader import ask, texts
from transcode.relay.linking import Pages
from transcode.relay.model import Subscriber
from transcode.relay.optout import OptOuts
from transcode.relay.server import running
from transcode.relay.store import SqliteStore, optouts
from transcode.relay.timers import Timers


@pytest.fixture
def heard(store: SqliteStore) -> OptOuts:
    return OptOuts(Pages(stop_words=("Genug",), language="it"), store, Timers(), lambda: BEGIN)


@pytest.mark.parametrize(
    "word",
    [
        *("STOP", "stop.", " Stop! ", "Arrêt", "arre\u0302t", "إيقاف", "genug", '"STOPALL"'),
        # As phones write them: a capital with a dot, no accent, another alef, marks of direction.
        *("İptal", "İPTAL", "Desabonner", "\u0627يق\u0627ف", "\u200f\u062aوقف\u200f", "¡Alto!", "stop…"),
        # As the FCC lists them (47 CFR 64.1200(a)(10)), and with blanks.
        *("revoke", "Opt out", "opt-out", "STOP ALL", "s.t.o.p."),
        *("\uff33\uff34\uff2f\uff30", "Stop \U0001f64f"),
    ],
)
def test_words_that_stop(heard: OptOuts, store: SqliteStore, word: str) -> None:
    """Words of any language and of the configuration stop; one is answered, in the phone's language."""
    assert "START" in heard.heard("+4917", word)
    assert heard.heard("+4917", word) == ""
    assert optouts.out_of(store, ["+4917"])
    assert heard.heard("+4917", "Start").startswith("Du bekommst")
    assert heard.heard("+4917", "Start") == ""
    assert not optouts.out_of(store, ["+4917"])


@pytest.mark.parametrize(
    "text", ["", "Please stop by tomorrow", "START STOP", "nonstop", "...", "stop" * 100]
)
def test_other_texts(heard: OptOuts, store: SqliteStore, text: str) -> None:
    """They say something else, and are not answered."""
    assert heard.heard("+4917", text) == ""
    assert not optouts.out_of(store, ["+4917"])


def test_the_language_of_the_answer(heard: OptOuts, store: SqliteStore) -> None:
    store.subscribe(Subscriber("+1", language="tr")).result()
    assert heard.heard("+1", "stop").startswith("Artik")
    assert heard.heard("0171", "stop").startswith("Non ricevi")


def test_a_phone_writes_to_the_centre(tmp_path: Path, gateway: Gateway) -> None:
    """Through the gateway, which sends the answer too; without pages nothing is heard."""
    sms = replace(gateway.config, incoming="/sms")
    for pages in (Pages(), None):
        with running(config(tmp_path / str(pages is None), gateway, sms=sms, pages=pages)) as centre:
            for text in ("hello", "stop"):
                assert ask("GET", f"{centre.url}/sms?from={BOB[1:]}&to=100&text={text}")[0] == 200
            assert optouts.out_of(centre.store, [BOB]) == ({BOB} if pages else set())
    assert texts(gateway, BOB) == ["You get no more campaigns and links. START brings them back."]
