"""Tests of the documents: examples print the text that is shown, and all names in them exist."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, is_dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, get_args, get_type_hints

import pytest

import transcode
from tests.documents.examples import commands, difference, examples, failures
from tests.documents.names import ROOT, unnamed_options, wrong_names
from tests.transport.mail_centre import MailCentre, running
from transcode import errors, read
from transcode.model import MessageFields, Part
from transcode.profile import FolderStore
from transcode.relay.config import Config
from transcode.relay.model import Event, State
from transcode.relay.states import STAY, TABLE
from transcode.relay.timers import Timers
from transcode.wire.mm7 import mm7

PAGES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))
#: Documents with names that no longer exist; the others are of the current state.
FORMER = ("CHANGELOG.md", "docs/pages/names.md")
#: Pages whose examples need frameworks.
FOREIGN = ("docs/pages/how-to/celery.md", "docs/pages/how-to/service.md")
CURRENT = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "profiles/README.md", *PAGES)
DOCUMENTS = tuple(name for name in CURRENT if name not in FORMER)

PHONE = b"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:mms="http://www.openmobilealliance.org/schema#">
<rdf:Description><mms:MmsMaxMessageSize>307200</mms:MmsMaxMessageSize></rdf:Description></rdf:RDF>"""


def _module(path: str) -> Any:
    """A module that is in no package."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pictures that ``make demo`` generates."""
    module = _module("bench/pictures.py")
    folder = tmp_path_factory.mktemp("documents")
    module.write(folder / "demo" / "pictures")
    return folder


@pytest.fixture
def mmsc() -> Iterator[str]:
    """The URL of an MMSC that accepts each MM7 submission with the message id M1."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = read(self.rfile.read(int(self.headers["Content-Length"])))
            http = mm7.to_http(mm7.answer(request, message_id="M1"))
            self.send_response(200)
            self.send_header("Content-Type", http.headers[0][1])
            self.send_header("Content-Length", str(len(http.body)))
            self.end_headers()
            self.wfile.write(http.body)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Suppress the log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def workplace(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of examples: pictures and a delivery of MM7 are in it."""
    (tmp_path / "demo").symlink_to(pictures / "demo")
    monkeypatch.chdir(tmp_path)
    delivered = MessageFields(
        message_type="mm7-deliver-req",
        transaction_id="T1",
        version="6.8.0",
        content_type="multipart/mixed",
        sender="+15555550100/TYPE=PLMN",
        headers=(("TimeStamp", 1_700_000_000),),
        parts=(Part("text/plain", b"Hello", charset="us-ascii"),),
    )
    Path("delivery.http").write_bytes(bytes(mm7.to_http(delivered)))
    return tmp_path


@pytest.mark.xdist_group("documents")
@pytest.mark.parametrize("document", ["README.md", *(page for page in PAGES if page not in FOREIGN)])
@pytest.mark.usefixtures("workplace")
def test_examples(document: str, mmsc: str) -> None:
    """The examples of each page run in order, and each prints the text that is shown."""
    centre = MailCentre()
    text = (ROOT / document).read_text("utf-8")
    with running(centre) as server:
        replacements = {
            "https://mmsc.example": mmsc,
            '"mm4.mmsc.example", 25': f'"127.0.0.1", {server.port}',
        }
        assert list(failures(text, replacements)) == []
    assert len(centre.envelopes) == text.count("message.send(server")


@pytest.mark.parametrize("document", FOREIGN)
def test_an_example_for_a_framework_is_python(document: str) -> None:
    """It is compiled here, and run by tests/documents/test_recipes.py."""
    found = [one for one in examples((ROOT / document).read_text("utf-8")) if one.language == "python"]
    for module in found:
        compile(module.text, document, "exec")
    assert found


def test_examples_of_the_profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples run with the phone's UAProf document in the store, so nothing is downloaded."""
    monkeypatch.chdir(tmp_path)
    FolderStore("phones")["http://phone.example/uaprof.xml"] = PHONE
    assert list(failures((ROOT / "profiles" / "README.md").read_text("utf-8"), {})) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_documents_name_exists(document: str) -> None:
    """All files, links, make targets, options, commands, modules, names and profiles exist."""
    path = ROOT / document
    assert list(wrong_names(path.read_text("utf-8"), path.parent)) == []


@pytest.mark.parametrize("document", FORMER)
def test_links_of_former_names_lead_somewhere(document: str) -> None:
    """All links to files exist; the names in code spans may be gone."""
    path = ROOT / document
    text = re.sub(r"`[^`\n]+`", "", path.read_text("utf-8"))
    assert list(wrong_names(text, path.parent)) == []


def test_the_changelog_has_the_present_version() -> None:
    """What is not released yet stands above the section of the present version."""
    first, second = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)[:2]
    assert (first, second) == ("Unreleased", transcode.__version__)


def test_the_page_of_errors_has_every_error() -> None:
    """Each class has a section, and a row that says what would help."""
    page = (ROOT / "docs/pages/reference/errors.md").read_text("utf-8")
    site = _module("docs/generate.py").on_page_markdown(page)
    kinds = [
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.TranscodeError)
    ]
    assert sorted(re.findall(r"^## (\w+)$", site, re.MULTILINE)) == sorted(kinds)
    helped = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert sorted([*helped, "TranscodeError"]) == sorted(kinds)


def test_the_pages_of_the_library_have_every_function() -> None:
    """Each function of the package has a row on one page and a section on the other. Its paths exist."""
    page = (ROOT / "docs/pages/reference/library.md").read_text("utf-8")
    rows = (ROOT / "docs/pages/how-to/library.md").read_text("utf-8")
    shown = {}
    for path in re.findall(r"^::: (\S+)$", page, re.MULTILINE):
        module, _, name = path.rpartition(".")
        shown[name] = getattr(importlib.import_module(module), name)
        assert shown[name] is getattr(transcode, name)
    functions = [name for name in transcode.__all__ if inspect.isfunction(getattr(transcode, name))]
    assert [name for name in functions if name not in shown] == []
    assert [name for name in functions if not re.search(rf"`(transcode\.)?{name}[`(]", rows)] == []


def test_the_page_of_commands_has_every_option() -> None:
    """The generated page has all commands and options."""
    page = (ROOT / "docs/pages/reference/commands.md").read_text("utf-8")
    site = _module("docs/generate.py").on_page_markdown(page)
    assert unnamed_options(re.sub(r"^## (.+)$", r"`\1`", site, flags=re.MULTILINE)) == []


def test_the_page_of_states_is_made_of_the_table() -> None:
    """The drawing was made of the table as it is now. Each pair that does something has a row."""
    drawing = _module("docs/state_drawing.py")
    assert drawing.PICTURE.read_text("utf-8").startswith(f"<!-- {drawing.name()} -->"), "draw it again"
    page = (ROOT / "docs/pages/explanation/states.md").read_text("utf-8")
    site = _module("docs/generate.py").on_page_markdown(page)
    _, *rows = re.findall(r"^\| ([a-z ]+) \| ([^|]+) \|", site, re.MULTILINE)
    does = {pair for pair, rule in TABLE.items() if rule != STAY}
    assert {(State(state), Event(event)) for state, event in rows} == does


def test_the_how_tos_name_every_command_and_option() -> None:
    """The pages of the command line, of sending and of the message centre have every command and option."""
    names = ("command-line.md", "relay.md", "relay-api.md", "relay-operate.md", "send.md")
    pages = (ROOT / "docs/pages/how-to" / name for name in names)
    text = "\n".join(page.read_text("utf-8") for page in pages)
    assert unnamed_options(text) == []
    assert unnamed_options(text.replace("`--jobs`", "").replace("transcode doctor", "")) == [
        "--jobs",
        "doctor",
    ]


CENTRE = "\n".join(
    path.read_text("utf-8")
    for path in sorted((ROOT / "docs/pages/how-to").iterdir())
    if path.name == "sms.md" or path.name.startswith("relay")
)


def keys(table: Any, above: str = "") -> Iterator[str]:
    """The keys of a table of a configuration, and of the tables in it, such as ``"policy.quota_bytes"``."""
    for name, kind in get_type_hints(table).items():
        inner = [one for one in (kind, *get_args(kind)) if is_dataclass(one)]
        yield from (f"{above}{name}",) if not inner else keys(inner[0], f"{above}{name}.")


@pytest.mark.parametrize("key", sorted(keys(Config)))
def test_the_how_tos_name_every_key_of_a_message_centre(key: str) -> None:
    """A key of relay.toml that no page names is found by nobody."""
    table, _, name = key.rpartition(".")
    assert re.search(rf"(?<![\w.])(?:{table}\.)?{name}\b", CENTRE)


def test_the_times_of_a_message_centre_are_those_of_the_page() -> None:
    """The page shows each timer as it is where the configuration has none."""
    (shown,) = re.findall(r"^\[timers\]\n(retry.*?)```", CENTRE, re.MULTILINE | re.DOTALL)
    assert tomllib.loads(shown) == {name: _plain(value) for name, value in asdict(Timers()).items()}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def test_every_page_is_in_the_contents() -> None:
    """A page that the contents of the site lack is found by nobody."""
    contents = (ROOT / "docs/mkdocs.yml").read_text("utf-8")
    listed = {f"docs/pages/{page}" for page in re.findall(r": (\S+\.md)$", contents, re.MULTILINE)}
    assert listed == set(PAGES)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[it](NOWHERE.md)", "no file NOWHERE.md"),
        ("`tests/test_nothing.py`", "no file tests/test_nothing.py"),
        ("`wire/nothing/`", "no file wire/nothing/"),
        ("`bench/none_NAME.py`", "no file bench/none_NAME.py"),
        ("`make nothing`", "no target make nothing"),
        ("    make nothing      # sets up", "no target make nothing"),
        ("`make bench COLOUR=1`", "make reads no COLOUR"),
        ("`--colour`", "no option --colour of transcode"),
        ("| `transcode inspect FILE` | `--carrier` |", "no option --carrier of transcode inspect"),
        ("```console\n$ transcode fit a --jobs 3\n```", "no option --jobs of transcode fit"),
        ("`transcode paint`", "no command transcode paint"),
        ("`transcode.nothing.there`", "no transcode.nothing"),
        ("`transcode.profile.nothing(1)`", "no transcode.profile.nothing"),
        ("`Message.zz_top`", "no name zz_top"),
        ("`ZzTopError`", "no name ZzTopError"),
        ("`zztop()`", "no name zztop"),
        ("`us-nobody`", "no profile us-nobody"),
        ("`pip install '.[paint]'`", "no extra paint"),
    ],
)
def test_a_wrong_name_is_told(text: str, wrong: str) -> None:
    """A wrong name of each kind is reported."""
    assert list(wrong_names(text)) == [wrong]


@pytest.mark.parametrize(
    "text",
    [
        "`image/jpeg` and `application/smil`",
        "`make bench QUICK=1`",
        "`transcode profiles show ID`, `--to`, `make test`",
        "`transcode.batch.iter_directory`, `us-att`, `fit`",
        "`pytest bench --benchmark-only`, `pip install '.[send,socks]'`",
    ],
)
def test_right_names_pass(text: str) -> None:
    """Right names, content types and options of other programs are not reported."""
    assert list(wrong_names(text)) == []


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("```python\nraise KeyError(1)\n```", "line 2: KeyError: 1"),
        ("```python\nprint(1)\n```\n\n```text\n2\n```", "line 6: shown '2', printed '1', behind ''"),
        ("```text\n2\n```", "line 2: no Python block precedes it"),
        ("```console\n$ rm -r x\n```", "line 2: the program rm is run by nothing"),
        (
            f"```console\n$ transcode --version\ntranscode {transcode.__version__} of\n```",
            "line 2: shown 'of', printed '(nothing)'",
        ),
        ("```console\n$ transcode inspect none\n```", "line 2: transcode inspect none ends with 1"),
        ("```toml\n[profile]\nname = 3\n```", "line 2: ProfileError: profile.toml"),
        ("```ruby\nputs 1\n```", "line 2: blocks of the language 'ruby' are checked by nothing"),
    ],
)
def test_a_wrong_example_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, error: str
) -> None:
    """A wrong example is reported with the line of the document."""
    monkeypatch.chdir(tmp_path)
    (told,) = failures(text, {})
    assert told.startswith(error)


def test_numbers_are_compared_within_two_percent() -> None:
    """Numbers may differ by 2%, because encoder versions differ by less; counts below 50 must be equal."""
    assert difference("1,000 bytes (99.8%)", "1,019   bytes\n(99.9%)") is None
    assert difference("1,000 bytes", "1,021 bytes") is not None
    assert difference("5 messages", "4 messages") is not None
    assert difference("5 messages", "5 messages made") is not None
    assert difference("a 99.4%  387 b", "a 99.4%  8 b") is None


def test_commands_of_a_console() -> None:
    """Continued lines are one command; comments and environment variables are removed."""
    (first, second) = commands("$ a 'b c' \\\n  d   # e\nf\n$ CC='x y' g\n")
    assert (first.words, first.output) == (("a", "b c", "d"), "f\n")
    assert second.words == ("g",)
