"""How the operators' pages look in Chromium: at two widths, dark and light, for everybody."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from tests.browser import Page, browsing
from tests.relay.admin.conftest import SECRET
from tests.relay.conftest import BOB
from transcode.relay.server import Running
from transcode.relay.store.keys import SCOPES, make_key
from transcode.relay.store.pages import Page as LinkPage

#: The name of the campaign.
CAMPAIGN = f"{7:032x}"
OPENED = "details:not(:has(iframe))"
#: The heading and the address of each page.
PAGES = {
    "Overview": "/",
    "Campaigns": "/campaigns",
    "Spring": f"/campaigns/{CAMPAIGN}",
    "Estimate": f"/campaigns/{CAMPAIGN}/estimate",
    "Recipients": f"/campaigns/{CAMPAIGN}/recipients?status=failed",
    "Links": "/links?show=reported",
    "Waiting": "/waiting?route=peer&peer=north",
    "Trail": f"/trail?number={quote(BOB)}",
    "Keys": "/keys",
}


def test_every_page_is_for_everybody(centre: Running, page: LinkPage, campaign: str, tmp_path: Path) -> None:
    """Nothing is cut off or from elsewhere, and axe-core finds nothing."""
    assert (page.views, campaign) == (0, CAMPAIGN)
    make_key(centre.store, "shop", scopes=SCOPES, senders=["+1555*", "+15550007"], now=1.0)
    with browsing(tmp_path) as browser:
        for width, dark in ((390, True), (1280, False)):
            shown = Page(browser, centre.admin_url, (width, 844), dark=dark, watched=True)
            if shown.value("document.querySelector('#secret') !== null"):
                assert shown.violations() == []
                shown.value(f"document.querySelector('#secret').value = '{SECRET}'")
                shown.value("document.querySelector('.enter button').click()")
                shown.until("document.querySelector('h1')?.textContent === 'Overview'")
            found = []
            for heading, address in PAGES.items():
                shown.command("Page.navigate", url=centre.admin_url + address)
                shown.until(f"document.querySelector('h1')?.textContent.startsWith('{heading}')")
                # The message of a campaign is a page of its own, and has tests of its own.
                shown.value(f"document.querySelectorAll('{OPENED}').forEach(one => {{ one.open = true; }})")
                wide = shown.value("document.documentElement.scrollWidth")
                found.append((heading, width, shown.violations(), wide))
            assert found == [(heading, width, [], width) for heading in PAGES]
            told = [one for one in shown.problems() if not one.startswith(centre.admin_url)]
            assert told == []
            shown.close()
