"""The pages of a report: what they say, what they never do, and how they look and work in a browser."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.browser import Page, browsing
from tests.made.pictures import photo, save
from tests.test_preview import HOSTILE, Tags
from transcode.batch.looks import NOTHING, Looks, looking
from transcode.batch.report_page import ROWS, Row, pages
from transcode.model import Part

MADE = Row("a/b.jpg", "", "a/b.jpg.mms", 4_000_000, 250_000, 300_000, 1440, 1080, notes=("reduced",))
FAILED = Row("broken.jpg", "", "", 400, None, 300_000, error="in/broken.jpg: it has no end")


def report(rows: Sequence[Row], looks: Looks = NOTHING, name: str = "report.html") -> dict[str, bytes]:
    return dict(pages("Holiday", name, rows, lambda _: looks))


@pytest.fixture(scope="module")
def looks() -> Looks:
    """How a photo looks before and after."""
    octets = save(photo(300, 200))
    with looking() as watcher:
        return watcher.looks(octets, [Part("image/jpeg", octets)])


def test_what_a_page_says(looks: Looks) -> None:
    """Sizes, share of the limit, pixels, quality, notes and errors; what failed is counted."""
    kept = MADE._replace(name="c.mp4", is_kept=True, seconds=12.0)
    (made,) = report([FAILED, MADE, kept], looks).values()
    tags = Tags(made.decode())
    for wanted in (
        *("in/broken.jpg: it has no end", "4,000,000", "250,000", "83.3%", "of 300,000", "1440 x 1080"),
        *("1440 x 1080, 12.0 s", "kept of an earlier run", "8,000,000 became 500,000, 93.8% less", "reduced"),
    ):
        assert wanted in tags.text
    facts = dict(re.findall("<dt>(.*?)</dt><dd>(.*?)</dd>", made.decode()))
    assert (facts["Failed"], facts["Made"], facts["Kept of earlier runs"]) == ("1", "1", "1")
    states = [row["data-state"] for row in tags.named("tr") if "data-state" in row]
    assert states == ["failed", "made noted", "kept noted"]
    assert [one["alt"] for one in tags.named("img")] == ["Before", "After"] * 3
    assert {(one["width"], one["height"]) for one in tags.named("img")} == {("160", "107")}


def test_hostile_names_stay_words(looks: Looks) -> None:
    """No element or attribute comes from a name, a note or an error; nothing is loaded."""
    hostile = MADE._replace(
        name=f"{HOSTILE}\n\u202egpj.exe\udc80", carrier=HOSTILE, output=HOSTILE, notes=(HOSTILE,)
    )
    rows = [FAILED._replace(name=HOSTILE, error=HOSTILE), hostile]
    (made,) = dict(pages(HOSTILE, "r.html", rows, lambda _: looks)).values()
    tags = Tags(made.decode())
    assert len(tags.named("script")) == 1
    assert not [name for _, attributes in tags.found for name in attributes if name.startswith("on")]
    assert all(one["src"].startswith("data:image/jpeg;base64,") for one in tags.named("img"))
    assert tags.text.count(HOSTILE) == 8
    assert "\u202e" not in tags.text
    (policy,) = [
        one["content"] for one in tags.named("meta") if "content" in one and "default" in one["content"]
    ]
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert "unsafe" not in policy


def test_pages_of_many_rows() -> None:
    """A page has at most 500 rows and links to all pages; names with odd letters are linked right."""
    rows = [MADE._replace(name=f"{number}.jpg") for number in range(2 * ROWS + 1)]
    made = report(rows, name="100% a#b.html")
    assert list(made) == ["100% a#b.html", "100% a#b-2.html", "100% a#b-3.html"]
    for number, octets in enumerate(made.values()):
        tags = Tags(octets.decode())
        shown = [row for row in tags.named("tr") if "data-state" in row]
        assert len(shown) == (1 if number == 2 else ROWS)
        links = [one["href"] for one in tags.named("a") if "#results" not in one["href"]]
        assert links == ["100%25%20a%23b.html", "100%25%20a%23b-2.html", "100%25%20a%23b-3.html"] * 2
        assert "Made1,001" in tags.text.replace("\n", "")


def test_the_same_results_give_the_same_bytes(looks: Looks) -> None:
    assert report([FAILED, MADE], looks) == report([FAILED, MADE], looks)


def test_nothing_to_convert() -> None:
    (made,) = report([]).values()
    assert "There was nothing to convert." in Tags(made.decode()).text


def test_in_a_browser(looks: Looks, tmp_path: Path) -> None:
    """Whole at both widths, dark and light; axe-core finds nothing; keys filter and sort the rows."""
    rows = [
        FAILED._replace(name=HOSTILE),
        MADE._replace(name="x10.jpg", source_bytes=1_000, notes=()),
        MADE._replace(name="x9.jpg", source_bytes=3_000_000),
        MADE._replace(name="c.jpg", source_bytes=2_000_000, is_kept=True),
    ]
    for name, octets in report(rows, looks).items():
        (tmp_path / name).write_bytes(octets)
    order = (
        "[...document.querySelectorAll('tbody tr')].filter(one => !one.hidden).map(one => one.dataset.place)"
    )
    with browsing(tmp_path) as browser:
        for width, dark in ((390, True), (1280, False)):
            page = Page(browser, (tmp_path / "report.html").as_uri(), (width, 844), dark=dark, watched=True)
            assert page.violations() == []
            assert page.value("document.documentElement.scrollWidth") == width
            assert page.value("document.title") == "Holiday: report"
            assert page.value("[...document.images].every(one => one.decode())") is True
            page.value("document.querySelector('#state').focus()")
            page.press("F", 70, "f")
            assert page.value(order) == ["0"]
            page.press("Home", 36)
            page.value("document.querySelector('#words').focus()")
            page.press("x", 88, "x")
            page.press("9", 57, "9")
            assert page.value(f"[{order}.join(), document.querySelector('#count').textContent]") == [
                "2",
                "1 of 4 shown",
            ]
            page.value("words.value = ''; words.dispatchEvent(new Event('input'))")
            assert page.problems() == []
            if width == 390:
                page.close()
        page.value("document.querySelector('th[data-column=source] button').focus()")
        found = []
        for _ in range(2):
            page.press("Enter", 13, "\r")
            sort = "document.querySelector('th[data-column=source]').ariaSort"
            found.append(page.value(f"[{order}.join(''), {sort}, document.querySelector('#order').value]"))
        assert found == [["2310", "descending", "source down"], ["0132", "ascending", "source up"]]
        page.value("document.querySelector('th[data-column=name] button').click()")
        assert page.value(order)[1:] == ["3", "2", "1"]
