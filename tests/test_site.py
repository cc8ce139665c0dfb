"""The site: built without a warning, with links that all lead somewhere, and quiet in a browser."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.browser import Page, browsing

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.xdist_group("site")


class Links(HTMLParser):
    """A parser that collects what a page refers to, and what other pages can refer to in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value is not None:
                self.targets.append(value)
            elif name in ("id", "name") and value:
                self.anchors.add(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site that is built now. ``make test`` has made its tools; otherwise they are made here."""
    folder = tmp_path_factory.mktemp("site")
    tools = ROOT / "build" / "site-tools"
    subprocess.run([str(ROOT / ".ci" / "site-tools"), sys.executable, str(tools)], check=True)
    command = [str(tools / "bin" / "python"), "-m", "mkdocs", "build", "--quiet", "--strict"]
    command += ["--config-file", str(ROOT / "docs" / "mkdocs.yml"), "--site-dir", str(folder)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder


def pages(site: Path) -> list[Path]:
    """All pages but the one for addresses that do not exist: its links begin at the server's root."""
    return sorted(path for path in site.rglob("*.html") if path.name != "404.html")


def test_every_page_is_there(site: Path) -> None:
    """Each page of the sources is a page of the site, with its generated parts in place."""
    sources = ROOT / "docs" / "pages"
    written = {path.relative_to(sources).with_suffix(".html") for path in sources.rglob("*.md")}
    assert {path.relative_to(site) for path in pages(site)} == written
    for path in pages(site):
        assert "&lt;!-- " not in path.read_text("utf-8")


def dead_links(site: Path) -> Iterator[str]:
    """Yield the links within the site whose file or whose anchor does not exist."""
    found = {path: Links(path.read_text("utf-8")) for path in pages(site)}
    for path, links in found.items():
        for target in links.targets:
            url = urlsplit(target)
            if url.scheme or url.netloc:
                continue
            file = (path.parent / unquote(url.path)).resolve() if url.path else path
            file = file / "index.html" if file.is_dir() else file
            anchor = unquote(url.fragment)
            if not file.is_file():
                yield f"{path.name}: no file {target}"
            elif anchor and anchor not in found[file].anchors:
                yield f"{path.name}: no anchor {target}"


def test_no_link_is_dead(site: Path, tmp_path: Path) -> None:
    """Links lead to files and to anchors that exist; one of each kind that does not is told."""
    assert list(dead_links(site)) == []
    (tmp_path / "a.html").write_text(
        '<p id="here"><a href="b.html"></a><a href="#there"></a><a href="#here">'
    )
    assert list(dead_links(tmp_path)) == ["a.html: no file b.html", "a.html: no anchor #there"]


def test_a_browser_has_nothing_to_say(site: Path, tmp_path: Path) -> None:
    """No page writes to the console, asks for anything elsewhere, or is wider than a phone or a desk."""
    with browsing(tmp_path) as browser:
        for path in pages(site):
            shown = Page(browser, path.as_uri(), (390, 844), dark=True, watched=True)
            assert (path.name, shown.problems()) == (path.name, [])
            for width in (390, 1280):
                shown.resize(width, 800)
                assert (path.name, shown.value("document.documentElement.scrollWidth")) == (path.name, width)
            shown.close()
