"""What a user sees: the names, their order of arguments, and the time to import them."""

from __future__ import annotations

import inspect
import subprocess
import sys

import transcode

SIGNATURES = {
    "fit": (
        "(source, limits, *, start=0.0, max_seconds=None, strict=False, loudness=None,"
        " max_pixels=100000000, keyframe_cut=False, as_clip=False, threads=None, progress=None,"
        " report=None)"
    ),
    "fit_each_limit": (
        "(source, limits, *, start=0.0, max_seconds=None, strict=False, loudness=None,"
        " max_pixels=100000000, keyframe_cut=False, as_clip=False, threads=None, progress=None,"
        " report=None)"
    ),
    "compose": (
        "(sources, profile, *, to=(), cc=(), bcc=(), sender=None, subject=None, text=None, options=None,"
        " headers=(), content_class=False, form='mm1', reserve=0, text_first=False, as_clip=False,"
        " threads=None)"
    ),
    "compose_split": (
        "(sources, profile, *, to=(), cc=(), bcc=(), sender=None, subject=None, text=None, options=None,"
        " headers=(), content_class=False, form='mm1', reserve=0, text_first=False, as_clip=False,"
        " max_messages=1, threads=None)"
    ),
    "read": "(source)",
    "slideshow_clip": (
        "(slides, profile, *, music=None, max_bytes=None, font=None, threads=None, progress=None)"
    ),
}

METHODS = {
    "of": "(fields)",
    "to_mm1": "(self, *, strict=True)",
    "to_mm4": "(self, *, date=None, strict=True)",
    "to_mm7": "(self, *, vaspid=None, vasid=None, service_code=None, strict=True)",
    "to_media": "(self)",
    "converted": "(self, message_type)",
    "content_class": "(self)",
    "send": "(self, server, *, sender=None, domain=None, date=None, domains_in_headers=True)",
    "submit": (
        "(self, url, *, form=None, auth=None, timeout=30.0, headers=None, proxy=None, client=None,"
        " vaspid=None, vasid=None, service_code=None)"
    ),
}


def test_all_is_what_is_visible() -> None:
    """__all__ holds every public name that is no module, and each is there."""
    visible = {
        name
        for name, value in vars(transcode).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert visible | {"__version__"} == set(transcode.__all__)
    assert transcode.__all__ == sorted(transcode.__all__)


def test_fit_is_the_function() -> None:
    """The room of that name does not hide it."""
    assert inspect.isfunction(transcode.fit)


def test_signatures() -> None:
    """Options are keyword-only and named as promised."""
    for name, wanted in SIGNATURES.items():
        signature = inspect.signature(getattr(transcode, name))
        bare = signature.replace(
            parameters=[p.replace(annotation=p.empty) for p in signature.parameters.values()],
            return_annotation=signature.empty,
        )
        assert str(bare) == wanted
    limits = list(inspect.signature(transcode.Limits).parameters)
    assert limits[:5] == ["max_bytes", "max_width", "max_height", "max_seconds", "formats"]


def test_methods_of_messages() -> None:
    """A message has these, and their arguments are as promised."""
    own = {name for name in vars(transcode.Message) if not name.startswith("_")}
    assert own == METHODS.keys()
    for name, wanted in METHODS.items():
        signature = inspect.signature(getattr(transcode.Message, name))
        bare = signature.replace(
            parameters=[p.replace(annotation=p.empty) for p in signature.parameters.values()],
            return_annotation=signature.empty,
        )
        assert str(bare) == wanted


def test_import_is_light() -> None:
    """Importing the library loads neither the command line's libraries nor those for pixels."""
    heavy = ("typer", "rich", "av", "numpy", "PIL")
    code = f"import sys, transcode; print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_errors_are_builtin_too() -> None:
    """Callers can catch the builtin that matches."""
    assert issubclass(transcode.SourceError, ValueError)
    assert issubclass(transcode.BudgetError, ValueError)
    assert issubclass(transcode.PduError, ValueError)
