"""Pages and links in a configuration: the table ``pages``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from transcode.errors import ConfigError
from transcode.net import is_address
from transcode.relay.languages import LANGUAGES

__all__ = ["Pages", "check_pages"]

#: What an SMS gateway takes for a sender (3GPP TS 23.040, 9.1.2.5: a number, or 11 characters).
_SENDER = re.compile(r"(\+?[0-9]{1,20}|[ -~]{1,11})?")


@dataclass(frozen=True, slots=True)
class Pages:
    """Who can't receive a message, or did not fetch it, sees it on a page, and gets a link to it by SMS.

    Attributes:
        url: the address of the pages for browsers, without a slash at its end; ``""``: that of ``listen``.
        days: for how many days a page is there.
        everybody: whether a number that nobody registered may get a link.
        operator: who runs the centre, for people; ``""``: the name of the centre.
        sender: the number or name that links come from; ``""``: that of ``sms``.
        language: of whom nothing else is known.
        stop_words, start_words: further words by which a phone gets no more links, and gets them again.
        wrong_tokens: how many pages that there are not an address may ask for in a minute.
        previews: words of further agents that only look at links.
        abuse_url: where a report of abuse is posted to, as JSON; ``""``: nowhere.
    """

    url: str = ""
    days: float = 7.0
    everybody: bool = True
    operator: str = ""
    sender: str = ""
    language: str = "en"
    stop_words: tuple[str, ...] = ()
    start_words: tuple[str, ...] = ()
    wrong_tokens: int = 20
    previews: tuple[str, ...] = ()
    abuse_url: str = ""


def check_pages(pages: Pages | None, source: str) -> None:
    """Check the table of pages.

    Args:
        pages: the table, or None.
        source: the file, for the error.

    Raises:
        ConfigError: a value can't be.
    """
    if pages is None:
        return

    def wrong(key: str, reason: str) -> ConfigError:
        return ConfigError(source, reason, key=f"pages.{key}")

    if pages.abuse_url and not is_address(pages.abuse_url):
        raise wrong("abuse_url", "must be an address with http:// or https://")
    if pages.url and (not is_address(pages.url) or "?" in pages.url or "#" in pages.url):
        raise wrong("url", "must be an address with http:// or https://, without ? and #")
    if not pages.days:
        raise wrong("days", "must be above 0")
    if not pages.wrong_tokens:
        raise wrong("wrong_tokens", "must be at least 1")
    if pages.language not in LANGUAGES:
        raise wrong("language", f"must be one of {', '.join(LANGUAGES)}")
    if not _SENDER.fullmatch(pages.sender):
        raise wrong("sender", "must be a number of at most 20 digits, or at most 11 characters of ASCII")
