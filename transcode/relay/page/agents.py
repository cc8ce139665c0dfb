"""Programs that ask for a page though nobody reads it: previews of links, scanners, robots.

Of those that make previews for messengers some say who they are, and others look like a browser: Signal calls
itself WhatsApp, and the previews of Apple's Messages and of some scanners have the name of a browser. So a
list alone counts wrong, and it does not decide alone: see ``transcode.relay.ports.pages``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["is_agent", "is_ahead"]

#: Words of User-Agents, in lower case.
_WORDS = (
    # Most robots name themselves by one of these (RFC 9309, 2.2.1, asks for a product token).
    *("bot", "crawl", "spider", "scan", "preview", "fetch", "monitor", "headless", "validator"),
    # Meta: developers.facebook.com/docs/sharing/webmasters. Apple's Messages says it too (TN3156).
    *("facebookexternalhit", "facebookcatalog", "meta-external", "facebot"),
    # WhatsApp, and Signal in its name (LinkPreviewRepository of Signal for Android).
    "whatsapp",
    # api.slack.com/robots, core.telegram.org, discord.com/developers/docs, linkedin.com/help.
    *("slack-imgproxy", "telegram", "discord", "linkedin"),
    # Skype and Teams; Viber; Line; KakaoTalk; Snapchat; VK; Mail.ru.
    *("skypeuripreview", "viber", "linespider", "kakaotalk-scrap", "snap url", "vkshare", "mail.ru"),
    # Servers of Matrix, Mastodon and others of the Fediverse.
    *("synapse", "mastodon", "pleroma", "misskey"),
    # Who makes previews for others: support.embed.ly, iframely.com/docs, help.pinterest.com.
    *("embedly", "iframely", "pinterest", "quora link", "flipboard", "tumblr", "nuzzel"),
    # Libraries and tools: a person who has the address in one of these sees no page.
    *("curl", "wget", "python", "httpx", "aiohttp", "okhttp", "go-http-client", "java/", "libwww", "axios"),
    *("node-fetch", "undici", "ruby", "perl", "php", "apache-httpclient", "dart"),
    # Scanners of mail and messages.
    *("barracuda", "proofpoint", "mimecast", "zscaler", "symantec", "safelinks", "trendmicro", "urlscan"),
    *("google-safety", "googleother", "google-inspectiontool", "slurp", "bingpreview", "ia_archiver"),
)


#: By which browsers say that they fetch before anybody looks (WICG Nav Speculation; Safari and Firefox of
#: before), and what they say.
_PURPOSES, _AHEAD = ("sec-purpose", "purpose", "x-purpose", "x-moz"), ("prefetch", "prerender", "preview")


def is_ahead(headers: Mapping[str, str]) -> bool:
    """Return whether a browser fetches ahead, or for a picture of the page among others.

    Args:
        headers: those of the request, by names in lower case.
    """
    said = " ".join(headers.get(name, "") for name in _PURPOSES).lower()
    return any(word in said for word in _AHEAD)


def is_agent(said: str, others: Iterable[str] = ()) -> bool:
    """Return whether a User-Agent is of a program; one who sends none is a program too.

    Args:
        said: the value of the header.
        others: further words, as the configuration has them.
    """
    lower = said.lower()
    return not lower.strip() or any(word in lower for word in (*_WORDS, *map(str.lower, others)))
