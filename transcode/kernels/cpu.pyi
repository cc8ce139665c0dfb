"""The instruction sets that the kernels use, found once and kept in one word.

A level is a name: ``"portable"`` is plain C, ``"avx2"`` the vector code beside it.
All levels of a kernel give the same bytes: a level changes the time and nothing else.

The environment variable ``TRANSCODE_CPU`` is read once, at import: it names the
highest level to use. A level that the machine does not have is no error; a name
that is no level is a ValueError.
"""

def levels() -> tuple[str, ...]:
    """The levels of the machine, in ascending order; ``"portable"`` is always first."""

def level() -> str:
    """The level in use, in the whole process."""

def use(level: str) -> None:
    """Use a level from the next call of a kernel on, in the whole process.

    Raises:
        ValueError: the level is none of ``levels()``.
    """
