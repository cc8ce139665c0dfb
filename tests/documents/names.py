"""What a document names in code spans and links, set beside the tree, the Makefile and the command line."""

from __future__ import annotations

import functools
import importlib
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from transcode import find_profile
from transcode.cli.app import program
from transcode.errors import ProfileNotFound

ROOT = Path(__file__).parents[2]

_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
#: A line of an indented block; lists are not indented in the documents.
_INDENTED = re.compile(r"^ {4,}(.+)$", re.MULTILINE)
_SPAN = re.compile(r"`([^`\n]+)`")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
_PATH = re.compile(r"[\w.*-]+(?:/[\w.*-]+)*/?")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_PROFILE = re.compile(r"(?:[a-z]{2}|oma|twilio|bandwidth)-[a-z0-9]+(?:-[a-z0-9]+)*")
_SUFFIXES = (".py", ".pyx", ".pyi", ".toml", ".md", ".json", ".svg", ".h", ".css", ".js")
#: Folders that a path of a document may begin in: rooms are named without the package.
_FOLDERS = ("", "transcode", "transcode/media", "tests", "profiles")
#: Files that commands make, and that examples and texts name.
_MADE = re.compile(r"(?:\.venv|build|demo|messages|dist|shared)(?:/|$)")
#: Programs other than transcode whose options stand in the documents.
_OTHERS = ("pytest", "pip", "python", "git", "curl", "docker", "celery", "CC=")


def wrong_names(document: str, folder: Path = ROOT) -> Iterator[str]:
    """A line for each name of a document that nothing bears. Links begin in the document's folder."""
    code = "\n".join((*_FENCED.findall(document), *_INDENTED.findall(_FENCED.sub("", document))))
    prose = _FENCED.sub("", document)
    spans = [match[1] for match in _SPAN.finditer(prose)]
    for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", prose):
        if "://" not in link and not (folder / link).exists():
            yield f"no file {link}"
    for text in (*spans, *code.splitlines()):
        yield from _wrong_targets(text.strip())
        yield from _wrong_options(text.strip())
        yield from _wrong_extras(text)
    # A row of a table about a command: its name, and the rest of the row.
    for row in re.finditer(r"^\| `transcode ([a-z]+)([^\n]*)$", prose, re.MULTILINE):
        yield from _wrong_options(f"transcode {row[1]} {row[2]}")
    for span in spans:
        for check in _CHECKS:
            wrong = check(span)
            if wrong is not None:
                yield wrong


def unnamed_options(document: str) -> list[str]:
    """The commands and long options that a document does not name; ``--no-x`` is named by ``--x``."""
    spans = " ".join(match[1] for match in _SPAN.finditer(_FENCED.sub("", document)))
    named = {*_OPTION.findall(spans), "--help"}
    wanted = set().union(*_options().values())
    missing = {option for option in wanted if _OPTION.fullmatch(option)} - named
    missing -= {f"--no-{option[2:]}" for option in named} | {"--output", "--show-sender"}
    return sorted(missing) + [name for name in _options() if f"transcode {name}" not in spans]


def _wrong_targets(text: str) -> Iterator[str]:
    targets, variables = _makefile()
    for match in re.finditer(r"\bmake ([a-z][a-z-]*)", text):
        if match[1] not in targets:
            yield f"no target make {match[1]}"
    if text.startswith("make "):
        for name in re.findall(r"\b([A-Z][A-Z_]+)=", text):
            if name not in variables:
                yield f"make reads no {name}"


def _wrong_options(text: str) -> Iterator[str]:
    """Options of ``transcode COMMAND`` are those of that command, others those of any command."""
    text = text.removeprefix("$ ")
    if any(word in text for word in _OTHERS):
        return
    name = re.match(r"transcode ([a-z]+)", text)
    options = _options()
    if name is not None and name[1] not in options:
        yield f"no command transcode {name[1]}"
        return
    known = options[name[1]] if name is not None else _every_option()
    for option in _OPTION.findall(text):
        if option not in known:
            yield f"no option {option} of transcode {'' if name is None else name[1]}".rstrip()


def _wrong_extras(text: str) -> Iterator[str]:
    """``pip install '.[send]'`` asks for an extra of this package."""
    known = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    for names in re.findall(r"pip install '[\w.-]+\[([\w,]+)\]'", text):
        yield from (f"no extra {name}" for name in names.split(",") if name not in known)


def _wrong_path(span: str) -> str | None:
    """Words in capitals stand for any name: ``bench/bench_NAME.py``. Content types are no paths."""
    if not _PATH.fullmatch(span) or _MADE.match(span) or span in _SUFFIXES:
        return None
    first = span.partition("/")[0]
    is_path = span.endswith(_SUFFIXES) or ("/" in span and any((ROOT / f / first).is_dir() for f in _FOLDERS))
    pattern = re.sub(r"(?<![A-Z])[A-Z]{3,}(?=[./]|$)(?!\.md)", "*", span.rstrip("/"))
    return f"no file {span}" if is_path and not _exists(pattern) else None


def _exists(pattern: str) -> bool:
    """Whether a path exists below a folder of the project, or a file of this name anywhere in the code."""
    if "/" not in pattern and next((ROOT / "transcode").rglob(pattern), None) is not None:
        return True
    return any(next((ROOT / folder).glob(pattern), None) is not None for folder in _FOLDERS)


def _wrong_module(span: str) -> str | None:
    """A dotted name that begins with the package is imported, attribute by attribute."""
    name = re.match(r"transcode(?:\.[A-Za-z_]\w*)+", span)
    if name is None:
        return None
    parts = name[0].split(".")
    found: object = importlib.import_module("transcode")
    for number, part in enumerate(parts[1:], 2):
        try:
            found = importlib.import_module(".".join(parts[:number]))
        except ImportError:
            if not hasattr(found, part):
                return f"no {'.'.join(parts[:number])}"
            found = getattr(found, part)
    return None


def _wrong_word(span: str) -> str | None:
    """Each identifier of a code span is a word of the tree; plain lower-case words are not looked up."""
    head = re.match(r"[A-Za-z_][\w.]*", span)
    if head is None or not _DOTTED.fullmatch(head[0]) or head[0].endswith(_SUFFIXES):
        return None
    for word in head[0].split("."):
        if (("_" in word or re.search(r"[a-z][A-Z]", word)) or span.endswith(")")) and word not in _words():
            return f"no name {word}"
    return None


def _wrong_profile(span: str) -> str | None:
    if not _PROFILE.fullmatch(span) or (span[:2] not in _countries() and not span.startswith("oma-")):
        return None
    try:
        find_profile(span)
    except ProfileNotFound:
        return f"no profile {span}"
    return None


_CHECKS: tuple[Callable[[str], str | None], ...] = (_wrong_path, _wrong_module, _wrong_word, _wrong_profile)


@functools.cache
def _makefile() -> tuple[set[str], set[str]]:
    """The targets of the Makefile, and the variables that it reads."""
    text = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", text, re.MULTILINE))
    return targets, set(re.findall(r"\$[({]([A-Z][A-Z_]+)", text))


@functools.cache
def _options() -> dict[str, set[str]]:
    """The options of each command, by its name; ``profiles`` has those of its own commands too."""
    return {name: set(_spelled(command)) for name, command in program().commands.items()}


@functools.cache
def _every_option() -> set[str]:
    return set().union(*_options().values(), _spelled(program()))


def _spelled(command: Any) -> Iterator[str]:
    yield "--help"
    for parameter in command.params:
        yield from (*parameter.opts, *parameter.secondary_opts)
    for inner in getattr(command, "commands", {}).values():
        yield from _spelled(inner)


@functools.cache
def _words() -> set[str]:
    """The words of the sources, of the profiles' data and of what continuous integration runs."""
    suffixes = {".py", ".pyx", ".pxd", ".pyi", ".h", ".toml", ".js"}
    folders = ("transcode", "tests", "bench", "profiles")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in suffixes]
    files.remove(ROOT / "tests" / "test_documents.py")  # it has names that are none
    files += [ROOT / "Makefile", ROOT / "setup.py", ROOT / "pyproject.toml"]
    return set(re.findall(r"[A-Za-z_]\w*", "\n".join(path.read_text("utf-8") for path in files)))


@functools.cache
def _countries() -> set[str]:
    return {path.stem for path in (ROOT / "profiles").glob("??.toml")}
