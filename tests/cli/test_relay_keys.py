"""``transcode relay key``: keys of the API."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import run
from tests.cli.relay_command import configured, lines
from transcode.relay.store.keys import find_key


def test_keys(tmp_path: Path) -> None:
    """A key is made and shown once, listed, and revoked by its id or its name."""
    path, store = configured(tmp_path)
    words = ("relay", "key", "create", "shop", "--from", "+15550001, +15550002", "--config", path)
    (made,) = lines("relay-key-create", *words, "--scopes", "messages:write,webhooks", "--per-minute", "5")
    found = find_key(store, str(made["key"]))
    assert found is not None
    assert (found.account, found.scopes, found.senders, found.per_minute) == (
        "shop",
        ("messages:write", "webhooks"),
        ("+15550001", "+15550002"),
        5.0,
    )
    second = run(*words, "--account", "other").stdout.strip()
    assert find_key(store, second) is not None
    listed = lines("relay-key-list", "relay", "key", "list", "--config", path)
    assert [(one["name"], one["account"], one["revoked_at"]) for one in listed] == [
        ("shop", "shop", None),
        ("shop", "other", None),
    ]
    shown = run("relay", "key", "list", "--config", path).stdout
    assert found.id in shown
    assert str(made["key"]) not in shown
    (revoked,) = lines("relay-key-revoke", "relay", "key", "revoke", found.id, "--config", path)
    assert revoked["id"] == found.id
    assert revoked["revoked_at"]
    assert find_key(store, str(made["key"])) is None
    assert "is revoked" in run("relay", "key", "revoke", "shop", "--config", path).stdout
    assert find_key(store, second) is None
    again = run("relay", "key", "revoke", "shop", "--config", path)
    assert (again.returncode, "no such key" in again.stderr) == (1, True)
    store.close()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("a b", "--from", "+1"), "is no name"),
        (("shop",), "needs a number"),
        (("shop", "--scopes", "all", "--from", "+1"), "is none of"),
        (("shop", "--scopes", ""), "at least one scope"),
        (("shop", "--from", "+1 2"), "is no address"),
    ],
)
def test_keys_that_can_not_be(tmp_path: Path, words: tuple[str, ...], reason: str) -> None:
    path, store = configured(tmp_path)
    store.close()
    done = run("relay", "key", "create", *words, "--config", path)
    assert (done.returncode, reason in done.stderr) == (2, True), done.stderr
    assert "there is no key" in run("relay", "key", "list", "--config", path).stderr
