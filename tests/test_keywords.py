"""Keywords that functions share: each has all of them, with the defaults of the function that names them."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from transcode.batch import convert_directory, convert_job_file, iter_directory, watch
from transcode.batch.directory import BatchWords, DirectoryWords, PredictWords
from transcode.batch.job_file import JobFileWords
from transcode.batch.predict import predict_directory, predict_job_file
from transcode.fit.medium import fit, fit_each_limit
from transcode.keywords import keywords_of
from transcode.messages.compose import compose, compose_shared, compose_split
from transcode.model import ComposeWords, FitWords


def model(a: int, *, b: int = 2, c: str = "c", d: float = 0.5) -> tuple[Any, ...]:
    """Return what it is given."""
    return (a, b, c, d)


@keywords_of(model, but=("d",))
def other(a: int, *, e: int = 5, **words: Any) -> tuple[Any, ...]:
    """Return what it is given, by name."""
    return (a, e, *sorted(words.items()))


def test_defaults_come_from_the_model() -> None:
    """The function gets each keyword, with the model's default where the caller gives none."""
    assert other(1) == (1, 5, ("b", 2), ("c", "c"))
    assert other(a=1, e=6, c="x") == (1, 6, ("b", 2), ("c", "x"))


@pytest.mark.parametrize("unknown", ["d", "words", "f"])
def test_unknown_keywords(unknown: str) -> None:
    """A keyword that the function does not have is the error that Python has for it."""
    with pytest.raises(TypeError, match=rf"^other\(\) got an unexpected keyword argument '{unknown}'$"):
        other(1, **{unknown: 1})


def test_help() -> None:
    """help() shows each keyword with its default, and its type."""
    assert str(inspect.signature(other)) == (
        "(a: 'int', *, b: 'int' = 2, c: 'str' = 'c', e: 'int' = 5) -> 'tuple[Any, ...]'"
    )
    assert inspect.get_annotations(other) == {
        **{"a": "int", "b": "int", "c": "str", "e": "int"},
        "return": "tuple[Any, ...]",
    }


@pytest.mark.parametrize(
    ("function", "of", "words", "own"),
    [
        (compose_split, compose, ComposeWords, {"max_messages", "threads"}),
        (compose_shared, compose, ComposeWords, {"max_messages", "threads"}),
        (fit_each_limit, fit, FitWords, {"threads", "progress", "report"}),
        (iter_directory, convert_directory, DirectoryWords, set()),
        (watch, convert_directory, BatchWords, {"settle", "poll"}),
        (predict_directory, convert_directory, PredictWords, set()),
        (predict_job_file, convert_job_file, JobFileWords, set()),
    ],
)
def test_type_checkers_know_the_same(function: Any, of: Any, words: Any, own: set[str]) -> None:
    """What a type checker takes is what the function has; defaults are those of the function named."""
    keywords = {
        name: given.default
        for name, given in inspect.signature(function).parameters.items()
        if given.kind is given.KEYWORD_ONLY
    }
    assert keywords.keys() == words.__annotations__.keys() | own
    defaults = {name: given.default for name, given in inspect.signature(of).parameters.items()}
    assert {name: keywords[name] for name in words.__annotations__} == {
        name: defaults[name] for name in words.__annotations__
    }
