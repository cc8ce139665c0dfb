"""Which language a browser asks for."""

from __future__ import annotations

import pytest

from transcode.relay.languages import LANGUAGES, accepted


def test_eight_languages() -> None:
    assert {"en", "de", "fr", "es", "it", "pt", "tr", "ar"} <= set(LANGUAGES)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", "tr"),
        ("de", "de"),
        ("DE-AT", "de"),
        ("nl, de;q=0.3, fr;q=0.4", "fr"),
        ("en;q=0, fr;q=0.1", "fr"),
        ("de;q=0.5, fr;q=0.5", "de"),
        ("*", "tr"),
        ("nl, *;q=0.1", "tr"),
        ("de;q=9", "tr"),
        ("de;level=1, fr", "fr"),
        ("<script>, fr", "fr"),
        (",,;q=,", "tr"),
        ("nl," * 1000 + "de", "tr"),
    ],
)
def test_the_language_of_a_browser(header: str, found: str) -> None:
    """The best that there is; of what is none, the usual one."""
    assert accepted(header, "tr") == found
