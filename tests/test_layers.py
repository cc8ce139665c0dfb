"""Imports run one way: kernels <- media <- fit <- message <- wire <- transport
<- messages <- batch, preview, doctor <- relay <- cli.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "transcode"

#: Each file is read once for all.
pytestmark = pytest.mark.xdist_group("layers")

#: The height of each room. A room may import rooms that are lower.
HEIGHT = {
    "counted": 0,
    "errors": 0,
    "keywords": 0,
    "markup": 0,
    "_version": 0,
    "buckets": 1,
    "jobs": 1,
    "door": 2,
    "model": 2,
    "net": 1,
    "web": 2,
    "kernels": 2,
    "media": 3,
    "fit": 4,
    "profile": 4,
    "message": 5,
    "wire": 6,
    "transport": 7,
    "messages": 8,
    "batch": 9,
    "doctor": 9,
    "engine": 9,
    "preview": 9,
    "__init__": 10,
    "relay": 11,
    "cli": 12,
    "__main__": 13,
}

#: The height of folders and files within rooms that have folders.
INNER = {
    "media": {"source": 0, "samples": 1, "pictures": 2, "sound": 2, "clips": 3, "film": 4, "trials": 5},
    "fit": {
        "search": 0,
        "rate_points": 0,
        "record": 0,
        "container_format": 0,
        "pictures": 1,
        "sound": 1,
        "clips": 2,
        "animations": 3,
        "medium": 4,
        "opened": 5,
    },
    "relay": {
        "recent": -1,
        "languages": -1,
        "model": 0,
        "forms": 0,
        "guesses": 0,
        "networks": 0,
        "numbers": 0,
        "patience": 0,
        "pseudonyms": 0,
        "retention": 0,
        "tables": 0,
        "zones": 0,
        "texts": 0,
        "refusals": 0,
        "secrets": 0,
        "breaker": 1,
        "pacing": 1,
        "buckets": 1,
        "hops": 1,
        "logs": 1,
        "device": 1,
        "metrics": 1,
        "abuse": 1,
        "optout": 3,
        "link_text": 1,
        "linking": 1,
        "admin_listener": 1,
        "api_settings": 1,
        "signatures": 1,
        "statuses": 1,
        "sms_gateway": 1,
        "states": 1,
        "timers": 1,
        "vasps": 1,
        "peers": 2,
        "config": 3,
        "store": 2,
        "accepted": 3,
        "gauges": 3,
        "policy": 3,
        "own_text": 3,
        "judging": 6,
        "preparing": 6,
        "releasing": 7,
        "routing": 7,
        "resolving": 1,
        "resolver": 3,
        "route": 3,
        "documents": 4,
        "adaptation": 4,
        "admin": 6,
        "api": 4,
        "places": 4,
        "estimate": 5,
        "capability": 5,
        "page": 5,
        "amendments": 5,
        "asking": 5,
        "client": 6,
        "centre": 5,
        "ahead": 6,
        "ports": 6,
        "outlets": 7,
        "worker": 8,
        "server": 9,
    },
}

#: Forbidden imports by room. Only message and higher rooms know profiles; lower rooms know Limits. Kernels
#: know arrays and numbers only.
FORBIDDEN = {
    "fit": {"profile"},
    "kernels": {"model", "errors", "jobs"},
    "profile": {"kernels", "media"},
}
CODECS = {"PIL", "av"}

#: Modules that open connections, and the files that may import them.
SOCKETS = {
    *("socket", "ssl", "smtplib", "http", "urllib3", "httpx", "httpcore", "smpp34", "starlette", "uvicorn"),
    *("aiosmtpd", "asyncio", "socketserver"),
}
KNOW_SOCKETS = {
    "net.py",
    "web.py",
    # Tasks of an event loop; nothing is opened.
    "batch/cluster.py",
    "engine/engine.py",
    "engine/room.py",
    "transport/smtp.py",
    "transport/submit.py",
    "transport/http_client.py",
    "relay/outlets/peers.py",
    "relay/admin/application.py",
    "relay/admin/campaigns.py",
    "relay/admin/entrance.py",
    "relay/admin/frame.py",
    "relay/admin/links.py",
    "relay/admin/pages.py",
    "relay/admin/preview.py",
    "relay/outlets/providers.py",
    "relay/outlets/webhooks.py",
    "relay/api/reading.py",
    "relay/asking.py",
    "relay/client.py",
    "relay/forms.py",
    "relay/store/postgres.py",
    "relay/ports/api.py",
    "relay/ports/api_campaigns.py",
    "relay/ports/api_messages.py",
    "relay/ports/api_requests.py",
    "relay/ports/api_webhooks.py",
    "relay/ports/bodies.py",
    "relay/ports/http_doors.py",
    "relay/ports/http_protocol.py",
    "relay/ports/callers.py",
    "relay/ports/mm1.py",
    "relay/ports/mm4.py",
    "relay/ports/mm7.py",
    "relay/ports/octets.py",
    "relay/ports/pages.py",
    "relay/ports/retrieval.py",
    "relay/ports/sms_in.py",
    "relay/ports/smpp_texts.py",
    "relay/ports/smpp.py",
    "relay/ports/smtp.py",
    "relay/server.py",
}

#: Largest number of lines of a file that gives no reason for more, and of a function.
LONGEST_FILE = 500
LONGEST_FUNCTION = 69
#: The beginning of the opening comment that gives the reason for a longer file.
REASON = f"Longer than {LONGEST_FILE} lines:"

SOURCES = sorted(path for path in PACKAGE.rglob("*") if path.suffix in (".py", ".pyx", ".pxd", ".pyi"))


def named(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(path.suffix)


@cache
def imports(path: Path, *, typing: bool = True) -> set[str]:
    """The absolute names that a file imports, at any place in it.

    Args:
        path: the file.
        typing: whether imports for annotations count.
    """
    text = path.read_text()
    if path.suffix in (".pyx", ".pxd"):
        found = re.findall(r"^\s*(?:from\s+([\w.]+)\s+c?import|c?import\s+([\w.]+))", text, re.MULTILINE)
        return {first or second for first, second in found}
    tree = ast.parse(text)
    unused = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not typing
        for inner in ast.walk(node)
    }
    names: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in unused:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return names


def own(names: set[str]) -> set[str]:
    """The rooms of imported names."""
    rooms = {name.split(".")[1] for name in names if name.startswith("transcode.")}
    return {name if name in HEIGHT else "__init__" for name in rooms}


def test_there_are_sources() -> None:
    """The list of sources has files of every room, so the other tests are not empty."""
    assert {room(path) for path in SOURCES} >= set(HEIGHT) - {"__main__"}


def test_imports_run_downwards() -> None:
    """No file imports from a higher room or from a forbidden room."""
    wrong = {}
    for path in SOURCES:
        here = room(path)
        reached = own(imports(path))
        above = {name for name in reached - {here} if HEIGHT[name] >= HEIGHT[here]}
        wrong[named(path)] = above | reached & FORBIDDEN.get(here, set())
    assert {name: found for name, found in wrong.items() if found} == {}


def module(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def test_every_file_of_a_divided_room_has_a_height() -> None:
    """What stands directly in a room of INNER is listed there, so that its imports are looked at."""
    found = {
        name: {path.stem for path in (PACKAGE / name).iterdir() if path.is_dir() or path.suffix == ".py"}
        - {"__init__", "__pycache__"}
        for name in INNER
    }
    assert found == {name: set(order) for name, order in INNER.items()}


def test_imports_run_downwards_within_a_room() -> None:
    """No folder of a room imports from a higher folder of the room, not even for annotations."""
    wrong = {}
    for path in SOURCES:
        order = INNER.get(room(path), {})
        inner = module(path).split(".")[2:3]
        if not order or not inner:
            continue
        reached = {
            name.split(".")[2]
            for name in imports(path)
            if name.startswith(f"transcode.{room(path)}.") and name.split(".")[2] in order
        }
        wrong[named(path)] = {name for name in reached - set(inner) if order[name] >= order[inner[0]]}
    assert len(wrong) > 100
    assert {name: found for name, found in wrong.items() if found} == {}


def test_no_circles() -> None:
    """No file imports itself through other files, including imports within functions."""
    files = {module(path): path for path in SOURCES if path.suffix == ".py"}
    graph = {name: imports(path, typing=False) & set(files) - {name} for name, path in files.items()}
    # An import of a module names its package, which does not count as an import.
    for name, needed in graph.items():
        graph[name] = {one for one in needed if not any(other.startswith(f"{one}.") for other in needed)}
    assert len(list(TopologicalSorter(graph).static_order())) == len(files)


def users(modules: set[str]) -> set[Path]:
    """The files that import one of some modules, or of what is in them."""
    return {path for path in SOURCES if {name.split(".")[0] for name in imports(path)} & modules}


def test_codecs_are_known_to_media_only() -> None:
    """Only media and doctor import Pillow and PyAV."""
    assert {room(path) for path in users(CODECS)} == {"media", "doctor"}


def test_few_know_sockets() -> None:
    """Connections are opened through net, so that the limits of net apply."""
    assert {named(path) for path in users(SOCKETS)} - KNOW_SOCKETS == set()


def test_kernels_know_numbers_only() -> None:
    """A kernel imports only C, Cython and NumPy."""
    known = {"numpy", "libc", "cpython", "cython", "typing", "os", "collections", "__future__"}
    foreign = {
        named(path): name
        for path in SOURCES
        if room(path) == "kernels"
        for name in imports(path)
        if name.split(".")[0] not in known and not name.startswith("transcode.kernels")
    }
    assert foreign == {}


WRITTEN = sorted(
    path
    for folder in ("transcode", "tests", "bench")
    for path in (PACKAGE.parent / folder).rglob("*")
    if path.suffix in (".py", ".pyx", ".pxd", ".pyi", ".h")
)


def test_files_are_short_or_say_why_not() -> None:
    """A longer file gives the reason in its opening comment."""
    silent = {
        str(path): len(lines)
        for path in WRITTEN
        for lines in (path.read_text().splitlines(),)
        if len(lines) > LONGEST_FILE and not any(REASON in line for line in lines[:40])
    }
    assert silent == {}


def test_functions_are_short() -> None:
    """The length of a function includes its arguments and its docstring."""
    lengths = {
        f"{path}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in WRITTEN
        if path.suffix == ".py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: count for name, count in lengths.items() if count > LONGEST_FUNCTION} == {}
