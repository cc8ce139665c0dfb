"""Functions that take the keywords of another function: their names and defaults are written once."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["keywords_of"]

_F = TypeVar("_F", bound="Callable[..., Any]")


def keywords_of(model: Callable[..., object], *, but: tuple[str, ...] = ()) -> Callable[[_F], _F]:
    """Return a decorator for a function with ``**words``, which has the keywords of a model.

    The function gets each keyword of the model that is not its own, with the model's default where the caller
    gives none. Another keyword raises TypeError, as for any function. ``help()`` and ``inspect.signature``
    show all keywords with their defaults: the model's, then the function's own.

    Args:
        model: the function that has the keywords.
        but: the names of keywords of the model that the function does not have.
    """

    def decorated(function: _F) -> _F:
        own = inspect.signature(function)
        words = [
            given
            for name, given in inspect.signature(model).parameters.items()
            if given.kind is given.KEYWORD_ONLY and name not in own.parameters and name not in but
        ]
        defaults = {given.name: given.default for given in words}
        before = [given for given in own.parameters.values() if given.kind is given.POSITIONAL_OR_KEYWORD]
        after = [given for given in own.parameters.values() if given.kind is given.KEYWORD_ONLY]
        signature = own.replace(parameters=[*before, *words, *after])

        @functools.wraps(function)
        def called(*values: Any, **given: Any) -> Any:
            unknown = given.keys() - signature.parameters.keys()
            if unknown:
                raise TypeError(f"{function.__name__}() got an unexpected keyword argument {min(unknown)!r}")
            return function(*values, **{**defaults, **given})

        shown: Any = called
        shown.__signature__ = signature
        shown.__annotations__ = {
            **{name: given.annotation for name, given in signature.parameters.items()},
            "return": signature.return_annotation,
        }
        return shown  # type: ignore[no-any-return]

    return decorated
