"""The examples of a document: its fenced blocks, run in their order, and the output that it shows of them."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.cli.command import run
from transcode import find_profile

#: A fence, the language behind it, and the text up to the closing fence.
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: Numbers of the examples, with commas between thousands.
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
#: How far a number may be from the document's, as a part of it: versions of Pillow and FFmpeg differ by less.
_TOLERANCE = 0.02
#: What differs from run to run: the transaction id, and the milliseconds that a file took.
_VARIABLE = ((re.compile(r"\bT[0-9a-f]{16}\b"), "T0"), (re.compile(r"(?<=%)\s+\d+\b"), " 0"))


#: Programs that set up, serve or ask, which no example runs.
_OTHERS = ("celery", "curl", "docker", "export", "make", "pip", "python3", "uvicorn")


@dataclass(frozen=True)
class Example:
    """One fenced block: its language, its text, and the number of its first line in the document."""

    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Command:
    """One line of a console block, and the output below it; without output nothing is compared."""

    words: tuple[str, ...]
    output: str


def examples(document: str) -> list[Example]:
    """The fenced blocks of a document, in order."""
    return [
        Example(match[1], match[2], document.count("\n", 0, match.start(2)) + 1)
        for match in _FENCED.finditer(document)
    ]


def commands(console: str) -> list[Command]:
    """The commands of a console block: lines that begin with ``$``, continued behind a backslash."""
    found = []
    for entry in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        line, _, output = entry.replace("\\\n", " ").partition("\n")
        words = shlex.split(line, comments=True)
        while "=" in words[0]:  # a variable of the environment
            words.pop(0)
        found.append(Command(tuple(words), output))
    return found


def difference(shown: str, printed: str) -> str | None:
    """The first word that a document shows and a program does not print; None when all words are equal.

    Blanks and line breaks count as one blank each, numbers are equal within 2 %.
    """
    for pattern, constant in _VARIABLE:
        shown, printed = pattern.sub(constant, shown), pattern.sub(constant, printed)
    expected, found = shown.split(), printed.split()
    for number, word in enumerate(expected):
        other = found[number] if number < len(found) else "(nothing)"
        if not _same(word, other):
            before = " ".join(expected[max(number - 8, 0) : number])
            return f"shown {word!r}, printed {other!r}, behind {before!r}"
    if len(found) > len(expected):
        return f"printed and not shown: {' '.join(found[len(expected) :])!r}"
    return None


def _same(word: str, other: str) -> bool:
    if _NUMBER.sub("0", word) != _NUMBER.sub("0", other):
        return False
    pairs = zip(_NUMBER.findall(word), _NUMBER.findall(other), strict=True)
    values = [(float(one.replace(",", "")), float(two.replace(",", ""))) for one, two in pairs]
    return all(abs(one - two) <= _TOLERANCE * one for one, two in values)


def failures(document: str, replacements: Mapping[str, str]) -> Iterator[str]:
    """Run a document's examples in the working directory; yields a line for each that does not hold.

    Python blocks share one namespace. A ``text`` block shows what the Python block before it prints. A TOML
    block is parsed, and found as a profile where it is one. Of a console block the commands ``transcode`` are
    run; those of ``_OTHERS`` are not, and further programs are failures. The replacements put the addresses
    of stub servers in the place of those that the document names.
    """
    namespace: dict[str, object] = {"__name__": "example"}
    printed: str | None = None
    for example in examples(document):
        text = example.text
        for shown, stub in replacements.items():
            text = text.replace(shown, stub)
        error: str | None
        if example.language == "python":
            printed, error = _run_python(text, namespace)
        elif example.language == "text":
            error = "no Python block precedes it" if printed is None else difference(text, printed)
            printed = None
        elif example.language == "console":
            error = next(filter(None, map(_run_command, commands(text))), None)
        elif example.language == "toml":
            error = _read_toml(text)
        else:
            error = f"blocks of the language {example.language!r} are checked by nothing"
        if error is not None:
            yield f"line {example.line}: {error}"


def _run_python(text: str, namespace: dict[str, object]) -> tuple[str, str | None]:
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out):
            exec(compile(text, "<example>", "exec"), namespace)
    except Exception as error:  # noqa: BLE001  (an example may fail in any way)
        return out.getvalue(), f"{type(error).__name__}: {error}"
    return out.getvalue(), None


def _run_command(command: Command) -> str | None:
    name, *arguments = command.words
    if Path(name).name in _OTHERS:
        return None
    if name != "transcode":
        return f"the program {name} is run by nothing"
    done = run(*arguments)
    if done.returncode != 0:
        return f"{shlex.join(command.words)} ends with {done.returncode}: {done.stderr}"
    return difference(command.output, done.stdout + done.stderr) if command.output.strip() else None


def _read_toml(text: str) -> str | None:
    try:
        if "profile" in tomllib.loads(text):
            Path("profile.toml").write_text(text, "utf-8")
            find_profile("profile.toml")
    except ValueError as error:
        return f"{type(error).__name__}: {error}"
    return None
