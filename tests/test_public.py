"""The public interface: names, arguments, members, and the modules that an import loads."""

from __future__ import annotations

import ast
import builtins
import collections.abc
import difflib
import inspect
import pickle
import re
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest

import transcode
from tests import public_surface

#: Names that annotations may have besides public names: names of the standard library and of extras, and
#: aliases of plain data.
FOREIGN = {"CollectorRegistry", "Executor", "Future", "PathLike", "SSLContext", "datetime", "os", "ssl"}
EXTRA = {"Client"}
PLAIN = {"Value"}


def fresh(code: str) -> str:
    """The output of a new interpreter that runs the code."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_surface() -> None:
    """Every name, argument, default, method and attribute matches the stored interface.

    After an intended change, run ``python -m tests.public_surface`` and add the change to CHANGELOG.md.
    """
    wanted = public_surface.FILE.read_text(encoding="utf-8").splitlines()
    changed = list(difflib.unified_diff(wanted, public_surface.lines(), "promised", "found", lineterm=""))
    assert not changed, "\n".join(changed)


def test_all_is_what_is_visible() -> None:
    """__all__ has every public name that is not a module, each name exists, and dir() lists it."""
    values = {name: getattr(transcode, name) for name in transcode.__all__}
    assert not [name for name, value in values.items() if inspect.ismodule(value)]
    visible = {
        name
        for name, value in vars(transcode).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert visible - {"TYPE_CHECKING"} == set(transcode.__all__) - {"__version__"}
    assert transcode.__all__ == sorted(transcode.__all__)
    assert set(transcode.__all__) <= set(dir(transcode))
    errors = {
        name
        for name, value in vars(transcode.errors).items()
        if inspect.isclass(value) and issubclass(value, transcode.TranscodeError)
    }
    assert errors <= set(transcode.__all__)


def test_type_checkers_see_what_is_loaded() -> None:
    """The imports under TYPE_CHECKING have the same modules and names as the table of lazy imports."""
    tree = ast.parse(Path(transcode.__file__).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    typed = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    lazy = {name: module for name, module in transcode._HOMES.items() if name != "__version__"}
    assert typed == lazy


def test_star_import() -> None:
    """A star import imports all names of __all__."""
    assert fresh(
        "from transcode import *; print(sorted({*dir()} & {'Limits', 'Server', 'fit', 'read'}))"
    ) == ("['Limits', 'Server', 'fit', 'read']\n")


def test_unknown_names() -> None:
    """An unknown name raises AttributeError, and no module is loaded for it."""
    with pytest.raises(AttributeError, match="module 'transcode' has no attribute 'fit_many'"):
        transcode.fit_many  # type: ignore[attr-defined]  # noqa: B018
    assert not hasattr(transcode, "cli_of_somebody")
    with pytest.raises(ImportError, match="cannot import name 'compose_many'"):
        exec("from transcode import compose_many", {})


@pytest.mark.parametrize(
    "code",
    [
        "import transcode.fit.medium; import transcode",
        "import transcode; import transcode.fit.medium",
        "import transcode; transcode.fit; import transcode.fit.medium",
        "import transcode, importlib; importlib.import_module('transcode.fit.search')",
        "from transcode import fit; import transcode; assert transcode.fit is fit",
        "import transcode, importlib; transcode.fit; importlib.reload(transcode)",
    ],
)
def test_fit_is_the_function(code: str) -> None:
    """transcode.fit is the function, although a subpackage has the same name and can be imported."""
    checks = "; from transcode.fit import medium; assert transcode.fit is medium.fit; print(transcode.fit)"
    assert fresh(code + checks).startswith("<function fit at ")


#: Code whose threads load names at the same time, with a thread switch during the search for modules.
THREADS = """
import sys, threading, time, transcode

class Seen:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("transcode."):
            seen.append(threading.get_ident())
            time.sleep(0.001)

def ask(name):
    together.wait()
    getattr(transcode, name)

seen, names = [], ("receiver", "compose", "fit", "slideshow_clip")
together = threading.Barrier(len(names))
sys.meta_path.insert(0, Seen())
threads = [threading.Thread(target=ask, args=(name,)) for name in names]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(set(seen)) > 1, sum(a != b for a, b in zip(seen, seen[1:])) == len(set(seen)) - 1)
"""


def test_threads_load_one_after_the_other() -> None:
    """Lazy imports are serialised, because concurrent imports of a package and its module can fail."""
    assert fresh(THREADS) == "True True\n"


def test_names_travel() -> None:
    """Public functions and classes can be pickled by name."""
    for name in transcode.__all__:
        value = getattr(transcode, name)
        if inspect.isfunction(value) or inspect.isclass(value):
            assert pickle.loads(pickle.dumps(value)) is value


def test_rooms_are_attributes() -> None:
    """Documented subpackages are available as attributes without an import."""
    code = "import transcode; print(*(getattr(transcode, room).__name__ for room in transcode._ROOMS))"
    assert fresh(code).split() == [f"transcode.{room}" for room in transcode._ROOMS]


def _annotations(value: typing.Any) -> Iterator[object]:
    """The annotations of a function, or of the fields and methods of a class."""
    if not inspect.isclass(value):
        yield from getattr(value, "__annotations__", {}).values()
        return
    for owner in value.__mro__:
        if owner.__module__.split(".")[0] != "transcode":
            continue
        fields = inspect.get_annotations(owner)
        yield from (given for name, given in fields.items() if not name.startswith("_"))
        for name, member in vars(owner).items():
            if not name.startswith("_") or name == "__init__":
                function = member.fget if isinstance(member, property) else member
                yield from getattr(getattr(function, "__func__", function), "__annotations__", {}).values()


@pytest.mark.parametrize("name", transcode.__all__)
def test_what_signatures_name_is_importable(name: str) -> None:
    """Every type in a public signature can be imported from the package."""
    known = {
        *transcode.__all__,
        *FOREIGN,
        *EXTRA,
        *PLAIN,
        *dir(builtins),
        *dir(typing),
        *dir(collections.abc),
    }
    words = {
        word
        for given in _annotations(getattr(transcode, name))
        if isinstance(given, str)
        for word in re.findall(r"[A-Za-z_]\w*", re.sub(r"'[^']*'|\"[^\"]*\"", "", given))
    }
    assert words <= known


def test_import_is_light() -> None:
    """The import loads no other module; all names together load no heavy library."""
    loaded = "print(sorted(m for m in sys.modules if m.split('.')[0] == 'transcode'))"
    assert fresh(f"import sys, transcode; {loaded}") == "['transcode', 'transcode._version']\n"
    heavy = ("typer", "rich", "av", "numpy", "PIL", "httpx")
    code = f"import sys; from transcode import *; print([m for m in {heavy} if m in sys.modules])"
    assert fresh(code) == "[]\n"


def test_errors_are_builtin_too() -> None:
    """Errors inherit the matching built-in exception."""
    assert issubclass(transcode.SourceError, ValueError)
    assert issubclass(transcode.BudgetError, ValueError)
    assert issubclass(transcode.PduError, ValueError)
