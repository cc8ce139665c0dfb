"""Signatures of webhooks: what Standard Webhooks has, and what somebody made up."""

from __future__ import annotations

import pytest

from transcode.relay.signatures import is_signed, signature

#: Signed by the library standardwebhooks 1.1.0.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLjSw"
NAME, AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNED = "v1,q6KMVIJHk4Gs770FfR5f591Ftx7uVJSGl5wHV1ri978="


def test_as_the_library_of_the_standard_signs() -> None:
    assert signature(SECRET, NAME, AT, BODY) == SIGNED
    assert signature(SECRET.removeprefix("whsec_"), NAME, AT, BODY) == SIGNED


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"now": AT + 300.0}, True),
        ({"now": AT + 301.0}, False),
        ({"now": AT - 301.0}, False),
        ({"at": str(AT + 1)}, False),
        ({"at": "x"}, False),
        ({"at": "9" * 400}, False),
        ({"name": "msg_other"}, False),
        ({"name": "\ud800"}, False),
        ({"body": BODY + b" "}, False),
        ({"signatures": ""}, False),
        ({"signatures": "v1,AAAA v1a,x " + SIGNED}, True),
        ({"signatures": SIGNED[:-2]}, False),
        ({"secret": "whsec_AAAA"}, False),
    ],
)
def test_is_signed(change: dict[str, object], expected: bool) -> None:
    words: dict[str, object] = {
        "secret": SECRET,
        "name": NAME,
        "at": str(AT),
        "signatures": SIGNED,
        "body": BODY,
        "now": float(AT),
    }
    assert is_signed(**{**words, **change}) is expected  # type: ignore[arg-type]


def test_a_secret_that_is_none() -> None:
    with pytest.raises(ValueError, match="whsec_"):
        signature("whsec_?", NAME, AT, BODY)
